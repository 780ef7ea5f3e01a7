import { randomBytes } from 'node:crypto';
import { formatKey } from '@poorter/engine';

/** Secrets that exist only while a test runs: none stands in this repository. */
export function ownKey(): string {
  return formatKey(new Uint8Array(randomBytes(32)));
}

/** Like our key, but for its checksum. */
export function lookAlike(): string {
  const key = ownKey();
  return key.slice(0, -1) + (key.endsWith('x') ? 'y' : 'x');
}

export function githubToken(): string {
  return `${'gh'}p_${randomBytes(18).toString('hex')}`;
}

export function databaseUrl(): string {
  return `postgres${'://'}shop:${randomBytes(9).toString('hex')}@db.internal/shop`;
}
