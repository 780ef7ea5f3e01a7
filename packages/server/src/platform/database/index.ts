export {
  type AppliedMigration,
  type Cell,
  clearTable,
  continueNumbers,
  insertRows,
  isEmptyDatabase,
  readMigrations,
  readTables,
  type TableRows,
} from './copy-tables.ts';
export type { Database, DatabaseOptions, DatabasePlace } from './database.ts';
export { databaseFault } from './database-fault.ts';
export { inspectPostgres } from './inspect-postgres.ts';
export { inspectSqlite } from './inspect-sqlite.ts';
export {
  DatabaseNewerError,
  inspectMigrations,
  type MigrationSet,
  type MigrationState,
  migrate,
} from './migrate.ts';
export { dropSchemas, holdSchema, moveSchema } from './move-schema.ts';
export { DatabaseBusyError } from './mutex.ts';
export { openDatabase } from './open-database.ts';
export { portionsOf } from './portions.ts';
