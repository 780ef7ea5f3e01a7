import * as crypto from 'node:crypto';
import { importJWK, type JWK } from 'jose';
import type { RequestFacts } from '../../facts.ts';
import type { IdentityPorts } from '../../identity.ts';
import { readHeader } from './credential-places.ts';
import { isQuick, quickCheck, type SignatureCheck } from './token-signature.ts';
import { type JsonMembers, readTokenText } from './token-text.ts';

/** Null: the proof holds. */
export type ProofFault = string | null;

/** A proof has a key, a time, an address and an id in it, and little more. */
const PROOF_LENGTH_MAX = 4_096;
/** RFC 9449 §11.1: for so long it is accepted, and remembered. */
export const PROOF_AGE_MAX_SECONDS = 60;
/** Clocks of callers may be so far ahead. */
const AHEAD_MAX_SECONDS = 30;
const NAME_LENGTH_MAX = 256;
/** Keys of callers that are kept ready; another one costs its import again. */
const KEYS_MAX = 4_096;

/** RFC 9449 §4.2, §11.6: asymmetric, and quick enough to be verified on each call. */
const ALGORITHMS: ReadonlySet<unknown> = new Set(['ES256', 'EdDSA', 'Ed25519', 'PS256']);
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
/** RFC 7638 §3.2: what names a key, in this order. */
const NAMING_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

interface ReadyKey {
  readonly check: SignatureCheck;
  wasUsed: boolean;
}

/**
 * RFC 9449: whoever shows a token that is bound to a key shows with each call that it has the key: by a
 * signature over the method, the address, the token and the moment, which counts once.
 */
export class ProofVerifier {
  readonly #showProof: IdentityPorts['showProof'];
  readonly #keys = new Map<string, ReadyKey>();
  readonly #judged = new WeakMap<RequestFacts, ProofFault | Promise<ProofFault>>();

  constructor({ showProof }: Pick<IdentityPorts, 'showProof'>) {
    this.#showProof = showProof;
  }

  /** `tokenDigest`: base64url of SHA-256 over the token's text. */
  verify(
    request: RequestFacts,
    tokenDigest: string,
    thumbprint: string,
  ): ProofFault | Promise<ProofFault> {
    // Two schemes of one operation may ask; the proof counts once, for the call.
    const judged = this.#judged.get(request);
    if (judged !== undefined) return judged;
    const fault = this.#judge(request, tokenDigest, thumbprint);
    this.#judged.set(request, fault);
    return fault;
  }

  #judge(
    request: RequestFacts,
    tokenDigest: string,
    thumbprint: string,
  ): ProofFault | Promise<ProofFault> {
    const field = readHeader(request.headers, 'dpop');
    if (field.kind !== 'value')
      return field.kind === 'absent' ? 'proof-missing' : 'proof-unreadable';
    const { value: proof } = field;
    if (!(proof.length <= PROOF_LENGTH_MAX)) return 'proof-too-long';
    const text = readTokenText(proof);
    if (!text.ok) return 'proof-not-a-jwt';
    const { header, claims } = text;
    const fault = headerFault(header) ?? claimsFault(claims, request, tokenDigest);
    if (fault !== null) return fault;
    const jwk = header.jwk as JWK;
    if (thumbprintOf(jwk) !== thumbprint) return 'proof-of-another-key';
    const algorithm = header.alg as string;
    const name = `${algorithm} ${thumbprint}`;
    const show = () => this.#show(thumbprint, claims);
    const known = this.#keys.get(name);
    if (known === undefined)
      return this.#import(name, algorithm, jwk, proof).then((one) => one ?? show());
    known.wasUsed = true;
    return known.check(proof) ? show() : 'proof-forged';
  }

  async #import(name: string, algorithm: string, jwk: JWK, proof: string): Promise<ProofFault> {
    let check: SignatureCheck | null;
    try {
      check = quickCheck(algorithm, await importJWK(jwk, algorithm));
    } catch {
      return 'proof-key-unusable';
    }
    if (check === null) return 'proof-key-unusable';
    if (!check(proof)) return 'proof-forged';
    this.#remember(name, check);
    return null;
  }

  /** Those that nobody has used since the last round go first. */
  #remember(name: string, check: SignatureCheck): void {
    if (this.#keys.size >= KEYS_MAX) {
      for (const [other, key] of this.#keys) {
        if (!key.wasUsed || this.#keys.size >= KEYS_MAX) this.#keys.delete(other);
        else key.wasUsed = false;
        if (this.#keys.size < KEYS_MAX) break;
      }
    }
    this.#keys.set(name, { check, wasUsed: false });
  }

  #show(thumbprint: string, { jti, iat }: JsonMembers): ProofFault | Promise<ProofFault> {
    const showProof = this.#showProof;
    if (showProof === undefined) return 'proofs-not-remembered';
    const id = crypto.hash('sha256', `${thumbprint} ${jti as string}`, 'buffer');
    const until = (iat as number) + PROOF_AGE_MAX_SECONDS + AHEAD_MAX_SECONDS;
    const first = showProof(id, until * 1000);
    const faultOf = (shown: 'first' | 'again' | 'full') =>
      shown === 'first' ? null : shown === 'again' ? 'proof-shown-before' : 'proofs-overflow';
    return first instanceof Promise ? first.then(faultOf) : faultOf(first);
  }
}

