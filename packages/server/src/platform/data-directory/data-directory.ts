import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseJsonText } from '@poorter/openapi/json';
import { monotonicMs } from '../clock/index.ts';
import {
  APPEND_OWN,
  BYTES_MAX,
  DRAFT_END,
  isThere,
  readTextFile,
  requireOwnDirectory,
  requirePlaceForOwn,
  UntrustedPathError,
  writeDurably,
} from '../files/index.ts';

/**
 * The data directory belongs to one running Poorter. The lock is SQLite's own file lock, so the
 * kernel lets go of it when the holder dies, however it dies.
 */
export interface DirectoryLock {
  release(): void;
  /** False when the directory was moved away, or its file was taken out. */
  isInPlace(): boolean;
  /** Lets go of it and leaves no trace of it; of the directory neither, where nothing else is in it. */
  removeTraces(options: { readonly directory: boolean }): void;
}

/** Of the one program that serves from a directory, or that builds one. */
export const SERVING_LOCK = 'poorter';
const ATTEMPTS_MAX = 5;

export class DirectoryHeldError extends Error {
  readonly holder: string;
  constructor(directory: string, holder: string) {
    super(`the data directory ${directory} is in use by ${holder}`);
    this.name = 'DirectoryHeldError';
    this.holder = holder;
  }
}

/** Throws UntrustedPathError when somebody else can change what is in the directory, or did. */
export function prepareDataDirectory(directory: string): void {
  made(directory, () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  requireOwnDirectory(directory);
}

/** Whether `prepareDataDirectory` would refuse, and why; leaves nothing behind. */
export function inspectDataDirectory(directory: string): void {
  made(directory, () =>
    isThere(directory) ? requireOwnDirectory(directory) : requirePlaceForOwn(directory),
  );
}

function made(directory: string, make: () => unknown): void {
  try {
    make();
  } catch (cause) {
    if (cause instanceof UntrustedPathError) throw cause;
    const { code, path = directory } = cause as NodeJS.ErrnoException;
    throw new Error(`the data directory ${directory} cannot be made (${code} at ${path})`, {
      cause,
    });
  }
}

/** With the lock held: drafts that no living process is writing any more. */
export function removeRemnants(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (name.endsWith(DRAFT_END)) rmSync(join(directory, name), { force: true });
  }
}

/** The names of what a lock leaves in the directory, in the order in which it goes. */
export function lockFiles(name: string): { holder: string; journal: string; lock: string } {
  return { holder: `${name}.holder.json`, journal: `${name}.lock-journal`, lock: `${name}.lock` };
}

/** Throws DirectoryHeldError, naming the holder, when another process has the lock. */
export function lockDirectory(directory: string, name: string): DirectoryLock {
  const file = join(directory, lockFiles(name).lock);
  const holderFile = join(directory, lockFiles(name).holder);
  const { database, inode } = lockedFile(directory, file, holderFile);
  const holder = { pid: process.pid, started: new Date().toISOString() };
  writeDurably(holderFile, `${JSON.stringify(holder)}\n`);
  return {
    release: () => database.close(),
    isInPlace: () => inodeOf(file) === inode,
    removeTraces: (options) => {
      for (const trace of Object.values(lockFiles(name))) {
        rmSync(join(directory, trace), { force: true });
      }
      database.close();
      if (options.directory) removeIfEmpty(directory);
    },
  };
}

/** A file that its last holder removed while we waited locks nothing: we look again. */
function lockedFile(directory: string, file: string, holderFile: string): LockFile {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const found = openLockFile(directory, file);
    lockFile(found.database, directory, holderFile);
    if (inodeOf(file) === found.inode) return found;
    found.database.close();
  }
  throw new DirectoryHeldError(directory, describeHolder(holderFile));
}

interface LockFile {
  readonly database: DatabaseSync;
  readonly inode: number;
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

/** SQLITE_BUSY or SQLITE_LOCKED, with whatever the upper bits add. */
function isHeld(error: unknown): boolean {
  const { errcode } = error as { errcode?: unknown };
  return [5, 6].includes(Number(errcode) & 0xff);
}

function lockFile(database: DatabaseSync, directory: string, holderFile: string): void {
  try {
    // A rollback journal, not WAL: EXCLUSIVE then keeps every other process out of the file.
    database.exec(
      'PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;',
    );
  } catch (error) {
    database.close();
    if (!isHeld(error)) {
      throw new Error(`locking the data directory ${directory}: ${String(error)}`, {
        cause: error,
      });
    }
    throw new DirectoryHeldError(directory, describeHolder(holderFile));
  }
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Somebody has put something there.
  }
}

function openLockFile(directory: string, file: string): LockFile {
  try {
    // SQLite would make it readable for everyone, and through a link.
    const descriptor = openSync(file, APPEND_OWN, 0o600);
    const inode = fstatSync(descriptor).ino;
    closeSync(descriptor);
    return { database: new DatabaseSync(file, { timeout: 0 }), inode };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new Error(`the data directory ${directory} cannot be written (${code} at ${file})`, {
      cause,
    });
  }
}

function describeHolder(file: string): string {
  try {
    const { pid, started } = parseJsonText(readTextFile(file, BYTES_MAX.credential)) as Record<
      string,
      unknown
    >;
    return `process ${String(pid)}, started ${String(started)}`;
  } catch {
    return 'another process that has not said who it is yet';
  }
}

/** Waits for a lock that a dying process still holds; throws after `waitMs`. */
export async function awaitLock(
  directory: string,
  name: string,
  waitMs: number,
): Promise<DirectoryLock> {
  const deadline = monotonicMs() + waitMs;
  for (;;) {
    try {
      return lockDirectory(directory, name);
    } catch (error) {
      if (!(error instanceof DirectoryHeldError) || monotonicMs() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
