import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type CompiledApi, unpackApi } from '@poorter/openapi/checks';

const FOLDER = new URL('../../contract/', import.meta.url);

/** The contract of the admin API, compiled; it is also the policy that protects it. */
export function readContract(): CompiledApi {
  const read = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');
  const [contract, digest = '', ...lines] = read('admin.compiled').split('\n');
  if (contract !== contractDigest(read('admin.openapi.yaml'))) {
    throw new Error('admin.compiled is of another contract than admin.openapi.yaml');
  }
  return unpackApi({ digest, bytes: new Uint8Array(Buffer.from(lines.join(''), 'base64')) });
}

export function contractDigest(contract: string): string {
  return hash('sha256', contract, 'hex');
}
