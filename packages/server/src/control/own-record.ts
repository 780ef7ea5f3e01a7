import { randomUUID } from 'node:crypto';
import { type CallRecord, callRecord } from '../messages/call-record.ts';

/** What happened to this installation without anybody calling, as it stands in the security log. */
export interface OwnAct {
  readonly operation: 'changeConfiguration' | 'restoreBackup';
  readonly decision: CallRecord['decision'];
  readonly code: string | null;
  readonly evidence: Readonly<Record<string, unknown>>;
  /** Of the snapshot; 0: none. */
  readonly version: number;
  readonly nowMs: number;
}

export function ownRecord({ operation, version, nowMs, ...outcome }: OwnAct): CallRecord {
  const call = {
    ...({ nowMs, id: randomUUID(), host: 'admin' } as const),
    // Files of this machine, whoever wrote them.
    client: '127.0.0.1',
    ...{ method: null, names: { api: null, operation, path: null }, principal: null },
    ...{ observed: [], findings: null, snapshot: version },
    ...{ durationMs: 0, bytesIn: 0, bytesOut: 0, isComplete: true },
  };
  return callRecord(call, { ...outcome, phase: 'own', status: null });
}
