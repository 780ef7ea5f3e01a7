import { isIP, SocketAddress } from 'node:net';
import { type BlockKind, compileNetworkLists } from '@poorter/engine';
import type { Transaction } from 'kysely';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, type ChangeTables, recordChange } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';
import { NotFoundError, type Page, pageOf, readCursor } from '../../state/index.ts';
import { latestVersions, portions, type TombstoneLog } from '../../state/tombstones/index.ts';

export interface BlockTables extends ChangeTables {
  block: {
    id: string;
    kind: BlockKind;
    value_sealed: string;
    value_index: string;
    reason_sealed: string;
    until: number | null;
    created_at: number;
    /** The id of an operator, or of the rule that decided. */
    created_by: string;
    ended_at: number | null;
    undone_by: string | null;
    version: number;
  };
}

export interface BlockWish {
  readonly kind: BlockKind;
  readonly value: string;
  readonly reason: string;
  /** Milliseconds since the epoch; null: until it is undone. */
  readonly until: number | null;
  readonly createdBy: string;
}

export interface StoredBlock extends BlockWish {
  readonly id: string;
  readonly createdAt: number;
  /** When it was undone or found expired. */
  readonly endedAt: number | null;
  /** Null: it expired. */
  readonly undoneBy: string | null;
  readonly version: number;
}

/** The value is no address, or no network. */
export class BlockValueError extends Error {
  override readonly name = 'BlockValueError';
}

type Row = BlockTables['block'];
type Session = Transaction<BlockTables>;

export interface BlockQuery {
  readonly cursor?: string;
  readonly limit?: number;
  /** Ended and undone ones too. */
  readonly ended?: boolean;
}

const PAGE = 100;
const PAGE_MAX = 10_000;
const EXPIRED_AT_ONCE = 1_000;

/** Who is kept out, until when, and why. */
export class BlockStore {
  readonly #database: Database<BlockTables>;
  readonly #ring: KeyRing;
  readonly #tombstones: TombstoneLog;
  readonly #world: StateWorld;

  constructor(
    database: Database<BlockTables>,
    ring: KeyRing,
    tombstones: TombstoneLog,
    world: StateWorld,
  ) {
    this.#database = database;
    this.#ring = ring;
    this.#tombstones = tombstones;
    this.#world = world;
  }

