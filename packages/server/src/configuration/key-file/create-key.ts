import { formatKey, hashKey, KEY_SECRET_BYTES, type KeyRecord } from '@poorter/engine';

export interface KeyWish {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** Seconds since the epoch; null: until revoked. */
  readonly expiresAt: number | null;
  readonly random: (bytes: number) => Uint8Array;
}

/** The key is returned this once; the record holds its hash alone. */
export function createKey(wish: KeyWish): { key: string; record: KeyRecord } {
  const { name, scopes, roles, expiresAt, random } = wish;
  const key = formatKey(random(KEY_SECRET_BYTES));
  const id = `key_${Buffer.from(random(8)).toString('hex')}`;
  return { key, record: { id, name, hash: hashKey(key), scopes, roles, expiresAt } };
}
