import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql, type Transaction } from 'kysely';
import type { Database } from './database.ts';
import { shownPlace } from './open-database.ts';

export interface MigrationSet {
  /** Whose tables: versions are counted for each domain. */
  readonly domain: string;
  /** Holds `sqlite/0001-what-it-does.sql` … and `postgres/0001-….sql` …. */
  readonly directory: string;
  /** The version of the program, for the message to whoever comes with an older one. */
  readonly program: string;
}

export interface MigrationState {
  /** The version before and after. */
  readonly from: number;
  readonly to: number;
}

/** The database is newer than the program: to go on would be to guess. */
export class DatabaseNewerError extends Error {
  override readonly name = 'DatabaseNewerError';
}

/** A migration that was applied differs from the file of that number. */
export class MigrationAlteredError extends Error {
  override readonly name = 'MigrationAlteredError';
}

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly text: string;
}

interface MigrationTable {
  migration: {
    domain: string;
    version: number;
    name: string;
    checksum: string;
    program: string;
    applied_at: number;
  };
}

type Session = Transaction<MigrationTable>;

/** Starts of several programs take turns; the wait for one that migrates is bounded. */
const LOCK_WAIT_MS = 60_000;
const STATEMENT_MS_MAX = 600_000;
/** An arbitrary number that is ours: "Poorter" in ASCII. */
const ADVISORY_LOCK = '22640548174095730';
const FILE_NAME = /^(\d{4})-[a-z0-9-]+\.sql$/;

/**
 * Brings the tables of a domain to the version of this program, all steps in one transaction under
 * a lock: killed at any point, the database holds the version before or the one after.
 */
export async function migrate<Tables>(
  opened: Database<Tables>,
  set: MigrationSet,
  now: () => number,
  upTo = Number.MAX_SAFE_INTEGER,
): Promise<MigrationState> {
  const database = opened.as<MigrationTable>();
  const known = readMigrations(join(set.directory, database.dialect));
  try {
    return await underLock(database, async (session) => {
      await createMigrationTable(session);
      const applied = await session
        .selectFrom('migration')
        .selectAll()
        .where('domain', '=', set.domain)
        .orderBy('version')
        .execute();
      refuseNewer(applied, known, set);
      refuseAltered(applied, known, set);
      const from = applied.at(-1)?.version ?? 0;
      const pending = known.filter(({ version }) => version > from && version <= upTo);
      for (const { version, name, checksum, text } of pending) {
        await database.runScript(session, text);
        await session
          .insertInto('migration')
          .values({
            ...{ domain: set.domain, version, name, checksum, program: set.program },
            applied_at: now(),
          })
          .execute();
      }
      return { from, to: pending.at(-1)?.version ?? from };
    });
  } catch (cause) {
    if (cause instanceof DatabaseNewerError || cause instanceof MigrationAlteredError) throw cause;
    const place = shownPlace(database.place);
    throw new Error(`migrating '${set.domain}' in ${place}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Throws where `migrate` would refuse to go on from these rows of its table. */
export function inspectMigrations(
  rows: readonly Readonly<Record<string, unknown>>[],
  set: MigrationSet,
  dialect: 'sqlite' | 'postgres',
): void {
  const known = readMigrations(join(set.directory, dialect));
  const applied = (rows as readonly MigrationTable['migration'][])
    .filter(({ domain }) => domain === set.domain)
    .toSorted((one, other) => one.version - other.version);
  refuseNewer(applied, known, set);
  refuseAltered(applied, known, set);
}

function readMigrations(directory: string): Migration[] {
  const files = readdirSync(directory).toSorted();
  return files.map((name, index) => {
    const version = Number(FILE_NAME.exec(name)?.[1]);
    if (version !== index + 1) {
      throw new Error(
        `${join(directory, name)} is not migration ${index + 1}: they count from 0001`,
      );
    }
    const text = readFileSync(join(directory, name), 'utf8');
    return { version, name, text, checksum: createHash('sha256').update(text).digest('hex') };
  });
}

async function underLock<Result>(
  database: Database<MigrationTable>,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  // BEGIN IMMEDIATE is the lock.
  if (database.place.kind === 'sqlite') return database.write(work);
  const { url, schema } = database.place;
  // A connection of its own: a change of large tables takes longer than any other statement may.
  const bounds = { waitMs: LOCK_WAIT_MS, statementTimeoutMs: STATEMENT_MS_MAX, connectionsMax: 1 };
  const { openPostgres } = await import('./postgres-database.ts');
  const patient = openPostgres<MigrationTable>(url, schema, bounds);
  try {
    // Read committed: what the holder before committed must be seen after the wait for the lock.
    return await patient.kysely
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (session) => {
        await sql.raw(`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`).execute(session);
        // Looked for first: PostgreSQL asks for the right to create before it looks whether to.
        const { rows } = await sql`SELECT 1 FROM pg_namespace WHERE nspname = ${schema}`.execute(
          session,
        );
        if (rows.length === 0) {
          await sql`CREATE SCHEMA IF NOT EXISTS ${sql.id(schema)}`.execute(session);
        }
        return work(session);
      });
  } finally {
    await patient.close();
  }
}

async function createMigrationTable(session: Session): Promise<void> {
  await session.schema
    .createTable('migration')
    .ifNotExists()
    .addColumn('domain', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('checksum', 'text', (column) => column.notNull())
    .addColumn('program', 'text', (column) => column.notNull())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('migration_key', ['domain', 'version'])
    .execute();
}

function refuseNewer(
  applied: readonly MigrationTable['migration'][],
  known: readonly Migration[],
  { domain, program }: MigrationSet,
): void {
  const newest = applied.at(-1);
  const reach = known.length;
  if (newest === undefined || newest.version <= reach) return;
  throw new DatabaseNewerError(
    `the database is newer than this program: '${domain}' stands at version ${newest.version}, ` +
      `written by Poorter ${newest.program}; Poorter ${program} knows versions up to ${reach}. ` +
      'Start the newer program, or restore a backup that is older',
  );
}

function refuseAltered(
  applied: readonly MigrationTable['migration'][],
  known: readonly Migration[],
  { domain, program }: MigrationSet,
): void {
  for (const [index, row] of applied.entries()) {
    const file = known[index] as Migration;
    if (row.version === file.version && row.checksum === file.checksum) continue;
    throw new MigrationAlteredError(
      `migration ${row.version} of '${domain}' was applied as ${row.name} by Poorter ${row.program}, ` +
        `and differs from ${file.name} of Poorter ${program}: one of the two is not a release`,
    );
  }
}
