import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Notify, recordsLost, recordsUnwritten, recordsWritten } from '../notices/index.ts';
import { FrameCipher, type SpoolKey, type WriterName, writeHeader } from './format.ts';
import { LineBatch } from './line-batch.ts';
import { countFileName, spoolFileName } from './names.ts';
import type { OpenFile, SealedFrame } from './open-file.ts';
import type { SpoolPlaces } from './places.ts';
import { realDisk, type SpoolCounter, type SpoolDisk, writeWhole } from './spool-files.ts';
import { markEnded } from './spool-keeper.ts';

export interface SpoolWriterOptions {
  readonly directory: string;
  readonly name: WriterName;
  readonly key: SpoolKey;
  readonly places: SpoolPlaces;
  readonly notify: Notify;
  readonly fileBytesMax?: number;
  readonly disk?: SpoolDisk;
  readonly markEnded?: () => void;
  readonly now?: () => number;
}

/** A batch is handed to the system this long after its first line: what a killed process can lose. */
const FLUSH_AFTER_MS = 50;
/** … or when it has grown to this, whichever is first. */
const FLUSH_CHARS = 256 * 1024;
/** Batched lines reach the disk itself at most this much later: what a power cut can lose. */
const SYNC_AFTER_MS = 1_000;
/** While the disk refuses, try again this often. */
const RETRY_AFTER_MS = 500;
/** Characters waiting for the disk, a thread; beyond it calls are refused. */
const PENDING_CHARS_MAX = 8 * 1024 * 1024;
/** Room for this many bytes of lines is kept for the next batch. */
const SPARE_BYTES_MAX = 2 * FLUSH_CHARS;
/** Characters in one frame: well below what a reader believes, even where each takes three bytes. */
const FRAME_CHARS = 1024 * 1024;
const FILE_BYTES_MAX = 8 * 1024 * 1024;
/** Files that the reader has taken are noticed this often. */
const LOOK_EVERY_MS = 250;
const FRAMES_MAX = 0xffff_ffff;

/** The disk did not take the line in time: whoever waits for it must not go on. */
export class SpoolUnavailableError extends Error {
  override readonly name = 'SpoolUnavailableError';
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * One thread's end of the spool. `append` is batched: written within 50 ms. `commit` returns when
 * the line is on the disk; those that wait at the same time share one write and one sync.
 */
export class SpoolWriter {
  readonly #options: SpoolWriterOptions;
  readonly #disk: SpoolDisk;
  readonly #now: () => number;
  readonly #fileBytesMax: number;
  readonly #counter: SpoolCounter;
  #admitted = 0;
  #settled = 0;
  #turnedAway = 0;
  /** Full ones wait; lines join the last. */
  #full: LineBatch[] = [];
  #batch = new LineBatch(null);
  /** Room of a batch that was sealed. */
  #spare: Buffer | null = null;
  #chars = 0;
  #waiters: Waiter[] = [];
  #open: OpenFile | null = null;
  #nextFile = 0;
  /** The open file is to be followed by another although it is not full. */
  #isFinishing = false;
  #unwritten: SealedFrame | null = null;
  #isUnsynced = false;
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isUrgent = false;
  #syncTimer: NodeJS.Timeout | null = null;
  #inTrouble = false;
  #retryTimer: NodeJS.Timeout | null = null;
  /** Full files that still lie on the disk. */
  #untaken: { name: string; taken: number }[] = [];
  readonly #lookTimer: NodeJS.Timeout;

  /** Throws when the disk refuses the counter: without it, losses could not be counted. */
  constructor(options: SpoolWriterOptions) {
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    this.#now = options.now ?? Date.now;
    this.#fileBytesMax =
      options.fileBytesMax ?? Math.min(FILE_BYTES_MAX, options.places.shareBytes);
    this.#counter = this.#disk.createCounter(options.directory, countFileName(options.name));
    this.#counter.set(0);
    this.#lookTimer = setInterval(() => this.#lookForTaken(), LOOK_EVERY_MS);
    this.#lookTimer.unref();
  }

  get isInTrouble(): boolean {
    return this.#inTrouble;
  }

