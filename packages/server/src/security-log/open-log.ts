import {
  type Database,
  type DatabasePlace,
  type MigrationSet,
  migrate,
  openDatabase,
} from '../platform/database/index.ts';
import type { Notify } from '../platform/notices/index.ts';
import { packageFile, programVersion } from '../platform/program/index.ts';
import type { LogTables } from './log-tables.ts';

export function logMigrations(): MigrationSet {
  const directory = packageFile('migrations/log');
  return { domain: 'log', directory, program: programVersion() };
}

/** For commands beside a server that runs: nothing is created or migrated. */
export function openLogToRead(place: DatabasePlace): Promise<Database<LogTables>> {
  return openDatabase<LogTables>(place, { synchronous: 'normal' });
}

/** The log's own database; its tables are brought to this version. */
export async function openLog(
  place: DatabasePlace,
  now: () => number,
  notify: Notify = () => undefined,
): Promise<Database<LogTables>> {
  const database = await openDatabase<LogTables>(place, { synchronous: 'normal', notify });
  try {
    await migrate(database, logMigrations(), now);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
