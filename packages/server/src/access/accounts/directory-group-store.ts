import { parseJsonText } from '@poorter/openapi/json';
import { type Database, portionsOf } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK } from '../../state/changes/index.ts';
import { NotFoundError, StaleVersionError, type StateWorld } from '../../state/index.ts';
import type { TombstoneLog } from '../../state/tombstones/index.ts';
import type { AccountTables } from './account-row.ts';
import { AccountStore, type TokenEnds } from './account-store.ts';
import { ExternalIdTakenError } from './directory-user-store.ts';
import { dropMembers, MEMBERS_MAX, membersOf } from './group-members.ts';
import { GroupTombstones } from './group-tombstones.ts';

/** RFC 7643 §4.2. */
export interface GroupWish {
  readonly displayName: string;
  /** What the directory calls it, to the letter. */
  readonly externalId: string | null;
  /** Ids of accounts that come from the same directory. */
  readonly members: readonly string[];
}

/** Times are milliseconds since the epoch. */
export interface DirectoryGroup extends Omit<GroupWish, 'members'> {
  readonly id: string;
  readonly directory: string;
  readonly createdAt: number;
  readonly changedAt: number;
  readonly version: number;
}

/** Of somebody: a group they are in. */
export type Membership = Pick<DirectoryGroup, 'id' | 'directory' | 'displayName'>;

/** Nobody of this directory is called so. */
export class UnknownMemberError extends Error {
  override readonly name = 'UnknownMemberError';
}

/** A group becomes too large. */
export class TooManyMembersError extends Error {
  override readonly name = 'TooManyMembersError';
}

type Row = AccountTables['directory_group'];

/** What a group gives besides its name. */
export interface GroupRights {
  /** Whether somebody may do something because they are in a group of this name. */
  readonly givesRights: (name: string) => boolean;
  readonly ends: TokenEnds;
}

const ID_BYTES = 12;
const NAMED_SO_MAX = 1_000;

/** Groups of the people of a directory. It sees and changes its own, and no others. */
export class DirectoryGroupStore {
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

