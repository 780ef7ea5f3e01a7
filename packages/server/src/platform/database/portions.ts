/** Databases take only so many parameters in one statement: SQLite 32,766, PostgreSQL 65,535. */
const ROWS_AT_ONCE = 500;

/** The same, in their order, as many at once as a statement takes: a portion has up to 500. */
export function* portionsOf<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += ROWS_AT_ONCE) yield items.slice(at, at + ROWS_AT_ONCE);
}
