import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';
import type { ContentScanner } from './content-scanner.ts';
import type { ScanAnswer } from './scan-messages.ts';
import { Tally } from './tally.ts';

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const SLASH = 0x2f;
/** Git lists what is staged; a file that is gone from the work tree is not there to be read. */
const NOT_THERE = new Set(['ENOENT', 'ENOTDIR']);
/** What O_NOFOLLOW says of a symbolic link, and opening of a socket. */
const NOT_A_FILE = new Set(['ELOOP', 'EMLINK', 'ENXIO', 'EFTYPE']);

/** Reads files below the root: no symbolic link is followed, nothing that is not a file is opened. */
export class FileReader {
  readonly #root: Buffer;
  readonly #scanner: ContentScanner;
  #checkedDirectory: Buffer | null = null;
  #isInside = true;

  constructor(root: string, scanner: ContentScanner) {
    this.#root = Buffer.from(root.endsWith(sep) ? root : root + sep);
    this.#scanner = scanner;
  }

  scan(paths: Uint8Array): ScanAnswer {
    const tally = new Tally();
    for (const path of split(Buffer.from(paths))) {
      try {
        this.#scanOne(path, tally);
      } catch (error) {
        const { code = '' } = error as NodeJS.ErrnoException;
        if (!NOT_THERE.has(code) && !NOT_A_FILE.has(code)) tally.refuse(path, error);
      }
    }
    return tally.answer();
  }

  #scanOne(path: Buffer, tally: Tally): void {
    if (!this.#isBelowRoot(path)) return;
    const file = openSync(Buffer.concat([this.#root, path]), FLAGS);
    try {
      const stat = fstatSync(file);
      if (stat.isDirectory()) tally.directories.push(path);
      if (!stat.isFile()) return;
      const scanner = this.#scanner;
      scanner.begin(path);
      for (let isMore = true; isMore; ) {
        const space = scanner.space();
        const count = readSync(file, space, 0, space.length, null);
        scanner.filled(count);
        // A short read is the end of a file that does not grow.
        isMore = count === space.length || (count > 0 && stat.size > space.length);
      }
      tally.add(scanner.end());
    } finally {
      closeSync(file);
    }
  }

  /** A directory on the way may be a symbolic link, whatever git's index says. */
  #isBelowRoot(path: Buffer): boolean {
    const directory = path.subarray(0, Math.max(0, path.lastIndexOf(SLASH)));
    if (this.#checkedDirectory?.equals(directory)) return this.#isInside;
    const expected = directory.length === 0 ? this.#root.subarray(0, -1) : null;
    const full = expected ?? Buffer.concat([this.#root, directory]);
    const real = realpathSync(full.length === 0 ? Buffer.from(sep) : full, { encoding: 'buffer' });
    this.#checkedDirectory = Buffer.from(directory);
    this.#isInside =
      real.equals(full) || Buffer.concat([real, Buffer.from(sep)]).equals(this.#root);
    return this.#isInside;
  }
}

function* split(paths: Buffer): Generator<Buffer> {
  for (let from = 0; from < paths.length; ) {
    const end = paths.indexOf(0, from);
    yield paths.subarray(from, end);
    from = end + 1;
  }
}
