import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../../platform/database/index.ts';

export interface TombstoneMarkTables {
  tombstone_mark: {
    /** There is one row. */
    singleton: number;
    mac: string;
  };
}

/** The last tombstone of which the state knows that it was written; null: of none. */
export async function readMark(database: Database<TombstoneMarkTables>): Promise<string | null> {
  const row = await database.kysely.selectFrom('tombstone_mark').select('mac').executeTakeFirst();
  return row?.mac ?? null;
}

/** In the transaction of what it ends: a file that lacks it later has lost its end. */
export async function keepMark<Tables extends TombstoneMarkTables>(
  transaction: Transaction<Tables>,
  mac: string | undefined,
): Promise<void> {
  if (mac === undefined) return;
  const session = transaction as unknown as Kysely<TombstoneMarkTables>;
  await session
    .insertInto('tombstone_mark')
    .values({ singleton: 1, mac })
    .onConflict((conflict) => conflict.column('singleton').doUpdateSet({ mac }))
    .execute();
}
