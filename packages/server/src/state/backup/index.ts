export {
  type RestoredDatabase,
  type RestorePlan,
  type RestoreSummary,
  restoreBackup,
  TargetNotEmptyError,
} from './restore-backup.ts';
export { BackupBrokenError } from './sealed-file.ts';
export { type BackupSource, type BackupSummary, writeBackup } from './write-backup.ts';
