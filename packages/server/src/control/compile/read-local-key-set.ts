import { parseJsonText } from '@poorter/openapi/json';
import { type KeySetReading, readKeySet } from '../../trusted-issuers/index.ts';
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
  if (set.keys.length === 0) {
    const found = warnings.length === 0 ? '' : ` (${warnings.join('; ')})`;
    throw new Error(
      `the key set ${jwks} holds no public key that signs${found}: no token of the issuer could be accepted; expected was a JSON Web Key Set with RSA, EC or OKP keys`,
    );
  }
  for (const message of warnings) {
    reader.warn(['trust', 'issuers', index, 'jwks'], 'issuer', `the key set ${jwks}: ${message}`);
  }
}
