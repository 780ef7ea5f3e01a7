import { HeaderFields } from '../../header-fields/header-fields.ts';
import { type JsonBounds, type JsonValue, readJson } from '../../json/index.ts';
import type { Validator } from '../../json-schema/types.ts';
import type { Draft } from '../decode/draft.ts';
import { explained } from '../decode/expected.ts';
import { CHARSET_FIELD } from '../decode/field-names.ts';
import { FieldSet, type FieldSpec, readField } from '../decode/field-set.ts';
import { HeaderField } from '../decode/header-field.ts';
import { readingsOf } from '../decode/lexemes.ts';
import type { ParameterNames } from '../decode/parameter-names.ts';
import { asItIs, divideRepeated } from '../decode/pieces.ts';
import type { Member } from '../decode/read-brackets.ts';
import { additionalShape, buildValue, propertiesOf, type Refusal } from '../decode/read-field.ts';
import { judgedEachWay } from '../decode/settled.ts';
import { styleInWords } from '../decode/style-words.ts';
import { escapeSegment } from '../document/pointer.ts';
import type { EncodingPlan, HeaderPlan, MediaPlan, Shape } from '../plan.ts';
import type { BodyCheck, MessageViolation } from '../types.ts';
import {
  conclude,
  isObjectOnly,
  latin1,
  refusalAmong,
  refused,
  refusedName,
  sharedNames,
  withListedAlone,
} from './check-form.ts';
import {
  type DocumentedType,
  isJsonType,
  isReadAsUtf8,
  isUtf8Charset,
  isXmlType,
  type MediaType,
  selectMedia,
} from './media-type.ts';
import { type Part, readMultipart, strictUtf8 } from './multipart.ts';
import { readXml } from './read-xml.ts';
import { doubtOfPart, doubtOfType } from './type-doubts.ts';
import { typesInWords, written } from './types-in-words.ts';

type Readings = { readonly readings: readonly JsonValue[] };

interface Manner {
  readonly bounds: JsonBounds;
  readonly isFormData: boolean;
}

/** multipart/form-data (and kin whose parts are named) against one schema. */
export class MultipartCheck {
  readonly #shape: Shape;
  readonly #encodings: ReadonlyMap<string, EncodingPlan>;
  readonly #headers: ReadonlyMap<string, readonly HeaderField[]>;
  readonly #validator: Validator | null;
  readonly #strict: boolean;
  readonly #documented: DocumentedType;
  readonly #fields: FieldSet<FieldSpec>;
  readonly #beside: ParameterNames | undefined;
  readonly #shared: readonly string[];

