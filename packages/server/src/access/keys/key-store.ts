import { formatKey, hashCredential, isWellFormedKey, KEY_SECRET_BYTES } from '@poorter/engine';
import type { Transaction } from 'kysely';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, recordChange } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';
import {
  NotFoundError,
  type Page,
  type PageQuery,
  pageByAge,
  StaleVersionError,
} from '../../state/index.ts';
import { latestVersions, portions, type TombstoneLog } from '../../state/tombstones/index.ts';
import { isInState, takesAway } from './key-conditions.ts';
import {
  type KeyRow,
  type KeyState,
  type KeyTables,
  type KeyTerms,
  keyOfRow,
  ownerIndex,
  type StoredKey,
  sealReason,
  termColumns,
} from './key-row.ts';
import {
  type KeyUse,
  keepUses,
  operationsSince,
  type UsesReached,
  usesReached,
} from './key-uses.ts';

/** A key that was just made: the only time that it is known. */
export interface IssuedKey {
  readonly key: string;
  readonly record: StoredKey;
}

export interface KeyQuery extends PageQuery {
  readonly owner?: string;
  /** As it is now; expiry and overlap go by the clock. */
  readonly state?: KeyState;
}

type Session = Transaction<KeyTables>;

/** `poorter_` and four digits: enough to tell keys apart, 24 of 256 bits. */
const PREFIX_LENGTH = 12;
const LEAKED_MAX = 10_000;
/** Purpose of the key under which API keys are hashed; the gateway receives that key. */
export const API_KEY_HASH = 'api-key-hash';

/** The API keys that operators manage. */
export class KeyStore {
  readonly #database: Database<KeyTables>;
  readonly #ring: KeyRing;
  readonly #hashKey: Uint8Array;
  readonly #tombstones: TombstoneLog;
  readonly #world: StateWorld;

  constructor(
    database: Database<KeyTables>,
    ring: KeyRing,
    tombstones: TombstoneLog,
    world: StateWorld,
  ) {
    this.#database = database;
    this.#ring = ring;
    this.#hashKey = ring.derive(API_KEY_HASH);
    this.#tombstones = tombstones;
    this.#world = world;
  }

