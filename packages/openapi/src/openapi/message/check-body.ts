import { trimBlanks } from '../../header-fields/blanks.ts';
import type { HeaderFields } from '../../header-fields/header-fields.ts';
import type { JsonBounds } from '../../json/index.ts';
import type { Validator } from '../../json-schema/types.ts';
import { explained } from '../decode/expected.ts';
import { ParameterNames } from '../decode/parameter-names.ts';
import type { OperationPlan } from '../plan.ts';
import type { BodyCheck, BodyExpectation, MessageViolation } from '../types.ts';
import { acceptedTypes } from './accepted-types.ts';
import { evadesSchema, isReadableCharset, MediaCheck } from './check-media.ts';
import { holdsNoText, isJsonLinesType } from './json-lines.ts';
import {
  isFormReadAsUtf8,
  isReadAsUtf8,
  type MediaKind,
  type MediaType,
  mediaKind,
  parseMediaType,
  selectMedia,
} from './media-type.ts';
import { doubtOfType } from './type-doubts.ts';
import { typesInWords } from './types-in-words.ts';

interface Entry {
  readonly range: string;
  readonly parameters: readonly (readonly [string, string])[];
  readonly check: MediaCheck;
}

/** What one operation documents as its request body. */
export class RequestBodyCheck {
  readonly #plan: OperationPlan['body'];
  readonly #entries: readonly Entry[];

  constructor(
    plan: OperationPlan,
    validatorOf: (plan: { readonly schema: string | null }) => Validator | null,
  ) {
    this.#plan = plan.body;
    const beside = new ParameterNames(plan);
    this.#entries = (plan.body?.content ?? []).map((media) => ({
      range: media.range,
      parameters: media.parameters,
      check: new MediaCheck(media, validatorOf, plan.strictProperties, beside),
    }));
  }

  expect(headers: HeaderFields, hasBody: boolean): BodyExpectation {
    if (this.#plan === null) return { kind: 'none' };
    if (!hasBody) return this.#expectEmpty(headers);
    const selected = this.#select(headers);
    if ('rule' in selected) return this.#unsupported(selected);
    const kind = selected.check.kindOf(selected.type);
    return { kind: kind === 'opaque' ? 'stream' : 'validate' };
  }

  #expectEmpty(headers: HeaderFields): BodyExpectation {
    if (!this.#plan?.required) return { kind: 'none' };
    const missing = this.#unsupported(violation('body', 'required'));
    if (!headers.has('content-type')) return missing;
    const selected = this.#select(headers);
    if ('rule' in selected) return this.#unsupported(selected);
    const meaning = meaningOfNothing(selected.check.kindOf(selected.type), selected.type);
    if (meaning === 'nothing') return missing;
    return { kind: meaning === 'bytes' ? 'none' : 'validate' };
  }

  #unsupported(found: MessageViolation): BodyExpectation {
    return {
      kind: 'unsupported',
      violation: found,
      accepted: this.#accepted.slice(0, TYPES_SHOWN),
    };
  }

  get #accepted(): readonly string[] {
    return [...new Set(this.#entries.flatMap(({ check }) => acceptedTypes(check.plan)))];
  }

  #otherType(): MessageViolation {
    const expected = typesInWords(this.#accepted);
    return { in: 'content-type', pointer: '', rule: 'content-type', expected };
  }

  check(headers: HeaderFields, bytes: Uint8Array, bounds: JsonBounds): BodyCheck {
    if (bytes.length === 0) return this.#checkEmpty(headers, bounds);
    if (this.#plan === null) return refuse(violation('body', 'undocumented'));
    const selected = this.#select(headers);
    if ('rule' in selected) return refuse(selected);
    const { check, type } = selected;
    const kind = check.kindOf(type);
    if (kind === 'lines' && holdsNoText(bytes)) return this.#checkEmpty(headers, bounds);
    if (!isReadAsItSays(kind, type, bytes)) {
      return refuse(violation('content-type', 'charset'));
    }
    const checked = check.check(bytes, type, bounds, kind);
    return checked.cut === undefined
      ? checked
      : this.#checkCut(checked.cut, selected, headers, bounds);
  }

  /** What was cut is not what came: it must stand on its own, and no signature may say otherwise. */
  #checkCut(
    cut: Uint8Array,
    { check, type }: { check: MediaCheck; type: MediaType },
    headers: HeaderFields,
    bounds: JsonBounds,
  ): BodyCheck {
    const { violations, value, cut: again } = check.check(cut, type, bounds, check.kindOf(type));
    if (again !== undefined || DIGESTS.some((name) => headers.has(name))) {
      return refuse(violation('body', 'readOnly'));
    }
    return { violations, value, cut };
  }

  /** No bytes are no body, except where one is needed and the media type gives them a meaning. */
  #checkEmpty(headers: HeaderFields, bounds: JsonBounds): BodyCheck {
    if (!this.#plan?.required) return NOTHING;
    if (!headers.has('content-type')) return refuse(violation('body', 'required'));
    const selected = this.#select(headers);
    if ('rule' in selected) return refuse(selected);
    const { check, type } = selected;
    const kind = check.kindOf(type);
    const meaning = meaningOfNothing(kind, type);
    if (meaning === 'nothing') return refuse(violation('body', 'required'));
    return meaning === 'bytes' ? NOTHING : check.check(new Uint8Array(0), type, bounds, kind);
  }

  #select(headers: HeaderFields): { check: MediaCheck; type: MediaType } | MessageViolation {
    if (hasContentCoding(headers)) return violation('body', 'content-encoding');
    const texts = headers.all('content-type');
    const type = texts.length === 1 ? parseMediaType(texts[0] as string) : undefined;
    if (type === undefined) return this.#otherType();
    const entry = selectMedia(this.#entries, type);
    if (entry === undefined || evadesSchema(entry.check.plan, type)) {
      return this.#otherType();
    }
    const kind = entry.check.kindOf(type);
    if (!isReadableCharset(kind, type)) {
      return violation('content-type', kind === 'xml' ? 'xml-encoding' : 'charset');
    }
    // Of a multipart body that is read, it is told with the body.
    const doubt = kind === 'multipart' ? undefined : doubtOfType(type, entry);
    if (doubt !== undefined) return violation('content-type', doubt);
    return { check: entry.check, type };
  }
}

