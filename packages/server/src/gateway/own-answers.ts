import type { RequestFacts } from '@poorter/engine';
import type { Runtime } from './runtime.ts';

/** Documents the gate itself serves: public, small, the same for everyone. */
export interface OwnAnswer {
  readonly name: string;
  readonly body: Buffer;
}

const IDENTITY_KEYS_PATH = '/.well-known/poorter/jwks.json';

/** The keys that verify the identity sent upstream, and RFC 9728 metadata; null for everything else. */
export function ownAnswer(runtime: Runtime, request: RequestFacts): OwnAnswer | null {
  if (!request.path.startsWith('/.well-known/')) return null;
  if (request.method !== 'GET' && request.method !== 'HEAD') return null;
  if (request.path === IDENTITY_KEYS_PATH) {
    return answer('identity-keys', runtime.snapshot.identityKeySet);
  }
  const { resourceMetadata } = runtime.snapshot;
  if (!Object.hasOwn(resourceMetadata, request.path)) return null;
  return answer('resource-metadata', resourceMetadata[request.path]);
}

function answer(name: string, document: unknown): OwnAnswer {
  return { name, body: Buffer.from(JSON.stringify(document)) };
}
