import type { CallRecord } from '../../messages/call-record.ts';
import { ownRecord } from '../own-record.ts';
import type { AppliedChange, Change } from './change.ts';

/** What of a change stands in its record; all of it is in `poorter status`. */
const SHOWN_MAX = 50;

/** A change of files that protects less. */
export function changeRecord(
  change: Change | AppliedChange,
  version: number,
  nowMs: number,
): CallRecord {
  const isApplied = 'approvedBy' in change;
  const { digest, files, count, weakenings } = change;
  return ownRecord({
    operation: 'changeConfiguration',
    decision: isApplied ? 'answered' : 'refused',
    code: isApplied ? null : 'configuration_waits',
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
    version,
    nowMs,
  });
}
