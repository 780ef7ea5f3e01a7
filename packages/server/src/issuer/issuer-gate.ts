import { type Counters, Gate, LiveRights, VerifiedTokens } from '@poorter/engine';
import type { CompiledApi } from '@poorter/openapi';

/** The protocol reads no more of a form. */
const BODY_BYTES_MAX = 57_344;
const CALLS_MAX = 500;

/** The gate in front of the authorization server: Poorter protected by Poorter. */
export function openIssuerGate(
  contract: CompiledApi,
  { counters, hosts, inFlight }: { counters: Counters; hosts: string[]; inFlight: () => number },
): Gate {
  return new Gate(
    {
      version: 1,
      apis: [
        {
          name: 'issuer',
          compiled: contract,
          // What stands in its tokens and its cookies are these names: nobody is answered under another.
          hosts,
          mode: 'enforce',
          response: 'report',
          limits: {},
          bodyBytesMax: BODY_BYTES_MAX,
          jsonBounds: { depthMax: 16, itemsMax: 1_000, stringLengthMax: BODY_BYTES_MAX },
          identityAudience: 'issuer',
          resourceMetadataUrl: null,
        },
      ],
      network: { allow: [], deny: [] },
      keys: [],
      issuers: [],
      issuerKeys: {},
      revoked: [],
      // A hundred wrong secrets at once, and a hundred a minute.
      failureBudget: { requests: 1_000, perMs: 60_000, burst: 1_000 },
      staleAfterMs: Number.MAX_SAFE_INTEGER,
      capacity: CALLS_MAX,
    },
    {
      counters,
      identitySigner: null,
      verifiedTokens: new VerifiedTokens(),
      unknownKeyId: () => undefined,
      controlSilentMs: () => 0,
      inFlight,
      live: new LiveRights(),
    },
  );
}
