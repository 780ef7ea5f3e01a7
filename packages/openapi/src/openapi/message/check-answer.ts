import type { HeaderFields } from '../../header-fields/header-fields.ts';
import type { JsonBounds } from '../../json/index.ts';
import type { Validator } from '../../json-schema/types.ts';
import { explained } from '../decode/expected.ts';
import { HeaderField } from '../decode/header-field.ts';
import type { AnswerPlan, OperationPlan } from '../plan.ts';
import type { AnswerCheck, AnswerExpectation, BodyCheck, MessageViolation } from '../types.ts';
import { acceptedTypes } from './accepted-types.ts';
import { hasContentCoding } from './check-body.ts';
import { answerKind, evadesSchema, isReadableCharset, MediaCheck } from './check-media.ts';
import {
  isStreamingType,
  type MediaKind,
  type MediaType,
  parseMediaType,
  selectMedia,
} from './media-type.ts';
import { typesInWords } from './types-in-words.ts';

type ValidatorOf = (plan: { readonly schema: string | null }) => Validator | null;

interface Entry {
  readonly range: string;
  readonly parameters: readonly (readonly [string, string])[];
  readonly check: MediaCheck;
}

interface Answer {
  readonly headers: readonly HeaderField[];
  readonly entries: readonly Entry[];
}

/** RFC 9110: a 304 repeats what the caller has already been given. */
const NOT_MODIFIED: Answer = { headers: [], entries: [] };
const STATUSES_TOLD = 20;
const NOTHING_FOUND: AnswerCheck = { violations: [], undocumented: [], isUncuttable: false };

/** What one operation documents as its answers. */
export class AnswerChecks {
  readonly streaming: readonly string[];
  readonly #method: string;
  readonly #plans: ReadonlyMap<string, AnswerPlan>;
  readonly #validatorOf: ValidatorOf;
  readonly #answers = new Map<string, Answer>();

  constructor(method: string, plan: OperationPlan, validatorOf: ValidatorOf) {
    this.#method = method;
    this.#plans = new Map(plan.answers.map((answer) => [answer.status, answer]));
    this.#validatorOf = validatorOf;
    const ranges = plan.answers.flatMap(({ content }) => content.map(({ range }) => range));
    this.streaming = [...new Set(ranges.filter(isStreamingType))];
  }

