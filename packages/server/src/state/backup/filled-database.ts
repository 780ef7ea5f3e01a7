import {
  clearTable,
  continueNumbers,
  type Database,
  insertRows,
  type MigrationSet,
  migrate,
  openDatabase,
} from '../../platform/database/index.ts';
import type { Entry } from './entries.ts';
import type { RestoredDatabase } from './restore-backup.ts';

/** A database of the version that the backup has; brought to that of the program at the end. */
export class FilledDatabase {
  readonly #database: Database<unknown>;
  readonly #migrations: readonly MigrationSet[];
  readonly #now: () => number;
  readonly #cleared = new Set<string>();

  private constructor(
    database: Database<unknown>,
    migrations: readonly MigrationSet[],
    now: () => number,
  ) {
    this.#now = now;
    this.#database = database;
    this.#migrations = migrations;
  }

  static async start(
    { name, migrations }: Extract<Entry, { kind: 'database' }>,
    databases: readonly RestoredDatabase[],
    now: () => number,
  ): Promise<FilledDatabase> {
    const known = databases.find((one) => one.name === name);
    if (known === undefined) throw new Error(`the backup holds '${name}', which has no place here`);
    const database = await openDatabase(known.place);
    const filled = new FilledDatabase(database, known.migrations, now);
    try {
      for (const { domain, version } of migrations) {
        const set = known.migrations.find((one) => one.domain === domain);
        const reached = set === undefined ? 0 : (await migrate(database, set, now, version)).to;
        if (reached === version) continue;
        throw new Error(
          `the backup holds version ${version} of '${domain}', and this program knows ${reached}: ` +
            'restore it with the program that made it, or a newer one',
        );
      }
      return filled;
    } catch (error) {
      await filled.close();
      throw error;
    }
  }

  async insert(entry: Extract<Entry, { kind: 'rows' }>): Promise<void> {
    await this.#database.write(async (session) => {
      if (!this.#cleared.has(entry.table)) await clearTable(session, entry.table);
      await insertRows(this.#database.dialect, session, entry);
    });
    this.#cleared.add(entry.table);
  }

  async finish(): Promise<void> {
    try {
      await continueNumbers(this.#database);
      for (const set of this.#migrations) await migrate(this.#database, set, this.#now);
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}
