import { closeSync, openSync, writeSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CREATE_NEW, DRAFT_END } from '../files/index.ts';

/** The disk as the writer sees it: an argument, so that a test can make any call of it fail. */
export interface SpoolDisk {
  /**
   * A file that begins with `header`. Its name appears only once the header is whole: what a reader
   * or a carrier has seen of a file never changes.
   */
  create(directory: string, name: string, header: Buffer): Promise<SpoolFile>;
  createCounter(directory: string, name: string): SpoolCounter;
}

export interface SpoolFile {
  /** Bytes written, which may be fewer. */
  write(bytes: Buffer, position: number): Promise<number>;
  /** Returns when what was written survives a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface SpoolCounter {
  /** Costs about a microsecond: it reaches the page cache, which survives the process. */
  set(count: number): void;
  close(): void;
}

export const realDisk: SpoolDisk = {
  async create(directory, name, header) {
    const path = join(directory, name);
    // One that could not be begun may lie there still.
    await rm(`${path}${DRAFT_END}`, { force: true });
    const handle = await open(`${path}${DRAFT_END}`, CREATE_NEW, 0o600);
    const file = new RealFile(handle, directory);
    try {
      await writeWhole(file, header, 0);
      await rename(`${path}${DRAFT_END}`, path);
    } catch (error) {
      await handle.close().catch(() => undefined);
      throw error;
    }
    return file;
  },
  createCounter(directory, name) {
    const descriptor = openSync(join(directory, name), CREATE_NEW, 0o600);
    const cell = new Float64Array(1);
    const bytes = new Uint8Array(cell.buffer);
    return {
      set(count) {
        cell[0] = count;
        writeSync(descriptor, bytes, 0, 8, 0);
      },
      close: () => closeSync(descriptor),
    };
  },
};

class RealFile implements SpoolFile {
  readonly #handle: FileHandle;
  readonly #directory: string;
  #isNameSynced = false;

  constructor(handle: FileHandle, directory: string) {
    this.#handle = handle;
    this.#directory = directory;
  }

  async write(bytes: Buffer, position: number): Promise<number> {
    return (await this.#handle.write(bytes, 0, bytes.length, position)).bytesWritten;
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
    if (this.#isNameSynced) return;
    // A file whose name is lost is lost.
    const directory = await open(this.#directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
    this.#isNameSynced = true;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

export async function writeWhole(file: SpoolFile, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const count = await file.write(bytes.subarray(written), position + written);
    if (count === 0) throw new Error('the disk takes no more bytes');
    written += count;
  }
}
