import { crc32 } from 'node:zlib';
import type {
  CarriedAnswer,
  CarriedBatch,
  CarriedEnd,
  CarriedEntry,
  CarriedPiece,
  FileExtent,
  Recorded,
  RecordedWriters,
} from './carrying.ts';
import type { WriterName } from './format.ts';
import { countFileName, endFileName, parseWriterId, spoolFileName, writerId } from './names.ts';
import type { SpoolFolder } from './spool-folder.ts';
import { admittedBytes, listWriters, removeFile, type SpooledWriter } from './spooled-writers.ts';

export interface SpoolMirrorOptions {
  readonly folder: SpoolFolder;
  /**
   * Of one machine. It keeps its files until they are recorded, so what lies here is never more than
   * what lies there: the bound is for a machine that does not do as it should.
   */
  readonly bytesMax: number;
  /** Asks the recorder to forget a writer; it answers with `noteRecorded`. */
  readonly forget: (writer: string) => void;
  readonly now?: () => number;
}

/** There is no room for more of this machine until the recorder has taken something. */
export class MirrorFullError extends Error {
  override readonly name = 'MirrorFullError';
}

/** A machine that is gone for good leaves copies behind that grow no more. Its own disk has the original. */
const EVICT_AFTER_MS = 86_400_000;
const FORGOTTEN_MAX = 10_000;
const LOOK_FOR_EVICTION_EVERY_MS = 600_000;

interface Last extends FileExtent {
  readonly file: number;
}

/**
 * Control's copy of the spools of other machines, where the recorder finds it. Files of a writer come
 * strictly in order, each byte where the one before ended and only after the same bytes as there: a
 * file after another appears when the one before is whole, so that here too every file but the last
 * is final.
 */
export class SpoolMirror {
  readonly #options: SpoolMirrorOptions;
  readonly #now: () => number;
  readonly #recorded = new Map<string, Recorded>();
  /** Writers whose machine has not heard yet that they are forgotten. */
  readonly #forgotten = new Set<string>();
  /** CRC of the last file of each writer, as far as it was computed. */
  readonly #last = new Map<string, Last>();
  /** Files with bytes that a power cut could still take. */
  readonly #unsynced = new Set<string>();
  /** Also what a process before this one left. */
  #areNamesNew = true;
  #evictedMs: number;

  constructor(options: SpoolMirrorOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#evictedMs = this.#now();
  }

  noteRecorded({ recorded, forgotten }: RecordedWriters): void {
    for (const [writer, until] of recorded) this.#recorded.set(writer, until);
    for (const writer of forgotten) {
      this.#recorded.delete(writer);
      this.#forgotten.add(writer);
    }
    // Of a machine that never asks again.
    for (const writer of this.#forgotten) {
      if (this.#forgotten.size <= FORGOTTEN_MAX) break;
      this.#forgotten.delete(writer);
    }
  }

  /** What it keeps is on disk when this returns. Throws MirrorFullError, and what the disk throws. */
  keep(node: string, entries: readonly CarriedEntry[]): CarriedAnswer[] {
    this.#evictOld();
    const found = new Map(listWriters(this.#options.folder).map((writer) => [writer.id, writer]));
    this.#checkRoom(node, found.values(), entries);
    const answers = entries.map((entry) => {
      const name = parseWriterId(entry.writer);
      if (name === null || name.node !== node) return refused(entry.writer);
      const recorded = this.#recorded.get(entry.writer);
      if (entry.isForgotten) return this.#forget(entry.writer);
      if (recorded === 'all') {
        this.#last.delete(entry.writer);
        return { ...answered(entry.writer), isRecorded: true };
      }
      const writer = found.get(entry.writer);
      let last = this.#lastOf(name, writer);
      let hasEnd = writer?.hasEnded === true;
      if (!hasEnd) {
        for (const piece of entry.pieces) {
          const kept = this.#accept(name, last, piece);
          if (kept === null) break;
          last = kept;
        }
        hasEnd = this.#end(name, last, entry.end);
      }
      const recordedBelow = recorded ?? 0;
      return { ...answered(entry.writer), kept: last, hasEnd, recordedBelow };
    });
    for (const file of this.#unsynced) this.#sync(file);
    this.#syncNames();
    return answers;
  }

  /** What is kept last once this piece is kept; null: it does not belong here now. */
  #accept(name: WriterName, last: Last | null, piece: CarriedPiece): Last | null {
    const { file, offset, bytes, crc } = piece;
    if (last !== null && file < last.file) return last;
    const isNew = file !== last?.file;
    if (isNew && !(offset === 0 && follows(last, piece))) return null;
    // From its beginning: what is kept of it is not what the writer wrote.
    const isAnew = offset === 0;
    if (!isAnew && (last === null || last.bytes !== offset || last.crc !== crc)) return null;
    // The file before is final, and on disk with its name, before there is another.
    if (isNew) {
      if (last !== null) this.#sync(spoolFileName(name, last.file));
      this.#syncNames();
      this.#areNamesNew = true;
    }
    const fileName = spoolFileName(name, file);
    const id = writerId(name);
    this.#unsynced.add(fileName);
    this.#last.delete(id);
    this.#options.folder.append(fileName, offset, bytes);
    const from = isAnew ? 0 : crc;
    const kept = { file, bytes: offset + bytes.length, crc: crc32(bytes, from) };
    this.#last.set(id, kept);
    return kept;
  }

  /** The account first: with the end, the recorder draws the balance. */
  #end(name: WriterName, last: Last | null, end: CarriedEnd | null): boolean {
    if (end === null) return false;
    const isWhole =
      end.last === null
        ? true
        : last !== null && last.file === end.last.file && isSame(last, end.last);
    if (!isWhole) return false;
    if (last !== null) this.#sync(spoolFileName(name, last.file));
    const { folder } = this.#options;
    folder.create(countFileName(name), admittedBytes(end.admitted));
    folder.create(endFileName(name), new Uint8Array());
    return true;
  }

  /** Only the recorder knows: it says so once its cursor is gone for good. */
  #forget(writer: string): CarriedAnswer {
    const isForgotten = this.#forgotten.delete(writer);
    if (!isForgotten) this.#options.forget(writer);
    return { ...answered(writer), isForgotten };
  }

  #syncNames(): void {
    if (this.#areNamesNew) this.#options.folder.syncNames();
    this.#areNamesNew = false;
  }

  #sync(file: string): void {
    const { folder } = this.#options;
    // The recorder may have taken it meanwhile.
    if (folder.stat(file) !== null) folder.sync(file);
    this.#unsynced.delete(file);
  }

