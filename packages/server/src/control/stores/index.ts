export {
  type ActStores,
  openState,
  type State,
  type StateSettings,
} from './open-stores.ts';
export { repeatSinceBackup } from './repeat-since-backup.ts';
export type { StateTables } from './tables.ts';
