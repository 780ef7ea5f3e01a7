import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';

/** Longest files that are read, by what they hold; whoever needs more has named the wrong file. */
export const BYTES_MAX = {
  /** GitHub publishes a description of 73 MB. */
  description: 128 << 20,
  configuration: 16 << 20,
  keyFile: 16 << 20,
  /** Certificates, authorities, key sets, secrets. */
  credential: 1 << 20,
  /** Gateways on other machines that may serve, some hundred bytes each. */
  book: 64 << 20,
} as const;

/** What was named is there, and is no file that could be read to its end, or is too long for it. */
export class UnreadableFileError extends Error {
  override readonly name = 'UnreadableFileError';
  readonly code: string;

  constructor(path: string, why: string, code: string) {
    super(`${path} ${why}`);
    this.code = code;
  }
}

/** Without waiting for whoever is at the other end of a FIFO, and without becoming a terminal's. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
const PORTION = 1 << 16;

/**
 * A whole regular file, or what a link to one holds, of `bytesMax` at most. FIFOs, devices and
 * sockets are refused: they never end, or wait for somebody else. Throws what node:fs throws, and
 * UnreadableFileError.
 */
export function readRegularFile(path: string, bytesMax: number): Buffer {
  // Looked at before it is opened, as opening some devices does something; and after, as it may
  // have been replaced in between.
  requireRegular(path, statSync(path), bytesMax);
  const file = openSync(path, FLAGS);
  try {
    requireRegular(path, fstatSync(file), bytesMax);
    return readToEnd(file, path, bytesMax);
  } finally {
    closeSync(file);
  }
}

export function readTextFile(path: string, bytesMax: number): string {
  return readRegularFile(path, bytesMax).toString('utf8');
}

/** Null: there is no such file. */
export function readTextIfThere(path: string, bytesMax: number): string | null {
  try {
    return readTextFile(path, bytesMax);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Files of /proc say that they are empty, and others grow while they are read. */
function readToEnd(file: number, path: string, bytesMax: number): Buffer {
  const portions: Buffer[] = [];
  let length = 0;
  for (;;) {
    const portion = Buffer.allocUnsafe(Math.max(PORTION, fstatSync(file).size - length));
    const read = readSync(file, portion, 0, portion.length, null);
    if (read === 0) return Buffer.concat(portions, length);
    length += read;
    if (length > bytesMax) refuseLong(path, bytesMax);
    portions.push(portion.subarray(0, read));
  }
}

function requireRegular(path: string, stats: Stats, bytesMax: number): void {
  if (!stats.isFile()) {
    const code = stats.isDirectory() ? 'EISDIR' : 'EINVAL';
    throw new UnreadableFileError(
      path,
      `is ${kindOf(stats)}, and a regular file was expected`,
      code,
    );
  }
  if (stats.size > bytesMax) refuseLong(path, bytesMax);
}

function refuseLong(path: string, bytesMax: number): never {
  const bound = bytesMax >= 1 << 20 ? `${bytesMax >> 20} MiB` : `${bytesMax} bytes`;
  throw new UnreadableFileError(path, `is longer than the ${bound} that it may have`, 'EFBIG');
}

/** In words, with an article. */
export function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a FIFO (named pipe)';
  if (stats.isSocket()) return 'a socket';
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return 'a device';
  return stats.isFile() ? 'a regular file' : 'something else';
}
