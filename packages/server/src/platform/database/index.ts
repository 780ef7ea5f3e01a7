export type { Database, DatabaseOptions, DatabasePlace } from './database.ts';
export {
  DatabaseNewerError,
  MigrationAlteredError,
  type MigrationSet,
  type MigrationState,
  migrate,
} from './migrate.ts';
export { DatabaseBusyError } from './mutex.ts';
export { openDatabase, shownPlace } from './open-database.ts';
