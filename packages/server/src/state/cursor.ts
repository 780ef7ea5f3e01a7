import { parseJsonText } from '@poorter/openapi/json';
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
