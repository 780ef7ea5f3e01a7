import type { GateSessionTerms } from '@poorter/engine';
import type { Configuration } from '../../configuration/schema.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { GATE_SESSION_PATH, type GateSessionsSnapshot } from '../../messages/gate-sessions.ts';

/** Their bounds, as the authorization server keeps them; null: no API takes sessions of browsers. */
export function gateSessionsOf(configuration: Configuration): IssuerSnapshot['gateSessions'] {
  const { issuer, publicOrigin } = configuration;
  const isOffered = configuration.apis.some(({ flows }) => flows?.includes('session') === true);
  if (issuer === undefined || publicOrigin === undefined || !isOffered) return null;
  const { idleMinutes, lifeHours, cacheSeconds } = issuer.sessions;
  return {
    origin: new URL(publicOrigin).origin,
    idleMs: idleMinutes * 60_000,
    lifeMs: lifeHours * 3_600_000,
    cacheMs: cacheSeconds * 1_000,
  };
}

/** How gates ask about them. `secret`: by which they show that they are gates of ours. */
export function gateSessionsSnapshot(
  issuer: Pick<IssuerSnapshot, 'origin' | 'gateSessions'> | null,
  secret: string,
): GateSessionsSnapshot | null {
  if (issuer === null || issuer.gateSessions === null) return null;
  const { origin, cacheMs } = issuer.gateSessions;
  return {
    ...{ origin, issuer: issuer.origin, ...cookieNames(origin) },
    asking: {
      ...{ issuer: issuer.origin, url: `${issuer.origin}${GATE_SESSION_PATH}/resolve` },
      ...{ clientId: 'gate', proof: { kind: 'secret', secret } },
      ...{ cacheMs, timeoutMs: ASK_MS, newTokensPerSecond: NEW_PER_SECOND },
    },
  };
}

/** Longer than any page waits with patience, and less than a caller does. */
const ASK_MS = 3_000;
/** A gate that was started again knows none of those that stand. */
const NEW_PER_SECOND = 1_000;

/**
 * RFC 10017 §6.1.3.2: of this host alone, over TLS, and set by no script; browsers that know no `__Host-Http-` read `__Host-`. On this
 * machine a browser would not keep such a name.
 */
function cookieNames(origin: string) {
  const prefix = origin.startsWith('https:') ? '__Host-Http-' : '';
  return { cookie: `${prefix}poorter-gate`, signInCookie: `${prefix}poorter-gate-sign-in` };
}

/** What of it an API is told. */
export function apiSessions(
  sessions: GateSessionsSnapshot | null,
  isOffered: boolean,
): { readonly sessions?: GateSessionTerms; readonly ownCookies?: readonly string[] } {
  if (sessions === null) return {};
  const { origin, cookie, signInCookie } = sessions;
  return {
    ownCookies: [cookie, signInCookie],
    ...(isOffered && { sessions: { origin, cookie } }),
  };
}
