import { formatKey, hashCredential, KEY_SECRET_BYTES } from '@poorter/engine';
import { parseJsonText } from '@poorter/openapi/json';
import type { Transaction } from 'kysely';
import type { OperatorRole } from '../../messages/operator-roles.ts';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, type ChangeTables, recordChange } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';
import { NotFoundError, type Page, type PageQuery, pageByAge } from '../../state/index.ts';
import type { TombstoneLog } from '../../state/tombstones/index.ts';

export interface OperatorTables extends ChangeTables {
  operator: {
    id: string;
    name_sealed: string;
    roles: string;
    credential_hash: string;
    created_at: number;
    expires_at: number | null;
    revoked_at: number | null;
    last_used_at: number | null;
    /** Of whoever signed in for it; null: an operator made it. */
    account_id: string | null;
    created_by: string | null;
    version: number;
  };
}

/** How the command line of this machine reaches a running server: by a credential of its own. */
export const LOCAL_OPERATOR = 'command line of this machine';

export interface OperatorWish {
  readonly name: string;
  readonly roles: readonly OperatorRole[];
  /** Milliseconds since the epoch; null: until revoked. */
  readonly expiresAt: number | null;
  /** Who signed in for it; it ends with what they may do. Absent or null: an operator made it. */
  readonly accountId?: string | null;
  /** The operator who makes it. */
  readonly createdBy?: string | null;
}

export interface Operator extends OperatorWish {
  readonly id: string;
  readonly accountId: string | null;
  readonly createdBy: string | null;
  readonly createdAt: number;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
  readonly version: number;
}

/** As the gate in front of the admin API needs it. */
export interface OperatorCredential
  extends Pick<Operator, 'id' | 'name' | 'roles' | 'expiresAt' | 'accountId' | 'createdAt'> {
  /** `hashCredential` under `hashKey`. */
  readonly hash: string;
}

type Row = OperatorTables['operator'];

/** More operators than this are not asked for at once. */
const CREDENTIALS_MAX = 10_000;
/** Whoever reads a record of somebody who signed in finds for so long who it was. */
const KEPT_AFTER_END_MS = 90 * 86_400_000;

/** The people and programs that may administer Poorter. */
export class OperatorStore {
  readonly #database: Database<OperatorTables>;
  readonly #ring: KeyRing;
  readonly #hashKey: Uint8Array;
  readonly #tombstones: TombstoneLog;
  readonly #world: StateWorld;

  constructor(
    database: Database<OperatorTables>,
    ring: KeyRing,
    tombstones: TombstoneLog,
    world: StateWorld,
  ) {
    this.#database = database;
    this.#ring = ring;
    this.#hashKey = ring.derive('operator-credential-hash');
    this.#tombstones = tombstones;
    this.#world = world;
  }

  /** The credential is returned this once. */
  async create(wish: OperatorWish): Promise<{ credential: string; operator: Operator }> {
    const credential = formatKey(this.#world.random(KEY_SECRET_BYTES));
    const id = `operator_${Buffer.from(this.#world.random(8)).toString('hex')}`;
    const row: Row = {
      id,
      name_sealed: this.#ring.seal(place(id), wish.name),
      roles: JSON.stringify(wish.roles),
      credential_hash: hashCredential(credential, this.#hashKey),
      created_at: this.#world.now(),
      expires_at: wish.expiresAt,
      ...{ revoked_at: null, last_used_at: null, version: 1 },
      ...{ account_id: wish.accountId ?? null, created_by: wish.createdBy ?? null },
    };
    await this.#database.write(async (session) => {
      if (row.account_id !== null) await this.#makeRoom(session, row.account_id);
      await session.insertInto('operator').values(row).execute();
      await recordChange(session, 'operator', id, row.created_at);
    }, CHANGE_LOCK);
    return { credential, operator: this.#operatorOf(row) };
  }

  /** Whoever signs in anew has one that is good; those that ended long ago go. */
  async #makeRoom(session: Transaction<OperatorTables>, accountId: string): Promise<void> {
    const at = this.#world.now();
    await session
      .deleteFrom('operator')
      .where('account_id', '=', accountId)
      .where('expires_at', '<=', at - KEPT_AFTER_END_MS)
      .execute();
    const revoked = await revokeSignedIn(session, at, accountId);
    this.#tombstones.append(revoked.map((id) => ({ kind: 'operator', id, at })));
  }

