import type { Counters, Gate, LiveRights } from '@poorter/engine';
import type { CompiledApi } from '@poorter/openapi';
import { openOwnGate } from '../platform/contracts/index.ts';

/** The gate in front of the admin API, which knows the names of the control address and no others. */
export function openOperatorGate(
  contract: CompiledApi,
  operators: LiveRights,
  counters: Counters,
  hosts: readonly string[],
): Gate {
  return openOwnGate(contract, {
    ...{ name: 'admin', hosts, counters, live: operators, inFlight: () => 0 },
    ...{ bodyBytesMax: 65_536, itemsMax: 10_000, callsMax: 200 },
  });
}
