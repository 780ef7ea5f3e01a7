import { sql } from 'kysely';
import type { Database, DatabasePlace } from './database.ts';

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

/** Somebody else builds something for this schema. */
class SchemaHeldError extends Error {
  override readonly name = 'SchemaHeldError';
}

/**
 * `work` has the name of the schema to itself among all who hold it so, on this machine and others.
 * What it is given throws when the connection that holds it is gone.
 */
export async function holdSchema<Result>(
  { url, schema }: Place,
  work: (stillHeld: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const { openPostgres } = await import('./postgres-database.ts');
  const database = openPostgres<unknown>(url, schema, { connectionsMax: 1 });
  try {
    return await database.kysely.connection().execute(async (session) => {
      const take = async () => {
        const { rows } = await sql<{ held: boolean }>`
          SELECT pg_try_advisory_lock(hashtextextended(${`poorter schema ${schema}`}, 0)) AS held
          `.execute(session);
        if (rows[0]?.held === true) return;
        throw new SchemaHeldError(`another restore into the schema ${schema} is under way`);
      };
      await take();
      return work(take);
    });
  } finally {
    await database.close();
  }
}

async function onceIn(
  { url, schema }: Place,
  work: (database: Database<unknown>) => Promise<void>,
): Promise<void> {
  const { openPostgres } = await import('./postgres-database.ts');
  const database = openPostgres<unknown>(url, schema, { connectionsMax: 1 });
  try {
    await work(database);
  } finally {
    await database.close();
  }
}
