import * as crypto from 'node:crypto';
import { compactVerify, createLocalJWKSet, errors } from 'jose';
import type { RequestFacts } from '../../facts.ts';
import {
  type Authentication,
  type IdentityPorts,
  type Introspection,
  rejected,
  type TrustedIssuer,
} from '../../identity.ts';
import { OpaqueTokens } from './opaque-tokens.ts';
import { readClaims } from './token-claims.ts';
import { isQuick, quickCheck, type SignatureCheck } from './token-signature.ts';
import { type JsonMembers, readTokenText, TOKEN_LENGTH_MAX } from './token-text.ts';
import { rejectedClaims, type TokenUse, TokenUses } from './token-uses.ts';
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
  | {
      readonly ok: false;
      readonly rejection: Authentication;
      /** Keys that the issuer has published since could change the answer. */
      readonly lacks?: LackingKey;
      /** Only its issuer can read it. */
      readonly isOpaque?: true;
    };

interface LackingKey {
  readonly issuer: string;
  /** null: the token names none. */
  readonly keyId: string | null;
  readonly generation: number;
}

type KeyResolver = ReturnType<typeof createLocalJWKSet>;

interface IssuerKeys {
  readonly generation: number;
  readonly ids: ReadonlySet<string>;
  readonly resolve: KeyResolver;
  /** For tokens that name a key when keys of the set have no names; null: all have. */
  readonly resolveNameless: ((...asked: Parameters<KeyResolver>) => ReturnType<KeyResolver>) | null;
  /** By algorithm and id of the key: found by the first token that it verified. */
  readonly quick: Map<string, SignatureCheck>;
}

/**
 * Verifies JWT access tokens (RFC 7519, 8725, 9068, 8705) and remembers the good ones by the
 * SHA-256 of their text. Bad ones are not remembered: a forger writes each anew, and a refusal
 * kept longer than its reason would lock out an honest caller after a key rotation.
 */
export class TokenVerifier {
  readonly #ports: IdentityPorts;
  readonly #verified: VerifiedTokens;
  readonly #uses: TokenUses;
  readonly #opaque: OpaqueTokens;
  readonly #pending = new Map<string, Promise<Verification>>();
  readonly #resolvers = new Map<string, IssuerKeys>();
  #issuerList: readonly TrustedIssuer[] = [];
  #issuers = new Map<string, { readonly issuer: TrustedIssuer; readonly terms: string }>();

  constructor(ports: IdentityPorts) {
    this.#ports = ports;
    this.#verified = ports.verifiedTokens ?? new VerifiedTokens();
    this.#uses = new TokenUses(ports, (digest) => this.#verified.forget(digest));
    this.#opaque = new OpaqueTokens(ports, this.#uses);
  }

  /** Immediate for a token seen before. `accepts` narrows the issuers a scheme stands for. */
  authenticate(
    token: string,
    request: RequestFacts,
    accepts: (issuer: TrustedIssuer) => boolean,
    isWithProof = false,
  ): Authentication | Promise<Authentication> {
    const use: TokenUse = { request, accepts, isWithProof };
    if (!(token.length <= TOKEN_LENGTH_MAX)) return rejected('too-long');
    const digest = crypto.hash('sha256', token, 'base64url');
    const known = this.#verified.get(digest);
    if (known !== undefined) {
      if (this.#isCurrent(known)) {
        known.wasUsed = true;
        return this.#uses.judge(digest, known, use);
      }
      this.#verified.forget(digest);
    }
    const begun = this.#verify(token, digest, request);
    // Most forgeries break a rule that needs no key, and are refused without a promise.
    if (!(begun instanceof Promise)) {
      if (begun.ok) return this.#uses.judge(digest, begun.entry, use);
      if (begun.isOpaque) {
        return this.#opaque.authenticate(token, digest, use) ?? begun.rejection;
      }
      if (begun.lacks === undefined) return begun.rejection;
    }
    return this.#conclude(begun, token, digest, use);
  }

