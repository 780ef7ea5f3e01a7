import type { Issuer } from '../orders.ts';
import type { Upstream } from '../upstream.ts';
import type { Program, World } from '../world.ts';

export type ScenarioName = 'bare' | 'jwt' | 'fresh' | 'everything' | 'key';

/** What a gate can do for a call; a scenario asks for some, and each is tried before measuring. */
export type Protection = 'token' | 'scope' | 'key' | 'limit' | 'request body' | 'answer' | 'record';

/** What every gate is put between. */
export interface Setting {
  readonly world: World;
  readonly upstream: Upstream;
  readonly issuer: Issuer;
  /** A folder of the peer's own. */
  readonly folder: string;
  readonly port: number;
  readonly scenario: ScenarioName;
}

export interface StartedPeer {
  readonly program: Program;
  /** API key of the scenario 'key', made by or for this peer. */
  readonly apiKey?: string;
  /** File that grows by a line per call, if it keeps a record. */
  readonly recordFile?: string;
  /** Where records are no lines of a file: how many there are. */
  readonly countRecords?: () => number;
}

export interface Peer {
  readonly name: string;
  /** Protections per scenario; no entry: it does not take part. */
  readonly does: Partial<Record<ScenarioName, readonly Protection[]>>;
  /** Why it stays out of the other scenarios. */
  readonly staysOut?: string;
  /** The reason why it cannot run on this machine, when it cannot. */
  unavailable?(): string | undefined;
  version(): string;
  start(setting: Setting): Promise<StartedPeer>;
}

/** Threads, workers or processes that each peer may use. */
export const THREADS = 2;
/** Never reached, and counted on every call all the same. */
export const CALLS_PER_MINUTE = 1_000_000_000;
/** Of /v1/scarce, which shows that the limit is counted. */
export const SCARCE_CALLS_PER_MINUTE = 5;