  /** The key under which credentials are hashed: another than that of API keys, so neither opens the other. */
  get hashKey(): Uint8Array {
    return this.#hashKey;
  }

  /** What operators are known by: those that are not revoked. Expiry is for whoever lets them in. */
  async credentials(): Promise<OperatorCredential[]> {
    const rows = await this.#database.kysely
      .selectFrom('operator')
      .selectAll()
      .where('revoked_at', 'is', null)
      .orderBy('created_at')
      .limit(CREDENTIALS_MAX)
      .execute();
    return rows.map((row) => {
      const { id, name, roles, expiresAt, accountId, createdAt } = this.#operatorOf(row);
      return { id, name, roles, expiresAt, accountId, createdAt, hash: row.credential_hash };
    });
  }

  /** Late ones never turn the clock back. */
  async touch(id: string, at: number): Promise<void> {
    await this.#database.kysely
      .updateTable('operator')
      .set({ last_used_at: at })
      .where('id', '=', id)
      .where(({ eb, or }) => or([eb('last_used_at', 'is', null), eb('last_used_at', '<', at)]))
      .execute();
  }

  async show(id: string): Promise<Operator | undefined> {
    const row = await this.#database.kysely
      .selectFrom('operator')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? undefined : this.#operatorOf(row);
  }

  /** Oldest first. Throws CursorError. */
  list(page: PageQuery = {}): Promise<Page<Operator>> {
    const query = this.#database.kysely.selectFrom('operator').selectAll();
    return pageByAge(query, page, (row) => this.#operatorOf(row));
  }

  /** Throws NotFoundError. Revoking twice changes nothing. */
  async revoke(id: string): Promise<Operator> {
    const at = this.#world.now();
    await this.#database.write(async (session) => {
      if (await markRevoked(session, id, at)) {
        // Inside the transaction: a revocation that is committed has its tombstone.
        this.#tombstones.append([{ kind: 'operator', id, at }]);
      }
    }, CHANGE_LOCK);
    const operator = await this.show(id);
    if (operator === undefined) throw new NotFoundError(`there is no operator ${id}`);
    return operator;
  }

  /** After a restore: nobody knows what their holders have lost since. They sign in once more. */
  async voidSignedIn(): Promise<void> {
    const at = this.#world.now();
    await this.#database.write((session) => revokeSignedIn(session, at), CHANGE_LOCK);
  }

  /** All that are called so. */
  async revokeNamed(name: string): Promise<void> {
    for (const one of await this.credentials()) if (one.name === name) await this.revoke(one.id);
  }

  /** Repeats the revocations of the tombstones after a restore. Returns how many were missing. */
  async replayTombstones(): Promise<number> {
    let revoked = 0;
    for (const { kind, id, at } of this.#tombstones.read()) {
      if (kind !== 'operator') continue;
      const isNew = await this.#database.write(
        (session) => markRevoked(session, id, at),
        CHANGE_LOCK,
      );
      if (isNew) revoked += 1;
    }
    return revoked;
  }

  #operatorOf(row: Row): Operator {
    return {
      id: row.id,
      name: this.#ring.open(place(row.id), row.name_sealed),
      roles: parseJsonText(row.roles) as OperatorRole[],
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
      lastUsedAt: row.last_used_at,
      ...{ accountId: row.account_id, createdBy: row.created_by },
      version: row.version,
    };
  }
}

/** Of those who signed in for it: of one account, or of all. Ids of those that stood. */
async function revokeSignedIn(
  session: Transaction<OperatorTables>,
  at: number,
  accountId?: string,
): Promise<string[]> {
  const standing = session
    .selectFrom('operator')
    .select('id')
    .where('account_id', 'is not', null)
    .where('revoked_at', 'is', null);
  const rows = await (accountId === undefined
    ? standing
    : standing.where('account_id', '=', accountId)
  ).execute();
  for (const { id } of rows) await markRevoked(session, id, at);
  return rows.map(({ id }) => id);
}

async function markRevoked(
  session: Transaction<OperatorTables>,
  id: string,
  at: number,
): Promise<boolean> {
  const { numUpdatedRows } = await session
    .updateTable('operator')
    .set(({ eb }) => ({ revoked_at: at, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) return false;
  await recordChange(session, 'operator', id, at);
  return true;
}

function place(row: string) {
  return { table: 'operator', column: 'name', row };
}
