import { type Deny, deny } from '../../policy.ts';
import { bearerChallenge, type ChallengeOptions } from '../identify/challenges.ts';

/** RFC 6750 §3.1: says which scopes the operation needs, so that a client can ask for them. */
export function insufficientScope(
  needed: readonly string[],
  missing: readonly string[],
  options: ChallengeOptions,
): Deny {
  const error = {
    code: 'insufficient_scope',
    description: 'The token does not carry the scope that the operation requires',
  };
  const challenge = bearerChallenge(options, error, [...new Set(needed)]);
  return deny(
    'insufficient_scope',
    { missing },
    { answerHeaders: ['www-authenticate', challenge] },
  );
}
