import { Buffer } from 'node:buffer';
import { cutMembers, type JsonBounds, PLAIN_TRAITS, readJson } from '../../json/index.ts';
import type { Validator } from '../../json-schema/types.ts';
import { Draft } from '../decode/draft.ts';
import { isMethodMember } from '../decode/field-names.ts';
import { readingsOf } from '../decode/lexemes.ts';
import { type ParameterNames, refusalBeside } from '../decode/parameter-names.ts';
import type { Refusal } from '../decode/read-field.ts';
import type { MediaPlan } from '../plan.ts';
import type { BodyCheck, MessageViolation } from '../types.ts';
import { checkFormNames, conclude, FormCheck, refused, withListedAlone } from './check-form.ts';
import { checkPartNames, MultipartCheck } from './check-multipart.ts';
import { checkUnparsed, isRefused, UNREAD } from './check-unparsed.ts';
import { checkXml, xmlContent } from './check-xml.ts';
import { isCompactJose } from './compact-jose.ts';
import { divideLines, isJsonLinesType } from './json-lines.ts';
import {
  isReadableText,
  isStreamingType,
  isUtf8Charset,
  type MediaKind,
  type MediaType,
  mediaKind,
} from './media-type.ts';
import { strictUtf8 } from './multipart.ts';
import { isYamlType, type YamlDates, yamlReader } from './yaml-reader.ts';

const UNREADY: Refusal = {
  ...{ rule: 'yaml-unready', pointer: '' },
  expected: 'the same once more: YAML can be read in a moment',
};

type ValidatorOf = (plan: { readonly schema: string | null }) => Validator | null;

/** How bytes of this actual type are read under that documented entry. */
export function readingKind(plan: MediaPlan, type: MediaType): MediaKind {
  const kind = mediaKind(type.type);
  switch (kind) {
    case 'json':
    case 'xml':
    case 'jose':
      return kind;
    case 'opaque':
      if (isJsonLinesType(type.type)) return describesLines(plan) ? 'lines' : kind;
      return describesStructure(plan, type) ? structureKind(type) : kind;
    case 'form':
      return plan.schema === null ? 'opaque' : kind;
    case 'multipart':
      return describesParts(plan) ? kind : 'opaque';
    case 'text':
      if (isYamlType(type.type) && describesStructure(plan, type)) return 'yaml';
      if (plan.schema !== null && isReadableText(plan.shape)) return kind;
      return describesStructure(plan, type) ? 'unparsed' : 'opaque';
    default:
      return kind satisfies never;
  }
}

const structureKind = ({ type }: MediaType): MediaKind => (isYamlType(type) ? 'yaml' : 'unparsed');

const describesParts = ({ shape }: MediaPlan): boolean => shape?.types?.includes('object') ?? false;

/** Lists and objects, in a type that says nothing of them; under a range, no such type passes. */
export function describesStructure(
  plan: Pick<MediaPlan, 'range' | 'shape'>,
  { type }: Pick<MediaType, 'type'>,
): boolean {
  if (!isNamedAndRead(plan) || isStreamingType(type)) return false;
  return !isReadableText(plan.shape) || speaksOfPartsAlone(plan);
}

/** Whatever is no text: a line may be a number. */
function describesLines(plan: MediaPlan): boolean {
  if (!isNamedAndRead(plan)) return false;
  return plan.shape?.types?.some((name) => name !== 'string') ?? speaksOfPartsAlone(plan);
}

const isNamedAndRead = ({ range, shape }: Pick<MediaPlan, 'range' | 'shape'>): boolean =>
  !range.includes('*') && shape !== undefined && !shape.binary;

/** A schema that names no type, and is one of objects or lists besides. */
const speaksOfPartsAlone = ({ shape }: Pick<MediaPlan, 'shape'>): boolean =>
  shape?.types === null && shape.saysOfParts === true;

