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
import { compileGateSession, type GateSessionPlan } from './gate-session.ts';
import { isKeyLike } from './key-format.ts';
import type { TokenVerifier } from './token-verifier.ts';

export interface BearerTerms {
  readonly discoveryUrl: string | null;
  readonly takesKeys: boolean;
  readonly session: GateSessionPlan | null;
}

/**
 * RFC 6750 §2.1, the header field only: tokens in queries end up in logs, tokens in forms are read
 * before anyone is known. `discoveryUrl` (openIdConnect) narrows the issuers to the one it names.
 * With `takesKeys`, an API key may stand in the place of the token: its prefix is that of no JWT. With `session`, a
 * browser that shows no token may show the session that it has at this gate.
 */
export function compileBearerToken(
  verifier: TokenVerifier,
  { discoveryUrl, takesKeys, session }: BearerTerms,
  ports: IdentityPorts,
): Authenticate {
  const accepts = (issuer: TrustedIssuer) =>
    discoveryUrl === null ||
    issuer.isTrial === true ||
    discoveryUrlOf(issuer.issuer) === discoveryUrl;
  const bySession =
    session === null ? () => ABSENT : compileGateSession(session, verifier, accepts, ports);
  return (request) => {
    const presented = readAuthorization(request.headers, 'bearer');
    if (presented.kind === 'absent') return withProof(request);
    if (presented.kind === 'unreadable') return rejected(presented.reason);
    if (takesKeys && isKeyLike(presented.value)) {
      return authenticateKey(presented.value, request, ports);
    }
    return verifier.authenticate(presented.value, request, accepts);
  };

  /** RFC 9449 §7.1. */
  function withProof(request: RequestFacts): Authentication | Promise<Authentication> {
    const presented = readAuthorization(request.headers, 'dpop');
    if (presented.kind === 'absent') return bySession(request);
    if (presented.kind === 'unreadable') return rejected(presented.reason, 'proof_invalid');
    return verifier.authenticate(presented.value, request, accepts, true);
  }
}

/** OpenID Connect Discovery 1.0 §4.1: one terminating slash is removed before appending. */
export function discoveryUrlOf(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}
