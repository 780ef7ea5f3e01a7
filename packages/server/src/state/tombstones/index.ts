export {
  readTombstones,
  TOMBSTONE_FILE,
  type Tombstone,
  Tombstones,
} from './tombstones.ts';
