import { type ChallengeOptions, scopeChallenge } from '../../challenges.ts';
import type { Principal } from '../../facts.ts';
import { type Deny, deny } from '../../policy.ts';

/**
 * RFC 6750 §3.1: says which scopes the operation needs, so that a client can ask for them. Keys and
 * certificates have no registered scheme; theirs is told in the same form.
 */
export function insufficientScope(
  needed: readonly string[],
  missing: readonly string[],
  kind: Principal['kind'],
  options: ChallengeOptions,
): Deny {
  const challenge = scopeChallenge(kind, options, [...new Set(needed)]);
  return deny(
    'insufficient_scope',
    { missing },
    { answerHeaders: ['www-authenticate', challenge] },
  );
}
