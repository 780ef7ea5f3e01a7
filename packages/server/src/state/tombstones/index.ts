export {
  readTombstones,
  TOMBSTONE_FILE,
  type Tombstone,
  TombstoneFileError,
  Tombstones,
} from './tombstones.ts';
