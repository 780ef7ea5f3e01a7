import { parseJsonText } from '@poorter/openapi/json';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';
import type { TombstoneLog } from '../../state/tombstones/index.ts';
import type { AccountTables } from './account-row.ts';

/** To what somebody said yes. */
export interface GrantedRights {
  /** Of the authorization server itself: `openid`. */
  readonly own: readonly string[];
  /** Scopes, by the identifier of an API. */
  readonly apis: Readonly<Record<string, readonly string[]>>;
  /** RFC 9396. */
  readonly details: readonly Readonly<Record<string, unknown>>[];
}

export interface GrantWish {
  readonly id: string;
  readonly accountId: string;
  readonly clientId: string;
  readonly rights: GrantedRights;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface StoredGrant extends GrantWish {
  readonly givenAt: number;
}

type Row = AccountTables['account_grant'];

const PRUNED_AT_ONCE = 1_000;
/** Of one person: more applications than anybody looks through. */
const LISTED_MAX = 500;

/** To which applications somebody said yes. It stands here before anything is given, so that all of it can be ended. */
export class GrantStore {
  readonly #database: Database<AccountTables>;
  readonly #ring: KeyRing;
  readonly #tombstones: TombstoneLog;
  readonly #world: Pick<StateWorld, 'now'>;

  constructor(
    database: Database<AccountTables>,
    ring: KeyRing,
    tombstones: TombstoneLog,
    world: Pick<StateWorld, 'now'>,
  ) {
    this.#database = database;
    this.#ring = ring;
    this.#tombstones = tombstones;
    this.#world = world;
  }

  /** Once more: it lasts until then, and is for these. */
  async keep({ id, accountId, clientId, rights, expiresAt }: GrantWish): Promise<void> {
    const row: Row = {
      ...{ id, account_id: accountId, client_id: clientId, given_at: this.#world.now() },
      rights_sealed: this.#ring.seal(place(id), JSON.stringify(rights)),
      expires_at: expiresAt,
    };
    const { rights_sealed, expires_at } = row;
    await this.#database.kysely
      .insertInto('account_grant')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ rights_sealed, expires_at }))
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

  /** False: it was taken back, or is over. Nothing comes from it, whatever else is kept of it. */
  async stands(id: string): Promise<boolean> {
    const row = await this.#database.kysely
      .selectFrom('account_grant')
      .select('id')
      .where('id', '=', id)
      .where('expires_at', '>', this.#world.now())
      .executeTakeFirst();
    return row !== undefined;
  }

  /** The latest first. */
  async list(accountId: string): Promise<StoredGrant[]> {
    const rows = await this.#database.kysely
      .selectFrom('account_grant')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('expires_at', '>', this.#world.now())
      .orderBy('given_at', 'desc')
      .orderBy('id')
      .limit(LISTED_MAX)
      .execute();
    return rows.map((row) => ({
      ...{ id: row.id, accountId: row.account_id, clientId: row.client_id },
      rights: parseJsonText(this.#ring.open(place(row.id), row.rights_sealed)) as GrantedRights,
      ...{ givenAt: row.given_at, expiresAt: row.expires_at },
    }));
  }

  async remove(id: string): Promise<void> {
    await this.#database.kysely.deleteFrom('account_grant').where('id', '=', id).execute();
  }

  /** True for one: it was theirs, and is gone with this answer, whatever is restored. */
  async take(accountId: string, id: string): Promise<boolean> {
    return this.#database.write(async (session) => {
      const { numDeletedRows } = await session
        .deleteFrom('account_grant')
        .where('id', '=', id)
        .where('account_id', '=', accountId)
        .executeTakeFirstOrThrow();
      if (numDeletedRows !== 1n) return false;
      // Inside the transaction: what is committed has its tombstone.
      this.#tombstones.append([{ kind: 'grant', id, at: this.#world.now() }]);
      return true;
    }, CHANGE_LOCK);
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

  /** Repeats what was taken back after a restore. Returns how many stood here again. */
  async replayTombstones(): Promise<number> {
    let ended = 0;
    for (const { kind, id } of this.#tombstones.read()) {
      if (kind !== 'grant' || !(await this.stands(id))) continue;
      await this.remove(id);
      ended += 1;
    }
    return ended;
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

function place(row: string) {
  return { table: 'account_grant', column: 'rights', row };
}
