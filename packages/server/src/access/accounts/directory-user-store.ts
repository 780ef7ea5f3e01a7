import { parseJsonText } from '@poorter/openapi/json';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK } from '../../state/changes/index.ts';
import { DenialStore, type DenialTables } from '../../state/denials/index.ts';
import { NotFoundError, StaleVersionError, type StateWorld } from '../../state/index.ts';
import type { TombstoneLog } from '../../state/tombstones/index.ts';
import {
  type AccountRow,
  type AccountTables,
  accountOfRow,
  loginIndex,
  type StoredAccount,
} from './account-row.ts';
import { AccountStore, type TokenEnds } from './account-store.ts';
import { type DirectoryPerson, type DirectoryUser, profileOf } from './directory-person.ts';
import { GrantStore } from './grant-store.ts';

/** The directory calls somebody else so. */
export class ExternalIdTakenError extends Error {
  override readonly name = 'ExternalIdTakenError';
}

/** What was changed, and whose word ended with it. */
export interface ChangedUser {
  readonly user: DirectoryUser;
  /** Ids of grants, which are gone. */
  readonly endedGrants: readonly string[];
}

type Row = AccountTables['directory_user'] & AccountRow & { readonly taken_at: number };

/** The stores as one change works on them. */
interface Within {
  readonly session: Database<AccountTables>;
  readonly accounts: AccountStore;
  readonly grants: GrantStore;
  readonly denials: DenialStore;
}

/** People whose accounts come from a directory. It sees and changes those that it made, and no others. */
export class DirectoryUserStore {
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

