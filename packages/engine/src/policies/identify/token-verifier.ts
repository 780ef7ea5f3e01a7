import { hash } from 'node:crypto';
import { compactVerify, createLocalJWKSet, errors } from 'jose';
import type { RequestFacts } from '../../facts.ts';
import {
  type Authentication,
  type IdentityPorts,
  rejected,
  type TrustedIssuer,
} from './principal.ts';
import { clockSkewOf, readClaims, timeFault } from './token-claims.ts';
import { type JsonMembers, readTokenText, TOKEN_LENGTH_MAX } from './token-text.ts';
import { termsOf, type VerifiedToken, VerifiedTokens } from './verified-tokens.ts';

/**
 * Asymmetric only. With HS256 an attacker would sign with the public key as the shared secret
 * (RFC 8725 §2.1), and `none` is no signature.
 */
const SIGNATURE_ALGORITHMS: readonly string[] = [
  'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512',
  'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519',
]; // biome-ignore format: one family a line
/** Signatures under verification at once, per thread: the rest is told to come back. */
const PENDING_MAX = 1_000;
const KEY_ID_LENGTH_MAX = 1024;

type Verification =
  | { readonly ok: true; readonly entry: VerifiedToken }
  | { readonly ok: false; readonly rejection: Authentication };

type KeyResolver = ReturnType<typeof createLocalJWKSet>;

/**
 * Verifies JWT access tokens (RFC 7519, 8725, 9068, 8705) and remembers the good ones by the
 * SHA-256 of their text. Bad ones are not remembered: a forger writes each anew, and a refusal
 * kept longer than its reason would lock out an honest caller after a key rotation.
 */
export class TokenVerifier {
  readonly #ports: IdentityPorts;
  readonly #verified: VerifiedTokens;
  readonly #pending = new Map<string, Promise<Verification>>();
  readonly #resolvers = new Map<
    string,
    { generation: number; resolve: KeyResolver; ids: Set<string> }
  >();
  #issuerList: readonly TrustedIssuer[] = [];
  #issuers = new Map<string, { readonly issuer: TrustedIssuer; readonly terms: string }>();

  constructor(ports: IdentityPorts) {
    this.#ports = ports;
    this.#verified = ports.verifiedTokens ?? new VerifiedTokens();
  }

  /** Immediate for a token seen before. `accepts` narrows the issuers a scheme stands for. */
  authenticate(
    token: string,
    request: RequestFacts,
    accepts: (issuer: TrustedIssuer) => boolean,
  ): Authentication | Promise<Authentication> {
    if (!(token.length <= TOKEN_LENGTH_MAX)) return rejected('too-long');
    const digest = hash('sha256', token, 'base64url');
    const known = this.#verified.get(digest);
    if (known !== undefined) {
      if (this.#isCurrent(known)) {
        known.wasUsed = true;
        return this.#judgeUse(digest, known, request, accepts);
      }
      this.#verified.forget(digest);
    }
    const begun = this.#pending.get(digest) ?? this.#begin(token, digest, request);
    if (!(begun instanceof Promise)) return begun;
    return begun.then((verification) => {
      if (!verification.ok) return verification.rejection;
      const { entry } = verification;
      // Keys or trust changed under way: what was proven no longer counts.
      if (!this.#isCurrent(entry)) return rejected('keys-changed', 'keys_unavailable');
      return this.#judgeUse(digest, entry, request, accepts);
    });
  }

  /** What can change between two uses of one token. */
  #judgeUse(
    digest: string,
    entry: VerifiedToken,
    request: RequestFacts,
    accepts: (issuer: TrustedIssuer) => boolean,
  ): Authentication {
    const { meaning, issuer } = entry;
    if (!accepts(issuer)) return rejected('issuer-of-another-scheme');
    const untimely = timeFault(meaning, clockSkewOf(issuer), request.nowMs / 1000);
    if (untimely !== null) {
      this.#verified.forget(digest);
      return rejectedClaims(untimely);
    }
    const { certificateThumbprint, principal } = meaning;
    if (
      certificateThumbprint !== null &&
      certificateThumbprint !== request.clientCertificate?.thumbprint
    ) {
      return rejected('certificate-not-presented');
    }
    if (this.#ports.isRevoked?.(principal)) return rejected('revoked');
    return { kind: 'accepted', principal };
  }

  /** Rules that need no key come first: a forgery that breaks them costs no signature check. */
  #begin(
    token: string,
    digest: string,
    request: RequestFacts,
  ): Authentication | Promise<Verification> {
    const text = readTokenText(token);
    if (!text.ok) return rejected(text.reason);
    const { header, claims } = text;
    // Read before it is believed, and only to choose whose keys must have signed.
    const trusted = typeof claims.iss === 'string' ? this.#trusted(claims.iss) : undefined;
    if (trusted === undefined) return rejected('issuer-not-trusted');
    const { issuer, terms } = trusted;
    const fault = headerFault(header, issuer);
    if (fault !== null) return rejected(fault);
    const reading = readClaims(header, claims, issuer, request.nowMs / 1000);
    if (!reading.ok) return rejectedClaims(reading);

    const keys = this.#keysOf(issuer.issuer);
    if (keys === null) return rejected('keys-not-fetched', 'keys_unavailable');
    const keyId = header.kid as string | undefined;
    if (keyId !== undefined && !keys.ids.has(keyId)) {
      this.#ports.unknownKeyId(issuer.issuer);
      return rejected('unknown-key-id');
    }
    if (this.#pending.size >= PENDING_MAX) return rejected('verifications-pending', 'overloaded');

    const { meaning } = reading;
    const { generation } = keys;
    const entry = { meaning, issuer, terms, generation, wasUsed: false };
    // Callers that arrive with the same token wait for one verification.
    const pending = this.#verifySignature(token, keyId, keys.resolve, entry).finally(() =>
      this.#pending.delete(digest),
    );
    this.#pending.set(digest, pending);
    return pending.then((verification) => {
      if (verification.ok) this.#verified.remember(digest, verification.entry);
      return verification;
    });
  }

