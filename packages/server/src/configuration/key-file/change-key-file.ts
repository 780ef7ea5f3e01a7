import { mkdir, open, realpath, unlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KeyRecord } from '@poorter/engine';
import type { Diagnostic } from '@poorter/openapi';
import { type Document, isMap, isSeq, parseDocument, YAMLMap, YAMLSeq } from 'yaml';
import { BYTES_MAX, readTextIfThere, replaceDurably } from '../../platform/files/index.ts';
import { type KeyEntry, readKeyFile } from './key-file.ts';

/** The file on disk does not read as a key file; nothing was changed. */
export class KeyFileError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(file: string, diagnostics: readonly Diagnostic[]) {
    const [first] = diagnostics;
    const where = first === undefined ? '' : `:${first.line}:${first.column}: ${first.message}`;
    super(`changing ${file}: it is not a valid key file${where}`);
    this.name = 'KeyFileError';
    this.diagnostics = diagnostics;
  }
}

/** Adds one key. Comments and the other entries stay as they are. */
export async function appendKey(file: string, record: KeyRecord, createdMs: number): Promise<void> {
  await changeKeyFile(file, (document, entries) => {
    const taken = entries.find(({ id, name }) => id === record.id || name === record.name);
    if (taken !== undefined) {
      throw new Error(`${file} already has a key of that name (${taken.id}); revoke it first`);
    }
    keysOf(document).add(document.createNode(entryOf(record, createdMs)));
  });
}

/** Removes the key with that id or name; undefined when there is none. */
export async function revokeKey(file: string, idOrName: string): Promise<KeyEntry | undefined> {
  let removed: KeyEntry | undefined;
  await changeKeyFile(file, (document, entries) => {
    // An id wins: a key cannot hide behind a name that is another key's id.
    let index = entries.findIndex(({ id }) => id === idOrName);
    if (index < 0) index = entries.findIndex(({ name }) => name === idOrName);
    removed = entries[index];
    if (removed === undefined) return false;
    keysOf(document).items.splice(index, 1);
    return true;
  });
  return removed;
}

/**
 * One change at a time, whoever makes it: a lock file beside the key file, then a temporary file
 * that is complete on disk before it takes the key file's name. A reader sees the old or the new.
 */
async function changeKeyFile(
  file: string,
  change: (document: Document, entries: readonly KeyEntry[]) => boolean | undefined,
): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const target = await realpath(file).catch(() => path.resolve(file));
  await withLock(`${target}.lock`, async () => {
    const text = readTextIfThere(target, BYTES_MAX.keyFile) ?? '';
    const { entries, diagnostics } = readKeyFile(file, text);
    if (diagnostics.length > 0) throw new KeyFileError(file, diagnostics);
    const document = parseDocument(text);
    if (change(document, entries) === false) return;
    const changed = document.toString({ lineWidth: 0 });
    const check = readKeyFile(file, changed);
    if (check.diagnostics.length > 0) throw new KeyFileError(file, check.diagnostics);
    await replaceDurably(target, changed);
  });
}

function keysOf(document: Document): YAMLSeq {
  if (!isMap(document.contents)) {
    const { contents } = document;
    document.contents = new YAMLMap();
    document.contents.commentBefore = contents?.commentBefore ?? null;
  }
  const found = document.get('keys');
  if (isSeq(found)) {
    // An empty list is written [], which grows into one line of everything.
    if (found.items.length === 0) found.flow = false;
    return found;
  }
  const made = new YAMLSeq();
  document.set('keys', made);
  return made;
}

function entryOf(record: KeyRecord, createdMs: number): KeyEntry {
  return {
    id: record.id,
    name: record.name,
    hash: `sha256:${record.hash}`,
    scopes: [...record.scopes],
    roles: [...record.roles],
    created: isoSeconds(createdMs),
    expires: record.expiresAt === null ? null : isoSeconds(record.expiresAt * 1000),
  };
}

function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

const LOCK_TRIES = 200;
const LOCK_PAUSE_MS = 25;

/**
 * A lock that a killed program left is not removed on its own: two programs that both find it old
 * would each remove the other's new one. The message says what to do.
 */
async function withLock(lockFile: string, work: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const handle = await open(lockFile, 'wx', 0o600);
      await handle.close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (attempt >= LOCK_TRIES) {
        throw new Error(`another program is changing the key file; if not, remove ${lockFile}`);
      }
      await delay(LOCK_PAUSE_MS);
    }
  }
  try {
    await work();
  } finally {
    await unlink(lockFile);
  }
}
