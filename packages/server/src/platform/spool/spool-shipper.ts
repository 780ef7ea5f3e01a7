import { crc32 } from 'node:zlib';
import { type Notify, platformNotice } from '../notices/index.ts';
import {
  type CarriedAnswer,
  type CarriedEnd,
  type CarriedEntry,
  type CarriedPiece,
  ENTRIES_MAX,
  type FileExtent,
  type FinalFile,
  PIECES_MAX,
} from './carrying.ts';
import { countFileName, endFileName, spoolFileName } from './names.ts';
import type { SpoolFolder } from './spool-folder.ts';
import { extentOf } from './spool-mirror.ts';
import { listWriters, readAdmitted, removeFile, type SpooledWriter } from './spooled-writers.ts';

export interface SpoolShipperOptions {
  readonly folder: SpoolFolder;
  /** What control answered; null: it did not, whether it kept them or not. */
  readonly send: (entries: readonly CarriedEntry[]) => Promise<readonly CarriedAnswer[] | null>;
  readonly notify: Notify;
  readonly now?: () => number;
  readonly pieceBytesMax?: number;
  readonly batchBytesMax?: number;
}

const PIECE_BYTES_MAX = 1024 * 1024;
/** As text well below what the link takes for one message. */
const BATCH_BYTES_MAX = 2 * 1024 * 1024;
const NO_BYTES = new Uint8Array();
/** Where there is nothing new, control is asked this often what it has recorded meanwhile. */
const ASK_EVERY_MS = 1_000;

/** Where a writer's carrying stands. Forgotten by a restart: control is asked. */
interface Carriage {
  /** Everything before this is kept by control. */
  at: Place;
  hasEnd: boolean;
  /** Up to here control has everything, if it kept the last batch. */
  sent: Place | null;
}

interface Place extends FileExtent {
  readonly file: number;
  /** False: control has nothing of this file yet, not even its name. */
  readonly isBegun: boolean;
}

/**
 * Carries this machine's spool to where the recorder is: of each writer file after file, from one
 * place on, and never the next file before the one before is final. One batch is under way at a time.
 * A file leaves this disk only when control says that it is recorded for good.
 */
export class SpoolShipper {
  readonly #options: SpoolShipperOptions;
  readonly #now: () => number;
  readonly #carriages = new Map<string, Carriage>();
  readonly #asked = new Map<string, number>();
  readonly #refused = new Set<string>();
  #last: string | null = null;

  constructor(options: SpoolShipperOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** One batch. Says whether there is more to carry at once. */
  async step(): Promise<'more' | 'nothing' | 'unheard'> {
    const writers = listWriters(this.#options.folder);
    this.#forgetOthers(writers);
    const batch = this.#batchOf(this.#inTurn(writers));
    if (batch.entries.length === 0) return 'nothing';
    const answers = await this.#options.send(batch.entries);
    if (answers === null) return 'unheard';
    const here = new Map(writers.map((writer) => [writer.id, writer]));
    let isMore = batch.isFull;
    for (const answer of answers) {
      const writer = here.get(answer.writer);
      if (writer === undefined) continue;
      isMore ||= !this.#carriages.has(writer.id);
      this.#heard(writer, answer);
    }
    return isMore ? 'more' : 'nothing';
  }

  /** Nothing lies here that control does not keep. */
  get isAllKept(): boolean {
    return listWriters(this.#options.folder).every((writer) => {
      if (!isHere(writer)) return true;
      const carriage = this.#carriages.get(writer.id);
      if (carriage === undefined) return false;
      return carriage.hasEnd || (!writer.hasEnded && this.#isAtEnd(writer, carriage.at));
    });
  }

  #batchOf(writers: readonly SpooledWriter[]): { entries: CarriedEntry[]; isFull: boolean } {
    const entries: CarriedEntry[] = [];
    let room = this.#options.batchBytesMax ?? BATCH_BYTES_MAX;
    for (const writer of writers) {
      if (room <= 0 || entries.length >= ENTRIES_MAX) return { entries, isFull: true };
      const entry = this.#entryOf(writer, room);
      if (entry === null) continue;
      entries.push(entry);
      room -= entry.pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
      this.#last = writer.id;
    }
    return { entries, isFull: room <= 0 };
  }

  #entryOf(writer: SpooledWriter, room: number): CarriedEntry | null {
    if (this.#refused.has(writer.id)) return null;
    const carriage = this.#carriages.get(writer.id);
    const entry = { writer: writer.id, pieces: [], end: null, isForgotten: false };
    if (!isHere(writer)) {
      if (!this.#isTimeToAsk(writer.id)) return null;
      // Before control may forget it: a power cut must not bring back what it would take for new.
      this.#options.folder.syncNames();
      return { ...entry, isForgotten: true };
    }
    if (carriage === undefined) return entry;
    const { pieces, at } = this.#piecesFrom(writer, carriage.at, room);
    carriage.sent = at;
    const isWhole = writer.hasEnded && this.#isAtEnd(writer, at);
    const end = isWhole && !carriage.hasEnd ? this.#endOf(writer, at) : null;
    if (pieces.length > 0 || end !== null) return { ...entry, pieces, end };
    // Files that are carried wait for the log.
    const isWaiting = carriage.hasEnd || writer.files.length > 1;
    return isWaiting && this.#isTimeToAsk(writer.id) ? entry : null;
  }

  #piecesFrom(
    writer: SpooledWriter,
    from: Place,
    room: number,
  ): { pieces: CarriedPiece[]; at: Place } {
    const { folder, pieceBytesMax = PIECE_BYTES_MAX } = this.#options;
    const pieces: CarriedPiece[] = [];
    let at = from;
    let left = room;
    for (const file of writer.files.filter((number) => number >= from.file)) {
      if (left <= 0 || pieces.length >= PIECES_MAX) break;
      const reading = folder.open(spoolFileName(writer.name, file));
      if (reading === null) break;
      try {
        const isFirst = file === writer.files[0];
        let before: FinalFile | null = null;
        if (file !== at.file || !at.isBegun) {
          // The one before is final: it has a successor.
          if (file !== at.file) before = { file: at.file, bytes: at.bytes, crc: at.crc };
          at = { file, bytes: 0, crc: 0, isBegun: true };
          // A power cut left the name alone: what comes after it, comes after it there too.
          if (reading.bytes === 0) {
            pieces.push({ ...{ file, offset: 0, crc: 0, before, isFirst }, bytes: NO_BYTES });
          }
        }
        while (at.bytes < reading.bytes && left > 0 && pieces.length < PIECES_MAX) {
          const read = reading.read(at.bytes, Math.min(pieceBytesMax, left));
          if (read.length === 0) break;
          const bytes = new Uint8Array(read);
          pieces.push({ file, offset: at.bytes, crc: at.crc, bytes, before, isFirst });
          const crc = crc32(bytes, at.crc);
          at = { file, bytes: at.bytes + bytes.length, crc, isBegun: true };
          left -= bytes.length;
          before = null;
        }
        if (at.bytes < reading.bytes) break;
      } finally {
        reading.close();
      }
    }
    return { pieces, at };
  }

  #endOf({ name, files }: SpooledWriter, at: Place): CarriedEnd {
    const admitted = readAdmitted(this.#options.folder, name);
    const { file, bytes, crc } = at;
    return { last: files.length === 0 ? null : { file, bytes, crc }, admitted };
  }

  /** Control may have more than is here, where this machine lost what it had not yet synced. */
  #isAtEnd({ name, files }: SpooledWriter, at: Place): boolean {
    const last = files.at(-1);
    if (last === undefined || last < at.file) return true;
    const found = this.#options.folder.stat(spoolFileName(name, last));
    return last === at.file && found !== null && found.bytes <= at.bytes;
  }

