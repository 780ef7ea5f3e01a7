import type { RuntimeSnapshot } from './between-processes.ts';

/** A whole snapshot that serves nothing: what a test is about stands beside it. */
export function emptySnapshot(version: number): RuntimeSnapshot {
  return {
    gate: {
      ...{ version, apis: [], keys: new TextEncoder().encode('[]'), issuers: [], issuerKeys: {} },
      ...{ network: { allow: [], deny: [] }, revoked: [], failureBudget: null },
      ...{ staleAfterMs: 86_400_000, capacity: 1_000 },
    },
    ...{ listeners: [], forwardAuth: [], upstreams: {}, trustedProxies: [] },
    introspection: [],
    allowEncodedSlash: false,
    identity: { key: { kty: 'OKP' }, issuer: 'urn:test', lifetimeSeconds: 60 },
    ...{ identityKeySet: { keys: [] }, resourceMetadata: {} },
    bounds: {
      ...{ headerBytes: 16_384, headerCount: 100, targetBytes: 8_192, answerBytes: 1_048_576 },
      ...{ memoryBytes: 67_108_864, connectionsPerThread: 100 },
    },
    timeouts: {
      ...{ headMs: 10_000, bodyIdleMs: 10_000, bodyBytesPerSecondMin: 1, answerIdleMs: 10_000 },
      ...{ keepAliveMs: 5_000, drainMs: 1_000 },
    },
    ...{ sharedCounters: null, records: null, spool: null },
  };
}