  async create(terms: KeyTerms, createdBy: string | null = null): Promise<IssuedKey> {
    const { key, row } = this.#draw(terms, null, createdBy);
    await this.#change(async (session) => {
      await session.insertInto('api_key').values(row).execute();
      return row.id;
    });
    return { key, record: keyOfRow(this.#ring, row) };
  }

  async show(id: string): Promise<StoredKey | undefined> {
    const [key] = await this.showMany([id]);
    return key;
  }

  /** Those that exist, in no order. */
  async showMany(ids: readonly string[]): Promise<StoredKey[]> {
    const found: StoredKey[] = [];
    for (const portion of portions(ids)) {
      const rows = await this.#database.kysely
        .selectFrom('api_key')
        .selectAll()
        .where('id', 'in', portion)
        .execute();
      found.push(...rows.map((row) => keyOfRow(this.#ring, row)));
    }
    return found;
  }

  /** The key with this text, in whatever state. */
  async find(key: string): Promise<StoredKey | undefined> {
    const [found] = await this.findLeaked([key]);
    return found;
  }

  /** Which of these texts, found somewhere public, are keys of ours. */
  async findLeaked(texts: readonly string[]): Promise<StoredKey[]> {
    if (texts.length > LEAKED_MAX) throw new RangeError(`at most ${LEAKED_MAX} texts at once`);
    const hashes = texts.filter(isWellFormedKey).map((text) => hashCredential(text, this.#hashKey));
    const found: StoredKey[] = [];
    for (const portion of portions(hashes)) {
      const rows = await this.#database.kysely
        .selectFrom('api_key')
        .selectAll()
        .where('hash', 'in', portion)
        .execute();
      found.push(...rows.map((row) => keyOfRow(this.#ring, row)));
    }
    return found;
  }

  /** Oldest first. Throws CursorError. */
  list({ owner, state, ...page }: KeyQuery = {}): Promise<Page<StoredKey>> {
    let query = this.#database.kysely.selectFrom('api_key').selectAll();
    if (owner !== undefined) query = query.where('owner_index', '=', ownerIndex(this.#ring, owner));
    if (state !== undefined) query = query.where(isInState(state, this.#world.now()));
    return pageByAge(query, page, (row) => keyOfRow(this.#ring, row));
  }

  /** Throws StaleVersionError, NotFoundError. */
  async update(id: string, terms: Partial<KeyTerms>, version?: number): Promise<StoredKey> {
    await this.#change(async (session) => {
      const row = await lockedRow(session, id, version);
      const before = keyOfRow(this.#ring, row);
      const columns = termColumns(this.#ring, id, { ...before, ...terms });
      await session
        .updateTable('api_key')
        .set({ ...columns, version: row.version + 1 })
        .where('id', '=', id)
        .execute();
      if (takesAway(before, { ...before, ...terms })) this.#termsChanged(row);
      return id;
    });
    return this.#shown(id);
  }

  /** A new key on the same terms; the old one is accepted for `overlapMs` from the moment in which the new one is made. */
  async rotate(
    id: string,
    overlapMs: number,
    version?: number,
    createdBy: string | null = null,
  ): Promise<IssuedKey> {
    let issued: { key: string; row: KeyRow } | undefined;
    await this.#change(async (session) => {
      const old = await lockedRow(session, id, version);
      if (old.revoked_at !== null) throw new NotFoundError(`the key ${id} is revoked`);
      if (old.rotated_to !== null) throw new NotFoundError(`the key ${id} was rotated already`);
      issued = this.#draw(keyOfRow(this.#ring, old), old, createdBy);
      await session.insertInto('api_key').values(issued.row).execute();
      await session
        .updateTable('api_key')
        .set({
          rotated_to: issued.row.id,
          overlap_until: issued.row.created_at + overlapMs,
          version: old.version + 1,
        })
        .where('id', '=', id)
        .execute();
      await recordChange(session, 'key', id, this.#world.now());
      this.#termsChanged(old);
      return issued.row.id;
    });
    const { key, row } = issued as { key: string; row: KeyRow };
    return { key, record: keyOfRow(this.#ring, row) };
  }

  /**
   * Takes the right away, and writes a tombstone so that no backup gives it back. Revoking a revoked
   * key changes nothing.
   */
  async revoke(id: string, reason: string, version?: number): Promise<StoredKey> {
    const known = await this.#shown(id);
    if (known.revokedAt !== null) return known;
    if (version !== undefined && version !== known.version) {
      throw new StaleVersionError(known.version);
    }
    const at = this.#world.now();
    await this.#change(async (session) => {
      const row = await lockedRow(session, id, version);
      if (row.revoked_at === null) await this.#markRevoked(session, row, at, reason);
      // Inside the transaction: a revocation that is committed has its tombstone.
      this.#tombstones.append([{ kind: 'key', id, at }]);
      return id;
    });
    return this.#shown(id);
  }

  /** Repeats the revocations of the tombstones after a restore. Returns how many were missing. */
  async replayTombstones(): Promise<number> {
    const ended = new Map(
      this.#tombstones
        .read()
        .flatMap(({ kind, id, at }) => (kind === 'key' ? [[id, at] as const] : [])),
    );
    let revoked = 0;
    for (const portion of portions([...ended.keys()])) {
      const alive = await this.#database.kysely
        .selectFrom('api_key')
        .select('id')
        .where('id', 'in', portion)
        .where('revoked_at', 'is', null)
        .execute();
      for (const { id } of alive) {
        await this.#change(async (session) => {
          const row = await lockedRow(session, id, undefined);
          const reason = 'revoked before the restore of a backup';
          await this.#markRevoked(session, row, ended.get(id) as number, reason);
          return id;
        });
      }
      revoked += alive.length;
    }
    return revoked;
  }

  /**
   * After a restore: revokes the keys that the backup has as they were before something was taken away
   * from them, for what they may now is not known. Returns their ids.
   */
  async revokeOutdated(): Promise<string[]> {
    const latest = latestVersions(this.#tombstones, 'key-terms');
    const outdated: string[] = [];
    for (const portion of portions([...latest.keys()])) {
      const rows = await this.#database.kysely
        .selectFrom('api_key')
        .select(['id', 'version'])
        .where('id', 'in', portion)
        .where('revoked_at', 'is', null)
        .execute();
      for (const { id, version } of rows) {
        if (version >= (latest.get(id) as number)) continue;
        await this.revoke(id, 'changed after the backup that was restored');
        outdated.push(id);
      }
    }
    return outdated;
  }

  /**
   * Batches of what the gateways saw; late ones never turn the clock back. `reached` is kept with them: of this
   * node's log, all uses in leaves before that one.
   */
  async touchLastUse(uses: readonly KeyUse[], reached: UsesReached | null = null): Promise<void> {
    if (uses.length === 0 && reached === null) return;
    await this.#database.write((session) => keepUses(session, uses, reached));
  }

  /** Up to which leaf of this node's log uses are kept; null: it is not known. */
  usesReached(node: string): Promise<number | null> {
    return usesReached(this.#database.kysely, node);
  }

  /** Operations that a key has called since then. */
  operationsSince(id: string, since: number): Promise<string[]> {
    return operationsSince(this.#database.kysely, id, since);
  }

  #termsChanged({ id, version }: KeyRow): void {
    const at = this.#world.now();
    this.#tombstones.append([{ kind: 'key-terms', id, at, version: version + 1 }]);
  }

  #draw(
    terms: KeyTerms,
    rotatedFrom: KeyRow | null,
    createdBy: string | null,
  ): { key: string; row: KeyRow } {
    const key = formatKey(this.#world.random(KEY_SECRET_BYTES));
    const id = `key_${Buffer.from(this.#world.random(8)).toString('hex')}`;
    const row: KeyRow = {
      id,
      client: rotatedFrom?.client ?? id,
      created_by: createdBy,
      prefix: key.slice(0, PREFIX_LENGTH),
      hash: hashCredential(key, this.#hashKey),
      ...termColumns(this.#ring, id, terms),
      created_at: this.#world.now(),
      rotated_from: rotatedFrom?.id ?? null,
      ...{ rotated_to: null, overlap_until: null, revoked_at: null, revoked_reason_sealed: null },
      ...{ last_used_at: null, last_used_operation: null, version: 1 },
    };
    return { key, row };
  }

  async #markRevoked(session: Session, row: KeyRow, at: number, reason: string): Promise<void> {
    await session
      .updateTable('api_key')
      .set({
        revoked_at: at,
        revoked_reason_sealed: sealReason(this.#ring, row.id, reason),
        version: row.version + 1,
      })
      .where('id', '=', row.id)
      .execute();
  }

  async #change(work: (session: Session) => Promise<string>): Promise<void> {
    await this.#database.write(async (session) => {
      const id = await work(session);
      await recordChange(session, 'key', id, this.#world.now());
    }, CHANGE_LOCK);
  }

  async #shown(id: string): Promise<StoredKey> {
    const key = await this.show(id);
    if (key === undefined) throw new NotFoundError(`there is no key ${id}`);
    return key;
  }
}

/** The row, still at the version that the caller has seen. */
async function lockedRow(
  session: Session,
  id: string,
  version: number | undefined,
): Promise<KeyRow> {
  const row = await session
    .selectFrom('api_key')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw new NotFoundError(`there is no key ${id}`);
  if (version !== undefined && version !== row.version) throw new StaleVersionError(row.version);
  return row;
}
