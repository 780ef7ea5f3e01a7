import type { Evidence, Phase, Principal } from '@poorter/engine';

/**
 * One call, one record: who, what, when, from where, decision and reasons. Values never: paths
 * are templates, evidence is pointers and rules.
 */
export interface CallRecord {
  readonly time: string;
  readonly id: string;
  readonly host: 'http' | 'websocket' | 'forward-auth' | 'parser' | 'admin' | 'issuer';
  readonly client: string;
  readonly method: string | null;
  readonly api: string | null;
  readonly operation: string | null;
  /** Path template of the operation; null when nothing matched. */
  readonly path: string | null;
  readonly principal: RecordedPrincipal | null;
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

export interface RecordedPrincipal extends Pick<Principal, 'subject' | 'credentialId'> {
  /** `client`: an application that showed the authorization server who it is; `person`: somebody at its pages. */
  readonly kind: Principal['kind'] | 'client' | 'person';
  /** Null: no application took part. */
  readonly client: string | null;
}

/** What a host knows of a call when it writes its record, and of what happened without anybody calling. */
export interface RecordedCall {
  readonly nowMs: number;
  readonly id: string;
  readonly host: CallRecord['host'];
  readonly client: string;
  /** Null where nobody called, or nothing could be read. */
  readonly method: string | null;
  /** Null where nothing matched. */
  readonly names: Names | null;
  /** Null where nobody was identified. */
  readonly principal: CallRecord['principal'];
  readonly observed: readonly unknown[];
  /** Null where release found nothing. */
  readonly findings: Evidence | null;
  readonly snapshot: number;
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly isComplete: boolean;
}

type Names = Pick<CallRecord, 'api' | 'operation' | 'path'>;

/**
 * What became of it: without a phase nothing held it up, without a code nothing went wrong, without a
 * status nobody was answered.
 */
export type CallOutcome = Pick<CallRecord, 'decision' | 'phase' | 'code' | 'status' | 'evidence'>;

const UNMATCHED: Names = { api: null, operation: null, path: null };

/**
 * Every record is made here. Runs for every call: one object and nothing besides, with its members in
 * one order.
 */
export function callRecord(call: RecordedCall, outcome: CallOutcome): CallRecord {
  const names = call.names ?? UNMATCHED;
  return {
    time: isoTime(call.nowMs),
    id: call.id,
    host: call.host,
    client: call.client,
    method: call.method,
    api: names.api,
    operation: names.operation,
    path: names.path,
    principal: call.principal,
    decision: outcome.decision,
    phase: outcome.phase,
    code: outcome.code,
    status: outcome.status,
    evidence: outcome.evidence,
    observed: call.observed,
    answer: call.findings,
    snapshot: call.snapshot,
    durationMs: Math.round(call.durationMs * 1000) / 1000,
    bytesIn: call.bytesIn,
    bytesOut: call.bytesOut,
    complete: call.isComplete,
  };
}

let writtenMs = Number.NaN;
let writtenTime = '';

/** RFC 3339. Calls of the same millisecond share the text. */
function isoTime(ms: number): string {
  if (ms !== writtenMs) {
    writtenTime = new Date(ms).toISOString();
    writtenMs = ms;
  }
  return writtenTime;
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
