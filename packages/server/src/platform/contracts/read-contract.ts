import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type CompiledApi, unpackApi } from '@poorter/openapi/checks';
import { packageFile } from '../program/index.ts';

/**
 * `admin`: what operators ask; `issuer`: what applications and people ask of the authorization server; `details`: what
 * applications ask people for in detail; `applications`: where browsers sign in and out at a gate.
 */
export type ContractName = 'admin' | 'issuer' | 'details' | 'applications';

/** A contract of our own, compiled; it is also the policy that protects who answers by it. */
export function readContract(name: ContractName): CompiledApi {
  const read = (file: string) => readFileSync(packageFile(`contract/${file}`), 'utf8');
  const [contract, digest = '', ...lines] = read(`${name}.compiled`).split('\n');
  if (contract !== contractDigest(read(`${name}.openapi.yaml`))) {
    throw new Error(`${name}.compiled is of another contract than ${name}.openapi.yaml`);
  }
  return unpackApi({ digest, bytes: new Uint8Array(Buffer.from(lines.join(''), 'base64')) });
}

export function contractDigest(contract: string): string {
  return hash('sha256', contract, 'hex');
}