function headerFault(header: JsonMembers): ProofFault {
  const { typ, alg, jwk } = header;
  if (typeof typ !== 'string' || typ.toLowerCase().replace(/^application\//, '') !== 'dpop+jwt') {
    return 'proof-type';
  }
  if (!ALGORITHMS.has(alg) || !isQuick(alg as string)) return 'proof-algorithm';
  if (['crit', 'b64', 'enc', 'zip'].some((name) => Object.hasOwn(header, name))) {
    return 'proof-extension';
  }
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return 'proof-key';
  return PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name)) ? 'proof-key-private' : null;
}

function claimsFault(
  { jti, htm, htu, iat, ath }: JsonMembers,
  request: RequestFacts,
  tokenDigest: string,
): ProofFault {
  if (typeof jti !== 'string' || jti === '' || jti.length > NAME_LENGTH_MAX) return 'proof-id';
  if (htm !== request.method) return 'proof-method';
  if (typeof htu !== 'string' || !isAddressOf(htu, request)) return 'proof-address';
  const now = request.nowMs / 1000;
  // Ask for the allowed side, so that a NaN refuses.
  const isTimely =
    typeof iat === 'number' && iat > now - PROOF_AGE_MAX_SECONDS && iat <= now + AHEAD_MAX_SECONDS;
  if (!isTimely) return 'proof-time';
  return ath === tokenDigest ? null : 'proof-of-another-token';
}

/** RFC 9449 §4.3: as URIs are compared that were brought to one form, without query and fragment. */
function isAddressOf(htu: string, { headers, path, isTls }: RequestFacts): boolean {
  if (!URL.canParse(htu)) return false;
  const url = new URL(htu);
  if (url.protocol !== (isTls ? 'https:' : 'http:') || url.username !== '' || url.password !== '') {
    return false;
  }
  const host = `${isTls ? 'https' : 'http'}://${headers.get('host') ?? ''}`;
  if (!URL.canParse(host) || new URL(host).host !== url.host) return false;
  return plainPath(url.pathname) === plainPath(path);
}

/** RFC 3986 §6.2.2: escapes of what needs none are undone, the others in upper case. */
function plainPath(path: string): string {
  return path.replaceAll(/%[0-9A-Fa-f]{2}/g, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : escaped.toUpperCase();
  });
}

/** Null: no key of a kind that is known. */
function thumbprintOf(jwk: JWK): string | null {
  const members = NAMING_MEMBERS[String(jwk.kty)];
  if (members === undefined) return null;
  const named: Record<string, string> = {};
  for (const member of members) {
    const value = (jwk as JsonMembers)[member];
    if (typeof value !== 'string') return null;
    named[member] = value;
  }
  return crypto.hash('sha256', JSON.stringify(named), 'base64url');
}
