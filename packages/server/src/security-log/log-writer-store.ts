import { sql, type Transaction } from 'kysely';
import type { Database } from '../platform/database/index.ts';
import type { LogTables } from './log-tables.ts';
import type { Tile } from './tree/tiles.ts';

/** Another writer has taken over this node's log; whoever hears this must stop. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

export interface WriterState {
  readonly epoch: number;
  readonly size: number;
  readonly dropped: number;
}

export interface PackedBundle {
  readonly first: number;
  readonly fromTime: string;
  readonly toTime: string;
  readonly terms: Uint8Array;
  readonly leaves: Uint8Array;
}

/** All that one transaction changes. */
export interface Append {
  readonly from: WriterState;
  readonly size: number;
  /** Bundles that became whole; the rows of the tail before their end are in them. */
  readonly bundles: readonly PackedBundle[];
  /** Leaves after the last whole bundle that are new. */
  readonly tail: {
    readonly first: number;
    readonly leaves: Uint8Array;
    readonly hashes: Uint8Array;
  } | null;
  readonly tiles: readonly Tile[];
  readonly cursors: ReadonlyMap<string, string>;
  readonly forgottenCursors: readonly string[];
  readonly checkpoint: { readonly note: string; readonly madeAt: number } | null;
  /** Bundles up to here go. */
  readonly dropBefore: number | null;
}

/** Rows of one statement: parameters stay well under the bounds of both databases. */
const ROWS_MAX = 50;

/** The one writer of a node's log. Several reads and writes are in `LogReader`. */
export class LogWriterStore {
  readonly #database: Database<LogTables>;
  readonly #node: string;

  constructor(database: Database<LogTables>, node: string) {
    this.#database = database;
    this.#node = node;
  }

  /** From now on, every other writer of this node is refused. */
  claim(): Promise<WriterState> {
    return this.#database.write(async (transaction) => {
      const first = { node: this.#node, epoch: 1, size: 0, dropped: 0 };
      await transaction
        .insertInto('log_node')
        .values(first)
        .onConflict((conflict) =>
          conflict.column('node').doUpdateSet((row) => ({ epoch: row('log_node.epoch', '+', 1) })),
        )
        .execute();
      return transaction
        .selectFrom('log_node')
        .select(['epoch', 'size', 'dropped'])
        .where('node', '=', this.#node)
        .executeTakeFirstOrThrow();
    }, 'log_node');
  }

  /**
   * All or nothing; throws FencedError when another writer has claimed the log. With `isDurable`, it
   * survives a power cut when this returns, and so does everything before it; otherwise the last
   * transactions may be undone together, and their lines are read from the spool again.
   */
  async append(change: Append, isDurable: boolean): Promise<WriterState> {
    await this.#setDurability(isDurable);
    const { from, size, dropBefore } = change;
    const dropped = dropBefore ?? from.dropped;
    await this.#database.write(async (transaction) => {
      if (this.#database.dialect === 'postgres' && !isDurable) {
        await sql`SET LOCAL synchronous_commit = off`.execute(transaction);
      }
      const { numUpdatedRows } = await transaction
        .updateTable('log_node')
        .set({ size, dropped })
        .where('node', '=', this.#node)
        .where('epoch', '=', from.epoch)
        .where('size', '=', from.size)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows !== 1n) {
        throw new FencedError(`another writer has taken over the log of ${this.#node}`);
      }
      await this.#keepLeaves(transaction, change);
      await this.#keepTiles(transaction, change.tiles);
      await this.#keepCursors(transaction, change);
      await this.#keepCheckpoint(transaction, change);
      if (dropBefore !== null) {
        await transaction
          .deleteFrom('log_bundle')
          .where('node', '=', this.#node)
          .where('first', '<', dropBefore)
          .execute();
        await transaction
          .deleteFrom('log_checkpoint')
          .where('node', '=', this.#node)
          .where('size', '<', dropBefore)
          .execute();
      }
    });
    return { epoch: from.epoch, size, dropped };
  }

  async cursors(): Promise<Map<string, string>> {
    const rows = await this.#database.kysely
      .selectFrom('log_cursor')
      .select(['source', 'position'])
      .where('node', '=', this.#node)
      .execute();
    return new Map(rows.map(({ source, position }) => [source, position]));
  }

  async #setDurability(isDurable: boolean): Promise<void> {
    if (this.#database.dialect !== 'sqlite') return;
    await sql
      .raw(`PRAGMA synchronous = ${isDurable ? 'FULL' : 'NORMAL'}`)
      .execute(this.#database.kysely);
  }

  async #keepLeaves(transaction: Transaction<LogTables>, { bundles, tail }: Append): Promise<void> {
    if (bundles.length > 0) {
      await transaction.deleteFrom('log_tail').where('node', '=', this.#node).execute();
    }
    for (const rows of portions(bundles)) {
      await transaction
        .insertInto('log_bundle')
        .values(
          rows.map(({ first, fromTime, toTime, terms, leaves }) => ({
            ...{ node: this.#node, first, terms, leaves },
            ...{ from_time: fromTime, to_time: toTime },
          })),
        )
        .execute();
    }
    if (tail === null) return;
    await transaction
      .insertInto('log_tail')
      .values({ node: this.#node, ...tail })
      .execute();
  }

  async #keepTiles(transaction: Transaction<LogTables>, tiles: readonly Tile[]): Promise<void> {
    for (const rows of portions(tiles)) {
      await transaction
        .insertInto('log_tile')
        .values(
          rows.map(({ level, index, hashes }) => ({
            ...{ node: this.#node, level, number: index, hashes },
          })),
        )
        .onConflict((conflict) =>
          conflict
            .columns(['node', 'level', 'number'])
            .doUpdateSet((row) => ({ hashes: row.ref('excluded.hashes') })),
        )
        .execute();
    }
  }

  async #keepCursors(transaction: Transaction<LogTables>, change: Append): Promise<void> {
    for (const [source, position] of change.cursors) {
      await transaction
        .insertInto('log_cursor')
        .values({ node: this.#node, source, position })
        .onConflict((conflict) => conflict.columns(['node', 'source']).doUpdateSet({ position }))
        .execute();
    }
    for (const source of change.forgottenCursors) {
      await transaction
        .deleteFrom('log_cursor')
        .where('node', '=', this.#node)
        .where('source', '=', source)
        .execute();
    }
  }

  async #keepCheckpoint(transaction: Transaction<LogTables>, change: Append): Promise<void> {
    if (change.checkpoint === null) return;
    const { note, madeAt } = change.checkpoint;
    await transaction
      .insertInto('log_checkpoint')
      .values({ node: this.#node, size: change.size, note, made_at: madeAt })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

function* portions<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let at = 0; at < rows.length; at += ROWS_MAX) yield rows.slice(at, at + ROWS_MAX);
}
