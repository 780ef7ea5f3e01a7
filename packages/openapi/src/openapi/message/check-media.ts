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
  isUtf8Charset,
  type MediaKind,
  type MediaType,
  mediaKind,
} from './media-type.ts';
import { strictUtf8 } from './multipart.ts';

const UNREAD: BodyCheck = { violations: [], value: undefined };

type ValidatorOf = (plan: { readonly schema: string | null }) => Validator | null;

/** How bytes of this actual type are read under that documented entry. */
export function readingKind(plan: MediaPlan, type: MediaType): MediaKind {
  const kind = mediaKind(type.type);
  switch (kind) {
    case 'json':
    case 'xml':
    case 'jose':
    case 'opaque':
      return kind;
    case 'form':
      return plan.schema === null ? 'opaque' : kind;
    case 'multipart':
      return describesParts(plan) ? kind : 'opaque';
    case 'text':
      return plan.schema !== null && isReadableText(plan.shape) ? kind : 'opaque';
    default:
      return kind satisfies never;
  }
}

const describesParts = ({ shape }: MediaPlan): boolean => shape?.types?.includes('object') ?? false;

/** Under a range with a schema for lists or objects, a type that nothing here parses would carry them past it. */
export function evadesSchema(plan: MediaPlan, type: MediaType): boolean {
  if (!plan.range.includes('*') || plan.schema === null) return false;
  const kind = readingKind(plan, type);
  // XML is read by names that are written for it, not for a range; what is sealed is not read at all.
  const isUnread = kind === 'opaque' || kind === 'xml' || kind === 'jose';
  if (!isUnread || plan.shape?.binary) return false;
  return plan.shape?.types?.some((name) => name !== 'string' && name !== 'null') ?? false;
}

/** Answers are held against what is described; XML of which nothing is said goes to the caller as it is. */
export function answerKind(plan: MediaPlan, type: MediaType): MediaKind {
  const kind = readingKind(plan, type);
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
