import type { Database } from '../../platform/database/index.ts';
import type { StateWorld } from '../../state/index.ts';
import type { AccountTables } from './account-row.ts';

export interface GrantWish {
  readonly id: string;
  readonly accountId: string;
  readonly clientId: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

const PRUNED_AT_ONCE = 1_000;

/** To which applications somebody said yes. It stands here before anything is given, so that all of it can be ended. */
export class GrantStore {
  readonly #database: Database<AccountTables>;
  readonly #world: Pick<StateWorld, 'now'>;

  constructor(database: Database<AccountTables>, world: Pick<StateWorld, 'now'>) {
    this.#database = database;
    this.#world = world;
  }

  /** Once more: it lasts until then. */
  async keep({ id, accountId, clientId, expiresAt }: GrantWish): Promise<void> {
    const row = { id, account_id: accountId, client_id: clientId, given_at: this.#world.now() };
    await this.#database.kysely
      .insertInto('account_grant')
      .values({ ...row, expires_at: expiresAt })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ expires_at: expiresAt }))
      .execute();
  }

  /** Id of what somebody last said to this application; undefined: nothing that still stands. */
  async latest(accountId: string, clientId: string): Promise<string | undefined> {
    const row = await this.#database.kysely
      .selectFrom('account_grant')
      .select('id')
      .where('account_id', '=', accountId)
      .where('client_id', '=', clientId)
      .where('expires_at', '>', this.#world.now())
      .orderBy('given_at', 'desc')
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
    return row?.id;
  }

  async remove(id: string): Promise<void> {
    await this.#database.kysely.deleteFrom('account_grant').where('id', '=', id).execute();
  }

  /** Ids of all that somebody has given, which are gone with this answer. */
  async takeAll(accountId: string): Promise<string[]> {
    const rows = await this.#database.kysely
      .deleteFrom('account_grant')
      .where('account_id', '=', accountId)
      .returning('id')
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Forgets what has expired, a bounded number at once. Returns how many. */
  async prune(): Promise<number> {
    const { numDeletedRows } = await this.#database.kysely
      .deleteFrom('account_grant')
      .where(({ eb, selectFrom }) =>
        eb(
          'id',
          'in',
          selectFrom('account_grant')
            .select('id')
            .where('expires_at', '<=', this.#world.now())
            .limit(PRUNED_AT_ONCE),
        ),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }
}
