import { sql } from 'kysely';
import type { DatabasePlace } from './database.ts';
import { openPostgres } from './postgres-database.ts';

/**
 * Gives a schema another name, in one transaction; an empty one of that name goes. With null, the
 * schema goes with all that is in it: only for one that nobody but the caller uses.
 */
export async function moveSchema(
  { url, schema }: DatabasePlace & { kind: 'postgres' },
  to: string | null,
): Promise<void> {
  const database = openPostgres<unknown>(url, schema, { connectionsMax: 1 });
  try {
    await database.write(async (session) => {
      if (to === null) {
        await sql`DROP SCHEMA IF EXISTS ${sql.id(schema)} CASCADE`.execute(session);
        return;
      }
      await sql`DROP SCHEMA IF EXISTS ${sql.id(to)} RESTRICT`.execute(session);
      await sql`ALTER SCHEMA ${sql.id(schema)} RENAME TO ${sql.id(to)}`.execute(session);
    });
  } finally {
    await database.close();
  }
}
