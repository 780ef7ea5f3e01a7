import { sql } from 'kysely';
import type { DatabasePlace } from './database.ts';
import { openDatabase, shownPlace } from './open-database.ts';

/** A look at what stands in PostgreSQL, in one transaction that may only read. */
export interface PostgresAtRest {
  /** None where there is no such table. */
  rows(table: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/**
 * Looks at a schema without changing anything in it. Throws, in the words of a start, where the server is
 * not reached, refuses us, or would not let us make the tables that are not there yet.
 */
export async function inspectPostgres<Result>(
  place: DatabasePlace & { readonly kind: 'postgres' },
  work: (database: PostgresAtRest) => Promise<Result>,
): Promise<Result> {
  const database = await openDatabase<Record<string, Record<string, unknown>>>(place, {
    connectionsMax: 1,
  });
  try {
    return await database.snapshot(async (reader) => {
      const { rows } = await sql<Rights>`
        SELECT has_database_privilege(current_database(), 'CREATE') AS "maySchemas",
          (SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE')
            FROM pg_namespace WHERE nspname = ${place.schema}) AS "mayTables"
      `.execute(reader);
      refuseWithoutRights(rows[0], place);
      return work({
        rows: async (table) => {
          const found = await sql<{ name: string | null }>`
            SELECT to_regclass(${`"${place.schema}"."${table}"`})::text AS name`.execute(reader);
          if (found.rows[0]?.name === null) return [];
          return (
            await sql<Readonly<Record<string, unknown>>>`SELECT * FROM ${sql.table(table)}`.execute(
              reader,
            )
          ).rows;
        },
      });
    });
  } finally {
    await database.close();
  }
}

interface Rights {
  readonly maySchemas: boolean;
  /** Null: the schema is not there yet. */
  readonly mayTables: boolean | null;
}

function refuseWithoutRights(
  rights: Rights | undefined,
  place: DatabasePlace & { readonly kind: 'postgres' },
): void {
  const { maySchemas = false, mayTables = null } = rights ?? {};
  if (mayTables ?? maySchemas) return;
  const why =
    mayTables === null
      ? 'the schema is not there, and this user may not make one (CREATE on the database)'
      : 'this user may not use the schema and make tables in it (USAGE, CREATE)';
  throw new Error(`opening the database ${shownPlace(place)}: ${why}`);
}