  async #verifySignature(
    token: string,
    keyId: string | undefined,
    resolve: KeyResolver,
    entry: VerifiedToken,
  ): Promise<Verification> {
    try {
      await compactVerify(token, resolve, { algorithms: algorithmsOf(entry.issuer) });
      return { ok: true, entry };
    } catch (error) {
      // Only what jose says of a token is a refusal; anything else is a fault and stays one.
      if (!(error instanceof errors.JOSEError || isKeyFault(error))) throw error;
      if (keyId === undefined) this.#ports.unknownKeyId(entry.issuer.issuer);
      const reason = error instanceof errors.JOSEError ? error.code : 'key-unusable';
      return { ok: false, rejection: rejected(reason) };
    }
  }

  #isCurrent(entry: VerifiedToken): boolean {
    const { issuer, terms, generation } = entry;
    return (
      this.#trusted(issuer.issuer)?.terms === terms &&
      this.#ports.issuerKeys(issuer.issuer)?.generation === generation
    );
  }

  #trusted(name: string): { issuer: TrustedIssuer; terms: string } | undefined {
    const list = this.#ports.issuers();
    if (list !== this.#issuerList) {
      this.#issuerList = list;
      this.#issuers = new Map(
        list.map((issuer) => [issuer.issuer, { issuer, terms: termsOf(issuer) }]),
      );
    }
    return this.#issuers.get(name);
  }

  #keysOf(issuer: string): { generation: number; resolve: KeyResolver; ids: Set<string> } | null {
    const current = this.#ports.issuerKeys(issuer);
    if (current === null) return null;
    const known = this.#resolvers.get(issuer);
    if (known?.generation === current.generation) return known;
    const ids = new Set<string>();
    for (const { kid } of current.jwks.keys) if (typeof kid === 'string') ids.add(kid);
    const keys = { generation: current.generation, resolve: createLocalJWKSet(current.jwks), ids };
    this.#resolvers.set(issuer, keys);
    return keys;
  }
}

function algorithmsOf(issuer: TrustedIssuer): string[] {
  return issuer.algorithms.filter((name) => SIGNATURE_ALGORITHMS.includes(name));
}

/** Keys that the token brings along (jwk, jku, x5u, x5c) are never looked at. */
function headerFault(header: JsonMembers, issuer: TrustedIssuer): string | null {
  const { alg, kid } = header;
  if (typeof alg !== 'string' || !algorithmsOf(issuer).includes(alg)) return 'algorithm';
  // RFC 7515 §4.1.11: an extension that is critical and not understood refuses the token.
  if (['crit', 'b64', 'enc', 'zip'].some((name) => Object.hasOwn(header, name))) return 'extension';
  const isKeyId = kid === undefined || (typeof kid === 'string' && kid.length <= KEY_ID_LENGTH_MAX);
  return isKeyId ? null : 'key-id';
}

function rejectedClaims(fault: { reason: string; isExpired?: true }): Authentication {
  return rejected(fault.reason, fault.isExpired ? 'credentials_expired' : 'credentials_invalid');
}

/** What Web Crypto throws for a published key that it cannot use. */
function isKeyFault(error: unknown): boolean {
  return error instanceof TypeError || error instanceof DOMException;
}