  /** Throws LoginTakenError, ExternalIdTakenError. */
  async create(directory: string, said: DirectoryPerson): Promise<DirectoryUser> {
    const at = this.#world.now();
    return this.#write(async ({ session, accounts }) => {
      const { id } = await accounts.create(profileOf(said), `directory:${directory}`);
      await this.#refuseTaken(session, directory, said.externalId, id);
      await session.kysely
        .insertInto('directory_user')
        .values({
          ...{ account_id: id, directory, created_at: at, changed_at: at },
          ...this.#saidColumns(directory, id, said),
        })
        .execute();
      if (!said.isActive) await accounts.suspend(id);
      return this.#known(session, directory, id);
    });
  }

  /** Undefined: there is nobody, or they come from elsewhere. */
  async show(directory: string, id: string): Promise<DirectoryUser | undefined> {
    const row = await this.#rows(this.#database, directory)
      .where('account_id', '=', id)
      .executeTakeFirst();
    return row && this.#userOf(row);
  }

  /** Whichever directory they come from; undefined: none. */
  async ofAccount(id: string): Promise<DirectoryUser | undefined> {
    const row = await this.#allRows(this.#database).where('account_id', '=', id).executeTakeFirst();
    return row && this.#userOf(row);
  }

  async findByLogin(directory: string, login: string): Promise<DirectoryUser | undefined> {
    const row = await this.#rows(this.#database, directory)
      .where('login_index', '=', loginIndex(this.#ring, login))
      .executeTakeFirst();
    return row && this.#userOf(row);
  }

  async findByExternalId(
    directory: string,
    externalId: string,
  ): Promise<DirectoryUser | undefined> {
    const row = await this.#rows(this.#database, directory)
      .where('external_index', '=', this.#externalIndex(directory, externalId))
      .executeTakeFirst();
    return row && this.#userOf(row);
  }

  async count(directory: string): Promise<number> {
    const { count } = await this.#database.kysely
      .selectFrom('directory_user')
      .select((all) => all.fn.countAll<number>().as('count'))
      .where('directory', '=', directory)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Oldest first. */
  async page(directory: string, offset: number, limit: number): Promise<DirectoryUser[]> {
    const rows = await this.#rows(this.#database, directory)
      .orderBy('directory_user.created_at')
      .orderBy('account_id')
      .offset(offset)
      .limit(limit)
      .execute();
    return rows.map((row) => this.#userOf(row));
  }

  /**
   * `next` judges what is known, and says what is so from now on; it may run more than once. Whoever is no longer
   * active has given nothing any more. Throws NotFoundError, StaleVersionError, LoginTakenError, ExternalIdTakenError.
   */
  async change(
    directory: string,
    id: string,
    version: number | undefined,
    next: (known: DirectoryUser) => DirectoryPerson,
    ends: TokenEnds,
  ): Promise<ChangedUser> {
    return this.#write(async (within) => {
      const { session, accounts } = within;
      const known = await this.#known(session, directory, id, version);
      const said = next(known);
      if (JSON.stringify(said) !== JSON.stringify(known.said)) {
        await this.#refuseTaken(session, directory, said.externalId, id);
        await accounts.change(id, profileOf(said));
        await session.kysely
          .updateTable('directory_user')
          .set({
            changed_at: this.#world.now(),
            ...this.#saidColumns(directory, id, said),
          })
          .where('account_id', '=', id)
          .execute();
      }
      if (said.isActive) await accounts.resume(id);
      else await accounts.suspend(id);
      // Also where they were not: what somebody gave in the very moment in which they were suspended.
      const endedGrants = said.isActive ? [] : await this.#endGrants(within, id, ends);
      return { user: await this.#known(session, directory, id), endedGrants };
    });
  }

  /** The account is emptied, its name is free, and nothing comes of it any more. Throws NotFoundError, StaleVersionError. */
  async remove(
    directory: string,
    id: string,
    version: number | undefined,
    ends: TokenEnds,
  ): Promise<readonly string[]> {
    return this.#write(async (within) => {
      await this.#known(within.session, directory, id, version);
      const ended = await this.#endGrants(within, id, ends);
      const account = await within.accounts.show(id);
      const isDisabledByOperator = account?.disabledAt !== null && account?.isSuspended === false;
      // It stays, with its name: nobody comes in by it once more under the hand of the directory.
      if (isDisabledByOperator) await this.#letGo(within.session, id);
      else await within.accounts.empty(id);
      return ended;
    });
  }

  async #letGo({ kysely }: Database<AccountTables>, id: string): Promise<void> {
    for (const table of ['directory_user', 'directory_member'] as const) {
      await kysely.deleteFrom(table).where('account_id', '=', id).execute();
    }
  }

  async #endGrants(
    { grants, denials }: Within,
    id: string,
    { issuer, until }: TokenEnds,
  ): Promise<string[]> {
    const ended = await grants.takeAll(id);
    await denials.deny(ended.map((value) => ({ kind: 'grant', issuer, value, until })));
    return ended;
  }

  #write<Result>(work: (within: Within) => Promise<Result>): Promise<Result> {
    return this.#database.write((transaction) => {
      const session = this.#database.within(transaction);
      const parts = [session, this.#ring, this.#tombstones, this.#world] as const;
      return work({
        session,
        accounts: new AccountStore(...parts),
        grants: new GrantStore(...parts),
        denials: new DenialStore(session.as<DenialTables>(), this.#world),
      });
    }, CHANGE_LOCK);
  }

  async #known(
    session: Database<AccountTables>,
    directory: string,
    id: string,
    version?: number,
  ): Promise<DirectoryUser> {
    const row = await this.#rows(session, directory)
      .where('account_id', '=', id)
      .executeTakeFirst();
    if (row === undefined) throw new NotFoundError(`${directory} has nobody called ${id}`);
    if (version !== undefined && version !== row.version) throw new StaleVersionError(row.version);
    return this.#userOf(row);
  }

  #rows(session: Database<AccountTables>, directory: string) {
    return this.#allRows(session).where('directory', '=', directory);
  }

  #allRows({ kysely }: Database<AccountTables>) {
    return kysely
      .selectFrom('directory_user')
      .innerJoin('account', 'account.id', 'directory_user.account_id')
      .selectAll('account')
      .select(['account_id', 'directory', 'external_index', 'said_sealed', 'changed_at'])
      .select('directory_user.created_at as taken_at');
  }

  async #refuseTaken(
    { kysely }: Database<AccountTables>,
    directory: string,
    externalId: string | null,
    id: string,
  ): Promise<void> {
    if (externalId === null) return;
    const other = await kysely
      .selectFrom('directory_user')
      .select('account_id')
      .where('external_index', '=', this.#externalIndex(directory, externalId))
      .where('account_id', '!=', id)
      .executeTakeFirst();
    if (other !== undefined) throw new ExternalIdTakenError('this externalId is taken');
  }

  #saidColumns(directory: string, id: string, said: DirectoryPerson) {
    const { externalId } = said;
    return {
      external_index: externalId === null ? null : this.#externalIndex(directory, externalId),
      said_sealed: this.#ring.seal(place(id), JSON.stringify(said)),
    };
  }

  /** The name and the state are the account's: an operator may have disabled it. */
  #userOf(row: Row): DirectoryUser {
    const said = parseJsonText(
      this.#ring.open(place(row.account_id), row.said_sealed),
    ) as DirectoryPerson;
    const { id, login, disabledAt, version }: StoredAccount = accountOfRow(this.#ring, row);
    return {
      ...{ id, directory: row.directory, version },
      ...{ createdAt: row.taken_at, changedAt: row.changed_at },
      said: { ...said, userName: login, isActive: disabledAt === null },
    };
  }

  #externalIndex(directory: string, externalId: string): string {
    return this.#ring.blindIndex('directory user', JSON.stringify([directory, externalId]));
  }
}

function place(row: string) {
  return { table: 'directory_user', column: 'said', row };
}
