import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { type Database, type DatabaseOptions, databaseWithin } from './database.ts';
import { LivePool } from './live-pool.ts';
import { withRetry } from './retry.ts';

const WAIT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
const CONNECTIONS_MAX = 10;
/** A transaction that forgot itself gives its locks back. */
const IDLE_IN_TRANSACTION_MS = 60_000;
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
const INT8 = 20;
export const POOLER_ADVICE =
  'the address leads to a pooler such as PgBouncer that does not pass on what a session asks for; give the address of PostgreSQL itself';

/** What is between us and PostgreSQL does not keep a session apart. */
class PoolerError extends Error {
  override readonly name = 'PoolerError';
}

export function openPostgres<Tables>(
  url: string,
  schema: string,
  options: DatabaseOptions,
): Database<Tables> {
  if (!SCHEMA.test(schema)) throw new Error(`'${schema}' is not the name of a schema: ${SCHEMA}`);
  const pool = connect(url, schema, options);
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const database: Database<Tables> = {
    dialect: 'postgres',
    place: { kind: 'postgres', url, schema },
    kysely,
    write: (work, lock) =>
      withRetry(() =>
        kysely
          .transaction()
          .setIsolationLevel('serializable')
          .execute(async (transaction) => {
            // Before the first read: the snapshot is then taken when the turn has come.
            if (lock !== undefined) {
              await sql`LOCK TABLE ${sql.table(lock)} IN EXCLUSIVE MODE`.execute(transaction);
            }
            return work(transaction);
          }),
      ),
    snapshot: (work) =>
      kysely
        .transaction()
        .setIsolationLevel('repeatable read')
        .setAccessMode('read only')
        .execute(async (reader) => {
          await reader.executeQuery(CompiledQuery.raw('SELECT 1'));
          return work(reader);
        }),
    runScript: async (transaction, text) => {
      await transaction.executeQuery(CompiledQuery.raw(text));
    },
    scrub: async (table) => {
      await sql`VACUUM ${sql.table(table)}`.execute(kysely);
      return true;
    },
    within: (transaction) => databaseWithin(database, transaction),
    as: <Other>() => database as unknown as Database<Other>,
    close: () => kysely.destroy(),
  };
  return database;
}

function connect(url: string, schema: string, options: DatabaseOptions): LivePool {
  const waitMs = options.waitMs ?? WAIT_MS;
  const { address, serverOptions } = withoutOptions(url);
  return new LivePool({
    pool: {
      connectionString: address,
      application_name: 'poorter',
      // The last one counts: what the address asks for is kept, except where our tables stand.
      options: `${serverOptions} -c search_path=${schema}`.trim(),
      max: options.connectionsMax ?? CONNECTIONS_MAX,
      connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      statement_timeout: options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
      // The server's own clock ends a statement; this one ends the wait for a server that is gone.
      query_timeout: (options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS) + 5_000,
      lock_timeout: waitMs,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
    },
    check: (client) => checkSession(client, schema),
    notify: options.notify ?? (() => {}),
  });
}

/**
 * `options` in the address would replace ours. Its text stays as it is otherwise: it need not be what
 * the URL standard calls one.
 */
function withoutOptions(url: string): { address: string; serverOptions: string } {
  const start = url.indexOf('?');
  if (start < 0) return { address: url, serverOptions: '' };
  const asked: string[] = [];
  const kept = url
    .slice(start + 1)
    .split('&')
    .filter((pair) => {
      const [[name, value] = ['', '']] = new URLSearchParams(pair);
      if (name === 'options') asked.push(value);
      return name !== 'options';
    });
  const query = kept.length > 0 ? `?${kept.join('&')}` : '';
  return { address: url.slice(0, start) + query, serverOptions: asked.join(' ') };
}

/**
 * A pooler between may drop what a session asks for at its start, or give a transaction the session
 * of another: then our tables would stand in `public`, among whatever else is there.
 */
async function checkSession(client: pg.ClientBase, schema: string): Promise<void> {
  const { rows } = await client.query<{ path: string }>(
    "SELECT current_setting('search_path') AS path",
  );
  const path = rows[0]?.path.replaceAll('"', '').trim();
  if (path === schema) return;
  throw new PoolerError(
    `the session looks for tables in '${path}' instead of '${schema}': ${POOLER_ADVICE}`,
  );
}

/** Integers are numbers, as in SQLite. Ours are times and counts; others are refused, not rounded. */
function typeParser(type: number, format?: 'text' | 'binary'): unknown {
  if (type === INT8 && format !== 'binary') return exactInteger;
  return pg.types.getTypeParser(type, format as 'text');
}

function exactInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError(`the integer ${text} is larger than can be told exactly`);
}
