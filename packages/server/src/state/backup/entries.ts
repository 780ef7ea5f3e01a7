import { parseJsonText } from '@poorter/openapi/json';
import { z } from 'zod';
import { BackupBrokenError } from './sealed-file.ts';

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/);
const cell = z.union([z.string(), z.number(), z.null(), z.strictObject({ base64: z.base64() })]);

/** What a backup is made of, in this order: databases with their rows, files with their bytes, the end. */
const entrySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('database'),
    name,
    migrations: z.array(z.strictObject({ domain: name, version: z.int().min(0) })).max(100),
  }),
  z.strictObject({
    kind: z.literal('rows'),
    table: name,
    columns: z.array(name).min(1).max(200),
    rows: z.array(z.array(cell)).max(1_000),
  }),
  z.strictObject({
    kind: z.literal('file'),
    // Below the data directory, whoever wrote the backup.
    name: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}(?:\/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){0,8}$/),
  }),
  z.strictObject({ kind: z.literal('bytes'), base64: z.base64() }),
  z.strictObject({ kind: z.literal('end'), rows: z.int(), files: z.int() }),
]);

export type Entry = z.output<typeof entrySchema>;

/** A row of the log holds at most a few MiB. */
const ENTRY_BYTES_MAX = 64 << 20;

/** Four bytes of length, then JSON. */
export function frameEntry(entry: Entry): Buffer {
  const text = Buffer.from(JSON.stringify(entry));
  if (text.length > ENTRY_BYTES_MAX) throw new RangeError('a row is too large for a backup');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}

/** Throws BackupBrokenError unless there is an end, and nothing after it. */
export async function* readEntries(chunks: AsyncIterable<Buffer>): AsyncGenerator<Entry> {
  let pending: Buffer[] = [];
  let bytes = 0;
  let wanted = 4;
  let hasEnded = false;
  for await (const chunk of chunks) {
    pending.push(chunk);
    bytes += chunk.length;
    if (bytes < wanted) continue;
    let rest = Buffer.concat(pending);
    while (rest.length >= 4) {
      const length = rest.readUInt32BE(0);
      if (length > ENTRY_BYTES_MAX) throw new BackupBrokenError('an entry is too large');
      wanted = 4 + length;
      if (rest.length < wanted) break;
      if (hasEnded) break;
      const entry = parse(rest.subarray(4, wanted));
      hasEnded = entry.kind === 'end';
      rest = rest.subarray(wanted);
      wanted = 4;
      yield entry;
    }
    pending = [rest];
    bytes = rest.length;
  }
  if (!hasEnded || bytes > 0) throw new BackupBrokenError('the backup has no proper end');
}

function parse(text: Buffer): Entry {
  try {
    return entrySchema.parse(parseJsonText(text.toString('utf8')));
  } catch (cause) {
    throw new BackupBrokenError('an entry of the backup cannot be read', { cause });
  }
}
