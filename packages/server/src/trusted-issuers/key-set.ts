import type { JSONWebKeySet, JWK } from 'jose';

/** No issuer publishes nearly so many; every key is a candidate for each token without `kid`. */
const KEYS_MAX = 100;
const PUBLIC_TYPES = ['RSA', 'EC', 'OKP'];
/** RFC 7518 §6.3.2 and §6.2.2: members that only private keys have. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

export interface KeySetReading {
  readonly jwks: JSONWebKeySet;
  readonly warnings: readonly string[];
}

/**
 * Keeps the public signature keys of a JWK Set (RFC 7517 §5). Symmetric and private keys are
 * dropped: whoever can read the set could sign with them. Throws when it is no key set at all.
 */
export function readKeySet(value: unknown): KeySetReading {
  const keys = (value as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error('it is not a JSON Web Key Set');
  const warnings: string[] = [];
  if (keys.length > KEYS_MAX) warnings.push(`only the first ${KEYS_MAX} keys are used`);
  const kept: JWK[] = [];
  for (const [index, key] of keys.slice(0, KEYS_MAX).entries()) {
    const fault = keyFault(key);
    if (fault === null) kept.push(key as JWK);
    else if (fault !== 'not-ours') warnings.push(`key ${index} is ${fault}, and is not used`);
  }
  return { jwks: { keys: kept }, warnings };
}

/** 'not-ours' is no mistake: RFC 7517 §5 wants unknown kinds and encryption keys passed over. */
function keyFault(key: unknown): string | null {
  if (typeof key !== 'object' || key === null) return 'not an object';
  const { kty, kid, use } = key as Record<string, unknown>;
  if (kty === 'oct') return 'symmetric';
  if (typeof kty !== 'string' || !PUBLIC_TYPES.includes(kty)) return 'not-ours';
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(key, name))) return 'private';
  if (use !== undefined && use !== 'sig') return 'not-ours';
  return kid === undefined || typeof kid === 'string' ? null : 'without a valid kid';
}