  /** A session at this gate, about which its issuer was asked: judged as an opaque token of it is. */
  judgeSession(
    said: Introspection,
    { session, issuer }: { readonly session: string; readonly issuer: string },
    request: RequestFacts,
    accepts: (issuer: TrustedIssuer) => boolean,
  ): Authentication | Promise<Authentication> {
    const trusted = this.#trusted(issuer);
    if (trusted === undefined) return rejected('issuer-not-trusted');
    const digest = crypto.hash('sha256', session, 'base64url');
    return this.#opaque.conclude(said, trusted.issuer, digest, {
      ...{ request, accepts, isWithProof: false },
    });
  }

  async #conclude(
    begun: Verification | Promise<Verification>,
    token: string,
    digest: string,
    use: TokenUse,
  ): Promise<Authentication> {
    const { request } = use;
    let verification = await begun;
    if (await this.#haveKeysChanged(verification)) {
      verification = await this.#verify(token, digest, request);
    }
    if (!verification.ok) return verification.rejection;
    const { entry } = verification;
    // Keys or trust changed under way: what was proven no longer counts.
    if (!this.#isCurrent(entry)) return rejected('keys-changed', 'keys_unavailable');
    return this.#uses.judge(digest, entry, use);
  }

  /**
   * Is there reason to look again? The first call after a rotation waits for the host to ask the
   * issuer once: not long, and never in the places of the signatures under verification, so that
   * invented key ids hold up nobody.
   */
  async #haveKeysChanged(verification: Verification): Promise<boolean> {
    if (verification.ok) return !this.#isCurrent(verification.entry);
    if (verification.lacks === undefined) return false;
    const { issuer, keyId, generation } = verification.lacks;
    const hasNews = () => (this.#ports.issuerKeys(issuer)?.generation ?? generation) !== generation;
    if (!hasNews()) await this.#ports.unknownKeyId(issuer, keyId);
    return hasNews();
  }

  #verify(
    token: string,
    digest: string,
    request: RequestFacts,
  ): Verification | Promise<Verification> {
    return this.#pending.get(digest) ?? this.#begin(token, digest, request);
  }

  /** Rules that need no key come first: a forgery that breaks them costs no signature check. */
  #begin(
    token: string,
    digest: string,
    request: RequestFacts,
  ): Verification | Promise<Verification> {
    const text = readTokenText(token);
    if (!text.ok) {
      const code = text.reason === 'opaque' ? 'token_opaque' : 'credentials_invalid';
      const isOpaque = text.reason === 'opaque' || text.reason === 'encrypted';
      return { ...refused(rejected(text.reason, code)), ...(isOpaque && { isOpaque }) };
    }
    const { header, claims } = text;
    // Read before it is believed, and only to choose whose keys must have signed.
    const trusted = typeof claims.iss === 'string' ? this.#trusted(claims.iss) : undefined;
    if (trusted === undefined) return refused(rejected('issuer-not-trusted'));
    const { issuer, terms } = trusted;
    const fault = headerFault(header, issuer);
    if (fault !== null) return refused(rejected(fault));
    const reading = readClaims(header, claims, issuer, request.nowMs / 1000);
    if (!reading.ok) return refused(rejectedClaims(reading));

    const keys = this.#keysOf(issuer.issuer);
    if (keys === null) return refused(rejected('keys-not-fetched', 'keys_unavailable'));
    const { generation } = keys;
    const keyId = (header.kid as string | undefined) ?? null;
    const lacks = { issuer: issuer.issuer, keyId, generation };
    const isNamed = keyId === null || keys.ids.has(keyId);
    const resolve = isNamed ? keys.resolve : keys.resolveNameless;
    if (resolve === null) return refused(rejected('unknown-key-id'), lacks);
    const { meaning } = reading;
    const entry = { meaning, issuer, terms, generation, wasUsed: false };
    const check = isNamed && keyId !== null ? keys.quick.get(`${header.alg} ${keyId}`) : undefined;
    if (check !== undefined) {
      if (!check(token)) return refused(rejected(FORGED), lacks);
      this.#uses.tellRoles(entry);
      this.#verified.remember(digest, entry);
      return { ok: true, entry };
    }
    if (this.#pending.size >= PENDING_MAX) {
      return refused(rejected('verifications-pending', 'overloaded'));
    }

    // Callers that arrive with the same token wait for one verification.
    const pending = this.#verifySignature(token, lacks, resolve, entry).finally(() =>
      this.#pending.delete(digest),
    );
    this.#pending.set(digest, pending);
    return pending.then((verification) => {
      if (!verification.ok) return verification;
      this.#verified.remember(digest, verification.entry);
      const algorithm = header.alg as string;
      if (isNamed && keyId !== null && isQuick(algorithm)) void learnQuick(keys, algorithm, keyId);
      return verification;
    });
  }

  async #verifySignature(
    token: string,
    lacks: LackingKey,
    resolve: NonNullable<IssuerKeys['resolveNameless']>,
    entry: VerifiedToken,
  ): Promise<Verification> {
    try {
      await verifyWithAny(token, resolve, algorithmsOf(entry.issuer));
      this.#uses.tellRoles(entry);
      return { ok: true, entry };
    } catch (error) {
      // Only what jose says of a token is a refusal; anything else is a fault and stays one.
      if (!(error instanceof errors.JOSEError || isKeyFault(error))) throw error;
      const reason = error instanceof errors.JOSEError ? error.code : 'key-unusable';
      return refused(rejected(reason), lacks);
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

  #keysOf(issuer: string): IssuerKeys | null {
    const current = this.#ports.issuerKeys(issuer);
    if (current === null) return null;
    const known = this.#resolvers.get(issuer);
    if (known?.generation === current.generation) return known;
    const keys = openKeys(current);
    this.#resolvers.set(issuer, keys);
    return keys;
  }
}