  /**
   * A value that is blocked already keeps its block, with the new reason and end. A tombstone lets a
   * restore of an older backup say that this block is missing; whom it was about stands in no tombstone.
   */
  async block(wish: BlockWish): Promise<StoredBlock> {
    const { kind } = wish;
    const value = canonicalValue(kind, wish.value);
    const index = this.#ring.blindIndex(`block ${kind}`, value);
    const fresh = `block_${Buffer.from(this.#world.random(8)).toString('hex')}`;
    const id = await this.#database.write(async (session) => {
      const known = await session
        .selectFrom('block')
        .select(['id', 'version'])
        .where('kind', '=', kind)
        .where('value_index', '=', index)
        .where('ended_at', 'is', null)
        .executeTakeFirst();
      const now = this.#world.now();
      const id = known?.id ?? fresh;
      const terms = {
        reason_sealed: this.#ring.seal(place(id, 'reason'), wish.reason),
        until: wish.until,
        created_by: wish.createdBy,
      };
      if (known === undefined) {
        const value_sealed = this.#ring.seal(place(id, 'value'), value);
        const open = { ended_at: null, undone_by: null, version: 1 };
        await session
          .insertInto('block')
          .values({
            id,
            kind,
            value_sealed,
            value_index: index,
            created_at: now,
            ...terms,
            ...open,
          })
          .execute();
      } else {
        await session
          .updateTable('block')
          .set({ ...terms, version: known.version + 1 })
          .where('id', '=', id)
          .execute();
      }
      await recordChange(session, 'block', id, now);
      const version = known === undefined ? 1 : known.version + 1;
      this.#tombstones.append([{ kind: 'block-terms', id, at: now, version }]);
      return id;
    }, CHANGE_LOCK);
    return (await this.show(id)) as StoredBlock;
  }

  /** After a restore: ids of those that were made or changed since the backup. */
  async lostSinceBackup(): Promise<string[]> {
    const latest = latestVersions(this.#tombstones, 'block-terms');
    const lost: string[] = [];
    for (const ids of portions([...latest.keys()])) {
      const rows = await this.#database.kysely
        .selectFrom('block')
        .select(['id', 'version'])
        .where('id', 'in', ids)
        .execute();
      const known = new Map(rows.map(({ id, version }) => [id, version]));
      lost.push(...ids.filter((id) => (known.get(id) ?? 0) < (latest.get(id) as number)));
    }
    return lost;
  }

  /** Throws NotFoundError when it has ended or never was. */
  async undo(id: string, by: string): Promise<StoredBlock> {
    await this.#database.write(async (session) => {
      const ended = await this.#end(session, id, by);
      if (!ended) throw new NotFoundError(`there is no active block ${id}`);
    }, CHANGE_LOCK);
    return (await this.show(id)) as StoredBlock;
  }

  /** Ends those whose time has come, a bounded number at once. Returns their ids. */
  async expire(): Promise<string[]> {
    return this.#database.write(async (session) => {
      const due = await session
        .selectFrom('block')
        .select('id')
        .where('ended_at', 'is', null)
        .where('until', '<=', this.#world.now())
        .limit(EXPIRED_AT_ONCE)
        .execute();
      for (const { id } of due) await this.#end(session, id, null);
      return due.map(({ id }) => id);
    }, CHANGE_LOCK);
  }

  /** Those that hold now, in order of id; `after` is the last id of the page before. */
  async listActive(after = '', limit = 1_000): Promise<StoredBlock[]> {
    const now = this.#world.now();
    const rows = await this.#database.kysely
      .selectFrom('block')
      .selectAll()
      .where('ended_at', 'is', null)
      .where(({ eb, or }) => or([eb('until', 'is', null), eb('until', '>', now)]))
      .where('id', '>', after)
      .orderBy('id')
      .limit(Math.min(limit, PAGE_MAX))
      .execute();
    return rows.map((row) => this.#blockOf(row));
  }

  /** Newest first; without `ended`, those that hold now. Throws CursorError. */
  async list({ cursor, limit, ended }: BlockQuery = {}): Promise<Page<StoredBlock>> {
    const size = Math.max(1, Math.min(limit ?? PAGE, PAGE_MAX));
    let query = this.#database.kysely.selectFrom('block').selectAll();
    if (ended !== true) {
      const now = this.#world.now();
      query = query
        .where('ended_at', 'is', null)
        .where(({ eb, or }) => or([eb('until', 'is', null), eb('until', '>', now)]));
    }
    if (cursor !== undefined) {
      const { at, id } = readCursor(cursor);
      query = query.where(({ and, or, eb }) =>
        or([eb('created_at', '<', at), and([eb('created_at', '=', at), eb('id', '<', id)])]),
      );
    }
    const rows = await query
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(size + 1)
      .execute();
    const itemOf = (row: Row) => this.#blockOf(row);
    return pageOf(rows, size, itemOf, ({ created_at, id }) => ({ at: created_at, id }));
  }

  async show(id: string): Promise<StoredBlock | undefined> {
    const row = await this.#database.kysely
      .selectFrom('block')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? undefined : this.#blockOf(row);
  }

  async #end(session: Session, id: string, by: string | null): Promise<boolean> {
    const now = this.#world.now();
    const { numUpdatedRows } = await session
      .updateTable('block')
      .set(({ eb }) => ({ ended_at: now, undone_by: by, version: eb('version', '+', 1) }))
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return false;
    await recordChange(session, 'block', id, now);
    return true;
  }

  #blockOf(row: Row): StoredBlock {
    return {
      id: row.id,
      kind: row.kind,
      value: this.#ring.open(place(row.id, 'value'), row.value_sealed),
      reason: this.#ring.open(place(row.id, 'reason'), row.reason_sealed),
      until: row.until,
      createdAt: row.created_at,
      createdBy: row.created_by,
      endedAt: row.ended_at,
      undoneBy: row.undone_by,
      version: row.version,
    };
  }
}

/** One spelling for each address, so that it is found again. Throws BlockValueError. */
function canonicalValue(kind: BlockKind, value: string): string {
  switch (kind) {
    case 'address': {
      const family = isIP(value);
      if (family === 0) throw new BlockValueError('this is no IP address');
      return new SocketAddress({ address: value, family: family === 4 ? 'ipv4' : 'ipv6' }).address;
    }
    case 'network':
      try {
        compileNetworkLists({ allow: [], deny: [value] });
      } catch (cause) {
        throw new BlockValueError((cause as Error).message, { cause });
      }
      return value.toLowerCase();
    case 'client':
    case 'key':
    case 'subject':
      if (value === '') throw new BlockValueError(`a ${kind} has a name`);
      return value;
  }
}

/** By which a block is found; null: no such value can be blocked. */
export function blockValueIndex(ring: KeyRing, kind: BlockKind, value: string): string | null {
  try {
    return ring.blindIndex(`block ${kind}`, canonicalValue(kind, value));
  } catch (error) {
    if (error instanceof BlockValueError) return null;
    throw error;
  }
}

function place(row: string, column: string) {
  return { table: 'block', column, row };
}
