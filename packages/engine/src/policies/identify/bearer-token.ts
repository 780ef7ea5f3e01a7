import type { RequestFacts } from '../../facts.ts';
import {
  ABSENT,
  type Authenticate,
  type Authentication,
  type IdentityPorts,
  rejected,
  type TrustedIssuer,
} from '../../identity.ts';
import { authenticateKey } from './api-key.ts';
import { readAuthorization } from './credential-places.ts';
import { isKeyLike } from './key-format.ts';
import type { TokenVerifier } from './token-verifier.ts';

/**
 * RFC 6750 §2.1, the header field only: tokens in queries end up in logs, tokens in forms are read
 * before anyone is known. `discoveryUrl` (openIdConnect) narrows the issuers to the one it names.
 * With `keys`, an API key may stand in the place of the token: its prefix is that of no JWT.
 */
export function compileBearerToken(
  verifier: TokenVerifier,
  discoveryUrl: string | null,
  keys: IdentityPorts | null,
): Authenticate {
  const accepts = (issuer: TrustedIssuer) =>
    discoveryUrl === null ||
    issuer.isTrial === true ||
    discoveryUrlOf(issuer.issuer) === discoveryUrl;
  return (request) => {
    const presented = readAuthorization(request.headers, 'bearer');
    if (presented.kind === 'absent') return withProof(request);
    if (presented.kind === 'unreadable') return rejected(presented.reason);
    if (keys !== null && isKeyLike(presented.value)) {
      return authenticateKey(presented.value, request, keys);
    }
    return verifier.authenticate(presented.value, request, accepts);
  };

  /** RFC 9449 §7.1. */
  function withProof(request: RequestFacts): Authentication | Promise<Authentication> {
    const presented = readAuthorization(request.headers, 'dpop');
    if (presented.kind === 'absent') return ABSENT;
    if (presented.kind === 'unreadable') return rejected(presented.reason, 'proof_invalid');
    return verifier.authenticate(presented.value, request, accepts, true);
  }
}

/** OpenID Connect Discovery 1.0 §4.1: one terminating slash is removed before appending. */
export function discoveryUrlOf(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}
