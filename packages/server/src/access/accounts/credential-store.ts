import { parseJsonText } from '@poorter/openapi/json';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, recordChange } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';
import { portions, type TombstoneLog } from '../../state/tombstones/index.ts';
import type { AccountTables } from './account-row.ts';

/** A passkey; a code of the minute; a password; codes for when the others are gone; whom another provider knows. */
export type CredentialKind = 'passkey' | 'totp' | 'password' | 'recovery' | 'identity';

/** Times are milliseconds since the epoch. */
export interface StoredCredential {
  readonly id: string;
  readonly accountId: string;
  readonly kind: CredentialKind;
  /** As its kind needs it: plain data. */
  readonly data: Readonly<Record<string, unknown>>;
  /** By which its holder knows it. */
  readonly label: string;
  /** A signature counter, the step of the last code: it only grows. */
  readonly uses: number;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
}

export interface CredentialWish {
  readonly accountId: string;
  readonly kind: CredentialKind;
  readonly data: Readonly<Record<string, unknown>>;
  readonly label: string;
  /** What it is found by, over all accounts: the id of a passkey. */
  readonly lookup?: string;
  readonly uses?: number;
}

/** What stays when another is removed. */
export type LeftCredential = Pick<StoredCredential, 'id' | 'kind'>;

export interface CredentialUse {
  readonly isUncounted?: boolean;
  readonly data?: Readonly<Record<string, unknown>>;
}

export type CredentialRow = AccountTables['account_credential'];

const ID_BYTES = 12;
const CREDENTIALS_MAX = 50;

/** What people show who they are with. */
export class CredentialStore {
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

