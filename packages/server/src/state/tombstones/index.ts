export { keepMark, readMark, type TombstoneMarkTables } from './tombstone-mark.ts';
export {
  latestVersions,
  PendingTombstones,
  portions,
  readCopiedTombstones,
  TOMBSTONE_FILE,
  type Tombstone,
  type TombstoneLog,
  Tombstones,
} from './tombstones.ts';
