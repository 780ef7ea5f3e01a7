import type { LiveMessage, LiveState } from '@poorter/engine';
import type {
  IssuerKeysMessage,
  NoticeMessage,
  RuntimeSnapshot,
} from '../messages/between-processes.ts';
import type { IntrospectionSnapshot } from '../messages/runtime-snapshot.ts';
import type { CounterMemory } from '../platform/counters/index.ts';
import type { Metric } from '../platform/metrics/index.ts';
import type { SpoolMemory, WriterName } from '../platform/spool/index.ts';
import type { IntrospectionAnswer } from './introspection/introspection-table.ts';

/** What a thread is born with. */
export interface ThreadSeed {
  readonly slot: number;
  /** How many slots there are. */
  readonly slots: number;
  readonly memory: CounterMemory;
  /**
   * Float64 a slot: `monotonicMs` of its last sign of life; in the one after the last slot, `bootMs`
   * of the last moment at which control is known to have lived.
   */
  readonly heartbeats: SharedArrayBuffer;
  /** By which threads close their listeners in one moment. */
  readonly quiet: SharedArrayBuffer;
  readonly snapshot: RuntimeSnapshot;
  /** This thread's end of the spool; null where the snapshot has none. */
  readonly spool: { readonly name: WriterName; readonly memory: SpoolMemory } | null;
  readonly live: LiveState;
}

/** A token that only its issuer can read. It stays in this process. */
export interface IntrospectionQuestion {
  readonly endpoint: IntrospectionSnapshot;
  readonly token: string;
  /** What is known of it was taken back. */
  readonly isAnew: boolean;
}

export type ToThread =
  | { readonly type: 'snapshot'; readonly snapshot: RuntimeSnapshot }
  | LiveMessage
  | IssuerKeysMessage
  /** The answer to `introspect` of this number. */
  | {
      readonly type: 'introspected';
      readonly number: number;
      readonly answer: IntrospectionAnswer;
    }
  /** Stop accepting at this moment of the monotonic clock, and end. */
  | { readonly type: 'drain'; readonly atMs: number };

export type FromThread =
  /** Listening, and deciding by this version from the next call on. */
  | { readonly type: 'ready'; readonly version: number; readonly addresses: readonly string[] }
  | { readonly type: 'live-applied'; readonly sequence: number }
  /** This version cannot be applied; nothing of it is in force. */
  | { readonly type: 'failed'; readonly message: string; readonly version: number }
  | { readonly type: 'metrics'; readonly metrics: readonly Metric[] }
  | { readonly type: 'unknown-key-id'; readonly issuer: string; readonly keyId: string | null }
  | {
      readonly type: 'roles-read';
      readonly issuer: string;
      readonly claim: string;
      readonly isFound: boolean;
    }
  | ({ readonly type: 'introspect'; readonly number: number } & IntrospectionQuestion)
  | NoticeMessage
  | { readonly type: 'drained' };
