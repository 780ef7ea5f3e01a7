import { sql } from 'kysely';
import type { Database, DatabasePlace } from './database.ts';
import { openPostgres } from './postgres-database.ts';

type Place = DatabasePlace & { kind: 'postgres' };

/** Gives a schema another name, in one transaction; an empty one of that name goes. */
export async function moveSchema(place: Place, to: string): Promise<void> {
  await onceIn(place, (database) =>
    database.write(async (session) => {
      await sql`DROP SCHEMA IF EXISTS ${sql.id(to)} RESTRICT`.execute(session);
      await sql`ALTER SCHEMA ${sql.id(place.schema)} RENAME TO ${sql.id(to)}`.execute(session);
    }),
  );
}

/** Drops the schemas `prefix` + 8 hexadecimal digits, with all that is in them. */
export async function dropSchemas(place: Place, prefix: string): Promise<void> {
  await onceIn(place, async (database) => {
    const { rows } = await sql<{ name: string }>`
      SELECT nspname AS name FROM pg_namespace`.execute(database.kysely);
    for (const { name } of rows) {
      if (!name.startsWith(prefix) || !/^[0-9a-f]{8}$/.test(name.slice(prefix.length))) continue;
      await sql`DROP SCHEMA IF EXISTS ${sql.id(name)} CASCADE`.execute(database.kysely);
    }
  });
}

async function onceIn(
  { url, schema }: Place,
  work: (database: Database<unknown>) => Promise<void>,
): Promise<void> {
  const database = openPostgres<unknown>(url, schema, { connectionsMax: 1 });
  try {
    await work(database);
  } finally {
    await database.close();
  }
}
