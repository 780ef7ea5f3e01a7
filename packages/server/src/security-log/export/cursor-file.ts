import { parseJsonText } from '@poorter/openapi/json';
import { z } from 'zod';
import { BYTES_MAX, readTextFile, writeDurably } from '../../platform/files/index.ts';

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
    text = readTextFile(file, BYTES_MAX.credential);
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
  writeDurably(file, `${JSON.stringify(cursor)}\n`);
}

function tryJson(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    return null;
  }
}
