import type { DatabasePlace } from '../platform/database/index.ts';
import type { HandedRing } from '../platform/secrets/index.ts';
import type { LogQueries } from './log-queries.ts';

/** What the thread is born with. */
export interface LogReaderSeed {
  readonly node: string;
  readonly log: DatabasePlace;
  readonly state: DatabasePlace;
  readonly ring: HandedRing;
  readonly dataDirectory: string;
  readonly signingSeed: Uint8Array;
}

type Query = 'search' | 'show' | 'prove' | 'call' | 'checkpoints' | 'usesOf';

/** A query by its name, with what it is given. */
export type LogAsk = {
  [Name in Query]: { readonly query: Name; readonly given: Parameters<LogQueries[Name]> };
}[Query];

export interface ToLogReader {
  readonly number: number;
  readonly ask: LogAsk;
  /** Shared: not 0 when nobody waits for the answer any more. */
  readonly left: Int32Array<SharedArrayBuffer>;
}

export type FromLogReader =
  | { readonly number: number; readonly value: unknown }
  /** `isCursor`: the caller's cursor is none. */
  | { readonly number: number; readonly fault: string; readonly isCursor: boolean };
