import { Buffer, isAscii } from 'node:buffer';
import type { JsonBounds, JsonValue } from '../../json/index.ts';
import type { Validator } from '../../json-schema/types.ts';
import type { Draft } from '../decode/draft.ts';
import { explained } from '../decode/expected.ts';
import { CHARSET_FIELD, type NameDoubt } from '../decode/field-names.ts';
import { FieldSet, type FieldSpec, type Pair, readField, readPairs } from '../decode/field-set.ts';
import { decodeForm } from '../decode/lexemes.ts';
import { type ParameterNames, refusalBeside } from '../decode/parameter-names.ts';
import { divideRepeated } from '../decode/pieces.ts';
import { additionalShape, buildValue, propertiesOf, type Refusal } from '../decode/read-field.ts';
import { judgedEachWay, type SettleOptions, settled } from '../decode/settled.ts';
import { escapeSegment } from '../document/pointer.ts';
import type { EncodingPlan, MediaPlan, Shape } from '../plan.ts';
import type { BodyCheck } from '../types.ts';
import { isJsonType, isXmlType } from './media-type.ts';
import { strictUtf8 } from './multipart.ts';
import { readXml } from './read-xml.ts';

/** application/x-www-form-urlencoded against one schema, compiled on first use. */
export class FormCheck {
  readonly #fields: FieldSet<FieldSpec>;
  /** Fields whose text is a document. */
  readonly #xml: ReadonlySet<string>;
  readonly #additional: Shape;
  readonly #validator: Validator | null;
  readonly #strict: boolean;
  readonly #beside: ParameterNames | undefined;
  readonly #shared: readonly string[];

