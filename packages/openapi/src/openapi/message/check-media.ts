import { cutMembers, type JsonBounds, PLAIN_TRAITS, readJson } from '../../json/index.ts';
import type { Validator } from '../../json-schema/types.ts';
import { Draft } from '../decode/draft.ts';
import { isMethodMember } from '../decode/field-names.ts';
import { readingsOf } from '../decode/lexemes.ts';
import { type ParameterNames, refusalBeside } from '../decode/parameter-names.ts';
import type { Refusal } from '../decode/read-field.ts';
import type { MediaPlan } from '../plan.ts';
import type { BodyCheck } from '../types.ts';
import { checkFormNames, conclude, FormCheck, refused, withListedAlone } from './check-form.ts';
import { checkPartNames, MultipartCheck } from './check-multipart.ts';
import { checkXml, xmlContent } from './check-xml.ts';
import { isCompactJose } from './compact-jose.ts';
import {
  isReadableText,
  isStreamingType,
  isUtf8Charset,
  type MediaKind,
  type MediaType,
  mediaKind,
} from './media-type.ts';
import { strictUtf8 } from './multipart.ts';

const BRACE = 0x7b;
const BRACKET = 0x5b;
/** Of JSON, and those that other readers pass over as well. */
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d]);

/** Without the byte order mark of UTF-8, which many readers pass over. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return isMarked ? bytes.subarray(3) : bytes;
}

const UNREAD: BodyCheck = { violations: [], value: undefined };

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
      return describesStructure(plan, type) ? 'unparsed' : kind;
    case 'form':
      return plan.schema === null ? 'opaque' : kind;
    case 'multipart':
      return describesParts(plan) ? kind : 'opaque';
    case 'text':
      if (plan.schema !== null && isReadableText(plan.shape)) return kind;
      return describesStructure(plan, type) ? 'unparsed' : 'opaque';
    default:
      return kind satisfies never;
  }
}

const describesParts = ({ shape }: MediaPlan): boolean => shape?.types?.includes('object') ?? false;

/** Lists and objects, in a type that nothing here parses; under a range, no such type passes. */
export function describesStructure(
  { range, shape }: Pick<MediaPlan, 'range' | 'shape'>,
  { type }: Pick<MediaType, 'type'>,
): boolean {
  if (range.includes('*') || shape === undefined || shape.binary) return false;
  return !isReadableText(shape) && !isStreamingType(type);
}

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
  if (kind === 'unparsed') return 'opaque';
  if (kind !== 'xml') return kind;
  const content = xmlContent(plan);
  return content === 'document' || content === 'text' ? kind : 'opaque';
}

/** JSON, XML, forms and text carry their charset in the bytes: UTF-8, or nothing here can read them. */
export function isReadableCharset(kind: MediaKind, type: MediaType): boolean {
  if (kind === 'opaque' || kind === 'jose' || kind === 'multipart') return true;
  return isUtf8Charset(type.parameters.get('charset'));
}

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
        return this.#checkText(bytes);
      case 'xml':
        return this.#checkXml(bytes, bounds);
      case 'jose':
        return isCompactJose(bytes, type) ? UNREAD : refused({ rule: 'jose', pointer: '' });
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
    if (checked.violations.some(({ isRemark }) => !isRemark)) return checked;
    const pointers = validator?.ignored(reading.value) ?? [];
    return pointers.length === 0 ? checked : { ...checked, cut: cutMembers(bytes, pointers) };
  }

  /**
   * Services that do not look at the type read JSON under any, some of them its first value alone. What begins as
   * the described list or object does is JSON, or YAML where the type says so; other text is what it is.
   */
  #checkUnparsed(bytes: Uint8Array, { type }: MediaType, bounds: JsonBounds): BodyCheck {
    const text = withoutMark(bytes);
    const first = text.find((byte) => !BLANKS.has(byte));
    if (first !== BRACE && first !== BRACKET) return UNREAD;
    const checked = this.#checkJson(text, bounds);
    const isMeant = this.plan.shape?.types?.includes(first === BRACE ? 'object' : 'array') ?? false;
    const isNoJson = ({ rule }: { readonly rule: string }) =>
      // Whoever reads leniently puts something in place of what is not UTF-8.
      rule === 'json-syntax' || (rule === 'json-encoding' && !isMeant);
    if (!checked.violations.some(isNoJson)) return checked;
    return isMeant && !/yaml$/.test(type) ? checked : UNREAD;
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

  #checkText(bytes: Uint8Array): BodyCheck {
    const text = strictUtf8(bytes);
    if (text === undefined) return refused({ rule: 'encoding', pointer: '' });
    const draft = new Draft();
    draft.putTop(readingsOf(text, this.plan.shape ?? { types: null }));
    const { violations } = conclude(draft, this.validator, false);
    return { violations, value: undefined };
  }
}