/** Under a range with a schema for lists or objects, a type that nothing here parses would carry them past it. */
export function evadesSchema(plan: MediaPlan, type: MediaType): boolean {
  if (!plan.range.includes('*') || plan.schema === null) return false;
  const kind = readingKind(plan, type);
  // XML is read by names that are written for it, not for a range; what is sealed is not read at all.
  const isUnread = kind !== 'json' && kind !== 'form' && kind !== 'multipart' && kind !== 'text';
  if (!isUnread || plan.shape?.binary) return false;
  return plan.shape?.types?.some((name) => name !== 'string' && name !== 'null') ?? false;
}

/** Answers are held against what is described; XML of which nothing is said goes to the caller as it is. */
export function answerKind(plan: MediaPlan, type: MediaType): MediaKind {
  const kind = readingKind(plan, type);
  if (kind === 'unparsed' || kind === 'lines' || kind === 'yaml') return 'opaque';
  if (kind !== 'xml') return kind;
  const content = xmlContent(plan);
  return content === 'document' || content === 'text' ? kind : 'opaque';
}

/** JSON, XML, forms and text carry their charset in the bytes: UTF-8, or nothing here can read them. */
export function isReadableCharset(kind: MediaKind, type: MediaType): boolean {
  if (kind === 'opaque' || kind === 'jose' || kind === 'multipart') return true;
  return isUtf8Charset(type.parameters.get('charset'));
}

function readAlone(text: Uint8Array, bounds: JsonBounds): BodyCheck {
  const reading = readJson(text, bounds);
  if (reading.ok) return UNREAD;
  return refused({ rule: `json-${reading.problem.rule}`, pointer: reading.problem.pointer });
}

/** Of remarks on lines; what is refused is told whole. */
const REMARKS_MAX = 100;

/** Each finds as many dates as a body has violations told of it. */
const DATE_ROUNDS_MAX = 16;

const below =
  (index: number) =>
  (found: MessageViolation): MessageViolation => ({
    ...found,
    pointer: `/${index}${found.pointer}`,
  });

/** Checks bodies under one documented media type; parsers are compiled on first use. */
export class MediaCheck {
  readonly plan: MediaPlan;
  readonly #validatorOf: ValidatorOf;
  readonly #strict: boolean;
  readonly #beside: ParameterNames | undefined;
  #validator: { readonly linked: Validator | null } | undefined;
  #form: FormCheck | undefined;
  #multipart: MultipartCheck | undefined;

  /** `beside`: the parameters that a request's body must not take the place of; answers have none. */
  constructor(
    plan: MediaPlan,
    validatorOf: ValidatorOf,
    strict: boolean,
    beside?: ParameterNames | undefined,
  ) {
    this.#beside = beside;
    this.plan = plan;
    this.#validatorOf = validatorOf;
    this.#strict = strict;
  }