  constructor(
    plan: MediaPlan,
    validator: Validator | null,
    strict: boolean,
    beside: ParameterNames | undefined,
  ) {
    this.#beside = beside;
    const shape = plan.shape ?? { types: null };
    const encodings = new Map(plan.encoding);
    this.#fields = new FieldSet(
      [...propertiesOf(shape)].map(([name, property]) =>
        specOf(name, property, encodings.get(name)),
      ),
    );
    this.#xml = new Set(
      plan.encoding
        ?.filter(([, { contentTypes }]) => isXmlType(contentTypes?.[0]?.range ?? ''))
        .map(([name]) => name),
    );
    this.#additional = additionalShape(shape);
    this.#shared = sharedNames(shape, beside);
    this.#validator = validator;
    this.#strict = strict;
  }

  check(bytes: Uint8Array, bounds: JsonBounds): BodyCheck {
    const written = readWritten(bytes);
    if ('rule' in written) return refused(written);
    const isCharset = this.#fields.names.has(CHARSET_FIELD);
    const pairs = isCharset ? written : withoutCharset(written);
    if (pairs === undefined) return refused({ rule: 'charset', pointer: '' });
    if (pairs.length > bounds.itemsMax) return refused({ rule: 'items', pointer: '' });
    const isLong = ({ raw }: Pair) =>
      raw.length > bounds.stringLengthMax &&
      (decodeForm(raw) ?? raw).length > bounds.stringLengthMax;
    if (pairs.some(isLong)) return refused({ rule: 'string-length', pointer: '' });
    const { inputs, unknown, strangers } = this.#fields.collect(pairs, () => false);
    for (const [index, { name }] of this.#fields.specs.entries()) {
      const { occurrences = [] } = inputs[index] ?? {};
      const broken = this.#xml.has(name) ? brokenXml(occurrences, bounds) : undefined;
      if (broken !== undefined) {
        return refused({ rule: broken, pointer: `/${escapeSegment(name)}` });
      }
    }
    const doubt = this.#fields.names.doubtAmong(strangers);
    if (doubt !== undefined) return refusedName(doubt);
    const refusal = refusalAmong(strangers, this.#beside);
    if (refusal !== undefined) return refused(refusal);
    let value: JsonValue | undefined;
    const violations = judgedEachWay({ in: 'body' }, (draft) => {
      const found = this.#judge({ inputs, unknown }, bounds, draft);
      if (draft.isAsDescribed) value = found.value;
      return found.violations;
    });
    return { violations, value };
  }

  #judge(
    { inputs, unknown }: Pick<ReturnType<FieldSet<FieldSpec>['collect']>, 'inputs' | 'unknown'>,
    bounds: JsonBounds,
    draft: Draft,
  ): BodyCheck {
    const form: { [name: string]: JsonValue } = {};
    for (const [index, spec] of this.#fields.specs.entries()) {
      const input = inputs[index];
      if (input === undefined) continue;
      const pointer = `/${escapeSegment(spec.name)}`;
      const read = readField(spec, input, decodeForm, draft, pointer, bounds);
      if ('rule' in read) return refused(read);
      draft.put(form, spec.name, pointer, read.readings);
    }
    const refusal = this.#addUnknown(unknown, form, draft);
    if (refusal !== undefined) return refused(refusal);
    draft.putTop([form]);
    const checked = conclude(draft, this.#validator, this.#strict);
    const refusalOf = (name: string) => refusalAmong([name], this.#beside);
    return withListedAlone(checked, this.#validator, refusalOf, this.#shared);
  }

  /** Kept as members, for additionalProperties to judge. */
  #addUnknown(
    unknown: readonly Pair[],
    form: { [name: string]: JsonValue },
    draft: Draft,
  ): Refusal | undefined {
    const isList = this.#additional.types?.includes('array') ?? false;
    for (const [name, pairs] of Map.groupBy(unknown, (pair) => pair.name)) {
      if (!isList && pairs.length > 1) return { rule: 'duplicate', pointer: '' };
      const texts = pairs.map(({ raw }) => raw);
      // What is not described is not named to anybody.
      const { pieces, decode } = isList
        ? divideRepeated(texts, decodeForm, draft, '')
        : { pieces: { kind: 'text' as const, text: texts[0] as string }, decode: decodeForm };
      const pointer = `/${escapeSegment(name)}`;
      const built = buildValue(pieces, this.#additional, decode, draft, pointer);
      if ('rule' in built) return { ...built, pointer: '' };
      draft.put(form, name, pointer, built.readings);
    }
    return undefined;
  }
}

/** Of a form that nobody describes, the names alone: no field of it may take the place of a parameter. */
export function checkFormNames(bytes: Uint8Array, beside: ParameterNames): BodyCheck {
  const written = readWritten(bytes);
  if ('rule' in written) return refused(written);
  const pairs = withoutCharset(written);
  if (pairs === undefined) return refused({ rule: 'charset', pointer: '' });
  const refusal = refusalAmong(new Set(pairs.map(({ name }) => name)), beside);
  return refusal === undefined ? { violations: [], value: undefined } : refused(refusal);
}

/**
 * Serialisers of forms write ASCII alone. What else comes, a byte order mark included, some services
 * read as other characters.
 */
function readWritten(bytes: Uint8Array): Pair[] | Refusal {
  if (isAscii(bytes)) return readPairs(latin1(bytes));
  return { rule: strictUtf8(bytes) === undefined ? 'encoding' : 'escapes', pointer: '' };
}

/** HTML has a hidden field say the charset of a form: nothing, where it says the one that is read. */
function withoutCharset(pairs: readonly Pair[]): readonly Pair[] | undefined {
  const said = pairs.filter(({ name }) => name === CHARSET_FIELD);
  if (said.length === 0) return pairs;
  if (!said.every(({ raw }) => /^utf-8$/i.test(raw))) return undefined;
  return pairs.filter(({ name }) => name !== CHARSET_FIELD);
}

/** What is wrong with the first of these fields, which the body does not describe, beside the parameters. */
export function refusalAmong(
  names: Iterable<string>,
  beside: ParameterNames | undefined,
): Refusal | undefined {
  if (beside === undefined) return undefined;
  for (const name of names) {
    const place = beside.ofField(name);
    if (place !== undefined) return refusalBeside(place, 'body');
  }
  return undefined;
}

/** Properties that have, or resemble, the name of a parameter as well: a few, known beforehand. */
export function sharedNames(shape: Shape, beside: ParameterNames | undefined): readonly string[] {
  const names = [...propertiesOf(shape).keys()];
  return names.filter((name) => beside?.ofField(name) !== undefined);
}

/**
 * A valid body, unless a member of it that means more than itself is listed by no schema in force: nothing
 * has checked it then. `names`: those that may be such; absent: all.
 */
export function withListedAlone(
  checked: BodyCheck,
  validator: Validator | null,
  refusalOf: (name: string) => Refusal | undefined,
  names?: readonly string[],
): BodyCheck {
  if (names?.length === 0) return checked;
  const { value, violations } = checked;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return checked;
  if (violations.some(({ isRemark }) => !isRemark)) return checked;
  for (const name of names ?? Object.keys(value)) {
    const refusal = Object.hasOwn(value, name) ? refusalOf(name) : undefined;
    if (refusal === undefined) continue;
    const place = `/${escapeSegment(name)}`;
    const isListed = validator?.unlisted(value, [place]).length === 0;
    if (!isListed) return refused(refusal);
  }
  return checked;
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function brokenXml(occurrences: readonly string[], bounds: JsonBounds): string | undefined {
  for (const raw of occurrences) {
    const text = decodeForm(raw);
    const reading = text === undefined ? undefined : readXml(Buffer.from(text, 'utf8'), bounds);
    if (!reading?.ok) return reading?.rule ?? 'encoding';
  }
  return undefined;
}

function specOf(name: string, shape: Shape, encoding: EncodingPlan | undefined): FieldSpec {
  if (encoding?.style !== undefined) return { name, shape, content: null, ...encoding.style };
  const [contentType] = encoding?.contentTypes ?? [];
  return {
    name,
    shape,
    content: contentOf(shape, contentType?.range),
    style: 'form',
    explode: true,
  };
}

function contentOf(shape: Shape, contentType: string | undefined): FieldSpec['content'] {
  const isList = shape.types?.length === 1 && shape.types[0] === 'array';
  const isListOfObjects = isList && shape.items !== undefined && isObjectOnly(shape.items);
  if (contentType === undefined) {
    if (isListOfObjects) return 'json-items';
    return isObjectOnly(shape) ? 'json' : null;
  }
  if (!isJsonType(contentType)) return isList ? null : 'text';
  return isListOfObjects ? 'json-items' : 'json';
}

/** OpenAPI's default for an object in form data: JSON. */
export function isObjectOnly({ types }: Shape): boolean {
  if (!types?.includes('object')) return false;
  return types.every((type) => type === 'object' || type === 'null');
}

export function refused({ rule, pointer, expected }: Refusal): BodyCheck {
  const told = { in: 'body', pointer, rule, ...(expected !== undefined && { expected }) } as const;
  return { violations: [explained(told)], value: undefined };
}

/** At the field that is meant, where it is described; the other name is the caller's own. */
export function refusedName({ rule, like }: NameDoubt): BodyCheck {
  return refused({ rule, pointer: like === undefined ? '' : `/${escapeSegment(like)}` });
}

export function conclude(
  draft: Draft,
  validator: Validator | null,
  strict: boolean,
  options: SettleOptions = {},
): BodyCheck {
  const violations = settled('body', undefined, draft, validator, strict, options);
  return { violations, value: draft.value };
}
