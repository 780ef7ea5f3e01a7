import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonText } from '@poorter/openapi/json';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { BYTES_MAX, readTextFile, writeDurably } from '../platform/files/index.ts';
import type { KeyRing } from '../platform/secrets/index.ts';

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

/** Seals what is kept; part of the key ring. */
export type Seal = Pick<KeyRing, 'seal' | 'open'>;

const PLACE = { table: 'file', column: 'identity-keys', row: 'identity-keys.json' };

/**
 * The keys that sign the upstream identity: made at the first start, kept sealed in a 0600 file, rotated
 * by age. Without a seal they live no longer than the directory.
 */
export async function loadIdentityKeys(
  directory: string,
  nowMs: number,
  seal: Seal | null,
): Promise<IdentityKeys> {
  const file = join(directory, 'identity-keys.json');
  const stored = existsSync(file) ? readStored(file, seal) : [];
  const kept = stored.filter((key) => nowMs - key.createdMs < 2 * ROTATE_AFTER_MS);
  const newest = kept[0];
  if (newest !== undefined && nowMs - newest.createdMs < ROTATE_AFTER_MS) {
    return { current: newest.jwk, all: kept.map((key) => key.jwk) };
  }
  const jwk = await newIdentityKey();
  const keys = [{ createdMs: nowMs, jwk }, ...kept];
  const text = JSON.stringify(keys);
  writeDurably(file, seal?.seal(PLACE, text) ?? text);
  return { current: jwk, all: keys.map((key) => key.jwk) };
}

/** Kept nowhere. */
export async function newIdentityKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: 'ES256', use: 'sig' };
}

function readStored(file: string, seal: Seal | null): StoredKey[] {
  try {
    const text = readTextFile(file, BYTES_MAX.credential);
    return parseJsonText(seal?.open(PLACE, text) ?? text) as StoredKey[];
  } catch (cause) {
    throw new Error(`reading the identity keys in ${file}: ${String(cause)}`, { cause });
  }
}