  /** As the disk shows it: a step that failed half-way left what it left. */
  #lastOf(name: WriterName, writer: SpooledWriter | undefined): Last | null {
    const file = writer?.files.at(-1);
    if (writer === undefined || file === undefined) return null;
    const reading = this.#options.folder.open(spoolFileName(name, file));
    if (reading === null) return null;
    try {
      const known = this.#last.get(writer.id);
      if (known?.file === file && known.bytes === reading.bytes) return known;
      const last = { file, ...extentOf(reading) };
      this.#last.set(writer.id, last);
      return last;
    } finally {
      reading.close();
    }
  }

  #checkRoom(
    node: string,
    writers: Iterable<SpooledWriter>,
    entries: readonly CarriedEntry[],
  ): void {
    if (entries.every(({ pieces }) => pieces.length === 0)) return;
    let bytes = 0;
    for (const { name, files } of writers) {
      if (name.node !== node) continue;
      for (const file of files) {
        bytes += this.#options.folder.stat(spoolFileName(name, file))?.bytes ?? 0;
      }
    }
    if (bytes <= this.#options.bytesMax) return;
    throw new MirrorFullError(`no more records of ${node} until those that are here are recorded`);
  }

  #evictOld(): void {
    const now = this.#now();
    if (now - this.#evictedMs < LOOK_FOR_EVICTION_EVERY_MS) return;
    this.#evictedMs = now;
    const { folder } = this.#options;
    for (const writer of listWriters(folder)) {
      const last = writer.files.at(-1);
      if (writer.hasEnded || last === undefined) continue;
      const found = folder.stat(spoolFileName(writer.name, last));
      if (found === null || now - found.modifiedMs < EVICT_AFTER_MS) continue;
      // From the last on: whenever this is cut, no file is left that seems to follow one that is gone.
      for (const file of writer.files.toReversed()) {
        removeFile(folder, writer, file);
        folder.syncNames();
      }
      this.#last.delete(writer.id);
    }
  }
}

/** One connection's end of it: batches that come twice, or after a later one, are not heard. */
export class SpoolReception {
  readonly #mirror: SpoolMirror;
  readonly #node: string;
  #number = 0;

  constructor(mirror: SpoolMirror, node: string) {
    this.#mirror = mirror;
    this.#node = node;
  }

  /** Null: it was heard before. */
  hear({ number, entries }: CarriedBatch): CarriedAnswer[] | null {
    if (!(number > this.#number)) return null;
    this.#number = number;
    return this.#mirror.keep(this.#node, entries);
  }
}

function follows(last: Last | null, { file, before, isFirst }: CarriedPiece): boolean {
  if (isFirst) return true;
  if (last === null || before === null || before.file >= file) return false;
  return last.file === before.file && isSame(last, before);
}

function isSame(one: FileExtent, other: FileExtent): boolean {
  return one.bytes === other.bytes && one.crc === other.crc;
}

const CHUNK_BYTES = 1024 * 1024;

/** How long a file is that was opened, and what is in it up to there. */
export function extentOf(
  reading: { readonly bytes: number; read(position: number, length: number): Buffer },
  upTo: number = reading.bytes,
): FileExtent {
  let [bytes, crc] = [0, 0];
  while (bytes < upTo) {
    const chunk = reading.read(bytes, Math.min(CHUNK_BYTES, upTo - bytes));
    if (chunk.length === 0) break;
    crc = crc32(chunk, crc);
    bytes += chunk.length;
  }
  return { bytes, crc };
}

function answered(writer: string): CarriedAnswer {
  return {
    ...{ writer, kept: null, hasEnd: false, recordedBelow: 0 },
    ...{ isRecorded: false, isForgotten: false, isRefused: false },
  };
}

function refused(writer: string): CarriedAnswer {
  return { ...answered(writer), isRefused: true };
}
