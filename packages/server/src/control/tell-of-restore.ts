import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CallRecord } from '../messages/call-record.ts';
import { syncDirectory } from '../platform/files/index.ts';
import { RESTORED_MARK, readRestoredMark } from '../state/backup/index.ts';
import { ownRecord } from './own-record.ts';

/**
 * Once after a restore: whoever reads the log sees that what stands before was written until the
 * backup was made, and that between the two something may be missing. Told twice when killed between.
 */
export async function tellOfRestore(
  dataDirectory: string,
  nowMs: number,
  commit: (record: CallRecord) => Promise<void>,
): Promise<void> {
  const mark = readRestoredMark(dataDirectory);
  if (mark === null) return;
  const { restoredAt, backupOf, ...counts } = mark;
  const evidence = {
    restoredAt: new Date(restoredAt).toISOString(),
    backupOf: new Date(backupOf).toISOString(),
    ...counts,
  };
  await commit(
    ownRecord({
      ...{ operation: 'restoreBackup', decision: 'answered', code: null },
      ...{ evidence, version: 0, nowMs },
    }),
  );
  rmSync(join(dataDirectory, RESTORED_MARK));
  syncDirectory(dataDirectory);
}
