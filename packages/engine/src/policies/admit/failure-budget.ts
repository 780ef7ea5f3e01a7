import type { Counters, Rate } from '../../counters.ts';
import { type Deny, deny } from '../../policy.ts';
import type { ProblemCode } from '../../problems.ts';

/**
 * What a refusal costs the address it came from. A guess at a credential costs ten times what a
 * malformed message costs; refusals that say nothing about intent (limits, overload, unknown paths, faults) are free.
 */
const COST: Partial<Record<ProblemCode, number>> = {
  credentials_invalid: 10,
  proof_invalid: 10,
  token_opaque: 10,
  malformed_request: 1,
  ambiguous_request: 1,
  target_not_acceptable: 1,
  headers_too_large: 1,
  target_too_long: 1,
  request_timeout: 1,
};

export interface FailureBudget {
  /** Is there budget left? Takes nothing. */
  check(addressKey: string, nowMs: number): Deny | null;
  charge(addressKey: string, code: ProblemCode, nowMs: number): void;
}

export function compileFailureBudget(rate: Rate | null, counters: Counters): FailureBudget {
  if (rate === null) return { check: () => null, charge: () => undefined };
  const keyOf = (addressKey: string) => `failures:${addressKey}`;
  return {
    check(addressKey, nowMs) {
      const allowance = counters.peek(keyOf(addressKey), rate, nowMs);
      if (allowance.allowed) return null;
      const seconds = Math.max(1, Math.ceil(allowance.retryAfterMs / 1000));
      return deny('too_many_failures', {}, { answerHeaders: ['retry-after', String(seconds)] });
    },
    charge(addressKey, code, nowMs) {
      const cost = COST[code];
      if (cost === undefined) return;
      // All of the cost, or the last drop: a budget of 5 must not survive guesses that cost 10.
      if (counters.take(keyOf(addressKey), rate, nowMs, cost).allowed) return;
      for (let unit = 1; unit < cost; unit++) {
        if (!counters.take(keyOf(addressKey), rate, nowMs, 1).allowed) return;
      }
    },
  };
}
