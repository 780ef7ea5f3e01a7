import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from './database.ts';

/** Bytes as base64, so that rows travel as JSON from either database to either. */
export type Cell = string | number | null | { readonly base64: string };

export interface TableRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface AppliedMigration {
  readonly domain: string;
  readonly version: number;
}

type AnyTables = Record<string, Record<string, unknown>>;
/** A catalogue of migrations is written by `migrate`, not copied. */
const OWN_TABLE = 'migration';
const ROWS_AT_ONCE = 100;
/** Rows with large bytes in them travel in smaller lots. */
const CHARS_AT_ONCE = 4 << 20;

/** Every row of every table, a bounded number at once, as of the snapshot of `reader`. */
export async function* readTables<Tables>(
  database: Database<Tables>,
  reader: Transaction<Tables>,
): AsyncGenerator<TableRows> {
  const session = reader as unknown as Transaction<AnyTables>;
  for (const table of await tableNames(database.dialect, session)) {
    const batches =
      database.dialect === 'sqlite' ? sqliteRows(session, table) : cursorRows(session, table);
    for await (const batch of batches) {
      const columns = Object.keys(batch[0] ?? {});
      if (columns.length === 0) continue;
      const rows = batch.map((row) => columns.map((name) => cellOf(row[name])));
      for (const some of bySize(rows)) yield { table, columns, rows: some };
    }
  }
}

/** What has been applied to it; none for an empty database. */
export async function readMigrations<Tables>(
  database: Database<Tables>,
  reader: Kysely<Tables>,
): Promise<AppliedMigration[]> {
  const session = reader as unknown as Kysely<AnyTables>;
  const names = await tableNames(database.dialect, session, true);
  if (!names.includes(OWN_TABLE)) return [];
  const { rows } = await sql<{ domain: string; version: number }>`
    SELECT domain, max(version) AS version FROM ${sql.table(OWN_TABLE)} GROUP BY domain
  `.execute(session);
  return rows.map(({ domain, version }) => ({ domain, version }));
}

/** Nobody has made anything in it yet. */
export async function isEmptyDatabase<Tables>(database: Database<Tables>): Promise<boolean> {
  const session = database.kysely as unknown as Kysely<AnyTables>;
  return (await tableNames(database.dialect, session, true)).length === 0;
}

/** Empties the table of what its migrations put there. */
export async function clearTable<Tables>(
  session: Transaction<Tables>,
  table: string,
): Promise<void> {
  await sql`DELETE FROM ${sql.table(table)}`.execute(session);
}

export async function insertRows<Tables>(
  dialect: 'sqlite' | 'postgres',
  session: Transaction<Tables>,
  { table, columns, rows }: TableRows,
): Promise<void> {
  // Numbers that a database gave are kept: others refer to them.
  const overriding = sql.raw(dialect === 'postgres' ? 'OVERRIDING SYSTEM VALUE' : '');
  const names = sql.join(columns.map((name) => sql.ref(name)));
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    const values = rows
      .slice(at, at + ROWS_AT_ONCE)
      .map((row) => sql`(${sql.join(row.map(bindableOf))})`);
    await sql`INSERT INTO ${sql.table(table)} (${names}) ${overriding}
      VALUES ${sql.join(values)}`.execute(session);
  }
}

/** The next number that PostgreSQL gives comes after those that were copied; SQLite sees to it itself. */
export async function continueNumbers<Tables>(database: Database<Tables>): Promise<void> {
  if (database.dialect === 'sqlite') return;
  const session = database.kysely as unknown as Kysely<AnyTables>;
  const { rows } = await sql<{ table: string; column: string }>`
    SELECT table_name AS table, column_name AS column FROM information_schema.columns
    WHERE table_schema = current_schema() AND is_identity = 'YES'`.execute(session);
  for (const { table, column } of rows) {
    await sql`SELECT setval(pg_get_serial_sequence(${table}, ${column}), max(${sql.ref(column)}))
      FROM ${sql.table(table)} HAVING count(*) > 0`.execute(session);
  }
}

function* bySize(rows: readonly (readonly Cell[])[]): Generator<(readonly Cell[])[]> {
  let lot: (readonly Cell[])[] = [];
  let chars = 0;
  for (const row of rows) {
    lot.push(row);
    for (const cell of row) {
      if (typeof cell === 'string') chars += cell.length;
      else if (typeof cell === 'object' && cell !== null) chars += cell.base64.length;
    }
    if (chars < CHARS_AT_ONCE) continue;
    yield lot;
    lot = [];
    chars = 0;
  }
  if (lot.length > 0) yield lot;
}

async function tableNames(
  dialect: 'sqlite' | 'postgres',
  session: Kysely<AnyTables>,
  withOwn = false,
): Promise<string[]> {
  const query =
    dialect === 'sqlite'
      ? sql<{ name: string }>`SELECT name FROM sqlite_schema
          WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`
      : sql<{ name: string }>`SELECT table_name AS name FROM information_schema.tables
          WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name`;
  const { rows } = await query.execute(session);
  return rows.map(({ name }) => name).filter((name) => withOwn || name !== OWN_TABLE);
}

async function* sqliteRows(
  session: Transaction<AnyTables>,
  table: string,
): AsyncGenerator<Record<string, unknown>[]> {
  let batch: Record<string, unknown>[] = [];
  for await (const row of session.selectFrom(table).selectAll().stream(ROWS_AT_ONCE)) {
    if (batch.push(row) < ROWS_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** A cursor of the server: the client never holds the table. */
async function* cursorRows(
  session: Transaction<AnyTables>,
  table: string,
): AsyncGenerator<Record<string, unknown>[]> {
  await sql`DECLARE copied NO SCROLL CURSOR FOR SELECT * FROM ${sql.table(table)}`.execute(session);
  for (;;) {
    const { rows } = await sql<
      Record<string, unknown>
    >`FETCH ${sql.lit(ROWS_AT_ONCE)} FROM copied`.execute(session);
    if (rows.length === 0) break;
    yield rows;
  }
  await sql`CLOSE copied`.execute(session);
}

function cellOf(value: unknown): Cell {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
  throw new TypeError(`a ${typeof value} cannot be copied to another database`);
}

function bindableOf(cell: Cell): string | number | null | Buffer {
  return typeof cell === 'object' && cell !== null ? Buffer.from(cell.base64, 'base64') : cell;
}
