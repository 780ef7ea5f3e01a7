import { randomUUID } from 'node:crypto';
import type { CallRecord } from '../messages/call-record.ts';

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

export function ownRecord({ version, nowMs, ...act }: OwnAct): CallRecord {
  return {
    time: new Date(nowMs).toISOString(),
    id: randomUUID(),
    host: 'admin',
    // Files of this machine, whoever wrote them.
    client: '127.0.0.1',
    ...{ method: null, api: null, path: null, principal: null },
    ...act,
    ...{ phase: 'own', status: null, observed: [], answer: null, snapshot: version },
    ...{ durationMs: 0, bytesIn: 0, bytesOut: 0, complete: true },
  };
}
