import {
  FRAME_HEAD_BYTES,
  FRAME_LINES_BYTES_MAX,
  FRAME_MAGIC_BYTES,
  FrameCipher,
  type FrameHead,
  frameBytes,
  HEADER_BYTES_MAX,
  readFrameHead,
  readHeader,
} from './format.ts';
import { spoolFileName } from './names.ts';
import type { SpoolFolder, SpoolReading } from './spool-folder.ts';
import type { SpooledWriter } from './spooled-writers.ts';

/** Where reading goes on: kept by the reader together with what it made of the lines. */
export interface SpoolPosition {
  readonly file: number;
  readonly offset: number;
  readonly frame: number;
  /** Admissions settled by everything before this position. */
  readonly settled: number;
}

export interface ReadFrame {
  readonly lines: string;
  /** Admissions whose lines stood in frames that are missing or damaged before this one. */
  readonly missing: number;
  readonly turnedAway: number;
  readonly next: SpoolPosition;
}

export interface ReadFrames {
  readonly frames: readonly ReadFrame[];
  /** Where to go on, when that is beyond the last frame: the next file. */
  readonly next: SpoolPosition;
  readonly state: /** There is more to read at once. */
    | 'more'
    /** The writer has written no more. */
    | 'waiting'
    /** A frame of a living writer does not open: half written now, or damaged. */
    | 'unsure'
    /** The writer has ended and everything was read. */
    | 'done';
  /** Files that were found damaged. */
  readonly damaged: readonly string[];
}

export const SPOOL_START: SpoolPosition = { file: 0, offset: 0, frame: 0, settled: 0 };

/**
 * Whole frames from a position on, up to about `bytesMax`. Never goes beyond what a living writer
 * has finished. With `isPatient` false, a last frame that does not open is taken as damaged.
 */
export function readFrames(
  folder: SpoolFolder,
  writer: SpooledWriter,
  position: SpoolPosition,
  openKey: (keyId: string, wrapped: string) => Uint8Array,
  options: { readonly bytesMax: number; readonly isPatient: boolean },
): ReadFrames {
  const reading = new Reading(folder, writer, position, options);
  reading.run(openKey);
  return reading;
}

class Reading implements ReadFrames {
  readonly frames: ReadFrame[] = [];
  readonly damaged: string[] = [];
  next: SpoolPosition;
  state: ReadFrames['state'] = 'waiting';
  readonly #folder: SpoolFolder;
  readonly #writer: SpooledWriter;
  readonly #options: { readonly bytesMax: number; readonly isPatient: boolean };

  constructor(
    folder: SpoolFolder,
    writer: SpooledWriter,
    position: SpoolPosition,
    options: { readonly bytesMax: number; readonly isPatient: boolean },
  ) {
    this.#folder = folder;
    this.#writer = writer;
    this.#options = options;
    this.next = position;
  }