/** An empty form and an empty text are read, an empty file is one; of JSON, XML and their kin nothing is no document. */
function meaningOfNothing(kind: MediaKind, { type }: MediaType): 'read' | 'bytes' | 'nothing' {
  if (kind === 'form' || kind === 'text') return 'read';
  const isDocument = isJsonLinesType(type) || mediaKind(type) === 'multipart';
  return kind === 'opaque' && !isDocument ? 'bytes' : 'nothing';
}

/** A description may name hundreds; whoever sends none of the first reads the description. */
const TYPES_SHOWN = 20;

/** Fields that speak of the bytes as they came (RFC 9530, RFC 3230, RFC 1864). */
const DIGESTS = ['content-digest', 'repr-digest', 'digest', 'content-md5'];

const NOTHING: BodyCheck = { violations: [], value: undefined };

export function hasContentCoding(headers: HeaderFields): boolean {
  return headers.all('content-encoding').some((coding) => {
    const name = trimBlanks(coding).toLowerCase();
    return name !== '' && name !== 'identity';
  });
}

/** A charset that is read as UTF-8 here, and by services perhaps as it says. */
function isReadAsItSays(kind: MediaKind, { parameters }: MediaType, bytes: Uint8Array): boolean {
  const charset = parameters.get('charset');
  if (charset === undefined) return true;
  if (kind === 'opaque' || kind === 'jose' || kind === 'multipart') return true;
  return kind === 'form' ? isFormReadAsUtf8(charset, bytes) : isReadAsUtf8(charset, bytes);
}

function violation(location: MessageViolation['in'], rule: string): MessageViolation {
  return explained({ in: location, pointer: '', rule });
}

function refuse(found: MessageViolation): BodyCheck {
  return { violations: [found], value: undefined };
}