  constructor(
    plan: MediaPlan,
    validatorOf: (plan: { readonly schema: string | null }) => Validator | null,
    strict: boolean,
    beside: ParameterNames | undefined,
  ) {
    this.#beside = beside;
    this.#shape = plan.shape ?? { types: null };
    this.#encodings = new Map(plan.encoding);
    this.#headers = new Map(
      plan.encoding?.map(([name, { headers = [] }]) => [
        name,
        headers.map((header: HeaderPlan) => new HeaderField(header, validatorOf(header))),
      ]),
    );
    this.#validator = validatorOf(plan);
    this.#strict = strict;
    this.#documented = plan;
    this.#shared = sharedNames(this.#shape, beside);
    const specs = [...propertiesOf(this.#shape)].map(([name, shape]) =>
      specOf(name, shape, this.#encodings.get(name)),
    );
    this.#fields = new FieldSet(specs);
  }

  check(bytes: Uint8Array, type: MediaType, bounds: JsonBounds): BodyCheck {
    const isFormData = type.type === 'multipart/form-data';
    const byName = readParts(bytes, type, this.#documented);
    if ('rule' in byName) return refused(byName);
    const violations: MessageViolation[] = [];
    const fields = new Map<string, readonly Part[]>();
    const names = [...byName.keys()];
    if (!names.every((name) => name !== undefined)) {
      return refused({ rule: 'part-name', pointer: '' });
    }
    const doubt = this.#fields.names.doubtAmong(names.filter((name) => name !== CHARSET_FIELD));
    if (doubt !== undefined) return refusedName(doubt);
    const strangers = names.filter((name) => !this.#fields.names.has(name));
    const refusal = refusalAmong(strangers, this.#beside);
    if (refusal !== undefined) return refused(refusal);
    for (const name of names) {
      const parts = byName.get(name) as Part[];
      if (name === CHARSET_FIELD && !propertiesOf(this.#shape).has(name)) {
        if (!parts.every(saysUtf8)) return refused({ rule: 'charset', pointer: '' });
        continue;
      }
      fields.set(name, parts);
      const place = this.#fields.deepPlace(name);
      const described = place === undefined ? name : this.#fields.specs[place.index]?.name;
      for (const part of parts) violations.push(...this.#checkPartHeaders(described ?? name, part));
    }
    let value: JsonValue | undefined;
    const found = judgedEachWay({ in: 'body' }, (draft) => {
      const checked = this.#judge(fields, { bounds, isFormData }, draft);
      if (draft.isAsDescribed) value = checked.value;
      return checked.violations;
    });
    return { value, violations: [...violations, ...found] };
  }

  #judge(fields: ReadonlyMap<string, readonly Part[]>, manner: Manner, draft: Draft): BodyCheck {
    const form: { [name: string]: JsonValue } = {};
    const inBrackets = new Map<number, BracketTexts>();
    for (const [name, parts] of fields) {
      const place = this.#fields.deepPlace(name);
      const refusal =
        place === undefined
          ? this.#addField(name, parts, form, draft, manner)
          : this.#addTexts(parts, place, inBrackets, manner);
      if (refusal !== undefined) return refused(refusal);
    }
    for (const [index, input] of inBrackets) {
      const spec = this.#fields.specs[index] as FieldSpec;
      const pointer = `/${escapeSegment(spec.name)}`;
      const read = readField(spec, input, asItIs, draft, pointer, manner.bounds);
      if ('rule' in read) return refused(read);
      draft.put(form, spec.name, pointer, read.readings);
    }
    draft.putTop([form]);
    return withListedAlone(
      conclude(draft, this.#validator, this.#strict),
      this.#validator,
      (name) => refusalAmong([name], this.#beside),
      this.#shared,
    );
  }

  /** Of a value in brackets, a part is one text of several. */
  #addTexts(
    parts: readonly Part[],
    { index, path }: { readonly index: number; readonly path: readonly string[] },
    inBrackets: Map<number, BracketTexts>,
    manner: Manner,
  ): Refusal | undefined {
    const spec = this.#fields.specs[index] as FieldSpec;
    const pointer = `/${escapeSegment(spec.name)}`;
    const isMember = parts[0]?.name !== spec.name;
    const input = inBrackets.get(index) ?? { occurrences: [], members: [] };
    inBrackets.set(index, input);
    for (const part of parts) {
      const read = readPartValue(part, TEXT, undefined, manner, pointer);
      if ('rule' in read) {
        const isDocument = read.rule === 'content-type' && !isMember;
        return isDocument ? { rule: 'style', pointer, expected: styleInWords(spec) } : read;
      }
      const value = read.readings[0] as string;
      if (isMember) input.members.push({ path, value });
      else input.occurrences.push(value);
    }
    return undefined;
  }

  #addField(
    name: string,
    parts: readonly Part[],
    form: { [name: string]: JsonValue },
    draft: Draft,
    manner: Manner,
  ): Refusal | undefined {
    const known = propertiesOf(this.#shape).get(name);
    const shape = known ?? additionalShape(this.#shape);
    const encoding = this.#encodings.get(name);
    const pointer = `/${escapeSegment(name)}`;
    // A name that the document does not know is not told.
    const told = known === undefined ? '' : pointer;
    const isJsonList =
      encoding?.contentTypes?.some(({ range }) => isJsonType(range)) && !isJsonItem(shape.items);
    if (shape.types?.includes('array') && !(isJsonList && parts.length === 1)) {
      const items: (readonly JsonValue[])[] = [];
      for (const [index, part] of parts.entries()) {
        const item = shape.prefixItems?.[index] ?? shape.items ?? { types: null };
        const read = readPartValue(part, item, encoding, manner, `${pointer}/${index}`);
        if ('rule' in read) return read;
        items.push(read.readings);
      }
      const only = divisibleText(parts, items, shape);
      const built =
        only === undefined
          ? { readings: [listOf(items, draft, pointer)] }
          : buildDivided(only, shape, draft, pointer);
      if ('rule' in built) return built;
      draft.put(form, name, pointer, built.readings);
      return undefined;
    }
    if (parts.length > 1) return { rule: 'duplicate', pointer: told };
    const read = readPartValue(parts[0] as Part, shape, encoding, manner, told);
    if ('rule' in read) return read;
    draft.put(form, name, pointer, read.readings);
    return undefined;
  }

  #checkPartHeaders(name: string, part: Part): MessageViolation[] {
    const headers = this.#headers.get(name);
    if (headers === undefined || headers.length === 0) return [];
    if (part.hasDoubtfulFilename && headers.some((header) => header.name === DISPOSITION)) {
      const at = { in: 'body', pointer: `/${escapeSegment(name)}` } as const;
      return [explained({ ...at, rule: 'content-disposition' })];
    }
    const fields = new HeaderFields(part.headers);
    return headers
      .flatMap((header) => header.check(fields, this.#strict))
      .map((found) => ({
        ...found,
        ...{ in: 'body', pointer: `/${escapeSegment(name)}` },
        expected: `in the header ${found.name} of this part: ${found.expected}`,
      }));
  }
}

interface BracketTexts {
  readonly occurrences: string[];
  readonly members: Member[];
}

const TEXT: Shape = { types: ['string'] };

/** Of styles, parts have brackets alone, and files are no texts in any. */
function specOf(name: string, shape: Shape, encoding: EncodingPlan | undefined): FieldSpec {
  const isOfFiles = shape.binary === true || shape.items?.binary === true;
  const isDeep = encoding?.style?.style === 'deepObject' && !isOfFiles;
  return isDeep
    ? { name, shape, content: null, style: 'deepObject', explode: true }
    : { name, shape, content: 'text', style: 'form', explode: true };
}

/** The only item of a list, where it came as text, and as no document that holds one. */
function divisibleText(
  [part, ...others]: readonly Part[],
  [readings = []]: readonly (readonly JsonValue[])[],
  { items }: Shape,
): string | undefined {
  const text = readings.at(-1);
  if (typeof text !== 'string' || part === undefined || others.length > 0) return undefined;
  return items?.binary !== true && text === strictUtf8(part.bytes) ? text : undefined;
}

/** Many services divide it at its commas. */
function buildDivided(text: string, shape: Shape, draft: Draft, pointer: string) {
  const { pieces, decode } = divideRepeated([text], asItIs, draft, pointer);
  return buildValue(pieces, shape, decode, draft, pointer);
}

function listOf(
  items: readonly (readonly JsonValue[])[],
  draft: Draft,
  pointer: string,
): JsonValue[] {
  const list: JsonValue[] = [];
  for (const [index, readings] of items.entries()) {
    draft.put(list, index, `${pointer}/${index}`, readings);
  }
  return list;
}

const DISPOSITION = 'content-disposition';

/**
 * Of parts that nobody describes, the names alone: none of them may take the place of a parameter. Those
 * without a name are nobody's field.
 */
export function checkPartNames(
  bytes: Uint8Array,
  type: MediaType,
  documented: DocumentedType,
  beside: ParameterNames,
): BodyCheck {
  const byName = readParts(bytes, type, documented);
  if ('rule' in byName) return refused(byName);
  if (byName.get(CHARSET_FIELD)?.every(saysUtf8) === false) {
    return refused({ rule: 'charset', pointer: '' });
  }
  const names = [...byName.keys()].filter((name) => name !== undefined);
  const refusal = refusalAmong(names, beside);
  return refusal === undefined ? { violations: [], value: undefined } : refused(refusal);
}

function readParts(
  bytes: Uint8Array,
  type: MediaType,
  documented: DocumentedType,
): Map<string | undefined, Part[]> | Refusal {
  const charset = type.parameters.get('charset');
  if (!isUtf8Charset(charset) || !isReadAsUtf8(charset, bytes)) {
    return { rule: 'charset', pointer: '' };
  }
  const doubtful = doubtOfType(type, documented);
  if (doubtful !== undefined) return { rule: doubtful, pointer: '' };
  const isFormData = type.type === 'multipart/form-data';
  const reading = readMultipart(bytes, type.parameters.get('boundary'), isFormData);
  if (!reading.ok) return { rule: reading.rule, pointer: '' };
  return Map.groupBy(reading.parts, ({ name }) => name);
}

/** HTML writes the charset of a form into this field, where a page asks for it. */
function saysUtf8({ bytes, hasFilename }: Part): boolean {
  return !hasFilename && /^utf-8$/i.test(latin1(bytes));
}

function isJsonItem(shape: Shape | undefined): boolean {
  return shape?.types?.includes('object') ?? false;
}

function readPartValue(
  part: Part,
  shape: Shape,
  encoding: EncodingPlan | undefined,
  { bounds, isFormData }: Manner,
  pointer: string,
): Readings | Refusal {
  const documented = encoding?.contentTypes ?? defaultTypes(shape).map(withoutParameters);
  // A part without a type is of the documented one: browsers send plain fields so.
  const type = part.type?.type ?? assumedType(documented);
  const actual = part.type ?? { type, parameters: NO_PARAMETERS };
  const entry = selectMedia(documented, actual);
  if (entry === undefined) {
    return { rule: 'content-type', pointer, expected: typesInWords(documented.map(written)) };
  }
  const doubt = doubtOfPart(actual, entry, isFormData);
  if (doubt !== undefined) return { rule: doubt, pointer };
  const isFile = part.hasFilename && isOpaque(shape, type, encoding) && !isXmlType(type);
  // What a file is written in is its own matter: nobody makes a text of it.
  if (!isFile && !isReadAsUtf8(part.type?.parameters.get('charset'), part.bytes)) {
    return { rule: 'charset', pointer };
  }
  if (isXmlType(type)) {
    const reading = readXml(part.bytes, bounds);
    if (!reading.ok) return { rule: reading.rule, pointer };
  }
  if (isOpaque(shape, type, encoding)) {
    // One character a byte, so that length keywords count bytes.
    return { readings: [latin1(part.bytes)] };
  }
  const isJson = isJsonType(type);
  // Upstream parsers hand parts with a filename to other code than plain fields.
  if (part.hasFilename && !isJson) return { rule: 'filename', pointer };
  if (isJson) {
    const reading = readJson(part.bytes, bounds);
    if (reading.ok) return { readings: [reading.value] };
    return { rule: `json-${reading.problem.rule}`, pointer: pointer + reading.problem.pointer };
  }
  const text = strictUtf8(part.bytes);
  if (text === undefined) return { rule: 'encoding', pointer };
  return { readings: readingsOf(text, shape) };
}

/** OpenAPI's default content types of parts, by the type of their schema. */
function defaultTypes(shape: Shape): readonly string[] {
  if (shape.binary || shape.types === null) return ['*/*'];
  if (isObjectOnly(shape) || shape.types.includes('array')) return ['application/json'];
  return shape.types.includes('object') ? ['application/json', 'text/plain'] : ['text/plain'];
}

const NO_PARAMETERS: MediaType['parameters'] = new Map();

function withoutParameters(range: string): DocumentedType {
  return { range, parameters: [] };
}

function assumedType(documented: readonly DocumentedType[]): string {
  const range = documented[0]?.range ?? 'text/plain';
  return range.includes('*') ? 'text/plain' : range;
}

/** File parts, and parts of types that nothing here reads. */
function isOpaque(shape: Shape, type: string, encoding: EncodingPlan | undefined): boolean {
  if (shape.binary) return true;
  if (shape.types === null) return encoding?.contentTypes === undefined || !isJsonType(type);
  return !isJsonType(type) && !type.startsWith('text/') && encoding?.contentTypes !== undefined;
}
