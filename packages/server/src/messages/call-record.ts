import type { Evidence, Phase, Principal } from '@poorter/engine';

/**
 * One call, one record: who, what, when, from where, decision and reasons. Values never: paths
 * are templates, evidence is pointers and rules.
 */
export interface CallRecord {
  readonly time: string;
  readonly id: string;
  readonly host: 'http' | 'websocket' | 'forward-auth' | 'parser' | 'admin';
  readonly client: string;
  readonly method: string | null;
  readonly api: string | null;
  readonly operation: string | null;
  /** Path template of the operation; null when nothing matched. */
  readonly path: string | null;
  readonly principal: Pick<Principal, 'kind' | 'client' | 'subject' | 'credentialId'> | null;
  /** `intended`: recorded before it happened; an outcome with the same id follows. */
  readonly decision: 'intended' | 'forwarded' | 'refused' | 'failed' | 'answered';
  readonly phase: Phase | 'match' | 'fault' | 'parser' | 'forward' | 'own' | null;
  /** Of the problem catalogue: the gate's, or the admin API's. */
  readonly code: string | null;
  readonly status: number | null;
  readonly evidence: Evidence;
  readonly observed: readonly unknown[];
  /** What release found in the answer. */
  readonly answer: Evidence | null;
  readonly snapshot: number;
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** False when the caller went away before the answer was complete. */
  readonly complete: boolean;
}

/** Values of path parameters, by name: kept as pseudonyms only. */
export type TouchedObjects = Readonly<Record<string, string>> | null;

/**
 * Where records go. A call reserves its place before it is decided: no place, no call. Every
 * reservation ends in exactly one write.
 */
export interface RecordSink {
  reserve(): boolean;
  write(record: CallRecord, objects?: TouchedObjects): void;
  /** Before a durable call is forwarded: on disk when it resolves. Beyond the reservation's one write. */
  commitIntent(record: CallRecord, objects?: TouchedObjects): Promise<void>;
  /** Before the answer of a durable call leaves: on disk when it resolves. */
  commitOutcome(record: CallRecord): Promise<void>;
  /** Hands everything to the operating system. */
  flush(): Promise<void>;
}