  /** How a request of this type is read: of a form that has no schema for its fields, the names are. */
  kindOf(type: MediaType): MediaKind {
    const kind = readingKind(this.plan, type);
    if (kind !== 'opaque' || this.#beside?.isEmpty !== false) return kind;
    const written = mediaKind(type.type);
    if (written === 'form') return written;
    return written === 'multipart' && !this.plan.shape?.binary ? written : kind;
  }

  get validator(): Validator | null {
    this.#validator ??= { linked: this.#validatorOf(this.plan) };
    return this.#validator.linked;
  }

  check(bytes: Uint8Array, type: MediaType, bounds: JsonBounds, kind: MediaKind): BodyCheck {
    switch (kind) {
      case 'json':
        return this.#checkJson(bytes, bounds);
      case 'form':
        if (this.plan.schema === null && this.#beside !== undefined) {
          return checkFormNames(bytes, this.#beside);
        }
        this.#form ??= new FormCheck(this.plan, this.validator, this.#strict, this.#beside);
        return this.#form.check(bytes, bounds);
      case 'multipart':
        if (!describesParts(this.plan) && this.#beside !== undefined) {
          return checkPartNames(bytes, type, this.plan, this.#beside);
        }
        this.#multipart ??= new MultipartCheck(
          this.plan,
          this.#validatorOf,
          this.#strict,
          this.#beside,
        );
        return this.#multipart.check(bytes, type, bounds);
      case 'text':
        return this.#checkText(bytes, type, bounds);
      case 'xml':
        return this.#checkXml(bytes, bounds);
      case 'jose':
        return isCompactJose(bytes, type) ? UNREAD : refused({ rule: 'jose', pointer: '' });
      case 'lines':
        return this.#checkLines(bytes, type, bounds);
      case 'yaml':
        return this.#checkYaml(bytes, type, bounds);
      case 'unparsed':
        return this.#checkUnparsed(bytes, type, bounds);
      case 'opaque':
        return UNREAD;
      default:
        return kind satisfies never;
    }
  }

  #checkJson(bytes: Uint8Array, bounds: JsonBounds): BodyCheck {
    const reading = readJson(bytes, bounds);
    if (!reading.ok) {
      const { rule, pointer } = reading.problem;
      return refused({ rule: `json-${rule}`, pointer });
    }
    const draft = new Draft();
    draft.putTop([reading.value]);
    draft.traits = reading.traits ?? PLAIN_TRAITS;
    const { validator } = this;
    const isAnswer = this.#beside === undefined;
    const concluded = conclude(draft, validator, this.#strict, { mayCut: true, isAnswer });
    const checked =
      this.#beside === undefined
        ? concluded
        : withListedAlone(concluded, validator, (name) => this.#refusalOf(name));
    if (isRefused(checked)) return checked;
    const pointers = validator?.ignored(reading.value) ?? [];
    return pointers.length === 0 ? checked : { ...checked, cut: cutMembers(bytes, pointers) };
  }

  #checkUnparsed(bytes: Uint8Array, { type }: MediaType, bounds: JsonBounds): BodyCheck {
    const expected = { types: this.plan.shape?.types ?? null, isYaml: isYamlType(type) };
    const checkJson = (json: Uint8Array) => this.#checkJson(json, bounds);
    return checkUnparsed(bytes, expected, bounds.itemsMax, checkJson);
  }

  /** Every reading that some service has must fit; those that ask for no type read JSON. */
  #checkYaml(bytes: Uint8Array, type: MediaType, bounds: JsonBounds): BodyCheck {
    const asJson = this.#checkUnparsed(bytes, type, bounds);
    if (isRefused(asJson)) return asJson;
    const readYaml = yamlReader();
    if (readYaml === undefined) return refused(UNREADY);
    const reading = readYaml(bytes, bounds);
    if (!reading.ok) return refused(reading.refusal);
    const [first, ...others] = reading.texts;
    const checked = this.#checkJson(Buffer.from(first), bounds);
    if (isRefused(checked)) return checked;
    const { dates } = reading;
    let broken = this.#brokenIn(others, bounds);
    if (broken !== undefined && dates !== undefined) {
      const [, ...rest] = dates.texts(this.#describedDates(dates, bounds));
      broken = this.#brokenIn(rest, bounds);
    }
    // In quotes it would fit: it does as YAML 1.2 has it.
    if (broken !== undefined) return refused({ rule: 'yaml-plain', pointer: broken.pointer });
    const { violations, value, cut } = checked;
    const judged: BodyCheck = { violations, value: others.length === 0 ? value : undefined };
    if (cut === undefined) return judged;
    // Out of JSON they are cut.
    return asJson.cut === undefined
      ? refused({ rule: 'readOnly', pointer: '' })
      : { ...judged, cut: asJson.cut };
  }

  #brokenIn(texts: readonly string[], bounds: JsonBounds): MessageViolation | undefined {
    for (const text of texts) {
      const { violations } = this.#checkJson(Buffer.from(text), bounds);
      const broken = violations.find(({ isRemark }) => !isRemark);
      if (broken !== undefined) return broken;
    }
    return undefined;
  }

  /**
   * Where the schema asks for the format of a date or a time: those that read a date have what is described. It is told
   * by what breaks without them, a few places at a time; those beyond are held to it in each reading.
   */
  #describedDates(dates: YamlDates, bounds: JsonBounds): ReadonlySet<string> {
    const described = new Set<string>();
    for (let round = 0; round < DATE_ROUNDS_MAX; round += 1) {
      const { violations } = this.#checkJson(Buffer.from(dates.without(described)), bounds);
      const before = described.size;
      for (const { rule, pointer } of violations) if (rule === 'format') described.add(pointer);
      if (described.size === before) break;
    }
    return described;
  }

