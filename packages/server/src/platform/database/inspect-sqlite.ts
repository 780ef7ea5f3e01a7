import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

const HEADER = 'SQLite format 3\0';

/** Rows of a database at rest. */
export interface DatabaseAtRest {
  /** None where there is no such table. */
  rows(table: string): readonly Readonly<Record<string, unknown>>[];
  /** A program has it open, or was killed: what it wrote last may not stand here yet. */
  readonly isUnfinished: boolean;
}

/**
 * Looks at a database without touching it: no lock, no WAL, no shared memory, which SQLite would make
 * beside it even for reading. Null: there is none yet, or what is there cannot be judged from outside.
 * Throws, in the words of a start, where it is no database.
 */
export function inspectSqlite<Result>(
  file: string,
  work: (database: DatabaseAtRest) => Result,
): Result | null {
  const fault = (why: string) => new Error(`opening the database ${file}: ${why}`);
  const size = sizeOf(file);
  const isUnfinished = sizeOf(`${file}-wal`) > 0 || sizeOf(`${file}-journal`) > 0;
  if (size === 0) return null;
  if (!hasHeader(file)) throw fault('file is not a database');
  // Nothing is locked and nothing is looked for beside the file.
  const address = pathToFileURL(file);
  address.search = 'immutable=1';
  const database = new DatabaseSync(address, { readOnly: true });
  let tables: ReadonlySet<unknown>;
  try {
    const listed = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    tables = new Set(listed.map(({ name }) => name));
    const rows = (table: string) =>
      tables.has(table) ? database.prepare(`SELECT * FROM "${table}"`).all() : [];
    return work({ rows, isUnfinished });
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    // It changes under our eyes, which is no fault of it.
    if (isUnfinished || sizeOf(`${file}-wal`) > 0) return null;
    throw fault((error as Error).message);
  } finally {
    database.close();
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function hasHeader(file: string): boolean {
  const start = Buffer.alloc(HEADER.length);
  const opened = openSync(file, 'r');
  try {
    readSync(opened, start, 0, start.length, 0);
  } finally {
    closeSync(opened);
  }
  return start.toString('latin1') === HEADER;
}

function isSqliteError(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_SQLITE_ERROR';
}
