import {
  ABSENT,
  type Authenticate,
  type Authentication,
  type GateSessionTerms,
  type IdentityPorts,
  type Introspection,
  type OwnAudience,
  rejected,
  type TrustedIssuer,
} from '../../identity.ts';
import { callKind, pageFault } from '../../page-origin.ts';
import type { RequestFacts } from '../../facts.ts';
import { readCookie } from './credential-places.ts';
import type { TokenVerifier } from './token-verifier.ts';

export interface GateSessionPlan {
  readonly terms: GateSessionTerms;
  readonly own: OwnAudience;
}

/** 256 random bits. Anything else was never one, and nobody is asked about it. */
const SESSION = /^[A-Za-z0-9_-]{43}$/;
/** What is wrong with a token is, of a session, that somebody signs in again. */
const OF_TOKENS: ReadonlySet<string> = new Set(['credentials_invalid', 'credentials_expired']);

/**
 * The session that a browser has at this gate (draft-ietf-oauth-browser-based-apps §6.1): found by a cookie, and believed
 * as its issuer says at that moment. It counts for calls of the application's own page, and as a token of that client.
 */
export function compileGateSession(
  { terms, own }: GateSessionPlan,
  verifier: TokenVerifier,
  accepts: (issuer: TrustedIssuer) => boolean,
  ports: IdentityPorts,
): Authenticate {
  return (request) => {
    const presented = readCookie(request.headers, terms.cookie);
    if (presented.kind === 'absent') return ABSENT;
    if (presented.kind === 'unreadable') return rejected(presented.reason, 'session_invalid');
    const { value } = presented;
    if (!SESSION.test(value)) return rejected('malformed', 'session_invalid');
    const said = ports.gateSession?.(value, own.audience);
    if (said === undefined) return ABSENT;
    return said instanceof Promise
      ? said.then((one) => conclude(one, value, request))
      : conclude(said, value, request);
  };

  function conclude(
    said: Introspection,
    session: string,
    request: RequestFacts,
  ): Authentication | Promise<Authentication> {
    const found = verifier.judgeSession(said, { session, issuer: own.issuer }, request, accepts);
    return found instanceof Promise
      ? found.then((one) => asSession(one, said, request))
      : asSession(found, said, request);
  }

  function asSession(
    found: Authentication,
    said: Introspection,
    request: RequestFacts,
  ): Authentication {
    if (found.kind === 'rejected' && OF_TOKENS.has(found.code)) {
      return { ...found, code: 'session_invalid' };
    }
    if (found.kind !== 'accepted' || said.kind !== 'active') return found;
    const { page } = said.claims as { readonly page?: unknown };
    const { headers, method, isUpgrade } = request;
    const from = { origin: headers.joined('origin'), site: headers.joined('sec-fetch-site') };
    const fault =
      typeof page === 'string'
        ? pageFault(from, { own: terms.origin, page }, callKind(method, isUpgrade))
        : 'no-page';
    return fault === null ? found : rejected(fault, 'page_not_allowed');
  }
}
