import { type Counters, Gate, type LiveRights, VerifiedTokens } from '@poorter/engine';
import type { CompiledApi } from '@poorter/openapi';

const BODY_BYTES_MAX = 65_536;

/** The gate in front of the admin API: Poorter protected by Poorter. */
export function openOperatorGate(
  contract: CompiledApi,
  operators: LiveRights,
  counters: Counters,
  hosts: readonly string[],
): Gate {
  return new Gate(
    {
      version: 1,
      apis: [
        {
          name: 'admin',
          compiled: contract,
          // Names of the control address only: a page elsewhere cannot rebind its own name to it.
          hosts,
          mode: 'enforce',
          response: 'report',
          limits: {},
          bodyBytesMax: BODY_BYTES_MAX,
          jsonBounds: { depthMax: 16, itemsMax: 10_000, stringLengthMax: BODY_BYTES_MAX },
          identityAudience: 'admin',
          resourceMetadataUrl: null,
        },
      ],
      network: { allow: [], deny: [] },
      keys: [],
      issuers: [],
      issuerKeys: {},
      revoked: [],
      // A hundred guesses at once, and a hundred a minute: whoever shares the address waits a second or so.
      failureBudget: { requests: 1_000, perMs: 60_000, burst: 1_000 },
      staleAfterMs: Number.MAX_SAFE_INTEGER,
      capacity: 200,
    },
    {
      counters,
      identitySigner: null,
      verifiedTokens: new VerifiedTokens(),
      unknownKeyId: () => undefined,
      controlSilentMs: () => 0,
      inFlight: () => 0,
      live: operators,
    },
  );
}
