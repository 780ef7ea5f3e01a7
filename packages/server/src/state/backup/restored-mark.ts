import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonText } from '@poorter/openapi/json';
import { z } from 'zod';
import { writeDurably } from '../../platform/files/index.ts';

/** Stands in a directory that was restored until the log tells of it. */
export const RESTORED_MARK = 'restored.json';

const markSchema = z.strictObject({
  /** Milliseconds since the epoch, as the next. */
  restoredAt: z.int(),
  backupOf: z.int(),
  rows: z.int(),
  tombstoneFiles: z.int(),
  erased: z.int(),
  revoked: z.int(),
  /** How many there are, and the first of them. */
  outdatedKeys: z.int(),
  lostBlocks: z.int(),
  ids: z.array(z.string()),
});

export type RestoredMark = z.output<typeof markSchema>;

export function writeRestoredMark(directory: string, mark: RestoredMark): void {
  writeDurably(join(directory, RESTORED_MARK), JSON.stringify(mark));
}

/** Null: this directory was not restored, or the log tells of it already. Throws for what is no mark. */
export function readRestoredMark(directory: string): RestoredMark | null {
  let text: string;
  try {
    text = readFileSync(join(directory, RESTORED_MARK), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return markSchema.parse(parseJsonText(text));
}
