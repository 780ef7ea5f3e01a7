import type { Kysely } from 'kysely';
import { BUNDLE_WIDTH, splitLeaves, unpackLeaves } from './bundle.ts';
import type { LogTables } from './log-tables.ts';
import { HASH_BYTES } from './tree/hashing.ts';
import type { TileReader } from './tree/proofs.ts';
import { levelWidth, TILE_WIDTH } from './tree/tiles.ts';

export interface LogState {
  readonly size: number;
  /** Leaves before this one were dropped by retention. */
  readonly dropped: number;
}

/** Some leaves that follow each other, each behind its prefix. */
export interface LeafRun {
  readonly first: number;
  readonly leaves: readonly Buffer[];
  /** What a search goes by, of a whole bundle. */
  readonly head: BundleHead | null;
}

export interface BundleHead {
  readonly first: number;
  readonly fromTime: string;
  readonly toTime: string;
  readonly terms: Uint8Array;
}

export interface StoredCheckpoint {
  readonly size: number;
  readonly note: string;
}

/** Reads one node's log. Takes a Kysely, so that a reader can be bound to one moment. */
export class LogReader implements TileReader {
  readonly #kysely: Kysely<LogTables>;
  readonly #node: string;
  readonly #goOn: () => void;

  /** `goOn` throws where nobody waits for the answer any more: it is asked before each bundle. */
  constructor(kysely: Kysely<LogTables>, node: string, goOn: () => void = () => undefined) {
    this.#kysely = kysely;
    this.#node = node;
    this.#goOn = goOn;
  }

