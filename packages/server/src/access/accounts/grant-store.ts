import { parseJsonText } from '@poorter/openapi/json';
import { type Database, portionsOf } from '../../platform/database/index.ts';
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
/** Of one person and one application: whoever says yes more often in detail is asked once more without. */
const LOOKED_AT_MAX = 100;
/** Of one person and one application: browsers and devices, each with what it was given. */
export const STANDING_MAX = 200;

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

  /**
   * Once more: it lasts until then, and is for these. Ids of those that had to go for it: of one person and one
   * application there are only so many, and what would end first goes first.
   */
  async keep({ id, accountId, clientId, rights, expiresAt }: GrantWish): Promise<string[]> {
    const row: Row = {
      ...{ id, account_id: accountId, client_id: clientId, given_at: this.#world.now() },
      consent_id: id,
      rights_sealed: this.#ring.seal(place(id), JSON.stringify(rights)),
      expires_at: expiresAt,
    };
    const { rights_sealed, expires_at } = row;
    await this.#database.kysely
      .insertInto('account_grant')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ rights_sealed, expires_at }))
      .execute();
    return this.#dropBeyond(accountId, clientId, id);
  }

  async #dropBeyond(accountId: string, clientId: string, kept: string): Promise<string[]> {
    const rows = await this.#database.kysely
      .deleteFrom('account_grant')
      .where(({ eb, selectFrom }) =>
        eb(
          'id',
          'in',
          selectFrom('account_grant')
            .select('id')
            .where('account_id', '=', accountId)
            .where('client_id', '=', clientId)
            .where('id', '!=', kept)
            .orderBy('expires_at', 'desc')
            .orderBy('id')
            .limit(PRUNED_AT_ONCE)
            .offset(STANDING_MAX - 1),
        ),
      )
      .returning('id')
      .execute();
    return rows.map(({ id }) => id);
  }

  /** What was said holds in another browser, too: there it is `id`. It ends with the rest of it. */
  async hold(id: string, saidAs: string): Promise<void> {
    const { kysely } = this.#database;
    const said = await kysely
      .selectFrom('account_grant')
      .select('consent_id')
      .where('id', '=', saidAs)
      .executeTakeFirst();
    if (said === undefined) return;
    const { consent_id } = said;
    await kysely.updateTable('account_grant').set({ consent_id }).where('id', '=', id).execute();
  }

  /** Ids of all that hold what was said: one for each browser. */
  async heldAs(accountId: string, consentId: string): Promise<string[]> {
    const rows = await this.#database.kysely
      .selectFrom('account_grant')
      .select('id')
      .where('consent_id', '=', consentId)
      .where('account_id', '=', accountId)
      .execute();
    return rows.map(({ id }) => id);
  }

  /**
   * Id of what somebody last said to this application, without details; undefined: nothing that still stands. Each yes
   * lasts as long from when it is said, and whatever holds it elsewhere ends sooner.
   */
  async latest(accountId: string, clientId: string): Promise<string | undefined> {
    const rows = await this.#database.kysely
      .selectFrom('account_grant')
      .select(['id', 'rights_sealed'])
      .where('account_id', '=', accountId)
      .where('client_id', '=', clientId)
      .where('expires_at', '>', this.#world.now())
      .orderBy('expires_at', 'desc')
      .orderBy('id')
      .limit(LOOKED_AT_MAX)
      .execute();
    return rows.find((row) => this.#rightsOf(row).details.length === 0)?.id;
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

  /** What was said, each once; the latest first. */
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
    const said = new Map<string, StoredGrant>();
    for (const row of rows) {
      const known = said.get(row.consent_id);
      said.set(row.consent_id, {
        ...{ id: row.consent_id, accountId: row.account_id, clientId: row.client_id },
        rights: known?.rights ?? this.#rightsOf(row),
        ...{ givenAt: row.given_at, expiresAt: Math.max(row.expires_at, known?.expiresAt ?? 0) },
      });
    }
    return [...said.values()];
  }

  async remove(id: string): Promise<void> {
    await this.#database.kysely.deleteFrom('account_grant').where('id', '=', id).execute();
  }

  /** Ids of all that held what was said; for one caller, and gone with this answer, whatever is restored. */
  async take(accountId: string, consentId: string): Promise<string[]> {
    return this.#database.write(async (session) => {
      const rows = await session
        .deleteFrom('account_grant')
        .where('consent_id', '=', consentId)
        .where('account_id', '=', accountId)
        .returning('id')
        .execute();
      const at = this.#world.now();
      // Inside the transaction: what is committed has its tombstone.
      this.#tombstones.append(rows.map(({ id }) => ({ kind: 'grant', id, at })));
      return rows.map(({ id }) => id);
    }, CHANGE_LOCK);
  }

  /** Ids of all that somebody has given, which are gone with this answer, whatever is restored. */
  async takeAll(accountId: string): Promise<string[]> {
    return this.#database.write(async (session) => {
      const rows = await session
        .deleteFrom('account_grant')
        .where('account_id', '=', accountId)
        .returning('id')
        .execute();
      const at = this.#world.now();
      // A suspended account comes back: what a backup has of it must not.
      this.#tombstones.append(rows.map(({ id }) => ({ kind: 'grant', id, at })));
      return rows.map(({ id }) => id);
    }, CHANGE_LOCK);
  }

  /** Ids of everything that these have given and that still stands. */
  async idsOf(accountIds: readonly string[]): Promise<string[]> {
    const ids: string[] = [];
    for (const portion of portionsOf(accountIds)) {
      const rows = await this.#database.kysely
        .selectFrom('account_grant')
        .select('id')
        .where('account_id', 'in', portion)
        .where('expires_at', '>', this.#world.now())
        .execute();
      ids.push(...rows.map(({ id }) => id));
    }
    return ids;
  }

  /** Ids of some that were given to this application, which are gone with this answer; none: there are no more. */
  async takeOfClient(clientId: string): Promise<string[]> {
    const rows = await this.#database.kysely
      .deleteFrom('account_grant')
      .where(({ eb, selectFrom }) =>
        eb(
          'id',
          'in',
          selectFrom('account_grant')
            .select('id')
            .where('client_id', '=', clientId)
            .limit(PRUNED_AT_ONCE),
        ),
      )
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

  #rightsOf({ id, rights_sealed }: Pick<Row, 'id' | 'rights_sealed'>): GrantedRights {
    return parseJsonText(this.#ring.open(place(id), rights_sealed)) as GrantedRights;
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
