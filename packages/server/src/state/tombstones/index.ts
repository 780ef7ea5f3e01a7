export {
  latestVersions,
  PendingTombstones,
  portions,
  readTombstones,
  TOMBSTONE_FILE,
  type Tombstone,
  type TombstoneLog,
  Tombstones,
} from './tombstones.ts';
