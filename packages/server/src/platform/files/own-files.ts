import {
  accessSync,
  constants,
  lstatSync,
  readdirSync,
  realpathSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { kindOf } from './read-regular.ts';

/** What stands there may be changed, or was put there, by somebody else. */
export class UntrustedPathError extends Error {
  constructor(path: string, why: string) {
    super(`${path} ${why}`);
    this.name = 'UntrustedPathError';
  }
}

const OTHERS_WRITE = 0o022;
const WORLD_WRITES = 0o002;
const STICKY = 0o1000;
/** The directory, what stands in it, and what stands in its folders. */
const DEPTH = 2;

/**
 * Throws UntrustedPathError unless this user (or root) alone can change the directory and what is
 * in it. Whoever else can write there reads every secret that is written next, or chooses where it
 * is written: a link planted under a name of ours sends our writes to a file of the planter's choice.
 */
export function requireOwnDirectory(directory: string): void {
  requireOwner(directory, lstatSync(directory));
  const real = realpathSync(directory);
  requireOwn(real, statSync(real));
  requireClosedParents(dirname(real), directory);
  requireOwnEntries(real, DEPTH);
}

/** What can be said of a directory that is yet to be made: whether it can be, and would be ours. */
export function requirePlaceForOwn(directory: string): void {
  let parent = dirname(directory);
  while (!isThere(parent)) parent = dirname(parent);
  const real = realpathSync(parent);
  // As mkdir would say it.
  if (!statSync(real).isDirectory()) {
    throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR', path: real });
  }
  accessSync(real, constants.W_OK | constants.X_OK);
  requireStorable(real);
  requireClosedParents(real, directory);
}

/** Magic numbers of file systems that hold no files: proc, sysfs, cgroup, cgroup2, debugfs, tracefs, … */
const KERNEL_KINDS = new Set([
  ...[0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0x73636673, 0x1cd1],
  ...[0x6165676c, 0xcafe4a11, 0x19800202, 0xde5e81e4],
]);

/** Root may write everywhere, and there nobody can make a file. */
export function requireStorable(folder: string): void {
  if (!KERNEL_KINDS.has(statfsSync(folder).type)) return;
  const code = 'EROFS';
  throw Object.assign(new Error(`${folder} is the kernel's: no file can be made there`), {
    ...{ code, path: folder },
  });
}

/** A link that leads nowhere is there, too. Throws where nobody can know. */
export function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

function requireClosedParents(nearest: string, directory: string): void {
  for (let parent = nearest; parent !== dirname(parent); parent = dirname(parent)) {
    const { mode } = statSync(parent);
    if ((mode & WORLD_WRITES) === 0 || (mode & STICKY) !== 0) continue;
    throw new UntrustedPathError(
      parent,
      `may be written by everyone, who can so replace ${directory}: chmod o-w ${parent}, or keep the data elsewhere`,
    );
  }
}

/** For files that people write and the program obeys; groups may share them. */
export function refuseOpenToAll(path: string): void {
  const { mode } = statSync(path);
  // A system without owners has no modes to speak of.
  if (process.geteuid === undefined || (mode & WORLD_WRITES) === 0) return;
  const shown = (mode & 0o777).toString(8);
  throw new UntrustedPathError(
    path,
    `may be written by everyone (mode ${shown}): chmod o-w ${path}`,
  );
}

/** The same for one file, which must be there and be no link. */
export function requireOwnFile(path: string): void {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) refuseLink(path);
  if (!stats.isFile()) refuseKind(path, stats);
  requireOwn(path, stats);
}

function requireOwnEntries(directory: string, depth: number): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    let stats: Stats;
    try {
      stats = lstatSync(path);
    } catch (error) {
      // Another process of ours was just done with it.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw error;
    }
    if (stats.isSymbolicLink()) refuseLink(path);
    if (!stats.isFile() && !stats.isDirectory()) refuseKind(path, stats);
    requireOwn(path, stats);
    if (stats.isDirectory() && depth > 1) requireOwnEntries(path, depth - 1);
  }
}

function requireOwn(path: string, stats: Stats): void {
  requireOwner(path, stats);
  if ((stats.mode & OTHERS_WRITE) === 0) return;
  const mode = (stats.mode & 0o777).toString(8);
  throw new UntrustedPathError(path, `may be written by others (mode ${mode}): chmod go-w ${path}`);
}

function requireOwner(path: string, { uid }: Stats): void {
  const user = process.geteuid?.();
  // A system without owners has none to compare.
  if (user === undefined || uid === user || uid === 0) return;
  throw new UntrustedPathError(
    path,
    `belongs to user ${uid}, and this program runs as user ${user}: chown it, or run as its owner`,
  );
}

/** Whoever reads or writes there waits for somebody else, or does not end. */
function refuseKind(path: string, stats: Stats): never {
  throw new UntrustedPathError(
    path,
    `is ${kindOf(stats)}: only regular files and directories are kept there; remove it`,
  );
}

function refuseLink(path: string): never {
  throw new UntrustedPathError(
    path,
    'is a link: what is kept there would be written wherever it points; move the file itself there',
  );
}
