import type { JSONWebKeySet } from 'jose';
import type { Principal, RequestFacts } from './facts.ts';
import type { VerifiedTokens } from './policies/identify/verified-tokens.ts';
import type { Deny, Evidence } from './policy.ts';
import type { ProblemCode } from './problems.ts';

/** An API key as the gate knows it. The key itself is never stored. */
export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  /** The application that holds it, over all its rotations; default: the id. */
  readonly client?: string;
  /** Hex SHA-256 of the whole key, prefix and checksum included; a keyed hash where a store holds it. */
  readonly hash: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** Seconds since the epoch; null: until revoked. */
  readonly expiresAt: number | null;
  /** Networks it may be used from; absent or empty: any. */
  readonly networks?: readonly string[];
}

/** Whose tokens are believed, and how far. */
export interface TrustedIssuer {
  /** Compared exactly with `iss`: a trailing slash makes another issuer. */
  readonly issuer: string;
  /** A token must name one of these in `aud`. */
  readonly audiences: readonly string[];
  /** JWS algorithms accepted. Symmetric ones and `none` are dropped whatever stands here. */
  readonly algorithms: readonly string[];
  /** Tolerated difference between our clock and the issuer's; bounded to 300. */
  readonly clockSkewSeconds: number;
  /**
   * Where roles stand when not in `roles`: a claim name, a path with dots (`realm_access.roles`) or
   * an RFC 6901 pointer (`/realm_access/roles`).
   */
  readonly rolesClaim?: string;
  /** Where scopes stand when in neither `scope` nor `scp`, in the same three forms. */
  readonly scopesClaim?: string;
  /** The claim that must name an audience where tokens carry no `aud`, in the same three forms. */
  readonly audienceClaim?: string;
  /** Access tokens of this issuer may carry `nonce`, which otherwise marks an ID token. */
  readonly acceptsNonce?: boolean;
  /** Tokens that are no JWT and begin so are asked about at this issuer; absent: none are. */
  readonly opaqueTokens?: { readonly prefix: string };
  /**
   * The gate's own issuer for trying a document: stands for any issuer that a scheme names, and is
   * believed from this very machine alone.
   */
  readonly isTrial?: boolean;
}

/**
 * RFC 7662: what an issuer says of a token that only it can read. `inactive`: it is not, or no longer, good.
 * `unavailable`: that could not be asked, or not in time.
 */
export type Introspection =
  | { readonly kind: 'active'; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly kind: 'inactive' }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** What identification asks of its host. What may wait for a network is bounded by the host. */
export interface IdentityPorts {
  /** The live index of keys; the host swaps it. It is given well-formed keys only. */
  findKey(key: string): KeyRecord | undefined;
  /** May a key that names networks be used from here? Without this port, it may not. */
  mayUseFrom?(networks: readonly string[], address: string): boolean;
  issuers(): readonly TrustedIssuer[];
  /**
   * null: not fetched yet, so no token of that issuer can be judged. Other keys must come with
   * another generation, or tokens of the old ones stay remembered.
   */
  issuerKeys(issuer: string): { readonly jwks: JSONWebKeySet; readonly generation: number } | null;
  /**
   * No key of the issuer fits a token; null: the token names none. Asks the host to fetch the keys
   * again, at a rate that the host bounds. What is returned ends when keys have come, when it is
   * known that none will, or after a bounded time: a host that returns nothing makes no call wait.
   */
  unknownKeyId(issuer: string, keyId: string | null): void | Promise<void>;
  /**
   * Asks an issuer about an opaque token, within bounds of the host: in time, in number, and in how long an
   * answer counts. As long as it does, the host gives the same object. Without this port nobody is asked.
   */
  introspect?(issuer: string, token: string): Introspection | Promise<Introspection>;
  /**
   * Asks our own issuer about the session that a browser has at this gate, within the same bounds. Without this port
   * there are none.
   */
  gateSession?(question: GateSessionQuestion): Introspection | Promise<Introspection>;
  /** A verified token has something at the configured place of roles, or nothing. Not on every call. */
  rolesRead?(issuer: string, rolesClaim: string, isFound: boolean): void;
  /** The deny set, consulted on every call, cached verifications included. */
  isRevoked?(principal: Principal): boolean;
  /**
   * Remembers a proof of possession until `untilMs`, for all threads and machines that share it: the first
   * who shows it is told so. `full`: it cannot be remembered, and so cannot count. Without this port no
   * proof does.
   */
  showProof?(
    id: Buffer,
    untilMs: number,
  ): 'first' | 'again' | 'full' | Promise<'first' | 'again' | 'full'>;
  /** Since when what was shown is remembered there: milliseconds since the epoch. Without it, since ever. */
  readonly shownSinceMs?: number;
  /** Kept by the host over snapshots, so that a new one need not verify every token again. */
  readonly verifiedTokens?: VerifiedTokens;
}

