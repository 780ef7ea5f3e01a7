import type { IdentifiedPrincipal, SignIn, TrustedIssuer } from '../../identity.ts';
import type { JsonMembers } from './token-text.ts';

/** What a token says once its rules are kept. The signature is judged elsewhere. */
export interface TokenMeaning {
  readonly principal: IdentifiedPrincipal;
  /** Seconds. */
  readonly expiresAt: number;
  readonly notBefore: number | null;
  /** RFC 8705: the certificate that must be presented along with the token. */
  readonly certificateThumbprint: string | null;
  /** RFC 9449: the key by which each use must be signed. */
  readonly keyThumbprint: string | null;
}

export type ClaimsReading =
  | { readonly ok: true; readonly meaning: TokenMeaning }
  | { readonly ok: false; readonly reason: string; readonly isExpired?: true };

export const CLOCK_SKEW_MAX_SECONDS = 300;

export function clockSkewOf(issuer: TrustedIssuer): number {
  const { clockSkewSeconds } = issuer;
  return clockSkewSeconds >= 0 ? Math.min(clockSkewSeconds, CLOCK_SKEW_MAX_SECONDS) : 0;
}

/** RFC 7519, RFC 8725 and, where the token claims to follow it, RFC 9068. */
export function readClaims(
  header: JsonMembers,
  claims: JsonMembers,
  issuer: TrustedIssuer,
  nowSeconds: number,
): ClaimsReading {
  const profile = profileOf(header.typ);
  if (profile === null) return refuse('type');
  const fault =
    audienceFault(claims, issuer) ??
    purposeFault(claims, profile, issuer) ??
    (profile === 'rfc9068' ? rfc9068Fault(claims) : null);
  if (fault !== null) return refuse(fault);

  const skew = clockSkewOf(issuer);
  const { exp, nbf, iat } = claims;
  if (!isTime(exp)) return refuse('exp');
  if (nbf !== undefined && !isTime(nbf)) return refuse('nbf');
  if (iat !== undefined && !(isTime(iat) && iat <= nowSeconds + skew)) return refuse('iat');
  const confirmation = readConfirmation(claims.cnf);
  if (!confirmation.ok) return refuse('cnf');
  const isKeyBound = confirmation.method === 'jkt';
  const principal = readPrincipal(claims, issuer, exp, confirmation.method);
  if (principal === null) return refuse('claim-type');
  const meaning: TokenMeaning = {
    principal,
    expiresAt: exp,
    notBefore: nbf ?? null,
    certificateThumbprint: confirmation.method === 'x5t#S256' ? confirmation.thumbprint : null,
    keyThumbprint: isKeyBound ? confirmation.thumbprint : null,
  };
  const untimely = timeFault(meaning, skew, nowSeconds);
  return untimely === null ? { ok: true, meaning } : untimely;
}

/** RFC 6749 §7.1, RFC 9449 §5; compared without case. A refresh token has another type, or no audience. */
const ACCESS_TOKEN_TYPES = ['bearer', 'dpop'];

/** RFC 7662 §2.2: what an issuer says of a token, held to all that is asked of its JWTs. */
export function readIntrospected(
  claims: JsonMembers,
  issuer: TrustedIssuer,
  nowSeconds: number,
): ClaimsReading {
  const { iss, token_type: type } = claims;
  // Whoever was asked is the issuer; what it says of another is not believed.
  if (iss !== undefined && iss !== issuer.issuer) return refuse('iss');
  const name = typeof type === 'string' ? type.toLowerCase() : type;
  const isAccess = name === undefined || ACCESS_TOKEN_TYPES.includes(name as string);
  if (!isAccess) return refuse('token-type');
  const reading = readClaims({}, claims, issuer, nowSeconds);
  const isUnbound = reading.ok && reading.meaning.keyThumbprint === null;
  return name === 'dpop' && isUnbound ? refuse('cnf') : reading;
}

/** Judged at every use: a token that was good when it entered a cache may have expired there. */
export function timeFault(
  meaning: TokenMeaning,
  skewSeconds: number,
  nowSeconds: number,
): { ok: false; reason: string; isExpired?: true } | null {
  const isAlive = nowSeconds < meaning.expiresAt + skewSeconds;
  if (!isAlive) return { ok: false, reason: 'expired', isExpired: true };
  const hasBegun = meaning.notBefore === null || meaning.notBefore <= nowSeconds + skewSeconds;
  return hasBegun ? null : refuse('nbf');
}

function refuse(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}

