import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import {
  CompiledQuery,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type Transaction,
} from 'kysely';
import { APPEND_OWN } from '../files/index.ts';
import { type Database, type DatabaseOptions, databaseWithin } from './database.ts';
import { SqliteDriver } from './sqlite-driver.ts';

const WAIT_MS = 10_000;
/** SQLite waits inside the statement and holds the whole thread; longer waits are the driver's. */
const BUSY_TIMEOUT_MS = 5;
/** Pages of 4 KiB: a WAL of this size is copied back into the database. */
const CHECKPOINT_PAGES = 1_000;

export function openSqlite<Tables>(file: string, options: DatabaseOptions): Database<Tables> {
  const isInMemory = file === ':memory:';
  if (!isInMemory) keepPrivate(file);
  const native = connect(file, options, false);
  const kysely = kyselyOver<Tables>(native, options);
  const database: Database<Tables> = {
    dialect: 'sqlite',
    place: { kind: 'sqlite', file },
    kysely,
    write: (work) => kysely.transaction().execute(work),
    snapshot: (work) =>
      isInMemory ? kysely.transaction().execute(work) : readApart(file, options, work),
    runScript: async (_, sql) => native.exec(sql),
    scrub: () => emptyWal(kysely),
    within: (transaction) => databaseWithin(database, transaction),
    as: <Other>() => database as unknown as Database<Other>,
    close: () => kysely.destroy(),
  };
  return database;
}

/** SQLite gives its WAL the mode of the database file, so that mode is set before the first byte. */
function keepPrivate(file: string): void {
  closeSync(openSync(file, APPEND_OWN, 0o600));
  chmodSync(file, 0o600);
}

function connect(file: string, options: DatabaseOptions, readOnly: boolean): DatabaseSync {
  const native = new DatabaseSync(file, {
    readOnly,
    timeout: BUSY_TIMEOUT_MS,
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
  });
  try {
    native.exec('PRAGMA trusted_schema = OFF');
    if (readOnly) return native;
    native.exec('PRAGMA journal_mode = WAL');
    native.exec(`PRAGMA synchronous = ${options.synchronous === 'normal' ? 'NORMAL' : 'FULL'}`);
    native.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    // What is deleted or overwritten is overwritten with zeros.
    native.exec('PRAGMA secure_delete = ON');
    return native;
  } catch (cause) {
    native.close();
    throw new Error(`opening the database ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Kysely's own queue for a single connection has no bound; the driver's turns have one. */
class Adapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function kyselyOver<Tables>(native: DatabaseSync, options: DatabaseOptions): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new Adapter(),
      createDriver: () => new SqliteDriver(native, options.waitMs ?? WAIT_MS),
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}

async function readApart<Tables, Result>(
  file: string,
  options: DatabaseOptions,
  work: (reader: Transaction<Tables>) => Promise<Result>,
): Promise<Result> {
  const kysely = kyselyOver<Tables>(connect(file, options, true), options);
  try {
    return await kysely
      .transaction()
      .setAccessMode('read only')
      .execute(async (reader) => {
        // The moment is that of the first read.
        await reader.executeQuery(CompiledQuery.raw('SELECT count(*) FROM sqlite_schema'));
        return work(reader);
      });
  } finally {
    await kysely.destroy();
  }
}

async function emptyWal<Tables>(kysely: Kysely<Tables>): Promise<boolean> {
  const query = CompiledQuery.raw('PRAGMA wal_checkpoint(TRUNCATE)');
  const { rows } = await kysely.executeQuery<{ busy: number }>(query);
  return rows[0]?.busy === 0;
}