  /** Undefined: it is there already, or the account has as many as it may. */
  async add(wish: CredentialWish): Promise<StoredCredential | undefined> {
    const row = newCredentialRow(this.#ring, this.#world, wish);
    const isAdded = await this.#database.write(async (session) => {
      const { count } = await session
        .selectFrom('account_credential')
        .select((all) => all.fn.countAll<number>().as('count'))
        .where('account_id', '=', row.account_id)
        .executeTakeFirstOrThrow();
      if (Number(count) >= CREDENTIALS_MAX) return false;
      const { numInsertedOrUpdatedRows } = await session
        .insertInto('account_credential')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows !== 1n) return false;
      await recordChange(session, 'account', row.account_id, row.created_at);
      return true;
    }, CHANGE_LOCK);
    return isAdded ? this.#credentialOf(row) : undefined;
  }

  /** In the place of the one of its kind: an account has one password, and one generator of codes. */
  async put(wish: CredentialWish): Promise<void> {
    const row = newCredentialRow(this.#ring, this.#world, wish);
    await this.#database.write(async (session) => {
      const before = await session
        .deleteFrom('account_credential')
        .where('account_id', '=', row.account_id)
        .where('kind', '=', row.kind)
        .returning('id')
        .execute();
      this.#bury(before, row.created_at);
      await session.insertInto('account_credential').values(row).execute();
      await recordChange(session, 'account', row.account_id, row.created_at);
    }, CHANGE_LOCK);
  }

  /** Oldest first. */
  async list(accountId: string): Promise<StoredCredential[]> {
    const rows = await this.#database.kysely
      .selectFrom('account_credential')
      .selectAll()
      .where('account_id', '=', accountId)
      .orderBy('created_at')
      .orderBy('id')
      .limit(CREDENTIALS_MAX)
      .execute();
    return rows.map((row) => this.#credentialOf(row));
  }

  async find(kind: CredentialKind, lookup: string): Promise<StoredCredential | undefined> {
    const row = await this.#database.kysely
      .selectFrom('account_credential')
      .selectAll()
      .where('lookup_index', '=', lookupIndex(this.#ring, kind, lookup))
      .executeTakeFirst();
    return row === undefined ? undefined : this.#credentialOf(row);
  }

  /**
   * It was shown, and counts `uses` now. False: it has counted as far already, so that what was shown is old, or
   * a copy. `isUncounted`: its kind does not count (a passkey that is kept on several devices). `data`: what is known of it
   * from now on.
   */
  async use(
    id: string,
    uses: number,
    { isUncounted = false, data }: CredentialUse = {},
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#database.kysely
      .updateTable('account_credential')
      .set({
        ...{ last_used_at: this.#world.now(), uses },
        ...(data !== undefined && { data_sealed: this.#sealed(id, data) }),
      })
      .where('id', '=', id)
      .where('uses', isUncounted ? '<=' : '<', uses)
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  /** `isEnough`: whether somebody can still come in with these; default: whoever asks answers for it. */
  async remove(
    accountId: string,
    id: string,
    isEnough: (left: readonly LeftCredential[]) => boolean = () => true,
  ): Promise<'removed' | 'absent' | 'needed'> {
    return this.#database.write(async (session) => {
      const rows = await session
        .selectFrom('account_credential')
        .select(['id', 'kind'])
        .where('account_id', '=', accountId)
        .execute();
      const left = rows.filter((row) => row.id !== id);
      if (left.length === rows.length) return 'absent';
      const kept = left.map((row) => ({ id: row.id, kind: row.kind as CredentialKind }));
      if (!isEnough(kept)) return 'needed';
      await session.deleteFrom('account_recovery_code').where('credential_id', '=', id).execute();
      await session.deleteFrom('account_credential').where('id', '=', id).execute();
      const at = this.#world.now();
      this.#bury([{ id }], at);
      const { kind } = rows.find((row) => row.id === id) ?? {};
      // With it goes what its provider said that its holder may do.
      if (kind === 'identity') {
        await session
          .updateTable('account')
          .set({ lessened_at: at })
          .where('id', '=', accountId)
          .execute();
      }
      await recordChange(session, 'account', accountId, at);
      return 'removed';
    }, CHANGE_LOCK);
  }

  /**
   * The provider that knows somebody said less of what they may do: what it said before is not so again.
   * Resolves when that is kept.
   */
  async lessenRoles(id: string, data: StoredCredential['data']): Promise<void> {
    const at = this.#world.now();
    await this.#database.write(async (session) => {
      this.#tombstones.append([{ kind: 'identity-roles', id, at }]);
      await session
        .updateTable('account_credential')
        .set({ last_used_at: at, data_sealed: this.#sealed(id, data) })
        .where('id', '=', id)
        .execute();
    }, CHANGE_LOCK);
  }

  /** Repeats what was removed, replaced or said less of after a restore. Returns how many were there again. */
  async replayTombstones(): Promise<number> {
    const buried = this.#tombstones.read();
    const ended = buried.filter(({ kind }) => kind === 'credential').map(({ id }) => id);
    let gone = 0;
    for (const portion of portions(ended)) {
      gone += await this.#database.write(async (session) => {
        await session
          .deleteFrom('account_recovery_code')
          .where('credential_id', 'in', portion)
          .execute();
        const rows = await session
          .deleteFrom('account_credential')
          .where('id', 'in', portion)
          .returning('account_id')
          .execute();
        const at = this.#world.now();
        for (const { account_id } of rows) await recordChange(session, 'account', account_id, at);
        return rows.length;
      }, CHANGE_LOCK);
    }
    const lessened = new Map<string, number>();
    for (const { kind, id, at } of buried) {
      if (kind === 'identity-roles') lessened.set(id, Math.max(at, lessened.get(id) ?? at));
    }
    for (const portion of portions([...lessened.keys()])) {
      for (const { id, seenAt } of await this.#lastSeen(portion)) {
        const at = lessened.get(id) ?? seenAt;
        // What it holds was said since, as it is but after a restore.
        if (seenAt < at && (await this.#lessenAgain(id, at))) gone += 1;
      }
    }
    return gone;
  }

  async #lastSeen(ids: readonly string[]): Promise<{ id: string; seenAt: number }[]> {
    const rows = await this.#database.kysely
      .selectFrom('account_credential')
      .select(['id', 'created_at', 'last_used_at'])
      .where('id', 'in', ids)
      .execute();
    return rows.map(({ id, created_at, last_used_at }) => ({
      ...{ id, seenAt: last_used_at ?? created_at },
    }));
  }

  /** False: it is gone, or what it holds was said meanwhile. */
  #lessenAgain(id: string, at: number): Promise<boolean> {
    return this.#database.write(async (session) => {
      const row = await session
        .selectFrom('account_credential')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      if (row === undefined || (row.last_used_at ?? row.created_at) >= at) return false;
      const { roles: _, ...data } = this.#credentialOf(row).data;
      await session
        .updateTable('account_credential')
        .set({ last_used_at: at, data_sealed: this.#sealed(id, data) })
        .where('id', '=', id)
        .execute();
      await recordChange(session, 'account', row.account_id, at);
      return true;
    }, CHANGE_LOCK);
  }

  /** Inside the transaction: what is committed has its tombstone. */
  #bury(gone: readonly { readonly id: string }[], at: number): void {
    this.#tombstones.append(gone.map(({ id }) => ({ kind: 'credential', id, at })));
  }

  #sealed(id: string, data: StoredCredential['data']): string {
    return this.#ring.seal(place(id, 'data'), JSON.stringify(data));
  }

  #credentialOf(row: CredentialRow): StoredCredential {
    return {
      ...{ id: row.id, accountId: row.account_id, kind: row.kind as CredentialKind },
      data: parseJsonText(
        this.#ring.open(place(row.id, 'data'), row.data_sealed),
      ) as StoredCredential['data'],
      label: this.#ring.open(place(row.id, 'label'), row.label_sealed),
      ...{ uses: row.uses, createdAt: row.created_at, lastUsedAt: row.last_used_at },
    };
  }
}

export function newCredentialRow(
  ring: KeyRing,
  world: StateWorld,
  { accountId, kind, data, label, lookup, uses = 0 }: CredentialWish,
): CredentialRow {
  const id = `credential_${Buffer.from(world.random(ID_BYTES)).toString('hex')}`;
  return {
    ...{ id, account_id: accountId, kind, uses },
    lookup_index: lookup === undefined ? null : lookupIndex(ring, kind, lookup),
    data_sealed: ring.seal(place(id, 'data'), JSON.stringify(data)),
    label_sealed: ring.seal(place(id, 'label'), label),
    ...{ created_at: world.now(), last_used_at: null },
  };
}

export function lookupIndex(ring: KeyRing, kind: CredentialKind, lookup: string): string {
  return ring.blindIndex(`account credential ${kind}`, lookup);
}

/** Whether a passkey was in more places than one when it was last shown; null: that is not known of it. */
export function isSynced({ kind, data }: StoredCredential): boolean | null {
  const { isSynced: is } = data;
  return kind === 'passkey' && typeof is === 'boolean' ? is : null;
}

function place(row: string, column: string) {
  return { table: 'account_credential', column, row };
}
