import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DRAFT_END, isThere } from '../files/index.ts';
import type { DirectoryLock } from './data-directory.ts';

/**
 * What a start makes, in the order in which it is taken back: a master key without a database is met by
 * the next start as its own, a database without its master key by none.
 */
const MADE: readonly RegExp[] = [
  /^(?:state|log)\.sqlite(?:-wal|-shm|-journal)?$/,
  /^(?:spool|carried)$/,
  /^(?:identity-keys|operator-credential|gateways|issuer-keys|configuration-in-force)\.json$/,
  /^(?:node-name|log-public-key|snapshot-version|quotas\.bin)$/,
  /^master\.key$/,
  /^(?:control|gateway)\.(?:lock|lock-journal|holder\.json)$/,
];

/**
 * Nothing was in the data directory before this start. When it fails, and nothing was served, what
 * it made is taken back: a new master key that protects nothing would only lie about.
 */
export class FirstStart {
  readonly #directory: string;
  /** The nearest directory that was there. */
  readonly #standing: string;

  /** To be asked before anything is made. Null: something is there, and stays whatever happens. */
  static look(directory: string): FirstStart | null {
    try {
      if (isThere(directory) && readdirSync(directory).length > 0) return null;
    } catch {
      // Where it cannot be read, the start itself says why.
      return null;
    }
    return new FirstStart(resolve(directory));
  }

  private constructor(directory: string) {
    this.#directory = directory;
    let standing = directory;
    while (!isThere(standing) && dirname(standing) !== standing) standing = dirname(standing);
    this.#standing = standing;
  }

  /** With the lock of the directory, when no process of this start lives any more. */
  takeBack(lock: DirectoryLock): void {
    const names = readdirSync(this.#directory);
    for (const made of MADE) {
      // Names that no start makes are somebody else's, put there meanwhile.
      for (const name of names.filter((one) => made.test(one) || one.endsWith(DRAFT_END))) {
        rmSync(join(this.#directory, name), { recursive: true, force: true });
      }
    }
    lock.removeTraces({ directory: this.#directory !== this.#standing });
    this.#removeParents();
  }

  #removeParents(): void {
    for (let at = dirname(this.#directory); at.startsWith(`${this.#standing}/`); at = dirname(at)) {
      try {
        rmdirSync(at);
      } catch {
        return;
      }
    }
  }
}
