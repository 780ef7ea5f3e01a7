import { type Counters, type Gate, LiveRights } from '@poorter/engine';
import type { CompiledApi } from '@poorter/openapi';
import type { IssuerSnapshot } from '../messages/between-issuer.ts';
import { openOwnGate } from '../platform/contracts/index.ts';

export interface IssuerGateTerms {
  readonly counters: Counters;
  /** What stands in its tokens and its cookies are these names. */
  readonly hosts: readonly string[];
  readonly inFlight: () => number;
  /** What one address may ask. */
  readonly limit: IssuerSnapshot['limit'];
}

/** The protocol reads no more of a form. */
const BODY_BYTES_MAX = 57_344;
/** Of a group of a directory, each member with its parts; what is short holds fewer. */
const ITEMS_MAX = 50_000;
const CALLS_MAX = 500;

/** The gate in front of the authorization server. Its contract asks for no key: who calls is the protocol's business. */
export function openIssuerGate(contract: CompiledApi, { limit, ...terms }: IssuerGateTerms): Gate {
  const rate = { ...limit, by: 'address', name: 'issuer', whenCountersAreAway: 'share' } as const;
  return openOwnGate(contract, {
    ...{ name: 'issuer', live: new LiveRights(), ...terms, limits: { limit: rate } },
    ...{ bodyBytesMax: BODY_BYTES_MAX, itemsMax: ITEMS_MAX, callsMax: CALLS_MAX },
  });
}