  /** Null: there is no log of this node. */
  async state(): Promise<LogState | null> {
    const row = await this.#kysely
      .selectFrom('log_node')
      .select(['size', 'dropped'])
      .where('node', '=', this.#node)
      .executeTakeFirst();
    return row ?? null;
  }

  /** The whole bundle that begins here; null when it is not there. */
  async bundle(first: number): Promise<LeafRun | null> {
    this.#goOn();
    const row = await this.#kysely
      .selectFrom('log_bundle')
      .select(['from_time', 'to_time', 'terms', 'leaves'])
      .where('node', '=', this.#node)
      .where('first', '=', first)
      .executeTakeFirst();
    if (row === undefined) return null;
    const { terms, from_time: fromTime, to_time: toTime } = row;
    const leaves = splitLeaves(unpackLeaves(row.leaves));
    return { first, leaves, head: { first, fromTime, toTime, terms } };
  }

  /** The leaves after the last whole bundle. */
  async tail(): Promise<LeafRun | null> {
    const rows = await this.#kysely
      .selectFrom('log_tail')
      .select(['first', 'leaves'])
      .where('node', '=', this.#node)
      .orderBy('first')
      .execute();
    const [start] = rows;
    if (start === undefined) return null;
    const raw = Buffer.concat(rows.map(({ leaves }) => leaves));
    return { first: start.first, leaves: splitLeaves(raw), head: null };
  }

  /** Everything that lies there, whether it has a place in the log or not. */
  async kept(): Promise<{ bundles: number; hasTail: boolean }> {
    const count = (table: 'log_bundle' | 'log_tail') =>
      this.#kysely
        .selectFrom(table)
        .select((all) => all.fn.countAll<number>().as('rows'))
        .where('node', '=', this.#node)
        .executeTakeFirst();
    const [bundles, tail] = [await count('log_bundle'), await count('log_tail')];
    return { bundles: Number(bundles?.rows ?? 0), hasTail: Number(tail?.rows ?? 0) > 0 };
  }

  /** The run in which this leaf stands. */
  async runOf(index: number): Promise<LeafRun | null> {
    const first = index - (index % BUNDLE_WIDTH);
    const bundle = await this.bundle(first);
    if (bundle !== null) return bundle;
    const tail = await this.tail();
    if (tail !== null && tail.first <= index) return tail;
    // Between the two questions, what stood in the tail may have become a bundle.
    return this.bundle(first);
  }

  /** Bundles before this one that reach into a span of time, newest first. */
  async headsBefore(
    first: number,
    limit: number,
    span: { readonly from?: string | undefined; readonly to?: string | undefined } = {},
  ): Promise<BundleHead[]> {
    this.#goOn();
    const rows = await this.#kysely
      .selectFrom('log_bundle')
      .select(['first', 'from_time', 'to_time', 'terms'])
      .where('node', '=', this.#node)
      .where('first', '<', first)
      .$if(span.from !== undefined, (q) => q.where('to_time', '>=', span.from as string))
      .$if(span.to !== undefined, (q) => q.where('from_time', '<=', span.to as string))
      .orderBy('first', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ first, from_time, to_time, terms }) => ({
      ...{ first, terms, fromTime: from_time, toTime: to_time },
    }));
  }

  /** Bundles from this one on, oldest first: where each ends in time, and what it weighs. */
  async weights(limit: number): Promise<{ first: number; toTime: string; bytes: number }[]> {
    const rows = await this.#kysely
      .selectFrom('log_bundle')
      .select(['first', 'to_time', (row) => row.fn<number>('length', ['leaves']).as('bytes')])
      .where('node', '=', this.#node)
      .orderBy('first')
      .limit(limit)
      .execute();
    return rows.map(({ first, to_time, bytes }) => ({ first, bytes, toTime: to_time }));
  }

  async leafBytes(): Promise<number> {
    const row = await this.#kysely
      .selectFrom('log_bundle')
      .select((all) => all.fn.sum<number>(all.fn<number>('length', ['leaves'])).as('bytes'))
      .where('node', '=', this.#node)
      .executeTakeFirst();
    return Number(row?.bytes ?? 0);
  }

  async tile(level: number, index: number): Promise<Buffer> {
    const row = await this.#kysely
      .selectFrom('log_tile')
      .select('hashes')
      .where('node', '=', this.#node)
      .where('level', '=', level)
      .where('number', '=', index)
      .executeTakeFirst();
    if (row !== undefined) return Buffer.from(row.hashes);
    // The open tile of leaf hashes stands beside the leaves.
    const rows = await this.#kysely
      .selectFrom('log_tail')
      .select('hashes')
      .where('node', '=', this.#node)
      .where('first', '>=', level === 0 ? index * TILE_WIDTH : Number.MAX_SAFE_INTEGER)
      .orderBy('first')
      .execute();
    return Buffer.concat(rows.map(({ hashes }) => hashes));
  }

  /** The open tile of each level: what a writer goes on with. */
  async openTiles(size: number): Promise<Buffer[]> {
    const open: Buffer[] = [];
    for (let level = 0; levelWidth(size, level) > 0; level++) {
      const width = levelWidth(size, level);
      const filled = width % TILE_WIDTH;
      const tile = filled === 0 ? null : await this.tile(level, Math.floor(width / TILE_WIDTH));
      open.push(tile?.subarray(0, filled * HASH_BYTES) ?? Buffer.alloc(0));
    }
    return open;
  }

  async lastCheckpoint(): Promise<StoredCheckpoint | null> {
    return (await this.#checkpoints('>=', 0, 'desc', 1))[0] ?? null;
  }

  /** Ascending. */
  async checkpointsFrom(size: number, limit: number): Promise<StoredCheckpoint[]> {
    return this.#checkpoints('>=', size, 'asc', limit);
  }

  async #checkpoints(
    compare: '>=',
    size: number,
    order: 'asc' | 'desc',
    limit: number,
  ): Promise<StoredCheckpoint[]> {
    return this.#kysely
      .selectFrom('log_checkpoint')
      .select(['size', 'note'])
      .where('node', '=', this.#node)
      .where('size', compare, size)
      .orderBy('size', order)
      .limit(limit)
      .execute();
  }
}

/** The nodes whose logs are in this database. */
export async function nodesOf(kysely: Kysely<LogTables>): Promise<string[]> {
  const rows = await kysely.selectFrom('log_node').select('node').orderBy('node').execute();
  return rows.map(({ node }) => node);
}