  /** A place for one line. Every admission ends in exactly one `append`. */
  admit(): boolean {
    if (this.#chars > PENDING_CHARS_MAX) return this.#turnAway();
    if (!this.#options.places.reserve()) {
      this.#finishFile();
      return this.#turnAway();
    }
    try {
      this.#counter.set(this.#admitted + 1);
    } catch {
      this.#options.places.settle(1, 0);
      return this.#turnAway();
    }
    this.#admitted++;
    return true;
  }

  /** Files go only when they are final: what this one has taken must not wait for lines that find no place. */
  #finishFile(): void {
    if (this.#isFinishing || this.#open?.hasLines !== true) return;
    this.#isFinishing = true;
    if (this.#running === null) this.#timer ??= setTimeout(() => this.#runSoon(), FLUSH_AFTER_MS);
  }

  #turnAway(): false {
    this.#turnedAway++;
    return false;
  }

  /** Batched. Settles one admission. */
  append(line: string): void {
    this.#push(line).settling++;
    if (this.#chars >= FLUSH_CHARS) this.#runSoon();
    else if (this.#timer === null && this.#running === null) {
      this.#timer = setTimeout(() => this.#runSoon(), FLUSH_AFTER_MS);
    }
  }

  /** Durable. Beyond what was admitted: it settles nothing. Rejects with SpoolUnavailableError. */
  commit(line: string): Promise<void> {
    if (this.#inTrouble || this.#chars > PENDING_CHARS_MAX) {
      return Promise.reject(new SpoolUnavailableError('the disk takes no records'));
    }
    this.#push(line);
    const committed = new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
    // Not at once: the other calls of this turn of the loop share the sync.
    if (!this.#isUrgent && this.#running === null) {
      this.#isUrgent = true;
      setImmediate(() => this.#runSoon());
    }
    return committed;
  }

  /** Settles one admission whose line was committed. */
  settle(): void {
    this.#batch.settling++;
    if (this.#running === null) this.#timer ??= setTimeout(() => this.#runSoon(), FLUSH_AFTER_MS);
  }

  /** Hands everything to the operating system. */
  async flush(): Promise<void> {
    while (this.#running !== null) await this.#running;
    if (this.#hasLines || this.#unwritten !== null || this.#turnedAway > 0) {
      this.#runSoon();
      while (this.#running !== null) await this.#running;
    }
  }

  /** After it, this writer has ended: its reader may settle the account. */
  async close(): Promise<void> {
    await this.flush();
    clearInterval(this.#lookTimer);
    for (const timer of [this.#timer, this.#syncTimer, this.#retryTimer]) {
      if (timer !== null) clearTimeout(timer);
    }
    if (this.#isUnsynced) await this.#open?.file.sync().catch(() => undefined);
    await this.#open?.file.close().catch(() => undefined);
    this.#open = null;
    this.#counter.close();
    const lost = this.#admitted - this.#settled;
    if (lost > 0) this.#options.notify(recordsLost(lost));
    const { directory, name, markEnded: mark } = this.#options;
    if (mark === undefined) markEnded(directory, name);
    else mark();
  }

  get #hasLines(): boolean {
    const { isEmpty, settling } = this.#batch;
    return !isEmpty || settling > 0 || this.#full.length > 0;
  }

  #push(line: string): LineBatch {
    if (line.length > FRAME_CHARS) throw new RangeError(`a line of ${line.length} characters`);
    if (this.#batch.chars + line.length > FRAME_CHARS) {
      this.#batch.shrink();
      this.#setFull();
    }
    this.#batch.push(line);
    this.#chars += line.length;
    return this.#batch;
  }

  #setFull(): void {
    this.#full.push(this.#batch);
    this.#batch = new LineBatch(this.#spare);
    this.#spare = null;
  }

  #runSoon(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isUrgent = false;
    if (this.#running !== null) return;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      this.#planNext();
    });
  }

  #planNext(): void {
    if (this.#unwritten !== null)
      this.#retryTimer ??= setTimeout(() => this.#runSoon(), RETRY_AFTER_MS);
    else if (this.#waiters.length > 0) this.#runSoon();
    else if (this.#hasLines || this.#isFinishing) {
      this.#timer ??= setTimeout(() => this.#runSoon(), FLUSH_AFTER_MS);
    }
  }

  /** One group commit after the other, as long as somebody waits. */
  async #run(): Promise<void> {
    do {
      const waiters = this.#waiters;
      this.#waiters = [];
      try {
        await this.#writeOut();
        if (waiters.length > 0) await this.#sync();
        else if (this.#isUnsynced) this.#syncLater();
        this.#recovered();
        for (const { resolve } of waiters) resolve();
      } catch (cause) {
        this.#failed(cause);
        const refusal = new SpoolUnavailableError('the disk took no record', { cause });
        for (const { reject } of [...waiters, ...this.#waiters]) reject(refusal);
        this.#waiters = [];
        return;
      }
    } while (this.#waiters.length > 0);
  }

  async #writeOut(): Promise<void> {
    if (this.#unwritten !== null) await this.#writeSealed(this.#unwritten);
    if (this.#isFinishing) await this.#currentFile();
    const { isEmpty, settling } = this.#batch;
    // Those turned away are told in any frame: an empty one only where there is no other, lest one more
    // wait with each attempt that fails.
    const isTold = this.#turnedAway === 0 || this.#full.length > 0;
    if (!isEmpty || settling > 0 || !isTold) this.#setFull();
    // What comes while these are written waits for the next turn.
    for (let left = this.#full.length; left > 0; left--) {
      const open = await this.#currentFile();
      this.#unwritten = this.#seal(open, this.#full.shift() as LineBatch);
      await this.#writeSealed(this.#unwritten);
    }
  }

  #seal(open: OpenFile, batch: LineBatch): SealedFrame {
    const { chars, settling } = batch;
    const bytes = open.cipher.seal(
      {
        number: open.frames,
        settled: settling,
        settledBefore: this.#settled,
        turnedAway: Math.min(this.#turnedAway, 0xffff_ffff),
        writtenMs: this.#now(),
      },
      batch.lines,
    );
    this.#turnedAway = 0;
    if (batch.room().length <= SPARE_BYTES_MAX) this.#spare = batch.room();
    return { open, bytes, settled: settling, chars };
  }

  async #writeSealed({ open, bytes, settled, chars }: SealedFrame): Promise<void> {
    await writeWhole(open.file, bytes, open.bytes);
    open.bytes += bytes.length;
    open.frames++;
    open.hasLines ||= chars > 0;
    this.#unwritten = null;
    this.#isUnsynced = true;
    this.#chars -= chars;
    this.#settled += settled;
    open.taken += this.#options.places.settle(settled, bytes.length);
  }

  async #currentFile(): Promise<OpenFile> {
    const current = this.#open;
    const hasRoom = (open: OpenFile) => open.bytes < this.#fileBytesMax && open.frames < FRAMES_MAX;
    if (current !== null && hasRoom(current) && !this.#isFinishing) return current;
    if (current !== null) {
      if (this.#isUnsynced) await this.#sync();
      await this.#setAside(current);
    }
    const { directory, name, key, places } = this.#options;
    const salt = randomBytes(32);
    const number = this.#nextFile;
    const header = writeHeader(name, number, key, salt);
    const fileName = spoolFileName(name, number);
    const file = await this.#disk.create(directory, fileName, header);
    this.#nextFile++;
    const taken = places.settle(0, header.length);
    const cipher = new FrameCipher(key.key, salt, header);
    this.#isFinishing = false;
    const bytes = header.length;
    this.#open = { file, name: fileName, cipher, bytes, frames: 0, taken, hasLines: false };
    return this.#open;
  }

  async #setAside(open: OpenFile): Promise<void> {
    this.#open = null;
    this.#untaken.push({ name: open.name, taken: open.taken });
    await open.file.close().catch(() => undefined);
  }

  async #sync(): Promise<void> {
    if (this.#syncTimer !== null) clearTimeout(this.#syncTimer);
    this.#syncTimer = null;
    const open = this.#open;
    if (!this.#isUnsynced || open === null) return;
    this.#isUnsynced = false;
    try {
      await open.file.sync();
    } catch (error) {
      // After a failed sync the system may forget what it could not write, and call the next sync of
      // this file good. Only another file can be believed.
      await this.#setAside(open);
      throw error;
    }
  }

  #syncLater(): void {
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = null;
      if (this.#running !== null || this.#unwritten !== null) return;
      this.#running = this.#sync()
        .catch((error: unknown) => this.#failed(error))
        .finally(() => {
          this.#running = null;
          this.#planNext();
        });
    }, SYNC_AFTER_MS);
  }

  #recovered(): void {
    if (!this.#inTrouble || this.#unwritten !== null) return;
    this.#inTrouble = false;
    this.#options.notify(recordsWritten());
  }

  /** Nothing is dropped: the frame is tried again, and calls are refused once no place is left. */
  #failed(error: unknown): void {
    if (!this.#inTrouble) this.#options.notify(recordsUnwritten(error));
    this.#inTrouble = true;
    this.#retryTimer ??= setTimeout(() => this.#runSoon(), RETRY_AFTER_MS);
  }

  #lookForTaken(): void {
    const { directory, places } = this.#options;
    this.#untaken = this.#untaken.filter(({ name, taken }) => {
      if (statSync(join(directory, name), { throwIfNoEntry: false })) return true;
      places.release(taken);
      return false;
    });
  }
}
