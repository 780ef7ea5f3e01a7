import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';

/** A key signs for this long; its public half stays published for as long again. */
const ROTATE_AFTER_MS = 30 * 24 * 3_600_000;

interface StoredKey {
  readonly createdMs: number;
  readonly jwk: JWK;
}

export interface IdentityKeys {
  readonly current: JWK;
  /** Current and earlier keys: what verifiers may still meet. */
  readonly all: readonly JWK[];
}

/** The keys that sign the upstream identity: made at the first start, kept in a 0600 file, rotated by age. */
export async function loadIdentityKeys(directory: string, nowMs: number): Promise<IdentityKeys> {
  const file = join(directory, 'identity-keys.json');
  const stored = existsSync(file) ? readStored(file) : [];
  const kept = stored.filter((key) => nowMs - key.createdMs < 2 * ROTATE_AFTER_MS);
  const newest = kept[0];
  if (newest !== undefined && nowMs - newest.createdMs < ROTATE_AFTER_MS) {
    return { current: newest.jwk, all: kept.map((key) => key.jwk) };
  }
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: 'ES256', use: 'sig' };
  const keys = [{ createdMs: nowMs, jwk }, ...kept];
  writeFileSync(`${file}.new`, JSON.stringify(keys), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return { current: jwk, all: keys.map((key) => key.jwk) };
}

function readStored(file: string): StoredKey[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as StoredKey[];
  } catch (cause) {
    throw new Error(`reading the identity keys in ${file}: ${String(cause)}`, { cause });
  }
}
