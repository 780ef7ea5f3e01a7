import type { Transaction } from 'kysely';
import { type Database, portionsOf } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, recordChange, recordChanges } from '../../state/changes/index.ts';
import { DenialStore, type DenialTables } from '../../state/denials/index.ts';
import {
  NotFoundError,
  type Page,
  type PageQuery,
  pageByAge,
  StaleVersionError,
  type StateWorld,
} from '../../state/index.ts';
import type { TombstoneLog } from '../../state/tombstones/index.ts';
import {
  type AccountProfile,
  type AccountRow,
  type AccountTables,
  accountOfRow,
  emptyAccount,
  loginIndex,
  newAccountRow,
  type StoredAccount,
  sealProfile,
} from './account-row.ts';
import { GrantStore } from './grant-store.ts';

/** Somebody else signs in by this name. */
export class LoginTakenError extends Error {
  override readonly name = 'LoginTakenError';
}

/** What a link is for. */
export type LinkPurpose = 'enrol' | 'recover';

type Session = Transaction<AccountTables>;

const TOKEN_BYTES = 32;
const PRUNED_AT_ONCE = 1_000;

/** Of which authorization server, and until when, what somebody was given may be shown. */
export interface TokenEnds {
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** The people who sign in at our own authorization server. */
export class AccountStore {
  readonly #database: Database<AccountTables>;
  readonly #ring: KeyRing;
  readonly #tombstones: TombstoneLog;
  readonly #world: StateWorld;

  constructor(
    database: Database<AccountTables>,
    ring: KeyRing,
    tombstones: TombstoneLog,
    world: StateWorld,
  ) {
    this.#database = database;
    this.#ring = ring;
    this.#tombstones = tombstones;
    this.#world = world;
  }

  /** Throws LoginTakenError. */
  async create(profile: AccountProfile, createdBy: string | null = null): Promise<StoredAccount> {
    const row = newAccountRow(this.#ring, this.#world, profile, createdBy);
    const { id, created_at: at } = row;
    await this.#database.write(async (session) => {
      const { numInsertedOrUpdatedRows } = await session
        .insertInto('account')
        .values(row)
        .onConflict((conflict) => conflict.column('login_index').doNothing())
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows !== 1n) throw new LoginTakenError('this login is taken');
      await recordChange(session, 'account', id, at);
    }, CHANGE_LOCK);
    return accountOfRow(this.#ring, row);
  }

