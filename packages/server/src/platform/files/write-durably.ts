import { randomBytes } from 'node:crypto';
import { closeSync, constants, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Drafts carry this at their end; a start removes those that a killed process left. */
export const DRAFT_END = '.new';

/** Nobody else's file, and no link, is ever opened for writing under a name of ours. */
export const CREATE_NEW =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Appends to a file of ours, or makes it; a link in its place is an error (ELOOP). */
export const APPEND_OWN =
  constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

export interface DurableWrite {
  /** Default: 0600. */
  readonly mode?: number;
  /**
   * False for what may be lost with the machine's power and is checked when it is read: the old
   * file or the new one still stands there when only the process dies.
   */
  readonly flush?: boolean;
  /**
   * `fixed`: in a folder where nobody removes drafts that a killed process left. Whatever stands under its
   * name is removed, and not written through. Default: a name that nobody else has.
   */
  readonly draft?: 'fixed' | 'own';
}

/**
 * Replaces a file as a whole: whoever reads it, also after a crash, finds the old content or the
 * new. Returns when content and name are on disk.
 */
export function writeDurably(
  path: string,
  content: string | Uint8Array,
  { mode = 0o600, flush = true, draft: name = 'own' }: DurableWrite = {},
): void {
  const draft = name === 'own' ? draftOf(path) : `${path}${DRAFT_END}`;
  if (name === 'fixed') rmSync(draft, { force: true });
  try {
    writeNew(draft, content, mode, flush);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  if (flush) syncDirectory(dirname(path));
}

/** The same, and nobody waits for the disk but whoever asked. */
export async function replaceDurably(path: string, content: string | Uint8Array): Promise<void> {
  const draft = draftOf(path);
  try {
    const file = await open(draft, CREATE_NEW, 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  const directory = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function draftOf(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}${DRAFT_END}`;
}

/** A name reaches the disk with its directory. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Throws EEXIST where something stands already, whatever it is. */
export function writeNew(
  path: string,
  content: string | Uint8Array,
  mode: number,
  flush = true,
): void {
  const bytes = Buffer.from(content);
  const file = openSync(path, CREATE_NEW, mode);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    if (flush) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
