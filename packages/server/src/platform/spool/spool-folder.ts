import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../files/index.ts';

/** A folder of spool files as readers and carriers see it: an argument, so that a test can cut it at any step. */
export interface SpoolFolder {
  names(): string[];
  /** Null where there is no such file. */
  open(name: string): SpoolReading | null;
  stat(name: string): { readonly bytes: number; readonly modifiedMs: number } | null;
  /** Writes at the end, which must be at `offset`; at 0 the file begins anew, and need not exist. */
  append(name: string, offset: number, bytes: Uint8Array): void;
  /** Whole and on disk under its name, or not there at all. */
  create(name: string, bytes: Uint8Array): void;
  /** What was written into the file survives a power cut when this returns. */
  sync(name: string): void;
  /** The same for names that came and went. */
  syncNames(): void;
  remove(name: string): void;
}

export interface SpoolReading {
  /** When it was opened. */
  readonly bytes: number;
  /** Fewer than `length` only at the end. */
  read(position: number, length: number): Buffer;
  close(): void;
}

export function realFolder(directory: string): SpoolFolder {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return {
    names: () => readdirSync(directory),
    open: (name) => openReading(join(directory, name)),
    stat(name) {
      const found = statSync(join(directory, name), { throwIfNoEntry: false });
      return found === undefined ? null : { bytes: found.size, modifiedMs: found.mtimeMs };
    },
    append(name, offset, bytes) {
      const { O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
      const flags = O_WRONLY | O_NOFOLLOW | (offset === 0 ? O_CREAT : 0);
      withFile(openSync(join(directory, name), flags, 0o600), (descriptor) => {
        if (offset === 0) ftruncateSync(descriptor, 0);
        const { size } = fstatSync(descriptor);
        if (size !== offset) throw new RangeError(`${name} has ${size} bytes, not ${offset}`);
        writeWhole(descriptor, offset, bytes);
      });
    },
    create(name, bytes) {
      writeDurably(join(directory, name), bytes, { draft: 'fixed' });
    },
    sync: (name) => syncPath(join(directory, name)),
    syncNames: () => syncPath(directory),
    remove: (name) => rmSync(join(directory, name), { force: true }),
  };
}

function openReading(path: string): SpoolReading | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return {
    bytes: fstatSync(descriptor).size,
    read(position, length) {
      const bytes = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const count = readSync(descriptor, bytes, filled, length - filled, position + filled);
        if (count === 0) break;
        filled += count;
      }
      return bytes.subarray(0, filled);
    },
    close: () => closeSync(descriptor),
  };
}

function writeWhole(descriptor: number, position: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
  }
}

function syncPath(path: string): void {
  withFile(openSync(path, 'r'), fsyncSync);
}

function withFile(descriptor: number, work: (descriptor: number) => void): void {
  try {
    work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
