import { sql } from 'kysely';
import type { Database, DatabaseOptions, DatabasePlace } from './database.ts';
import { databaseFault } from './database-fault.ts';
import { openSqlite } from './sqlite-database.ts';

/** Opens it, and makes sure that it answers. */
export async function openDatabase<Tables>(
  place: DatabasePlace,
  options: DatabaseOptions = {},
): Promise<Database<Tables>> {
  if (place.kind === 'sqlite') return openSqlite<Tables>(place.file, options);
  // Loaded by whoever has one.
  const { openPostgres, POOLER_ADVICE } = await import('./postgres-database.ts');
  const database = openPostgres<Tables>(place.url, place.schema, options);
  try {
    await sql`SELECT 1`.execute(database.kysely);
    return database;
  } catch (cause) {
    await database.close();
    const message = databaseFault(cause);
    // PgBouncer refuses what it does not know; PostgreSQL knows all that we ask for.
    const isPooler = /unsupported startup parameter/.test(message);
    const why = isPooler ? `${message}: ${POOLER_ADVICE}` : message;
    throw new Error(`opening the database ${shownPlace(place)}: ${why}`, { cause });
  }
}

/** Without the password. */
export function shownPlace(place: DatabasePlace): string {
  if (place.kind === 'sqlite') return place.file;
  try {
    const { hostname, port, pathname } = new URL(place.url);
    return `postgres://${hostname}${port === '' ? '' : `:${port}`}${pathname}, schema ${place.schema}`;
  } catch {
    return `of PostgreSQL, schema ${place.schema}`;
  }
}
