import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { compactVerify, createLocalJWKSet, errors } from 'jose';
import type { RequestFacts } from '../../facts.ts';
import {
  type Authentication,
  type IdentityPorts,
  rejected,
  type TrustedIssuer,
} from './principal.ts';
import { clockSkewOf, readClaims, type TokenMeaning, timeFault } from './token-claims.ts';
import { type JsonMembers, readTokenText, TOKEN_LENGTH_MAX } from './token-text.ts';

/**
 * Asymmetric only. With HS256 an attacker would sign with the public key as the shared secret
 * (RFC 8725 §2.1), and `none` is no signature.
 */
export const SIGNATURE_ALGORITHMS: readonly string[] = [
  'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512',
  'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519',
]; // biome-ignore format: one family a line
export const DEFAULT_ALGORITHMS: readonly string[] = [
  'RS256',
  'PS256',
  'ES256',
  'ES384',
  'EdDSA',
  'Ed25519',
];
export const DEFAULT_CLOCK_SKEW_SECONDS = 30;

/** About 10 MB of entries; beyond that, the least recently needed is verified again. */
export const VERIFIED_TOKENS_MAX = 10_000;
/** Signatures under verification at once, per thread: the rest is told to come back. */
const PENDING_MAX = 1_000;
const KEY_ID_LENGTH_MAX = 1024;

interface VerifiedToken {
  readonly meaning: TokenMeaning;
  readonly issuer: TrustedIssuer;
  readonly generation: number;
  /** Second-chance eviction: set by a hit, cleared by the first pass of the hand. */
  wasUsed: boolean;
}

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
  readonly #verifiedMax: number;
  readonly #verified = new Map<string, VerifiedToken>();
  readonly #pending = new Map<string, Promise<Verification>>();
  readonly #resolvers = new Map<
    string,
    { generation: number; resolve: KeyResolver; ids: Set<string> }
  >();
  #issuerList: readonly TrustedIssuer[] = [];
  #issuers = new Map<string, TrustedIssuer>();

  constructor(ports: IdentityPorts, verifiedMax: number = VERIFIED_TOKENS_MAX) {
    this.#ports = ports;
    this.#verifiedMax = verifiedMax;
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
      this.#verified.delete(digest);
    }
    const begun = this.#pending.get(digest) ?? this.#begin(token, digest, request);
    if (!(begun instanceof Promise)) return begun;
    return begun.then((verification) =>
      verification.ok
        ? this.#judgeUse(digest, verification.entry, request, accepts)
        : verification.rejection,
    );
  }

  get verifiedCount(): number {
    return this.#verified.size;
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
      this.#verified.delete(digest);
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
    const issuer = typeof claims.iss === 'string' ? this.#trusted(claims.iss) : undefined;
    if (issuer === undefined) return rejected('issuer-not-trusted');
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
    const entry = { meaning, issuer, generation: keys.generation, wasUsed: false };
    // Callers that arrive with the same token wait for one verification.
    const pending = this.#verifySignature(token, keyId, keys.resolve, entry).finally(() =>
      this.#pending.delete(digest),
    );
    this.#pending.set(digest, pending);
    return pending.then((verification) => {
      if (verification.ok) this.#remember(digest, verification.entry);
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
    const { issuer, generation } = entry;
    return (
      this.#trusted(issuer.issuer) === issuer &&
      this.#ports.issuerKeys(issuer.issuer)?.generation === generation
    );
  }

  #trusted(issuer: string): TrustedIssuer | undefined {
    const list = this.#ports.issuers();
    if (list !== this.#issuerList) {
      this.#issuerList = list;
      // A new snapshot brings new objects; what says the same stays the same, and so do its tokens.
      const kept = (trusted: TrustedIssuer) => {
        const known = this.#issuers.get(trusted.issuer);
        return isDeepStrictEqual(known, trusted) && known !== undefined ? known : trusted;
      };
      this.#issuers = new Map(list.map((trusted) => [trusted.issuer, kept(trusted)]));
    }
    return this.#issuers.get(issuer);
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

  #remember(digest: string, entry: VerifiedToken): void {
    if (this.#verified.size >= this.#verifiedMax) this.#forgetOne();
    this.#verified.set(digest, entry);
  }

  /** Second chance, oldest first; after a few survivors the next one goes whatever its merit. */
  #forgetOne(): void {
    let chances = 8;
    for (const [digest, entry] of this.#verified) {
      this.#verified.delete(digest);
      if (!entry.wasUsed || chances === 0) return;
      chances -= 1;
      entry.wasUsed = false;
      this.#verified.set(digest, entry);
    }
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
