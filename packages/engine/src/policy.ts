import type { ProblemCode } from './problems.ts';

/**
 * In the order of evaluation; the order is code, never configuration. Each is a folder of `policies`; the folder
 * `cors` is no phase: preflights end after admit, and its fields go on each answer.
 */
export type Phase =
  | 'admit'
  | 'identify'
  | 'limit'
  | 'authorize'
  | 'validate'
  | 'permit'
  | 'shape'
  | 'release';

/** What went wrong, for the record alone: pointers, rules, names. Never a value or a secret. */
export type Evidence = Readonly<Record<string, unknown>>;

export interface Pass {
  readonly kind: 'pass';
  /** Header fields for the answer: name, value, name, value … */
  readonly answerHeaders?: readonly string[];
  /** Called once when the call has ended, however it ended. */
  readonly onEnd?: () => void;
}

export interface Deny {
  readonly kind: 'deny';
  readonly code: ProblemCode;
  readonly evidence: Evidence;
  readonly answerHeaders?: readonly string[];
  /** Public members added to the problem, e.g. `errors`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export type Verdict = Pass | Deny;

const PASS: Pass = Object.freeze({ kind: 'pass' });

export function pass(effects?: Omit<Pass, 'kind'>): Pass {
  return effects === undefined ? PASS : { kind: 'pass', ...effects };
}

export function deny(
  code: ProblemCode,
  evidence: Evidence = {},
  effects: Omit<Deny, 'kind' | 'code' | 'evidence'> = {},
): Deny {
  return { kind: 'deny', code, evidence, ...effects };
}

/** Of a refusal, the bound that a caller has to keep. */
export const atMost = (count: number, what: string): Pick<Deny, 'details'> => ({
  details: { expected: `at most ${count} ${what}` },
});

export const bodyTooLarge = (bytesMax: number): Deny =>
  deny('body_too_large', { bytesMax }, atMost(bytesMax, 'bytes'));
