import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { APPEND_OWN } from '../platform/files/index.ts';
import {
  type Notify,
  recordsLost,
  recordsUnwritten,
  recordsWritten,
} from '../platform/notices/index.ts';
import type { CallRecord } from './call-record.ts';
import { recordLine } from './record-line.ts';

export interface JsonLinesOptions {
  readonly file: string;
  readonly rotateBytes: number;
  readonly keepFiles: number;
  /** Records reserved or waiting for the disk; beyond it calls are refused. */
  readonly pendingMax: number;
  readonly notify: Notify;
}

/** A batch is written this long after its first record: the most that a crash can lose. */
const FLUSH_AFTER_MS = 50;
/** While the disk refuses, try again this often. */
const RETRY_AFTER_MS = 500;

/** A link to what may be a pipe, a terminal or a file. */
export function isStandardStream(file: string): boolean {
  return /^\/dev\/(?:stdout|stderr|fd\/[12])$/.test(file);
}

/**
 * Appends records as JSON lines. Several threads append to the same file: each batch is one
 * O_APPEND write of whole lines, which the kernel keeps apart.
 */
export class JsonLinesSink {
  readonly #options: JsonLinesOptions;
  #reserved = 0;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #handle: FileHandle | null = null;
  #inTrouble = false;

  constructor(options: JsonLinesOptions) {
    this.#options = options;
  }

  /** What was written last could not be. */
  get isInTrouble(): boolean {
    return this.#inTrouble;
  }

  reserve(): boolean {
    if (this.#reserved >= this.#options.pendingMax) return false;
    this.#reserved++;
    return true;
  }

  /** A place that is not needed after all. */
  release(): void {
    this.#reserved--;
  }

  write(record: CallRecord): void {
    this.#lines.push(recordLine(record));
    this.#schedule(FLUSH_AFTER_MS);
  }

  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#writing !== null) await this.#writing;
    if (this.#lines.length > 0) await this.#drain();
  }

  async close(): Promise<void> {
    await this.flush();
    if (this.#timer !== null) clearTimeout(this.#timer);
    const lost = this.#lines.length;
    if (lost > 0) this.#options.notify(recordsLost(lost));
    await this.#handle?.close();
    this.#handle = null;
  }

  #schedule(afterMs: number): void {
    if (this.#timer !== null || this.#writing !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#drain();
    }, afterMs);
  }

  #drain(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    const count = lines.length;
    this.#writing = this.#append(lines).then(
      () => this.#wrote(count),
      (error: unknown) => this.#failed(lines, error),
    );
    return this.#writing;
  }

  #wrote(count: number): void {
    this.#writing = null;
    this.#reserved -= count;
    if (this.#inTrouble) this.#options.notify(recordsWritten());
    this.#inTrouble = false;
    if (this.#lines.length > 0) this.#schedule(FLUSH_AFTER_MS);
  }

  /** Nothing is dropped: the lines keep their places, and calls are refused once none are left. */
  #failed(lines: string[], error: unknown): void {
    this.#writing = null;
    this.#lines = lines.concat(this.#lines);
    if (!this.#inTrouble) this.#options.notify(recordsUnwritten(error));
    this.#inTrouble = true;
    this.#handle?.close().catch(() => undefined);
    this.#handle = null;
    this.#schedule(RETRY_AFTER_MS);
  }

  async #append(lines: string[]): Promise<void> {
    const handle = await this.#currentFile();
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    const { bytesWritten } = await handle.write(bytes);
    if (bytesWritten === bytes.length) return;
    // The disk filled up in the middle of a line. What stands whole is written; the rest is tried
    // again, on a line of its own.
    const whole = bytes.subarray(0, bytesWritten).filter((byte) => byte === 0x0a).length;
    lines.splice(0, whole);
    this.#reserved -= whole;
    await handle.write(Buffer.from('\n')).catch(() => undefined);
    throw new Error(`only ${bytesWritten} of ${bytes.length} bytes were written`);
  }

  /** Opens the file, or opens it anew after some thread set it aside; sets it aside when it is full. */
  async #currentFile(): Promise<FileHandle> {
    const { file, rotateBytes } = this.#options;
    const there = await stat(file).catch(() => null);
    if (this.#handle !== null) {
      const mine = await this.#handle.stat();
      if (there === null || there.ino !== mine.ino) {
        await this.#handle.close();
        this.#handle = null;
      }
    }
    if (there !== null && there.size >= rotateBytes && !file.startsWith('/dev/')) {
      await this.#setAside();
      await this.#handle?.close();
      this.#handle = null;
    }
    // Not through a planted link; nobody plants those of the standard streams.
    this.#handle ??= await open(file, isStandardStream(file) ? 'a' : APPEND_OWN, 0o600);
    return this.#handle;
  }

  async #setAside(): Promise<void> {
    const { file, keepFiles } = this.#options;
    await rm(`${file}.${keepFiles}`, { force: true });
    for (let number = keepFiles - 1; number >= 1; number--) {
      await rename(`${file}.${number}`, `${file}.${number + 1}`).catch(() => undefined);
    }
    await rename(file, `${file}.1`).catch(() => undefined);
  }
}
