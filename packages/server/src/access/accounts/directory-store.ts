import type { Database } from '../../platform/database/index.ts';
import type { StateWorld } from '../../state/index.ts';
import type { AccountTables } from './account-row.ts';

/** What an operator wants to know of a directory at a glance. */
export interface DirectorySummary {
  readonly name: string;
  /** Milliseconds since the epoch; null: never. */
  readonly heardAt: number | null;
  /** Of both no more than `COUNTED_MAX` are counted. */
  readonly people: number;
  readonly groups: number;
}

/** Counting more would hold up whoever else asks the same process. */
const COUNTED_MAX = 100_000;
/** A directory may ask a hundred times a second, and nobody looks that closely. */
const WRITTEN_EVERY_MS = 60_000;

/** The directories themselves: whether they are heard of, and how much came from them. */
export class DirectoryStore {
  readonly #database: Database<AccountTables>;
  readonly #world: Pick<StateWorld, 'now'>;
  /** When it was last written, by the name of the directory: as many as are configured. */
  readonly #written = new Map<string, number>();

  constructor(database: Database<AccountTables>, world: Pick<StateWorld, 'now'>) {
    this.#database = database;
    this.#world = world;
  }

  /** It asked or said something now; another process never turns the clock back. */
  async heard(directory: string): Promise<void> {
    const at = this.#world.now();
    const before = this.#written.get(directory);
    if (before !== undefined && Math.abs(at - before) < WRITTEN_EVERY_MS) return;
    this.#written.set(directory, at);
    await this.#database.kysely
      .insertInto('directory_heard')
      .values({ directory, heard_at: at })
      .onConflict((known) =>
        known
          .column('directory')
          .doUpdateSet({ heard_at: at })
          .where('directory_heard.heard_at', '<', at),
      )
      .execute();
  }

  async summarize(name: string): Promise<DirectorySummary> {
    const heard = await this.#database.kysely
      .selectFrom('directory_heard')
      .select('heard_at')
      .where('directory', '=', name)
      .executeTakeFirst();
    return {
      ...{ name, heardAt: heard?.heard_at ?? null },
      people: await this.#count('directory_user', name),
      groups: await this.#count('directory_group', name),
    };
  }

  async #count(table: 'directory_user' | 'directory_group', name: string): Promise<number> {
    const { kysely } = this.#database;
    const some = kysely
      .selectFrom(table)
      .select('directory')
      .where('directory', '=', name)
      .limit(COUNTED_MAX);
    const { count } = await kysely
      .selectFrom(some.as('some'))
      .select((all) => all.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return Number(count);
  }
}
