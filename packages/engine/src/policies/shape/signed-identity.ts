import { importJWK, type JSONWebKeySet, type JWK, SignJWT } from 'jose';
import type { Principal } from '../../facts.ts';

/**
 * A short-lived JWT that tells the upstream who calls, in place of the caller's own credential
 * (which never leaves the gate). One token is reused for half of its life per caller.
 */
export interface IdentitySigner {
  sign(principal: Principal | null, audience: string, nowMs: number): string | Promise<string>;
}

export interface IdentityOptions {
  /** Private Ed25519 or EC key with `kid` and `alg`. */
  readonly key: JWK;
  readonly issuer: string;
  readonly lifetimeSeconds: number;
}

interface Minted {
  readonly token: string;
  readonly audience: string;
  readonly useUntilMs: number;
  /** Seconds, as its `exp` says. */
  readonly expiresAt: number;
}

/** Callers remembered at once; about 600 bytes each. */
const CACHE_MAX = 10_000;

export async function createIdentitySigner(options: IdentityOptions): Promise<IdentitySigner> {
  const key = await importJWK(options.key, options.key.alg);
  const header = { alg: options.key.alg as string, kid: options.key.kid as string, typ: 'JWT' };
  const cache = new Map<string, Minted>();
  /** Callers come with the same principal again: what one has is found without writing it out. */
  const near = new WeakMap<Principal, Minted>();

  async function mint(
    principal: Principal | null,
    audience: string,
    nowMs: number,
    cacheKey: string,
  ) {
    const issuedAt = Math.floor(nowMs / 1000);
    // The identity never outlives the credential it stands for.
    const expiresAt = Math.min(
      issuedAt + options.lifetimeSeconds,
      principal?.expiresAt ?? Number.POSITIVE_INFINITY,
    );
    const token = await new SignJWT(claimsOf(principal))
      .setProtectedHeader(header)
      .setIssuer(options.issuer)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(key);
    const useUntilMs = nowMs + ((expiresAt - issuedAt) * 1000) / 2;
    const minted = { token, audience, useUntilMs, expiresAt };
    if (principal !== null) near.set(principal, minted);
    const known = cache.get(cacheKey);
    // One that lives longer is of use to more of a caller's credentials.
    if (known !== undefined && nowMs < known.useUntilMs && known.expiresAt > expiresAt)
      return token;
    if (cache.size >= CACHE_MAX) cache.delete(cache.keys().next().value as string);
    cache.set(cacheKey, minted);
    return token;
  }

  return {
    sign(principal, audience, nowMs) {
      const last = principal === null ? undefined : near.get(principal);
      if (last !== undefined && last.audience === audience && nowMs < last.useUntilMs) {
        return last.token;
      }
      const cacheKey = cacheKeyOf(principal, audience);
      const known = cache.get(cacheKey);
      if (known !== undefined && nowMs < known.useUntilMs && !outlives(known, principal)) {
        if (principal !== null) near.set(principal, known);
        return known.token;
      }
      return mint(principal, audience, nowMs, cacheKey);
    },
  };
}

/** The same caller comes with one credential after another: an identity is good for all that last as long as it. */
function outlives({ expiresAt }: Minted, principal: Principal | null): boolean {
  return principal !== null && principal.expiresAt !== null && expiresAt > principal.expiresAt;
}

function claimsOf(principal: Principal | null): Record<string, unknown> {
  if (principal === null) return { sub: 'anonymous', anonymous: true };
  return {
    sub: principal.subject ?? principal.client,
    client_id: principal.client,
    ...(principal.scopes.length > 0 && { scope: principal.scopes.join(' ') }),
    ...(principal.roles.length > 0 && { roles: principal.roles }),
    ...(principal.issuer !== null && { idp: principal.issuer }),
    amr: [principal.kind],
  };
}

function cacheKeyOf(principal: Principal | null, audience: string): string {
  if (principal === null) return `|${audience}`;
  const { kind, issuer, client, subject, scopes, roles } = principal;
  return JSON.stringify([audience, kind, issuer, client, subject, scopes, roles]);
}

/** The public halves, for the JWKS endpoint. */
export function publicKeySet(keys: readonly JWK[]): JSONWebKeySet {
  return {
    keys: keys.map(({ d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, k: _k, ...rest }) => rest),
  };
}