function openKeys({
  jwks,
  generation,
}: NonNullable<ReturnType<IdentityPorts['issuerKeys']>>): IssuerKeys {
  const named = jwks.keys.flatMap(({ kid }) => (typeof kid === 'string' ? [kid] : []));
  const nameless = jwks.keys.filter(({ kid }) => kid === undefined);
  const resolveNameless = createLocalJWKSet({ keys: nameless });
  return {
    generation,
    ids: new Set(named),
    resolve: createLocalJWKSet(jwks),
    quick: new Map(),
    // An issuer may name keys in its tokens and not in its set, which then has no name to compare.
    resolveNameless:
      nameless.length === 0
        ? null
        : ({ kid: _, ...header } = { alg: '' }) => resolveNameless(header),
  };
}

/** As the library says it. */
const FORGED = new errors.JWSSignatureVerificationFailed().code;

/** Only where exactly one key has this id and fits this algorithm: so there are as many as published keys. */
async function learnQuick(keys: IssuerKeys, algorithm: string, keyId: string): Promise<void> {
  try {
    const key = await keys.resolve({ alg: algorithm, kid: keyId });
    const check = quickCheck(algorithm, key);
    if (check !== null) keys.quick.set(`${algorithm} ${keyId}`, check);
  } catch {
    // Then each token is verified as the first was.
  }
}

/**
 * `kid` is a hint (RFC 7515 §4.1.4): where several keys fit, each is tried. One that cannot be used
 * does not stand in the way of the next.
 */
async function verifyWithAny(
  token: string,
  resolve: NonNullable<IssuerKeys['resolveNameless']>,
  algorithms: string[],
): Promise<void> {
  try {
    await compactVerify(token, resolve, { algorithms });
  } catch (several) {
    if (!(several instanceof errors.JWKSMultipleMatchingKeys)) throw several;
    let last: unknown = several;
    for await (const key of several) {
      try {
        await compactVerify(token, key, { algorithms });
        return;
      } catch (error) {
        if (!(error instanceof errors.JOSEError || isKeyFault(error))) throw error;
        last = error;
      }
    }
    throw last;
  }
}

function refused(rejection: Authentication, lacks?: LackingKey): Verification {
  return { ok: false, rejection, ...(lacks !== undefined && { lacks }) };
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

/** What Web Crypto throws for a published key that it cannot use. */
function isKeyFault(error: unknown): boolean {
  return error instanceof TypeError || error instanceof DOMException;
}