  run(openKey: (keyId: string, wrapped: string) => Uint8Array): void {
    const { files, hasEnded } = this.#writer;
    const number = files.find((file) => file >= this.next.file);
    if (number === undefined) {
      this.state = hasEnded ? 'done' : 'waiting';
      return;
    }
    if (number > this.next.file) this.#turnTo(number);
    const isLast = number === files.at(-1);
    const isFinal = !isLast || hasEnded;
    const name = spoolFileName(this.#writer.name, number);
    const reading = this.#folder.open(name);
    if (reading === null) {
      // It went since it was listed: nothing is believed of what is behind it.
      this.state = 'waiting';
      return;
    }
    try {
      this.#readFile(reading, name, isFinal, openKey);
    } finally {
      reading.close();
    }
    if (this.state !== 'done') return;
    this.#turnTo(number + 1);
    if (!isLast) this.state = 'more';
  }

  /** Leaves the state 'done' when nothing more will come of this file. */
  #readFile(
    reading: SpoolReading,
    name: string,
    isFinal: boolean,
    openKey: (keyId: string, wrapped: string) => Uint8Array,
  ): void {
    const size = reading.bytes;
    const atEnd = isFinal ? 'done' : 'waiting';
    const cipher = this.#openHeader(reading, name, openKey);
    if (cipher === null) {
      this.state = atEnd;
      return;
    }
    let bytes = readAt(reading, this.next.offset, this.#options.bytesMax);
    for (let at = this.next.offset; ; at = this.next.offset) {
      const left = size - at;
      // Less than was read before: the other end of a carried file has lost what this one recorded.
      if (left <= 0) {
        this.state = atEnd;
        return;
      }
      if (bytes.length < Math.min(left, FRAME_HEAD_BYTES)) {
        this.state = 'more';
        return;
      }
      const head = bytes.length < FRAME_HEAD_BYTES ? null : readFrameHead(bytes);
      const length = head === null ? 0 : frameBytes(head);
      const isTorn = left < FRAME_HEAD_BYTES || left < length;
      if (isTorn && !isFinal) {
        this.state = 'waiting';
        return;
      }
      if (!isTorn && bytes.length < length) {
        // A frame larger than the batch is read alone.
        if (this.frames.length > 0) {
          this.state = 'more';
          return;
        }
        bytes = readAt(reading, at, length);
      }
      if (!isTorn && head !== null && this.#take(cipher, head, bytes, at + length)) {
        bytes = bytes.subarray(length);
        continue;
      }
      const later = this.#laterFrame(reading, at + 1, cipher);
      if (later === null) {
        const mayHeal = !isFinal && this.#options.isPatient;
        if (!mayHeal && !isTorn) this.damaged.push(name);
        this.state = mayHeal ? 'unsure' : atEnd;
        return;
      }
      this.damaged.push(name);
      this.next = { ...this.next, offset: later };
      bytes = readAt(reading, later, this.#options.bytesMax);
    }
  }

  /** False when this is not a frame that its writer wrote after those before. */
  #take(cipher: FrameCipher, head: FrameHead, bytes: Buffer, end: number): boolean {
    const { number, settled, settledBefore, turnedAway } = head;
    if (number < this.next.frame || settledBefore < this.next.settled) return false;
    const lines = cipher.open(bytes.subarray(0, frameBytes(head)), head);
    if (lines === null) return false;
    const missing = settledBefore - this.next.settled;
    this.next = {
      ...{ file: this.next.file, offset: end, frame: number + 1 },
      settled: settledBefore + settled,
    };
    this.frames.push({ lines: lines.toString('utf8'), missing, turnedAway, next: this.next });
    return true;
  }

  /** Where the next frame begins that opens: what stood before it is damaged. */
  #laterFrame(reading: SpoolReading, from: number, cipher: FrameCipher): number | null {
    const rest = readAt(reading, from, FRAME_LINES_BYTES_MAX * 2);
    for (let at = rest.indexOf(FRAME_MAGIC_BYTES); at >= 0; ) {
      const frame = rest.subarray(at);
      const head = frame.length < FRAME_HEAD_BYTES ? null : readFrameHead(frame);
      const isWhole = head !== null && frame.length >= frameBytes(head);
      if (isWhole && head.number >= this.next.frame && head.settledBefore >= this.next.settled) {
        if (cipher.open(frame.subarray(0, frameBytes(head)), head) !== null) return from + at;
      }
      at = rest.indexOf(FRAME_MAGIC_BYTES, at + 1);
    }
    return null;
  }

  #openHeader(
    reading: SpoolReading,
    name: string,
    openKey: (keyId: string, wrapped: string) => Uint8Array,
  ): FrameCipher | null {
    let header: ReturnType<typeof readHeader>;
    try {
      header = readHeader(readAt(reading, 0, HEADER_BYTES_MAX));
    } catch {
      this.damaged.push(name);
      return null;
    }
    if (header === null) return null;
    const cipher = new FrameCipher(
      openKey(header.keyId, header.wrapped),
      header.salt,
      header.bytes,
    );
    if (this.next.offset === 0) this.next = { ...this.next, offset: header.bytes.length };
    return cipher;
  }

  #turnTo(file: number): void {
    this.next = { file, offset: 0, frame: 0, settled: this.next.settled };
  }
}

function readAt(reading: SpoolReading, position: number, length: number): Buffer {
  const left = Math.max(0, reading.bytes - position);
  return reading.read(position, Math.min(length, left, FRAME_LINES_BYTES_MAX * 2));
}
