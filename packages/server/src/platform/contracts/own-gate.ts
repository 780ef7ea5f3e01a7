import {
  type Counters,
  Gate,
  type LimitsConfig,
  type LiveRights,
  VerifiedTokens,
} from '@poorter/engine';
import type { CompiledApi } from '@poorter/openapi';

export interface OwnGateTerms {
  /** Of the contract, and whom tokens of identity would be for. */
  readonly name: string;
  /** Nobody is answered under another name: a page elsewhere cannot rebind its own to it. */
  readonly hosts: readonly string[];
  readonly bodyBytesMax: number;
  /** Members and elements of a body in JSON. */
  readonly itemsMax: number;
  readonly callsMax: number;
  /** Where the contract sets none. */
  readonly limits?: LimitsConfig;
  readonly counters: Counters;
  /** Who may come in where the contract asks for a key. */
  readonly live: LiveRights;
  readonly inFlight: () => number;
}

/** The gate in front of something of ours: Poorter protected by Poorter. */
export function openOwnGate(compiled: CompiledApi, terms: OwnGateTerms): Gate {
  const { name, hosts, bodyBytesMax, itemsMax, callsMax, counters, live, inFlight } = terms;
  return new Gate(
    {
      version: 1,
      apis: [
        {
          ...({ name, compiled, hosts, mode: 'enforce', response: 'report' } as const),
          ...{ limits: terms.limits ?? {}, bodyBytesMax },
          jsonBounds: { depthMax: 16, itemsMax, stringLengthMax: bodyBytesMax },
          ...{ identityAudience: name, resourceMetadataUrl: null },
        },
      ],
      network: { allow: [], deny: [] },
      ...{ keys: [], issuers: [], issuerKeys: {}, revoked: [] },
      // A hundred guesses at once, and a hundred a minute: whoever shares the address waits a second or so.
      failureBudget: { requests: 1_000, perMs: 60_000, burst: 1_000 },
      ...{ staleAfterMs: Number.MAX_SAFE_INTEGER, capacity: callsMax },
    },
    {
      ...{ counters, live, inFlight, identitySigner: null, verifiedTokens: new VerifiedTokens() },
      ...{ unknownKeyId: () => undefined, controlSilentMs: () => 0 },
    },
  );
}