  #heard(writer: SpooledWriter, answer: CarriedAnswer): void {
    const { folder, notify } = this.#options;
    if (answer.isRefused) {
      this.#refused.add(writer.id);
      const text = `control takes no records of the writer ${writer.id}: it is not of this gateway`;
      notify(platformNotice('records_not_taken', text, { writer: writer.id }));
      return;
    }
    if (!isHere(writer)) {
      if (answer.isForgotten) folder.remove(endFileName(writer.name));
      return;
    }
    if (answer.isRecorded) {
      // That it has ended stays until control has forgotten it.
      if (!writer.hasEnded) return;
      for (const file of writer.files) removeFile(folder, writer, file);
      folder.syncNames();
      folder.remove(countFileName(writer.name));
      return;
    }
    const files = this.#removeRecorded(writer, answer.recordedBelow);
    const { kept, hasEnd } = answer;
    const sent = this.#carriages.get(writer.id)?.sent ?? null;
    const at = isSame(kept, sent) ? sent : this.#placeOf({ ...writer, files }, kept);
    this.#carriages.set(writer.id, { at, hasEnd, sent: null });
  }

  /** What control keeps, if that is what is here; otherwise where it must begin anew. */
  #placeOf({ name, files }: SpooledWriter, kept: CarriedAnswer['kept']): Place {
    const nothingOf = (file: number) => ({ file, bytes: 0, crc: 0, isBegun: false });
    const first = files[0] ?? 0;
    if (kept === null || kept.file < first) return nothingOf(first);
    const reading = this.#options.folder.open(spoolFileName(name, kept.file));
    const place = { ...kept, isBegun: true };
    if (reading === null) return place;
    try {
      if (reading.bytes < kept.bytes) return place;
      return extentOf(reading, kept.bytes).crc === kept.crc ? place : nothingOf(kept.file);
    } finally {
      reading.close();
    }
  }

  #removeRecorded(writer: SpooledWriter, below: number): number[] {
    const last = writer.files.at(-1);
    return writer.files.filter((file) => {
      // What is recorded of a living writer's last file is not all of it.
      if (file >= below || (file === last && !writer.hasEnded)) return true;
      removeFile(this.#options.folder, writer, file);
      return false;
    });
  }

  #isTimeToAsk(id: string): boolean {
    const now = this.#now();
    const asked = this.#asked.get(id);
    if (asked !== undefined && Math.abs(now - asked) < ASK_EVERY_MS) return false;
    this.#asked.set(id, now);
    return true;
  }

  /** One that writes without end holds up nobody. */
  #inTurn(writers: readonly SpooledWriter[]): SpooledWriter[] {
    const sorted = writers.toSorted((one, other) => (one.id < other.id ? -1 : 1));
    const last = this.#last;
    const next = last === null ? 0 : sorted.findIndex(({ id }) => id > last);
    return next <= 0 ? sorted : [...sorted.slice(next), ...sorted.slice(0, next)];
  }

  #forgetOthers(writers: readonly SpooledWriter[]): void {
    const here = new Set(writers.map(({ id }) => id));
    for (const id of this.#carriages.keys()) if (!here.has(id)) this.#carriages.delete(id);
    for (const id of this.#asked.keys()) if (!here.has(id)) this.#asked.delete(id);
    for (const id of this.#refused) if (!here.has(id)) this.#refused.delete(id);
  }
}

/** Something of it lies here besides the word that it has ended. */
function isHere({ files, hasCount }: SpooledWriter): boolean {
  return files.length > 0 || hasCount;
}

function isSame(one: CarriedAnswer['kept'], other: Place | null): other is Place {
  if (one === null || other === null) return false;
  return one.file === other.file && one.bytes === other.bytes && one.crc === other.crc;
}