/** RFC 8725 §3.11: the type says what the signature was meant for; a stranger's type is refused. */
function profileOf(typ: unknown): 'jwt' | 'rfc9068' | null {
  if (typ === undefined) return 'jwt';
  if (typeof typ !== 'string') return null;
  const name = typ.toLowerCase().replace(/^application\//, '');
  if (name === 'at+jwt') return 'rfc9068';
  return name === 'jwt' ? 'jwt' : null;
}

/**
 * Where the configuration names another claim, that one must say whom the token is for, and `aud`
 * may be missing; an `aud` that is there still counts, so that no token of another API passes.
 */
function audienceFault(claims: JsonMembers, issuer: TrustedIssuer): string | null {
  const { audiences, audienceClaim } = issuer;
  const isNamed = (given: unknown) => {
    const named = typeof given === 'string' ? [given] : given;
    return isStrings(named) && named.some((audience) => audiences.includes(audience));
  };
  if (audienceClaim === undefined) return isNamed(claims.aud) ? null : 'aud';
  if (!isNamed(claimAt(claims, audienceClaim))) return 'audience-claim';
  return claims.aud === undefined || isNamed(claims.aud) ? null : 'aud';
}

/** Claims that only ID tokens carry: OpenID Connect Core 1.0 §2 and §3.3.2.11. */
const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash'];
/** What issuers that name the purpose in a claim (Keycloak `typ`, Cognito `token_use`) call ours. */
const ACCESS_TOKEN_PURPOSES = ['bearer', 'jwt', 'at+jwt', 'access'];

/** Other tokens of the same issuer carry the same signature: ID, logout, refresh, event tokens. */
function purposeFault(
  claims: JsonMembers,
  profile: 'jwt' | 'rfc9068',
  issuer: TrustedIssuer,
): string | null {
  // RFC 8417 security events, among them OpenID Connect logout tokens.
  if (Object.hasOwn(claims, 'events')) return 'event-token';
  let isNamedAccess = false;
  for (const name of ['typ', 'token_use']) {
    const purpose = claims[name];
    if (purpose === undefined) continue;
    const isAccess =
      typeof purpose === 'string' && ACCESS_TOKEN_PURPOSES.includes(purpose.toLowerCase());
    if (!isAccess) return 'purpose';
    isNamedAccess = true;
  }
  if (profile === 'rfc9068') return null;
  const { aud, azp, client_id: clientId } = claims;
  const grantsNothing = scopesGiven(claims, issuer.scopesClaim) === undefined;
  // Where a nonce proves nothing, something else must say that this is no ID token.
  const acceptsNonce = issuer.acceptsNonce === true && (isNamedAccess || !grantsNothing);
  const isOfIdToken = (name: string) =>
    Object.hasOwn(claims, name) && !(acceptsNonce && name === 'nonce');
  if (ID_TOKEN_CLAIMS.some(isOfIdToken)) return 'id-token';
  // An ID token is addressed to the client itself, and grants nothing.
  const audiences = typeof aud === 'string' ? [aud] : ((aud ?? []) as readonly string[]);
  const isForClient = [azp, clientId].some(
    (client) => typeof client === 'string' && audiences.includes(client),
  );
  return isForClient && grantsNothing ? 'id-token' : null;
}

/** RFC 9068 §2.2; iss, exp and aud are required of every token. */
function rfc9068Fault(claims: JsonMembers): string | null {
  for (const name of ['sub', 'client_id', 'jti']) {
    if (!isName(claims[name])) return name;
  }
  return isTime(claims.iat) ? null : 'iat';
}

type Confirmation =
  | { readonly ok: true; readonly method: null; readonly thumbprint: null }
  | { readonly ok: true; readonly method: 'x5t#S256' | 'jkt'; readonly thumbprint: string }
  | { readonly ok: false };

/** RFC 7800. A certificate or a key is proven here; any other binding, or both, must not be overlooked. */
function readConfirmation(cnf: unknown): Confirmation {
  if (cnf === undefined) return { ok: true, method: null, thumbprint: null };
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) return { ok: false };
  const entries = Object.entries(cnf);
  const [entry] = entries;
  if (entries.length !== 1 || entry === undefined) return { ok: false };
  const [method, thumbprint] = entry;
  if ((method !== 'x5t#S256' && method !== 'jkt') || !isName(thumbprint)) return { ok: false };
  return { ok: true, method, thumbprint };
}

