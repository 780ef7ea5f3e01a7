export {
  CHANGE_LOCK,
  type Change,
  type ChangedDomain,
  ChangeFeed,
  type Changes,
  type ChangeTables,
  recordChange,
  recordChanges,
} from './changes.ts';
