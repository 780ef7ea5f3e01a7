export {
  type Repeated,
  type Replay,
  type RestoredDatabase,
  type RestorePlan,
  type RestoreSummary,
  restoreBackup,
  TargetNotEmptyError,
} from './restore-backup.ts';
export { RESTORED_MARK, readRestoredMark } from './restored-mark.ts';
export { BackupBrokenError } from './sealed-file.ts';
export { type BackupSource, type BackupSummary, writeBackup } from './write-backup.ts';
