import type { NoticeMessage } from '../messages/between-processes.ts';
import type { DatabasePlace } from '../platform/database/index.ts';
import type { HandedRing } from '../platform/secrets/index.ts';
import type { RecordedWriters } from '../platform/spool/index.ts';
import type { CredentialUse } from './recorder.ts';
import type { RetentionPolicy } from './retention.ts';

/** What the thread is born with. */
export interface RecorderSeed {
  readonly node: string;
  readonly log: DatabasePlace;
  readonly state: DatabasePlace;
  readonly ring: HandedRing;
  readonly dataDirectory: string;
  readonly spoolDirectory: string;
  readonly carriedDirectory: string;
  readonly spoolKey: { readonly id: string; readonly key: Uint8Array };
  readonly signingSeed: Uint8Array;
  readonly retention: RetentionPolicy;
  /** Of leaves before this one it was told who was used in them; null: of none. */
  readonly usesReached: number | null;
}

export type ToRecorder =
  | { readonly type: 'forget' }
  /** A gateway on another machine has nothing of this writer any more. */
  | { readonly type: 'forget-writer'; readonly writer: string }
  | { readonly type: 'retention'; readonly retention: RetentionPolicy }
  /** To be answered when all that lies in the spool has been read, and the uses of it told. */
  | { readonly type: 'read-up'; readonly question: number }
  | { readonly type: 'stop' };

export type FromRecorder =
  | NoticeMessage
  /** Whether records reach the log; null: they do. */
  | { readonly type: 'recording'; readonly fault: string | null }
  | {
      readonly type: 'uses';
      readonly uses: ReadonlyMap<string, CredentialUse>;
      readonly reached: number;
    }
  | { readonly type: 'recorded'; readonly writers: RecordedWriters }
  | { readonly type: 'read'; readonly question: number }
  | { readonly type: 'stopped' };
