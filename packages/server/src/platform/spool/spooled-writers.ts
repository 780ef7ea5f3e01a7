import type { WriterName } from './format.ts';
import { countFileName, endFileName, parseSpoolName, spoolFileName, writerId } from './names.ts';
import type { SpoolFolder } from './spool-folder.ts';

/** A writer as the folder shows it. */
export interface SpooledWriter {
  readonly id: string;
  readonly name: WriterName;
  /**
   * Numbers of the files that are there, ascending. Each but the last is final; where the writer has
   * ended, the last is too.
   */
  readonly files: readonly number[];
  readonly hasEnded: boolean;
  readonly hasCount: boolean;
}

/**
 * What a listing shows may have appeared while it went on, and what appeared before that may have
 * been passed over. So an end, or a higher number, is believed together with a second listing: that
 * one began after it was seen, and shows everything that was there before it.
 */
export function listWriters(folder: SpoolFolder): SpooledWriter[] {
  const first = collect(folder);
  const says = ({ hasEnded, files }: SpooledWriter) => hasEnded || files.length > 1;
  if (![...first.values()].some(says)) return [...first.values()];
  const second = collect(folder);
  const writers: SpooledWriter[] = [];
  for (const [id, { hasEnded, files }] of first) {
    const now = second.get(id);
    if (now === undefined) continue;
    const known = files.at(-1) ?? -1;
    const sure = hasEnded ? now.files : now.files.filter((file) => file <= known);
    writers.push({ ...now, hasEnded, files: sure });
  }
  return writers;
}

function collect(folder: SpoolFolder): Map<string, SpooledWriter> {
  type Found = { -readonly [Key in keyof SpooledWriter]: SpooledWriter[Key] } & { files: number[] };
  const writers = new Map<string, Found>();
  for (const file of folder.names()) {
    const entry = parseSpoolName(file);
    if (entry === null) continue;
    const id = writerId(entry.writer);
    let writer = writers.get(id);
    if (writer === undefined) {
      writer = { id, name: entry.writer, files: [], hasEnded: false, hasCount: false };
      writers.set(id, writer);
    }
    if (entry.kind === 'spool') writer.files.push(entry.file);
    else if (entry.kind === 'end') writer.hasEnded = true;
    else writer.hasCount = true;
  }
  for (const { files } of writers.values()) files.sort((one, other) => one - other);
  return writers;
}

/** Admissions that a writer counted in all when last it said so. */
export function readAdmitted(folder: SpoolFolder, name: WriterName): number {
  const reading = folder.open(countFileName(name));
  if (reading === null) return 0;
  try {
    const bytes = reading.read(0, 8);
    if (bytes.length < 8) return 0;
    const count = bytes.readDoubleLE(0);
    return Number.isSafeInteger(count) && count >= 0 ? count : 0;
  } finally {
    reading.close();
  }
}

export function admittedBytes(count: number): Uint8Array {
  return new Uint8Array(new Float64Array([count]).buffer);
}

/** To be called once everything in it is kept elsewhere, for good. */
export function removeFile(folder: SpoolFolder, writer: SpooledWriter, file: number): void {
  folder.remove(spoolFileName(writer.name, file));
}

/**
 * For good, also over a power cut. That a writer has ended goes last: without it, what is left would
 * seem to be alive.
 */
export function removeWriter(folder: SpoolFolder, writer: SpooledWriter): void {
  for (const file of writer.files) removeFile(folder, writer, file);
  folder.remove(countFileName(writer.name));
  folder.syncNames();
  folder.remove(endFileName(writer.name));
  folder.syncNames();
}
