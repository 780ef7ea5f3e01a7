import type { HeaderFields } from '@poorter/openapi';
import type { OperationGate } from './open-operation.ts';
import { type AnswerVerdict, judgeAnswer, judgeUncheckable } from './policies/release/index.ts';
import { type Deny, deny, type Evidence } from './policy.ts';
import { describeViolations } from './violations.ts';

/** What is to become of an answer, and what the record says of it; null: there is nothing to say. */
export interface Judgement {
  readonly verdict: AnswerVerdict;
  readonly findings: Evidence | null;
}

const NOTHING_TO_SAY: Judgement = { verdict: { kind: 'release' }, findings: null };

/**
 * What an answer's head alone says: whether its body is to be judged, or else what becomes of it. `isBodiless`:
 * whatever it says, no content follows.
 */
export function judgeHead(
  { operation, response }: OperationGate,
  status: number,
  fields: HeaderFields,
  isBodiless: boolean,
): Judgement | 'judge its body' {
  const expectation = operation.expectAnswer(status, fields);
  switch (expectation.kind) {
    case 'opaque':
      return NOTHING_TO_SAY;
    case 'undocumented': {
      // The service's own refusals are often undocumented; their bodies still go through the mode.
      return unchecked(response, { undocumented: describeViolations([expectation.violation]) });
    }
    case 'validate':
      return isBodiless ? NOTHING_TO_SAY : 'judge its body';
    default:
      return expectation satisfies never;
  }
}

/** Of an answer whose content nobody can look at whole: it is too large, or there is no memory for it. */
export function judgeUnseen(
  { response }: Pick<OperationGate, 'response'>,
  why: 'over-bound' | 'memory',
): Judgement {
  return unchecked(response, { unchecked: why });
}

function unchecked(response: OperationGate['response'], found: Evidence): Judgement {
  const verdict = judgeUncheckable(response);
  if (verdict.kind === 'release') return { verdict, findings: found };
  return { verdict, findings: { ...found, action: verdict.kind } };
}

/** Of an answer that is there whole. */
export function judgeBody(
  { operation, response, jsonBounds }: OperationGate,
  status: number,
  fields: HeaderFields,
  bytes: Uint8Array,
): Judgement {
  const checked = operation.checkAnswer(status, fields, bytes, jsonBounds, {
    findUndocumented: true,
  });
  const verdict = judgeAnswer(response, checked);
  const { violations, undocumented } = checked;
  if (violations.length === 0 && undocumented.length === 0) return { verdict, findings: null };
  const action = verdict.kind;
  return {
    verdict,
    findings: { action, violations: describeViolations(violations), undocumented },
  };
}

/** Of an answer that is there whole, head and body. */
export function judgeWhole(
  gate: OperationGate,
  status: number,
  fields: HeaderFields,
  bytes: Uint8Array,
  isBodiless: boolean,
): Judgement {
  const judged = judgeHead(gate, status, fields, isBodiless);
  return judged === 'judge its body' ? judgeBody(gate, status, fields, bytes) : judged;
}

/** RFC 9110: whatever else it says, no content follows. */
export function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}

/** The service has answered, and its answer does not leave. */
export function answerWithheld(method: string): Deny {
  return deny('answer_invalid', {}, effectOf(method));
}

/** RFC 9110 §9.2.1 */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** RFC 9110 §9.2.2: the caller must not repeat what may have been done, unless it is told. */
export function effectOf(method: string): { details?: Record<string, unknown> } {
  return SAFE.has(method) ? {} : { details: { mayHaveTakenEffect: true } };
}
