export {
  type AppliedMigration,
  type Cell,
  clearTable,
  insertRows,
  isEmptyDatabase,
  readMigrations,
  readTables,
  type TableRows,
} from './copy-tables.ts';
export type { Database, DatabaseOptions, DatabasePlace } from './database.ts';
export {
  DatabaseNewerError,
  MigrationAlteredError,
  type MigrationSet,
  type MigrationState,
  migrate,
} from './migrate.ts';
export { moveSchema } from './move-schema.ts';
export { DatabaseBusyError } from './mutex.ts';
export { openDatabase, shownPlace } from './open-database.ts';
