import { parseJsonText } from '@poorter/engine/json';
import { type KeySetReading, readKeySet } from '../issuers/index.ts';
import type { SourceReader } from './source-reader.ts';

/** Without it no token of the issuer would ever be accepted. Throws with what is wrong. */
export function readLocalKeySet(jwks: string, index: number, reader: SourceReader): void {
  let reading: KeySetReading;
  try {
    reading = readKeySet(parseJsonText(reader.read(jwks)));
  } catch (error) {
    throw new Error(`reading the key set ${jwks}: ${(error as Error).message}`, { cause: error });
  }
  const { jwks: set, warnings } = reading;
  const unusable = set.keys.length === 0 ? ['it holds no public signature key'] : [];
  for (const message of [...warnings, ...unusable]) {
    reader.warn(['trust', 'issuers', index, 'jwks'], 'issuer', `the key set ${jwks}: ${message}`);
  }
}
