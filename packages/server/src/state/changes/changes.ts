import type { Kysely, Transaction } from 'kysely';
import { type Database, portionsOf } from '../../platform/database/index.ts';

export interface ChangeTables {
  change_sequence: { singleton: number; last: number };
  change: { sequence: number; domain: ChangedDomain; id: string; at: number };
}

export type ChangedDomain =
  | 'key'
  | 'block'
  | 'operator'
  | 'client'
  | 'account'
  | 'signing-key'
  | 'denial';

export interface Change {
  readonly sequence: number;
  readonly domain: ChangedDomain;
  readonly id: string;
}

export interface Changes {
  /** In order; a row that changed twice stands here twice. */
  readonly changes: readonly Change[];
  /** To ask from next time. */
  readonly sequence: number;
  /** More have happened than are remembered: everything must be read again. */
  readonly isGap: boolean;
  /** There are more than were asked for. */
  readonly hasMore: boolean;
}

/** The table whose holder alone writes changes: `database.write(work, CHANGE_LOCK)`. */
export const CHANGE_LOCK = 'change_sequence';
/** A reader that fell further behind reads everything; a million rows would take it no less long. */
const REMEMBERED = 100_000;
const PRUNE_EVERY = 1_000;
const PAGE_MAX = 10_000;
/** More changes than lie between a backup and its restore. */
const RESTORE_LEAP = 10_000_000;

/** Writes down, in the transaction of the change itself, that it happened. */
export async function recordChange<Tables extends ChangeTables>(
  transaction: Transaction<Tables>,
  domain: ChangedDomain,
  id: string,
  at: number,
): Promise<number> {
  return recordChanges(transaction, domain, [id], at);
}

/** The same of several things of one kind, as many as there are, in their order; the number of the last. */
export async function recordChanges<Tables extends ChangeTables>(
  transaction: Transaction<Tables>,
  domain: ChangedDomain,
  ids: readonly string[],
  at: number,
): Promise<number> {
  const session = transaction as unknown as Kysely<ChangeTables>;
  const { last } = await session
    .updateTable('change_sequence')
    .set((expression) => ({ last: expression('last', '+', ids.length) }))
    .returning('last')
    .executeTakeFirstOrThrow();
  const first = last - ids.length + 1;
  const rows = ids.map((id, index) => ({ sequence: first + index, domain, id, at }));
  for (const portion of portionsOf(rows)) {
    await session.insertInto('change').values(portion).execute();
  }
  if (Math.floor(last / PRUNE_EVERY) !== Math.floor((first - 1) / PRUNE_EVERY)) {
    await session
      .deleteFrom('change')
      .where('sequence', '<=', last - REMEMBERED)
      .execute();
  }
  return last;
}

export class ChangeFeed {
  readonly #database: Database<ChangeTables>;

  constructor(database: Database<ChangeTables>) {
    this.#database = database;
  }

  /** The number of the last change. */
  async latest(): Promise<number> {
    return latestIn(this.#database.kysely);
  }

  /**
   * After a restore: numbers that were given since the backup stand for other changes now. No reader
   * may take them up; all read everything again.
   */
  async startAnew(): Promise<void> {
    await this.#database.write(async (session) => {
      await session
        .updateTable('change_sequence')
        .set(({ eb }) => ({ last: eb('last', '+', RESTORE_LEAP) }))
        .execute();
      await session.deleteFrom('change').execute();
    }, CHANGE_LOCK);
  }

  /** What happened after `sequence`. */
  async changesSince(sequence: number, limit = 1_000): Promise<Changes> {
    const size = Math.min(limit, PAGE_MAX);
    // One moment for both reads: else the newest number could be one whose row was not read.
    return this.#database.snapshot(async (reader) => {
      const latest = await latestIn(reader);
      const rows = await reader
        .selectFrom('change')
        .select(['sequence', 'domain', 'id'])
        .where('sequence', '>', sequence)
        .orderBy('sequence')
        .limit(size + 1)
        .execute();
      const isFuture = sequence > latest;
      const isGap = isFuture || (latest > sequence && rows[0]?.sequence !== sequence + 1);
      if (isGap) return { changes: [], sequence: latest, isGap, hasMore: false };
      const changes = rows.slice(0, size).map((row) => ({ ...row }));
      const reached = changes.at(-1)?.sequence ?? sequence;
      return { changes, sequence: reached, isGap, hasMore: rows.length > size };
    });
  }
}

async function latestIn(session: Kysely<ChangeTables>): Promise<number> {
  const row = await session.selectFrom('change_sequence').select('last').executeTakeFirstOrThrow();
  return row.last;
}
