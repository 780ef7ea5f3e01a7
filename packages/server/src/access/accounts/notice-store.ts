import type { Database } from '../../platform/database/index.ts';
import type { StateWorld } from '../../state/index.ts';
import type { AccountTables } from './account-row.ts';

/** What people are told of that happened to their account; never a secret, and never a way in. */
const ACCOUNT_NOTICES = [
  ...(['passkey-added', 'passkey-removed', 'recovery-made', 'recovery-used'] as const),
  ...(['recovery-removed', 'password-set', 'password-removed', 'totp-set'] as const),
  ...(['totp-removed', 'signed-out', 'application-new'] as const),
  ...(['identity-added', 'identity-removed', 'operator-credential'] as const),
];

export type AccountNoticeKind = (typeof ACCOUNT_NOTICES)[number];

export interface AccountNotice {
  readonly id: string;
  readonly accountId: string;
  readonly kind: AccountNoticeKind;
  /** When it happened. Milliseconds since the epoch. */
  readonly at: number;
  /** How often it was tried to tell it. */
  readonly attempts: number;
}

const ID_BYTES = 12;
/** Whoever adds and removes all day is told of the first ones. */
const WAITING_MAX = 20;
/** What is older is no news. */
const KEPT_MS = 86_400_000;
const PRUNED_AT_ONCE = 1_000;

/** What people are still to be told. It is written with what it tells of, so that nothing is told that did not happen. */
export class AccountNoticeStore {
  readonly #database: Database<AccountTables>;
  readonly #world: StateWorld;

  constructor(database: Database<AccountTables>, world: StateWorld) {
    this.#database = database;
    this.#world = world;
  }

  async add(accountId: string, kind: AccountNoticeKind): Promise<void> {
    const { kysely } = this.#database;
    const { count } = await kysely
      .selectFrom('account_notice')
      .select((all) => all.fn.countAll<number>().as('count'))
      .where('account_id', '=', accountId)
      .executeTakeFirstOrThrow();
    if (Number(count) >= WAITING_MAX) return;
    const at = this.#world.now();
    const id = `notice_${Buffer.from(this.#world.random(ID_BYTES)).toString('hex')}`;
    await kysely
      .insertInto('account_notice')
      .values({ id, account_id: accountId, kind, at, attempts: 0, due_at: at })
      .execute();
  }

  /** Those whose time has come, the oldest first. */
  async due(limit: number): Promise<AccountNotice[]> {
    const now = this.#world.now();
    const rows = await this.#database.kysely
      .selectFrom('account_notice')
      .selectAll()
      .where('due_at', '<=', now)
      .where('at', '>', now - KEPT_MS)
      .orderBy('due_at')
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(({ id, account_id: accountId, kind, at, attempts }) => ({
      ...{ id, accountId, kind: kind as AccountNoticeKind, at, attempts },
    }));
  }

  /** True for one of those who want to tell it; it is due again at `again`, unless it is removed before. */
  async claim({ id, attempts }: AccountNotice, again: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#database.kysely
      .updateTable('account_notice')
      .set({ attempts: attempts + 1, due_at: again })
      .where('id', '=', id)
      .where('attempts', '=', attempts)
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  /** It was told, or there is nobody to tell it to. */
  async remove(id: string): Promise<void> {
    await this.#database.kysely.deleteFrom('account_notice').where('id', '=', id).execute();
  }

  /** Forgets what nobody could be told in time, a bounded number at once. Returns how many. */
  async prune(): Promise<number> {
    const { numDeletedRows } = await this.#database.kysely
      .deleteFrom('account_notice')
      .where(({ eb, selectFrom }) =>
        eb(
          'id',
          'in',
          selectFrom('account_notice')
            .select('id')
            .where('at', '<=', this.#world.now() - KEPT_MS)
            .limit(PRUNED_AT_ONCE),
        ),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }
}
