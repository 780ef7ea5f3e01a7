import { hash } from 'node:crypto';
import type { IssuerConfiguration } from '../../configuration/schema.ts';
import type { DirectorySnapshot } from '../../messages/between-issuer.ts';
import type { SourceReader } from './source-reader.ts';

/** 32 characters of base64 are 192 bits: nobody guesses them, so that a plain hash hides them. */
const TOKEN = /^[\x21-\x7e]{32,1000}$/;

/** Directories, and what they show. What is wrong is told at its place. */
export function readDirectories(
  { directories }: Pick<IssuerConfiguration, 'directories'>,
  reader: SourceReader,
): DirectorySnapshot[] {
  const names = new Set<string>();
  const known = new Set<string>();
  return directories.map(({ name, tokens, roles }, index) => {
    const at = ['issuer', 'directories', index];
    if (names.has(name)) {
      reader.fault([...at, 'name'], 'directories', `${name} is the name of another directory`);
    }
    names.add(name);
    const tokenHashes = tokens.flatMap((token, number) => {
      const place = [...at, 'tokens', number];
      const read = readToken(place, token, reader);
      if (read === null) return [];
      if (known.has(read)) {
        reader.fault(place, 'directories', 'this token is shown by another directory, or twice');
      }
      known.add(read);
      return [read];
    });
    return { name, tokenHashes, roles };
  });
}

/** Null: it was said why. */
function readToken(at: readonly PropertyKey[], token: string, reader: SourceReader): string | null {
  try {
    const text = reader.secret(token);
    if (TOKEN.test(text)) return hash('sha256', text, 'base64url');
    const message = 'is no token: 32 or more visible characters were expected';
    reader.fault(at, 'directories', message, 'draw one with: openssl rand -base64 32');
  } catch (error) {
    reader.fault(at, 'directories', `reading the token: ${(error as Error).message}`);
  }
  return null;
}
