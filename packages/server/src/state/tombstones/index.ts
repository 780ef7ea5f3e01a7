export {
  PendingTombstones,
  readTombstones,
  TOMBSTONE_FILE,
  type Tombstone,
  type TombstoneLog,
  Tombstones,
} from './tombstones.ts';
