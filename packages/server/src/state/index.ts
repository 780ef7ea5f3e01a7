export { CursorError, type Page } from './cursor.ts';
export {
  type ActStores,
  openState,
  type Replay,
  type State,
  type StateSettings,
  stateMigrations,
} from './open-state.ts';
export { NotFoundError, StaleVersionError } from './stale-version.ts';
export type { StateTables } from './tables.ts';
export type { StateWorld } from './world.ts';
