import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashCredential } from '@poorter/engine';
import { parseJsonText } from '@poorter/openapi/json';
import { LOCAL_OPERATOR, type OperatorStore } from '../access/operators/index.ts';
import { writeDurably } from '../platform/files/index.ts';

/** How the command line of this machine reaches a running server. */
export interface OperatorCredentialFile {
  readonly url: string;
  readonly key: string;
  /** The server's certificate, PEM, where it speaks TLS: no other is believed under this address. */
  readonly certificate?: string;
}

export const CREDENTIAL_FILE = 'operator-credential.json';
/**
 * Keeps a credential for the command line in the data directory, readable for its owner alone. One
 * that still works stays; any other is replaced by a new one.
 */
export async function keepOperatorCredential(
  directory: string,
  server: Omit<OperatorCredentialFile, 'key'>,
  operators: OperatorStore,
): Promise<void> {
  const file = join(directory, CREDENTIAL_FILE);
  const known = read(file);
  if (known !== null) {
    const hash = hashCredential(known.key, operators.hashKey);
    const works = (await operators.credentials()).some((one) => one.hash === hash);
    if (works) {
      write(file, { ...server, key: known.key });
      return;
    }
  }
  const { credential } = await operators.create({
    name: LOCAL_OPERATOR,
    roles: ['owner'],
    expiresAt: null,
  });
  write(file, { ...server, key: credential });
}

function read(file: string): OperatorCredentialFile | null {
  try {
    const value = parseJsonText(readFileSync(file, 'utf8')) as Partial<OperatorCredentialFile>;
    return typeof value.url === 'string' && typeof value.key === 'string'
      ? { url: value.url, key: value.key }
      : null;
  } catch {
    return null;
  }
}

function write(file: string, content: OperatorCredentialFile): void {
  writeDurably(file, `${JSON.stringify(content)}\n`);
}