/** Whose tokens are for one API each, and what they name where they are for this one. */
export interface OwnAudience {
  readonly issuer: string;
  readonly audience: string;
}

/** Sessions of browsers at this gate, which count as tokens of our own issuer. */
export interface GateSessionTerms {
  /** Name of their cookie. */
  readonly cookie: string;
  /** Of the gate, as browsers know it. */
  readonly origin: string;
}

export interface GateSessionQuestion {
  /** What stands in the cookie. */
  readonly session: string;
  /** As a token for this one. */
  readonly audience: string;
  /** What was said before was taken back, and counts no more. */
  readonly isAnew: boolean;
}

/** A principal with every name by which configuration may mean it. */
export interface IdentifiedPrincipal extends Principal {
  /**
   * Key: id and name. Token: the client id, when the token claims one (a subject is a person's
   * name, and must not pass for a client's). Certificate: subject and alternative names.
   */
  readonly clientNames: readonly string[];
  /** The configured place of roles, where the token has nothing there. */
  readonly rolesNotFoundAt?: string;
  /** How and when somebody signed in, where the token says it. */
  readonly signIn?: SignIn;
  /** `aud` of a token. */
  readonly audiences?: readonly string[];
  /** RFC 9396: what somebody said yes to in detail, as the token has it. */
  readonly details?: readonly Readonly<Record<string, unknown>>[];
  /** RFC 9449: a token that is shown with a proof, and never without. */
  readonly isKeyBound?: true;
  /** RFC 8705 §3: a token that is shown with a certificate, and never without. */
  readonly isCertificateBound?: true;
}

/** RFC 9470 §6. What a token says in another form than its definition has it, it does not say. */
export interface SignIn {
  /** `acr`. */
  readonly contextClass: string | null;
  /** `auth_time`: seconds since the epoch. */
  readonly atSeconds: number | null;
  /** By which the clock of its issuer may differ from ours. */
  readonly clockSkewSeconds: number;
}

/** The outcome of one security scheme. */
export type Authentication =
  | { readonly kind: 'absent' }
  | { readonly kind: 'rejected'; readonly code: ProblemCode; readonly evidence: Evidence }
  | { readonly kind: 'accepted'; readonly principal: IdentifiedPrincipal };

export type Authenticate = (request: RequestFacts) => Authentication | Promise<Authentication>;

export const ABSENT: Authentication = Object.freeze({ kind: 'absent' });

export function rejected(
  reason: string,
  code: ProblemCode = 'credentials_invalid',
  more: Evidence = {},
): Authentication {
  return { kind: 'rejected', code, evidence: { reason, ...more } };
}

/** One scheme of an alternative that holds: what the operation requires of it, what it carries. */
export interface SatisfiedScheme {
  readonly scheme: string;
  /** Bearer-like schemes carry scopes; for the others the strings are scopes or roles of the key. */
  readonly carries: 'scopes' | 'scopes-or-roles';
  readonly required: readonly string[];
  readonly principal: IdentifiedPrincipal;
}

/** An alternative of `security` whose every scheme was proven. Empty: the anonymous one. */
export interface SatisfiedAlternative {
  readonly schemes: readonly SatisfiedScheme[];
}

export type Identification =
  | {
      readonly kind: 'identified';
      /** null: the call is anonymous, and may be. */
      readonly principal: IdentifiedPrincipal | null;
      readonly satisfied: readonly SatisfiedAlternative[];
    }
  | Deny;

/** The required strings that the scheme's principal does not carry. */
export function missingGrants(scheme: SatisfiedScheme): string[] {
  const { required, principal } = scheme;
  const missing: string[] = [];
  for (const grant of required) {
    if (principal.scopes.includes(grant)) continue;
    if (scheme.carries === 'scopes-or-roles' && principal.roles.includes(grant)) continue;
    missing.push(grant);
  }
  return missing;
}

/** Asks for the granted side: true only when nothing is missing. */
export function isGranted(alternative: SatisfiedAlternative): boolean {
  return alternative.schemes.every((scheme) => missingGrants(scheme).length === 0);
}
