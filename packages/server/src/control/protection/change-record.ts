import { randomUUID } from 'node:crypto';
import type { CallRecord } from '../../platform/records/record.ts';
import type { AppliedChange, Change } from './change-desk.ts';

/** What of a change stands in its record; all of it is in `poorter status`. */
const SHOWN_MAX = 50;

/** A change of files that protects less, as it stands in the security log. */
export function changeRecord(change: Change | AppliedChange, version: number): CallRecord {
  const isApplied = 'approvedBy' in change;
  const { digest, files, count, weakenings } = change;
  return {
    time: new Date().toISOString(),
    id: randomUUID(),
    host: 'admin',
    // Files of this machine, whoever wrote them.
    client: '127.0.0.1',
    method: null,
    api: null,
    operation: 'changeConfiguration',
    path: null,
    principal: null,
    decision: isApplied ? 'answered' : 'refused',
    phase: 'own',
    code: isApplied ? null : 'configuration_waits',
    status: null,
    evidence: {
      change: isApplied ? 'weakened' : 'waits',
      ...(isApplied && { approvedBy: change.approvedBy }),
      ...{ digest, files, count },
      weakenings: weakenings
        .slice(0, SHOWN_MAX)
        .map(({ kind, api, operation, more, sentence }) => ({
          ...{ kind, api, more, sentence },
          operation: operation === null ? null : `${operation.method} ${operation.path}`,
        })),
    },
    observed: [],
    answer: null,
    snapshot: version,
    durationMs: 0,
    bytesIn: 0,
    bytesOut: 0,
    complete: true,
  };
}
