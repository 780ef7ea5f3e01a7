import { type ChallengeOptions, scopeChallenge } from '../../challenges.ts';
import type { IdentifiedPrincipal } from '../../identity.ts';
import { type Deny, deny } from '../../policy.ts';

/**
 * RFC 6750 §3.1: says which scopes the operation needs, so that a client can ask for them. Keys and
 * certificates have no registered scheme; theirs is told in the same form.
 */
export function insufficientScope(
  needed: readonly string[],
  missing: readonly string[],
  principal: IdentifiedPrincipal,
  options: ChallengeOptions,
): Deny {
  const challenge = scopeChallenge(principal, options, [...new Set(needed)]);
  return deny(
    'insufficient_scope',
    { missing },
    { answerHeaders: ['www-authenticate', challenge] },
  );
}
