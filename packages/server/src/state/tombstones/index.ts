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
