import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { countFileName, endFileName, parseSpoolName, spoolFileName, writerId } from './names.ts';

/** Bytes of one file of a spool, from a place on. */
export interface SpoolPiece {
  readonly file: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A piece that does not belong where it says: nothing of it was kept. */
export class SpoolPieceError extends Error {
  override readonly name = 'SpoolPieceError';
}

/** Writers whose every line is here; more than these are not remembered. */
const FINISHED_MAX = 10_000;
const FINISHED_FILE = 'finished-writers';

/**
 * Keeps the pieces of other machines' spools in this one's directory, where the recorder finds them.
 * Pieces may come twice: what is here already, or has been recorded, is not kept again.
 */
export class SpoolMirror {
  readonly #directory: string;
  readonly #bytesMax: number;
  readonly #finished: Set<string>;

  /** Beyond `bytesMax` of unrecorded files a machine keeps its records itself, and sends them again. */
  constructor(directory: string, bytesMax: number) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#directory = directory;
    this.#bytesMax = bytesMax;
    this.#finished = new Set(readLines(join(directory, FINISHED_FILE)));
  }

  /** They are on disk when this returns. Throws SpoolPieceError. */
  keep(node: string, pieces: readonly SpoolPiece[]): void {
    if (!(this.#bytesOf(node) <= this.#bytesMax)) {
      throw new SpoolPieceError(`the spool of ${node} is full here`);
    }
    const ended: string[] = [];
    for (const piece of pieces) {
      const entry = parseSpoolName(piece.file);
      if (entry === null || entry.writer.node !== node) {
        throw new SpoolPieceError(`${node} sent a file that is not of its spool`);
      }
      const id = writerId(entry.writer);
      if (this.#finished.has(id)) continue;
      if (entry.kind === 'end') ended.push(id);
      this.#write(piece, entry.kind === 'count');
    }
    syncDirectory(this.#directory);
    for (const id of ended) this.#finish(id);
  }

  #bytesOf(node: string): number {
    let bytes = 0;
    for (const file of readdirSync(this.#directory)) {
      if (parseSpoolName(file)?.writer.node !== node) continue;
      bytes += statSync(join(this.#directory, file), { throwIfNoEntry: false })?.size ?? 0;
    }
    return bytes;
  }

  #write({ file, offset, bytes }: SpoolPiece, replaces: boolean): void {
    const descriptor = openSync(join(this.#directory, file), replaces ? 'w' : 'a', 0o600);
    try {
      const size = replaces ? 0 : fstatSync(descriptor).size;
      if (size < offset) throw new SpoolPieceError(`${file}: bytes before ${offset} are missing`);
      const fresh = bytes.subarray(Math.max(0, size - offset));
      for (let written = 0; written < fresh.length; ) {
        written += writeSync(descriptor, fresh, written);
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Before the other side hears of it: whatever comes of this writer later has come before. */
  #finish(id: string): void {
    this.#finished.add(id);
    const [oldest] = this.#finished;
    if (this.#finished.size > FINISHED_MAX && oldest !== undefined) this.#finished.delete(oldest);
    const file = join(this.#directory, FINISHED_FILE);
    writeFileSync(`${file}.new`, [...this.#finished, ''].join('\n'), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
    syncDirectory(this.#directory);
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

/** A file whose name is lost is lost. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export interface SpoolShipperOptions {
  readonly directory: string;
  /** Sends pieces; resolves true once they are on the other machine's disk. */
  readonly send: (pieces: readonly SpoolPiece[]) => Promise<boolean>;
  readonly onTrouble: (message: string) => void;
}

const PIECE_BYTES_MAX = 1024 * 1024;
const BATCH_BYTES_MAX = 2 * 1024 * 1024;
const LOOK_EVERY_MS = 100;

/**
 * Carries this machine's spool to where the recorder is. A file leaves this disk only when all of
 * it is on the other one and its writer has gone on or ended.
 */
export class SpoolShipper {
  readonly #options: SpoolShipperOptions;
  /** Bytes by file that the other side has. Forgotten by a restart: pieces may go twice. */
  readonly #carried = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;
  #inTrouble = false;

  constructor(options: SpoolShipperOptions) {
    this.#options = options;
    this.#later(0);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #later(waitMs: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#look(), waitMs);
  }

  async #look(): Promise<void> {
    let isMore = false;
    try {
      isMore = await this.#carry();
      this.#inTrouble = false;
    } catch (error) {
      if (!this.#inTrouble) {
        this.#options.onTrouble(`carrying records to control: ${(error as Error).message}`);
      }
      this.#inTrouble = true;
    }
    this.#later(isMore ? 0 : LOOK_EVERY_MS);
  }

  /** True when there is more to carry at once. */
  async #carry(): Promise<boolean> {
    const { directory, send } = this.#options;
    const names = await readdir(directory).catch(() => []);
    const writers = writersOf(names);
    const pieces: SpoolPiece[] = [];
    let room = BATCH_BYTES_MAX;
    for (const writer of writers) {
      for (const number of writer.files) {
        if (room <= 0) break;
        const file = spoolFileName(writer.name, number);
        const from = this.#carried.get(file) ?? 0;
        const bytes = await readFrom(join(directory, file), from, Math.min(room, PIECE_BYTES_MAX));
        if (bytes.length === 0) continue;
        pieces.push({ file, offset: from, bytes });
        room -= bytes.length;
      }
    }
    if (pieces.length > 0) {
      if (!(await send(pieces))) return false;
      for (const { file, offset, bytes } of pieces) this.#carried.set(file, offset + bytes.length);
    }
    for (const writer of writers) await this.#finish(writer);
    return room <= 0;
  }

  async #finish({ name, files, hasEnded }: ShippedWriter): Promise<void> {
    const { directory, send } = this.#options;
    const last = files.at(-1);
    for (const number of files) {
      if (number === last && !hasEnded) continue;
      const file = spoolFileName(name, number);
      const found = await stat(join(directory, file)).catch(() => null);
      if (found === null) continue;
      if (found.size !== this.#carried.get(file)) return;
      if (number !== last) this.#remove(file);
    }
    if (!hasEnded) return;
    // The count is final and the lines are there: only now may the recorder draw the balance.
    const count = await readFile(join(directory, countFileName(name))).catch(() => Buffer.alloc(0));
    const ends = [
      { file: countFileName(name), offset: 0, bytes: count },
      { file: endFileName(name), offset: 0, bytes: new Uint8Array() },
    ];
    if (!(await send(ends))) return;
    if (last !== undefined) this.#remove(spoolFileName(name, last));
    this.#remove(countFileName(name));
    this.#remove(endFileName(name));
  }

  #remove(file: string): void {
    rmSync(join(this.#options.directory, file), { force: true });
    this.#carried.delete(file);
  }
}

interface ShippedWriter {
  readonly name: Parameters<typeof writerId>[0];
  readonly files: number[];
  hasEnded: boolean;
}

function writersOf(names: readonly string[]): ShippedWriter[] {
  const writers = new Map<string, ShippedWriter>();
  for (const name of names) {
    const entry = parseSpoolName(name);
    if (entry === null) continue;
    const id = writerId(entry.writer);
    const writer = writers.get(id) ?? { name: entry.writer, files: [], hasEnded: false };
    writers.set(id, writer);
    if (entry.kind === 'spool') writer.files.push(entry.file);
    if (entry.kind === 'end') writer.hasEnded = true;
  }
  for (const { files } of writers.values()) files.sort((a, b) => a - b);
  return [...writers.values()];
}

async function readFrom(path: string, from: number, bytesMax: number): Promise<Uint8Array> {
  const handle = await open(path, 'r').catch(() => null);
  if (handle === null) return new Uint8Array();
  try {
    const bytes = Buffer.alloc(bytesMax);
    const { bytesRead } = await handle.read(bytes, 0, bytesMax, from);
    return new Uint8Array(bytes.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}