/** null: a claim has a type that its definition does not allow. */
function readPrincipal(
  claims: JsonMembers,
  issuer: TrustedIssuer,
  expiresAt: number,
  binding: 'x5t#S256' | 'jkt' | null,
): IdentifiedPrincipal | null {
  const { sub, client_id: clientId, azp, jti, grant_id: grantId } = claims;
  for (const name of [sub, clientId, azp, jti]) {
    if (name !== undefined && !isName(name)) return null;
  }
  const claimedClient = (clientId ?? azp) as string | undefined;
  const client = claimedClient ?? (sub as string | undefined);
  const scopes = readScopes(claims, issuer.scopesClaim);
  const roles = readRoles(claims, issuer.rolesClaim);
  if (client === undefined || scopes === null || roles === null) return null;
  const { rolesClaim } = issuer;
  const isWithoutRoles = rolesClaim !== undefined && claimAt(claims, rolesClaim) === undefined;
  return Object.freeze({
    kind: 'token',
    client,
    clientNames: claimedClient === undefined ? [] : [claimedClient],
    subject: (sub as string | undefined) ?? null,
    issuer: issuer.issuer,
    scopes,
    roles,
    credentialId: (jti as string | undefined) ?? null,
    expiresAt,
    // Of our own issuer; elsewhere the name may mean anything.
    ...(isName(grantId) && { grantId }),
    ...readAudiences(claims),
    ...readDetails(claims),
    ...(claims.act !== undefined && { actors: readActors(claims.act) }),
    ...(isTime(claims.iat) && { givenAt: claims.iat }),
    ...(isWithoutRoles && { rolesNotFoundAt: rolesClaim }),
    ...(binding === 'jkt' && { isKeyBound: true }),
    ...(binding === 'x5t#S256' && { isCertificateBound: true }),
    ...readSignIn(claims, issuer),
  });
}

/** Our own issuer lets a token pass through four. */
const ACTORS_MAX = 16;

/** RFC 8693 §4.1: what another issuer writes there decides nothing here, and is read as far as it is of that form. */
function readActors(act: unknown): readonly string[] {
  const actors: string[] = [];
  for (let at = act; actors.length < ACTORS_MAX && typeof at === 'object' && at !== null; ) {
    const { sub, act: before } = at as { readonly sub?: unknown; readonly act?: unknown };
    if (!isName(sub)) break;
    actors.push(sub);
    at = before;
  }
  return actors;
}

/** OpenID Connect Core 1.0 §2, RFC 9068 §2.2.1. Most tokens of machines have neither. */
function readSignIn(claims: JsonMembers, issuer: TrustedIssuer): { signIn?: SignIn } {
  const { acr, auth_time: at } = claims;
  const contextClass = isName(acr) ? acr : null;
  const atSeconds = Number.isSafeInteger(at) && isTime(at) ? at : null;
  if (contextClass === null && atSeconds === null) return {};
  return { signIn: { contextClass, atSeconds, clockSkewSeconds: clockSkewOf(issuer) } };
}

/**
 * `scope` of RFC 8693 §4.2; `scp`, a list or the same string, of issuers older than it; or the
 * claim that the configuration names, and then no other.
 */
function readScopes(claims: JsonMembers, place: string | undefined): readonly string[] | null {
  const given = scopesGiven(claims, place);
  if (given === undefined) return [];
  if (typeof given === 'string') return given.split(' ').filter((scope) => scope !== '');
  return isStrings(given) ? given : null;
}

function scopesGiven(claims: JsonMembers, place: string | undefined): unknown {
  return place === undefined ? (claims.scope ?? claims.scp) : claimAt(claims, place);
}

function readRoles(claims: JsonMembers, place: string | undefined): readonly string[] | null {
  const given = claimAt(claims, place ?? 'roles');
  if (given === undefined) return [];
  if (typeof given === 'string') return [given];
  return isStrings(given) ? given : null;
}

/**
 * A claim by its name, by an RFC 6901 pointer (`/realm_access/roles`) or by a path with dots
 * (`realm_access.roles`). Names may hold dots themselves (`https://example.com/roles`), so that a
 * claim of the whole name comes first.
 */
function claimAt(claims: JsonMembers, place: string): unknown {
  const whole = own(claims, place);
  if (whole !== undefined) return whole;
  const steps = place.startsWith('/')
    ? place
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : place.split('.');
  let value: unknown = claims;
  for (const step of steps) value = own(value, step);
  return value;
}

function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as JsonMembers)[name];
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Names reach logs and header fields: bounded, and without control characters. */
function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= 1024 &&
    !/[\x00-\x1f\x7f]/.test(value)
  );
}

/** RFC 7519 §4.1.3: one, or several. */
function readAudiences({ aud }: JsonMembers): Pick<IdentifiedPrincipal, 'audiences'> {
  const audiences = typeof aud === 'string' ? [aud] : aud;
  return isStrings(audiences) ? { audiences } : {};
}

/** RFC 9396 §9.1. What is in another form is not there. */
function readDetails({
  authorization_details: details,
}: JsonMembers): Pick<IdentifiedPrincipal, 'details'> {
  if (!Array.isArray(details)) return {};
  const isDetail = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one);
  return details.every(isDetail) ? { details: Object.freeze(details) } : {};
}
