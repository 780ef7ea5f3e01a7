import { parseJsonText } from '@poorter/openapi/json';
import type { SelectQueryBuilder } from 'kysely';
import { z } from 'zod';

/** The last row of a page: creation time and id. Opaque to callers. */
export interface Cursor {
  readonly at: number;
  readonly id: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Null on the last page. */
  readonly next: string | null;
}

export class CursorError extends Error {
  override readonly name = 'CursorError';
}

const cursorSchema = z.tuple([z.int().min(0), z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)]);
const LENGTH_MAX = 200;

export function writeCursor({ at, id }: Cursor): string {
  return Buffer.from(JSON.stringify([at, id])).toString('base64url');
}

/** Throws CursorError. */
export function readCursor(text: string): Cursor {
  if (text.length <= LENGTH_MAX && /^[A-Za-z0-9_-]+$/.test(text)) {
    try {
      const [at, id] = cursorSchema.parse(
        parseJsonText(Buffer.from(text, 'base64url').toString('utf8')),
      );
      return { at, id };
    } catch {
      // Said below.
    }
  }
  throw new CursorError('this is no cursor of a page');
}

/** A row that lists are in the order of. */
export interface AgedRow {
  readonly id: string;
  readonly created_at: number;
}

export interface PageQuery {
  readonly cursor?: string;
  /** At most 1,000. Default 100. */
  readonly limit?: number;
}

const PAGE = 100;
const PAGE_MAX = 1_000;

/** Rows oldest first, a page of them. `query` selects whole rows. Throws CursorError. */
export async function pageByAge<Tables, Table extends keyof Tables, Row extends AgedRow, Item>(
  query: SelectQueryBuilder<Tables, Table, Row>,
  { cursor, limit }: PageQuery,
  itemOf: (row: Row) => Item,
): Promise<Page<Item>> {
  const size = Math.max(1, Math.min(limit ?? PAGE, PAGE_MAX));
  // Of any table that has these two: the builder's types know names of one that is named.
  let aged = query as unknown as SelectQueryBuilder<{ rows: AgedRow }, 'rows', Row>;
  if (cursor !== undefined) {
    const { at, id } = readCursor(cursor);
    aged = aged.where(({ and, or, eb }) =>
      or([eb('created_at', '>', at), and([eb('created_at', '=', at), eb('id', '>', id)])]),
    );
  }
  const rows = await aged
    .orderBy('created_at')
    .orderBy('id')
    .limit(size + 1)
    .execute();
  return pageOf(rows, size, itemOf, ({ created_at, id }) => ({ at: created_at, id }));
}

/** `rows` holds one more than a page when there is another page. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  size: number,
  itemOf: (row: Row) => Item,
  cursorOf: (row: Row) => Cursor,
): Page<Item> {
  const shown = rows.slice(0, size);
  const last = shown.at(-1);
  const next = rows.length > size && last !== undefined ? writeCursor(cursorOf(last)) : null;
  return { items: shown.map(itemOf), next };
}