  async show(id: string): Promise<StoredAccount | undefined> {
    const row = await this.#row(this.#database.kysely, id);
    return row === undefined ? undefined : accountOfRow(this.#ring, row);
  }

  /** Whether somebody who came in after this moment is still in: not signed out, disabled, or with fewer roles since. */
  async stands(id: string, since: number): Promise<boolean> {
    const row = await this.#row(this.#database.kysely, id);
    if (row === undefined || row.disabled_at !== null || row.suspended_at !== null) return false;
    return since > row.signed_out_at && since > (row.lessened_at ?? 0);
  }

  async findByLogin(login: string): Promise<StoredAccount | undefined> {
    const row = await this.#database.kysely
      .selectFrom('account')
      .selectAll()
      .where('login_index', '=', loginIndex(this.#ring, login))
      .executeTakeFirst();
    return row === undefined ? undefined : accountOfRow(this.#ring, row);
  }

  /** Oldest first. Throws CursorError. */
  list(page: PageQuery = {}): Promise<Page<StoredAccount>> {
    const query = this.#database.kysely.selectFrom('account').selectAll();
    return pageByAge(query, page, (row) => accountOfRow(this.#ring, row));
  }

  /** Throws NotFoundError, StaleVersionError, LoginTakenError. */
  async change(id: string, profile: AccountProfile, version?: number): Promise<StoredAccount> {
    const index = loginIndex(this.#ring, profile.login);
    return this.#update(id, version, async (session) => {
      const other = await session
        .selectFrom('account')
        .select('id')
        .where('login_index', '=', index)
        .where('id', '!=', id)
        .executeTakeFirst();
      if (other !== undefined) throw new LoginTakenError('this login is taken');
      return { login_index: index, profile_sealed: sealProfile(this.#ring, id, profile) };
    });
  }

  /** Throws NotFoundError. Nobody signs in with it any more; twice changes nothing. */
  async disable(id: string): Promise<StoredAccount> {
    const at = this.#world.now();
    return this.#update(id, undefined, async (_, known) => {
      if (known.disabled_at !== null) return null;
      // Inside the transaction: what is committed has its tombstone.
      this.#tombstones.append([{ kind: 'account', id, at }]);
      return { disabled_at: at, signed_out_at: at };
    });
  }

  /** Throws NotFoundError. Nobody signs in with it until it is resumed; twice changes nothing. */
  async suspend(id: string): Promise<StoredAccount> {
    const at = this.#world.now();
    return this.#update(id, undefined, async (_, known) => {
      if (known.suspended_at !== null) return null;
      this.#tombstones.append([{ kind: 'account-suspended', id, at }]);
      return { suspended_at: at, signed_out_at: at };
    });
  }

  /** Throws NotFoundError. What ended stays ended; its holder may sign in again, unless it is disabled as well. */
  async resume(id: string): Promise<StoredAccount> {
    return this.#update(id, undefined, async (_, known) => {
      if (known.suspended_at === null) return null;
      this.#tombstones.append([{ kind: 'account-resumed', id, at: this.#world.now() }]);
      return { suspended_at: null };
    });
  }

  /** These may do less than before: nothing that was given to them until now says otherwise any more. */
  async lessen(ids: readonly string[], ends: TokenEnds): Promise<void> {
    if (ids.length === 0) return;
    await this.#database.write(async (transaction) => {
      const session = this.#database.within(transaction);
      const at = this.#world.now();
      for (const portion of portionsOf(ids)) {
        await session.kysely
          .updateTable('account')
          .set({ lessened_at: at })
          .where('id', 'in', portion)
          .execute();
      }
      await recordChanges(transaction, 'account', ids, at);
      const grants = new GrantStore(session, this.#ring, this.#tombstones, this.#world);
      const denials = new DenialStore(session.as<DenialTables>(), this.#world);
      const givenBefore = Math.floor(at / 1000) + 1;
      const given = await grants.idsOf(ids);
      await denials.deny(given.map((value) => ({ kind: 'grant', value, givenBefore, ...ends })));
    }, CHANGE_LOCK);
  }

  /** Throws NotFoundError. As an erasure leaves it: a row that says that there was one. */
  async empty(id: string): Promise<void> {
    await this.#database.write(async (session) => {
      const row = await this.#row(session, id);
      if (row === undefined) throw new NotFoundError(`there is no account ${id}`);
      const at = this.#world.now();
      this.#tombstones.append([
        { kind: 'account', id, at },
        { kind: 'account-person', id, at },
      ]);
      await emptyAccount(session, this.#ring, row, at);
    }, CHANGE_LOCK);
  }

  /** Throws NotFoundError. Every session that there is ends. */
  async signOutEverywhere(id: string): Promise<StoredAccount> {
    const at = this.#world.now();
    return this.#update(id, undefined, async () => ({ signed_out_at: at }));
  }

  /** A link by which its holder comes in once. Others of the same purpose end with it. */
  async issueLink(accountId: string, purpose: LinkPurpose, expiresAt: number): Promise<string> {
    const token = Buffer.from(this.#world.random(TOKEN_BYTES)).toString('base64url');
    await this.#database.write(async (session) => {
      await session
        .deleteFrom('account_link')
        .where('account_id', '=', accountId)
        .where('purpose', '=', purpose)
        .execute();
      await session
        .insertInto('account_link')
        .values({
          ...{ token_index: this.#linkIndex(token), account_id: accountId, purpose },
          ...{ expires_at: expiresAt, used_at: null },
        })
        .execute();
    });
    return token;
  }

  /** Whose link it is, while it can be used. */
  async linkOf(token: string): Promise<{ accountId: string; purpose: LinkPurpose } | undefined> {
    const row = await this.#database.kysely
      .selectFrom('account_link')
      .select(['account_id', 'purpose'])
      .where('token_index', '=', this.#linkIndex(token))
      .where('used_at', 'is', null)
      .where('expires_at', '>', this.#world.now())
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return { accountId: row.account_id, purpose: row.purpose as LinkPurpose };
  }

  /** True for one: it was issued, has not expired and was not used. */
  async useLink(token: string): Promise<boolean> {
    const now = this.#world.now();
    const { numUpdatedRows } = await this.#database.kysely
      .updateTable('account_link')
      .set({ used_at: now })
      .where('token_index', '=', this.#linkIndex(token))
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  /** After a restore: what was used since the backup would open again, so nothing does. */
  async voidLinks(): Promise<void> {
    await this.#database.kysely.deleteFrom('account_link').execute();
  }

  /** Forgets links that are over, a bounded number at once. */
  async prune(): Promise<number> {
    const { numDeletedRows } = await this.#database.kysely
      .deleteFrom('account_link')
      .where(({ eb, selectFrom }) =>
        eb(
          'token_index',
          'in',
          selectFrom('account_link')
            .select('token_index')
            .where('expires_at', '<=', this.#world.now())
            .limit(PRUNED_AT_ONCE),
        ),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }

  /** Repeats what was taken away after a restore. Returns how many accounts had it again. */
  async replayTombstones(): Promise<number> {
    let ended = 0;
    const suspended = new Map<string, number>();
    for (const { kind, id, at } of this.#tombstones.read()) {
      if (kind === 'account-suspended') suspended.set(id, at);
      if (kind === 'account-resumed') suspended.delete(id);
      if (kind === 'account' && (await this.#endAgain(id, 'disabled_at', at))) ended += 1;
    }
    for (const [id, at] of suspended) {
      if (await this.#endAgain(id, 'suspended_at', at)) ended += 1;
    }
    return ended;
  }

  /** False: it had ended. */
  #endAgain(id: string, how: 'disabled_at' | 'suspended_at', at: number): Promise<boolean> {
    return this.#database.write(async (session) => {
      const row = await this.#row(session, id);
      if (row === undefined || row[how] !== null) return false;
      await this.#write(session, row, { [how]: at, signed_out_at: at });
      return true;
    }, CHANGE_LOCK);
  }

  /** `change` null: it stays as it is. */
  async #update(
    id: string,
    version: number | undefined,
    change: (session: Session, known: AccountRow) => Promise<Partial<AccountRow> | null>,
  ): Promise<StoredAccount> {
    const row = await this.#database.write(async (session) => {
      const known = await this.#row(session, id);
      if (known === undefined) throw new NotFoundError(`there is no account ${id}`);
      if (version !== undefined && version !== known.version) {
        throw new StaleVersionError(known.version);
      }
      const changed = await change(session, known);
      return changed === null ? known : this.#write(session, known, changed);
    }, CHANGE_LOCK);
    return accountOfRow(this.#ring, row);
  }

  async #write(
    session: Session,
    known: AccountRow,
    changed: Partial<AccountRow>,
  ): Promise<AccountRow> {
    const row = { ...known, ...changed, version: known.version + 1 };
    const { id, ...columns } = row;
    await session.updateTable('account').set(columns).where('id', '=', id).execute();
    await recordChange(session, 'account', id, this.#world.now());
    return row;
  }

  #row(session: Pick<Session, 'selectFrom'>, id: string): Promise<AccountRow | undefined> {
    return session.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst();
  }

  #linkIndex(token: string): string {
    return this.#ring.blindIndex('account.link', token);
  }
}