  /** A schema of lists is that of all texts together, any other that of each. */
  #checkLines(bytes: Uint8Array, { type }: MediaType, bounds: JsonBounds): BodyCheck {
    const divided = divideLines(bytes, type);
    if (divided === undefined) return refused({ rule: 'json-sequence', pointer: '' });
    const { texts, joined } = divided;
    if (texts.length > bounds.itemsMax) return refused({ rule: 'json-items', pointer: '' });
    const { types } = this.plan.shape ?? { types: null };
    const isList = types?.includes('array') === true && !types.includes('object');
    const kept: Uint8Array[] = [];
    const remarks: MessageViolation[] = [];
    for (const [index, text] of texts.entries()) {
      const checked = isList ? readAlone(text, bounds) : this.#checkJson(text, bounds);
      const violations = checked.violations.map(below(index));
      if (isRefused(checked)) return { ...checked, violations };
      if (remarks.length < REMARKS_MAX) remarks.push(...violations);
      kept.push(checked.cut ?? text);
    }
    if (isList) return this.#checkTogether(texts, joined, bounds);
    const isWhole = kept.every((text, index) => text === texts[index]);
    return { ...UNREAD, violations: remarks, ...(isWhole ? {} : { cut: joined(kept) }) };
  }

  #checkTogether(
    texts: readonly Uint8Array[],
    joined: (texts: readonly Uint8Array[]) => Uint8Array,
    bounds: JsonBounds,
  ): BodyCheck {
    const comma = Buffer.from(',');
    const list = texts.flatMap((text, index) => (index === 0 ? [text] : [comma, text]));
    const checked = this.#checkJson(
      Buffer.concat([Buffer.from('['), ...list, Buffer.from(']')]),
      bounds,
    );
    if (checked.cut === undefined) return checked;
    const pointers = this.validator?.ignored(checked.value ?? null) ?? [];
    const byText = Map.groupBy(pointers, (pointer) => Number(pointer.split('/', 2)[1]));
    const kept = texts.map((text, index) => {
      const own = byText.get(index) ?? [];
      const within = own.map((pointer) => pointer.slice(`/${index}`.length));
      return cutMembers(text, within);
    });
    return { ...checked, cut: joined(kept) };
  }

  #checkXml(bytes: Uint8Array, bounds: JsonBounds): BodyCheck {
    const { plan, validator } = this;
    const beside = this.#beside === undefined ? undefined : (name: string) => this.#refusalOf(name);
    return checkXml(plan, validator, this.#strict, bytes, bounds, beside);
  }

  /** What a member means to services that take JSON, or XML, for a form. */
  #refusalOf(name: string): Refusal | undefined {
    if (isMethodMember(name)) return { rule: 'method-override', pointer: '' };
    const place = this.#beside?.ofMember(name);
    return place === undefined ? undefined : refusalBeside(place, 'body');
  }

  #checkText(bytes: Uint8Array, type: MediaType, bounds: JsonBounds): BodyCheck {
    if (this.#beside !== undefined && speaksOfPartsAlone(this.plan)) {
      const checked = this.#checkUnparsed(bytes, type, bounds);
      if (isRefused(checked)) return checked;
    }
    const text = strictUtf8(bytes);
    if (text === undefined) return refused({ rule: 'encoding', pointer: '' });
    const draft = new Draft();
    draft.putTop(readingsOf(text, this.plan.shape ?? { types: null }));
    const { violations } = conclude(draft, this.validator, false);
    return { violations, value: undefined };
  }
}