  expect(status: number, headers: HeaderFields): AnswerExpectation {
    const answer = this.#select(status);
    if (answer === undefined) {
      return { kind: 'undocumented', violation: this.#otherStatus() };
    }
    if (this.#isBodiless(status, headers)) return { kind: 'validate' };
    // In chunks that may be none: whether anything comes is known at their end.
    if (answer.entries.length === 0 && !headers.has('content-type')) return { kind: 'validate' };
    const selected = selectEntry(answer, headers);
    if ('rule' in selected) return { kind: 'undocumented', violation: selected };
    if (answerKind(selected.check.plan, selected.type) === 'opaque') return { kind: 'opaque' };
    if (hasContentCoding(headers)) return undocumented('body', 'content-encoding');
    return { kind: 'validate' };
  }

  check(
    status: number,
    headers: HeaderFields,
    bytes: Uint8Array,
    bounds: JsonBounds,
    { findUndocumented }: { readonly findUndocumented: boolean },
  ): AnswerCheck {
    const answer = this.#select(status);
    if (answer === undefined) return refuse(this.#otherStatus());
    const violations = answer.headers.flatMap((header) => header.check(headers, false));
    if (bytes.length === 0) {
      const isMissing = answer.entries.length > 0 && !this.#isWithoutBody(status);
      const found = isMissing ? this.#checkEmpty(answer, headers, bounds) : NOTHING_FOUND;
      const all = [...violations, ...found.violations];
      return { ...found, violations: all, isUncuttable: false };
    }
    const selected = selectEntry(answer, headers);
    if ('rule' in selected) return refuse(...violations, selected);
    const { check, type } = selected;
    // Nothing is said about the content: there is nothing to hold it against.
    if (check.plan.schema === null && answer.headers.length === 0) return NOTHING_FOUND;
    const kind = answerKind(check.plan, type);
    if (kind !== 'opaque' && hasContentCoding(headers)) {
      return refuse(...violations, violation('body', 'content-encoding'));
    }
    const body = check.check(bytes, type, bounds, kind);
    const mayLook = findUndocumented && body.value !== undefined && body.value !== null;
    const pointers =
      mayLook && body.value !== undefined ? check.validator?.undocumented(body.value) : [];
    return {
      violations: [...violations, ...body.violations],
      undocumented: (pointers ?? []).filter((pointer) => pointer !== ''),
      isUncuttable: isUncuttable(kind, body, pointers ?? []),
    };
  }

  /** Exact before range before default; switching protocols is more than an answer, and only exact. */
  #select(status: number): Answer | undefined {
    const range = `${Math.trunc(status / 100)}XX`;
    const keys = status === 101 ? ['101'] : [String(status), range, 'default'];
    const key = keys.find((candidate) => this.#plans.has(candidate));
    if (key === undefined) {
      const isConditional = this.#method === 'GET' || this.#method === 'HEAD';
      return status === 304 && isConditional ? NOT_MODIFIED : undefined;
    }
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = this.#compile(this.#plans.get(key) as AnswerPlan);
      this.#answers.set(key, answer);
    }
    return answer;
  }

  #otherStatus(): MessageViolation {
    const known = [...this.#plans.keys()];
    const list = known.slice(0, STATUSES_TOLD).join(', ');
    const more = known.length > STATUSES_TOLD ? ` and ${known.length - STATUSES_TOLD} more` : '';
    const expected =
      known.length === 0 ? 'no answer: none is described' : `a status of ${list}${more}`;
    return { in: 'status', pointer: '', rule: 'undocumented', expected };
  }

  #compile({ headers, content }: AnswerPlan): Answer {
    return {
      headers: headers.map(
        (header) => new HeaderField(header, this.#validatorOf(header), { isOfAnswer: true }),
      ),
      entries: content.map((media) => ({
        range: media.range,
        parameters: media.parameters,
        check: new MediaCheck(media, this.#validatorOf, false),
      })),
    };
  }

  #isBodiless(status: number, headers: HeaderFields): boolean {
    if (this.#isWithoutBody(status) || headers.get('content-length') === '0') return true;
    return (
      !headers.has('content-type') &&
      !headers.has('content-length') &&
      !headers.has('transfer-encoding')
    );
  }

  #isWithoutBody(status: number): boolean {
    return this.#method === 'HEAD' || status === 204 || status === 205 || status === 304;
  }

  /** A described body that is missing breaks its schema, unless the type gives nothing a meaning. */
  #checkEmpty(answer: Answer, headers: HeaderFields, bounds: JsonBounds): AnswerCheck {
    const selected = selectEntry(answer, headers);
    if ('rule' in selected)
      return headers.has('content-type') ? refuse(selected) : refuse(violation('body', 'required'));
    const kind = answerKind(selected.check.plan, selected.type);
    if (kind === 'opaque') return NOTHING_FOUND;
    if (kind === 'json') return refuse(violation('body', 'required'));
    const { violations } = selected.check.check(new Uint8Array(0), selected.type, bounds, kind);
    return { violations, undocumented: [], isUncuttable: false };
  }
}

function selectEntry(
  { entries }: Answer,
  headers: HeaderFields,
): { check: MediaCheck; type: MediaType } | MessageViolation {
  const texts = headers.all('content-type');
  const type = texts.length === 1 ? parseMediaType(texts[0] as string) : undefined;
  const entry = type === undefined ? undefined : selectMedia(entries, type);
  if (type === undefined || entry === undefined || evadesSchema(entry.check.plan, type)) {
    const types = [...new Set(entries.flatMap(({ check }) => acceptedTypes(check.plan)))];
    const expected = types.length === 0 ? 'no content: none is described' : typesInWords(types);
    return { in: 'content-type', pointer: '', rule: 'undocumented', expected };
  }
  const kind = answerKind(entry.check.plan, type);
  if (!isReadableCharset(kind, type)) return violation('content-type', 'charset');
  return { check: entry.check, type };
}

/** Members are cut out of JSON alone, and out of nothing that could not be read. '' is the whole answer. */
function isUncuttable(kind: MediaKind, body: BodyCheck, pointers: readonly string[]): boolean {
  const isUnread = body.value === undefined;
  if (kind === 'json') return isUnread || pointers.includes('');
  return pointers.length > 0 || (kind === 'xml' && isUnread && body.violations.length > 0);
}

function violation(location: MessageViolation['in'], rule: string): MessageViolation {
  return explained({ in: location, pointer: '', rule });
}

function undocumented(location: MessageViolation['in'], rule: string): AnswerExpectation {
  return { kind: 'undocumented', violation: violation(location, rule) };
}

function refuse(...violations: MessageViolation[]): AnswerCheck {
  return { violations, undocumented: [], isUncuttable: true };
}
