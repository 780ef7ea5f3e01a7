import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseJsonText } from '@poorter/engine/json';
import { z } from 'zod';

const cursorSchema = z.strictObject({
  /** Of which log. */
  node: z.string(),
  /** The first leaf that was not exported. */
  next: z.int().min(0),
  /** Bytes of the output that are acknowledged; 0 where there is no file. */
  bytes: z.int().min(0),
});

export type ExportCursor = z.output<typeof cursorSchema>;

/** Null: nothing was exported yet. Throws when the file is not a cursor. */
export function readCursor(file: string, node: string): ExportCursor | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const parsed = cursorSchema.safeParse(tryJson(text));
  if (!parsed.success) throw new Error(`${file} is not a cursor of an export`);
  if (parsed.data.node !== node)
    throw new Error(`${file} belongs to the log of ${parsed.data.node}`);
  return parsed.data;
}

/** The old cursor or the new one stands there, whatever happens. */
export function keepCursor(file: string, cursor: ExportCursor): void {
  const next = `${file}.new`;
  const descriptor = openSync(next, 'w', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(cursor)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(next, file);
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function tryJson(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    return null;
  }
}