  /** Throws ExternalIdTakenError, UnknownMemberError, TooManyMembersError. */
  async create(directory: string, wish: GroupWish): Promise<DirectoryGroup> {
    const id = `group_${Buffer.from(this.#world.random(ID_BYTES)).toString('hex')}`;
    const at = this.#world.now();
    return this.#write(async (session) => {
      await this.#refuseTaken(session, directory, wish, id);
      const row: Row = {
        ...{ id, directory, created_at: at, changed_at: at, version: 1 },
        ...this.#columns(directory, id, wish),
      };
      await session.kysely.insertInto('directory_group').values(row).execute();
      await this.#add(session, row, new Set(wish.members));
      return this.#groupOf(row);
    });
  }

  /** Undefined: there is none, or it is another directory's. */
  async show(directory: string, id: string): Promise<DirectoryGroup | undefined> {
    const row = await rowsOf(this.#database, directory).where('id', '=', id).executeTakeFirst();
    return row && this.#groupOf(row);
  }

  /** Several may be called so. Oldest first, and no more than a page of them. */
  async findByName(directory: string, name: string): Promise<DirectoryGroup[]> {
    const rows = await rowsOf(this.#database, directory)
      .where('name_index', '=', this.#nameIndex(directory, name))
      .orderBy('created_at')
      .orderBy('id')
      .limit(NAMED_SO_MAX)
      .execute();
    return rows.map((row) => this.#groupOf(row));
  }

  async findByExternalId(
    directory: string,
    externalId: string,
  ): Promise<DirectoryGroup | undefined> {
    const row = await rowsOf(this.#database, directory)
      .where('external_index', '=', this.#externalIndex(directory, externalId))
      .executeTakeFirst();
    return row && this.#groupOf(row);
  }

  async count(directory: string): Promise<number> {
    const { count } = await this.#database.kysely
      .selectFrom('directory_group')
      .select((all) => all.fn.countAll<number>().as('count'))
      .where('directory', '=', directory)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Oldest first. */
  async page(directory: string, offset: number, limit: number): Promise<DirectoryGroup[]> {
    const rows = await rowsOf(this.#database, directory)
      .orderBy('created_at')
      .orderBy('id')
      .offset(offset)
      .limit(limit)
      .execute();
    return rows.map((row) => this.#groupOf(row));
  }

  /** Ids of accounts. */
  members(id: string): Promise<string[]> {
    return membersOf(this.#database, id);
  }

  /** Of each of these, the groups they are in; of whoever is in none, nothing. */
  async groupsOf(accountIds: readonly string[]): Promise<Map<string, Membership[]>> {
    const found = new Map<string, Membership[]>();
    for (const portion of portionsOf(accountIds)) {
      const rows = await this.#database.kysely
        .selectFrom('directory_member')
        .innerJoin('directory_group', 'directory_group.id', 'directory_member.group_id')
        .selectAll('directory_group')
        .select('directory_member.account_id')
        .where('directory_member.account_id', 'in', portion)
        .orderBy('directory_group.id')
        .execute();
      for (const row of rows) {
        const { id, directory, displayName } = this.#groupOf(row);
        const known = found.get(row.account_id) ?? [];
        found.set(row.account_id, [...known, { id, directory, displayName }]);
      }
    }
    return found;
  }

  /**
   * `next` judges what is known, and says what is so from now on; it may run more than once. What was given to whoever may do
   * less by it has ended. Throws NotFoundError, StaleVersionError, and what `create` throws.
   */
  async change(
    directory: string,
    id: string,
    version: number | undefined,
    next: (known: GroupWish) => GroupWish,
    rights: GroupRights,
  ): Promise<DirectoryGroup> {
    return this.#write(async (session) => {
      const row = await this.#known(session, directory, id, version);
      const { displayName, externalId } = this.#groupOf(row);
      const members = await membersOf(session, id);
      const wish = next({ displayName, externalId, members });
      const [had, has] = [new Set(members), new Set(wish.members)];
      const left = members.filter((member) => !has.has(member));
      const came = new Set(wish.members.filter((member) => !had.has(member)));
      const isNamedSo = displayName === wish.displayName && externalId === wish.externalId;
      if (isNamedSo && left.length === 0 && came.size === 0) return this.#groupOf(row);
      await this.#refuseTaken(session, directory, wish, id);
      const changed = {
        ...this.#columns(directory, id, wish),
        ...{ changed_at: this.#world.now(), version: row.version + 1 },
      };
      await session.kysely
        .updateTable('directory_group')
        .set(changed)
        .where('id', '=', id)
        .execute();
      await dropMembers(session, id, left);
      await this.#add(session, row, came, has.size);
      const isOther = displayName !== wish.displayName;
      const { changed_at: at, version: since } = changed;
      this.#buried(session).changed({ id, version: since, at, left, isRenamed: isOther });
      await this.#lessen(session, displayName, isOther ? members : left, rights);
      return this.#groupOf({ ...row, ...changed });
    });
  }

  /** As a change that leaves nobody in it. Throws NotFoundError, StaleVersionError. */
  async remove(
    directory: string,
    id: string,
    version: number | undefined,
    rights: GroupRights,
  ): Promise<void> {
    return this.#write(async (session) => {
      const row = await this.#known(session, directory, id, version);
      const members = await membersOf(session, id);
      await session.kysely.deleteFrom('directory_member').where('group_id', '=', id).execute();
      await session.kysely.deleteFrom('directory_group').where('id', '=', id).execute();
      this.#buried(session).removed(id, this.#world.now());
      await this.#lessen(session, this.#groupOf(row).displayName, members, rights);
    });
  }

  /** Repeats after a restore who left, and which groups are gone. Returns how many people were in one again. */
  replayTombstones(): Promise<number> {
    return this.#buried(this.#database).replay();
  }

  #buried(session: Database<AccountTables>): GroupTombstones {
    return new GroupTombstones(session, this.#ring, this.#tombstones);
  }

  #write<Result>(work: (session: Database<AccountTables>) => Promise<Result>): Promise<Result> {
    return this.#database.write(
      (transaction) => work(this.#database.within(transaction)),
      CHANGE_LOCK,
    );
  }

  /** What was given to somebody who was in a group says so until it ends: it ends now. */
  async #lessen(
    session: Database<AccountTables>,
    name: string,
    accounts: readonly string[],
    { givesRights, ends }: GroupRights,
  ): Promise<void> {
    if (accounts.length === 0 || !givesRights(name)) return;
    const parts = [session, this.#ring, this.#tombstones, this.#world] as const;
    await new AccountStore(...parts).lessen(accounts, ends);
  }

  async #known(
    session: Database<AccountTables>,
    directory: string,
    id: string,
    version: number | undefined,
  ): Promise<Row> {
    const row = await rowsOf(session, directory).where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw new NotFoundError(`${directory} has no group ${id}`);
    if (version !== undefined && version !== row.version) throw new StaleVersionError(row.version);
    return row;
  }

  async #add(
    session: Database<AccountTables>,
    { id, directory }: Pick<Row, 'id' | 'directory'>,
    came: ReadonlySet<string>,
    size: number = came.size,
  ): Promise<void> {
    if (size > MEMBERS_MAX) {
      throw new TooManyMembersError(`a group has ${MEMBERS_MAX} members at most`);
    }
    for (const portion of portionsOf([...came])) {
      const known = await session.kysely
        .selectFrom('directory_user')
        .select('account_id')
        .where('directory', '=', directory)
        .where('account_id', 'in', portion)
        .execute();
      if (known.length !== portion.length) {
        const there = new Set(known.map(({ account_id }) => account_id));
        const unknown = portion.find((member) => !there.has(member));
        throw new UnknownMemberError(`${directory} has nobody called ${unknown}`);
      }
      await session.kysely
        .insertInto('directory_member')
        .values(portion.map((account_id) => ({ group_id: id, account_id })))
        .execute();
    }
  }

  async #refuseTaken(
    { kysely }: Database<AccountTables>,
    directory: string,
    { externalId }: GroupWish,
    id: string,
  ): Promise<void> {
    if (externalId === null) return;
    const called = await kysely
      .selectFrom('directory_group')
      .select('id')
      .where('external_index', '=', this.#externalIndex(directory, externalId))
      .where('id', '!=', id)
      .executeTakeFirst();
    if (called !== undefined) throw new ExternalIdTakenError('this externalId is taken');
  }

  #columns(directory: string, id: string, { displayName, externalId }: GroupWish) {
    return {
      name_index: this.#nameIndex(directory, displayName),
      external_index: externalId === null ? null : this.#externalIndex(directory, externalId),
      said_sealed: this.#ring.seal(place(id), JSON.stringify({ displayName, externalId })),
    };
  }

  #groupOf(row: Row): DirectoryGroup {
    const { displayName, externalId } = parseJsonText(
      this.#ring.open(place(row.id), row.said_sealed),
    ) as Pick<GroupWish, 'displayName' | 'externalId'>;
    return {
      ...{ id: row.id, directory: row.directory, displayName, externalId },
      ...{ createdAt: row.created_at, changedAt: row.changed_at, version: row.version },
    };
  }

  #nameIndex(directory: string, name: string): string {
    const text = JSON.stringify([directory, groupNameOf(name)]);
    return this.#ring.blindIndex('directory group name', text);
  }

  #externalIndex(directory: string, externalId: string): string {
    return this.#ring.blindIndex('directory group', JSON.stringify([directory, externalId]));
  }
}

/** The same name, whatever its letters are written as; nothing that only looks like it. */
export function groupNameOf(name: string): string {
  return name.toLowerCase();
}

function rowsOf({ kysely }: Database<AccountTables>, directory: string) {
  return kysely.selectFrom('directory_group').selectAll().where('directory', '=', directory);
}

function place(row: string) {
  return { table: 'directory_group', column: 'said', row };
}
