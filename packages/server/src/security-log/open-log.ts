import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseJsonText } from '@poorter/openapi/json';
import {
  type Database,
  type DatabasePlace,
  type MigrationSet,
  migrate,
  openDatabase,
} from '../platform/database/index.ts';
import type { Notify } from '../platform/notices/index.ts';
import type { LogTables } from './log-tables.ts';

export function logMigrations(): MigrationSet {
  const packageFile = new URL('../../package.json', import.meta.url);
  const { version } = parseJsonText(readFileSync(packageFile, 'utf8')) as { version: string };
  const directory = fileURLToPath(new URL('../../migrations/log', import.meta.url));
  return { domain: 'log', directory, program: version };
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
