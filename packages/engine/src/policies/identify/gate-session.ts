import type { RequestFacts } from '../../facts.ts';
import {
  ABSENT,
  type Authenticate,
  type Authentication,
  type GateSessionQuestion,
  type GateSessionTerms,
  type IdentityPorts,
  type Introspection,
  type OwnAudience,
  rejected,
  type TrustedIssuer,
} from '../../identity.ts';
import { callKind, pageFault } from '../../page-origin.ts';
import { readCookie } from './credential-places.ts';
import { REVOKED } from './token-uses.ts';
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
 * The session that a browser has at this gate (RFC 10017 §6.1): found by a cookie, and believed
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
    return ask({ session: value, audience: own.audience, isAnew: false }, request);
  };

  function ask(
    question: GateSessionQuestion,
    request: RequestFacts,
  ): Authentication | Promise<Authentication> {
    const said = ports.gateSession?.(question);
    if (said === undefined) return ABSENT;
    return said instanceof Promise
      ? said.then((one) => conclude(one, question, request))
      : conclude(said, question, request);
  }

  function conclude(
    said: Introspection,
    question: GateSessionQuestion,
    request: RequestFacts,
  ): Authentication | Promise<Authentication> {
    const { session, isAnew } = question;
    const found = verifier.judgeSession(said, { session, issuer: own.issuer }, request, accepts);
    const judge = (one: Authentication) => {
      // What was said was taken back, and the session may stand: its client may less from now on.
      if (isDenied(one) && !isAnew) return ask({ ...question, isAnew: true }, request);
      return asSession(one, said, request);
    };
    return found instanceof Promise ? found.then(judge) : judge(found);
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
    if (fault !== null) return rejected(fault, 'page_not_allowed');
    return { kind: 'accepted', principal: { ...found.principal, isBySession: true } };
  }
}

function isDenied(found: Authentication): boolean {
  return found.kind === 'rejected' && found.evidence['reason'] === REVOKED;
}
