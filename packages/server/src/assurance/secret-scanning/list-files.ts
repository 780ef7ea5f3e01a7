import { existsSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { isWorkTree, startGit } from './git.ts';

/** Real path of what is listed, and where that stands below the root. */
export interface Listing {
  readonly directory: string;
  readonly prefix: Uint8Array;
  readonly allFiles: boolean;
  readonly report: ListingReport;
}

export interface ListingReport {
  /** For a person to know; nothing is missing. */
  note(message: string): void;
  unreadable(path: Uint8Array, reason: string): void;
}

const SLASH = Buffer.from('/');
const DEPTH_MAX = 256;
/** No path that a system opens is nearly as long. */
const PART_MAX = 1_048_576;
/** Objects of git are compressed: `--git` reads them. */
const PACKED = new Set(['objects', 'lfs']);

/**
 * The files of a tree, as git sees them: what is tracked, and what is not ignored. Everything when this
 * is no work tree of git, when git refuses, or when everything is asked for.
 */
export async function* listFiles(listing: Listing): AsyncGenerator<Buffer> {
  const { directory, prefix, allFiles, report } = listing;
  const everything = () => walk(Buffer.from(directory), Buffer.from(prefix), report);
  if (allFiles || !isWorkTree(directory)) {
    if (!allFiles && existsSync(join(directory, '.git'))) {
      report.note('git does not answer for this tree, so every file is read, ignored ones too');
    }
    yield* everything();
    return;
  }
  const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '.'];
  const git = startGit(directory, listed, 'ignore');
  let last: Buffer | null = null;
  for await (const name of separated(git.process.stdout, 0)) {
    // A conflict lists a file once for each side.
    if (last?.equals(name)) continue;
    last = Buffer.from(name);
    yield Buffer.concat([prefix, last]);
  }
  if ((await git.ended) === 0) return;
  report.note(`git could not list the files, so every file is read: ${git.complaint.trim()}`);
  yield* everything();
}

/** Parts of a stream of bytes that end with `separator`; the last may lack it. */
export async function* separated(
  stream: AsyncIterable<Buffer>,
  separator: number,
): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(separator); end >= 0; end = bytes.indexOf(separator, from)) {
      yield bytes.subarray(from, end);
      from = end + 1;
    }
    rest = bytes.subarray(from);
    if (rest.length > PART_MAX)
      throw new Error(`git named something longer than ${PART_MAX} bytes`);
  }
  if (rest.length > 0) yield rest;
}

async function* walk(
  root: Buffer,
  prefix: Buffer,
  report: ListingReport,
  below: Buffer = Buffer.alloc(0),
  depth = 0,
): AsyncGenerator<Buffer> {
  const path = below.length === 0 ? root : Buffer.concat([root, SLASH, below]);
  const entries = depth > DEPTH_MAX ? 'too deep' : await entriesOf(path);
  if (typeof entries === 'string') {
    report.unreadable(Buffer.concat([prefix, below]), entries);
    return;
  }
  const isInGit = /(^|\/)\.git$/.test(below.toString('latin1'));
  for await (const entry of entries) {
    const inside = below.length === 0 ? entry.name : Buffer.concat([below, SLASH, entry.name]);
    // Anything else is a link, a device, a socket: followed or opened by nobody.
    if (entry.isFile()) yield Buffer.concat([prefix, inside]);
    else if (entry.isDirectory() && !(isInGit && PACKED.has(entry.name.toString('latin1')))) {
      yield* walk(root, prefix, report, inside, depth + 1);
    }
  }
}

interface Entry {
  readonly name: Buffer;
  isDirectory(): boolean;
  isFile(): boolean;
}

/** File names are bytes, which the types of opendir do not know. */
async function entriesOf(path: Buffer): Promise<AsyncIterable<Entry> | string> {
  try {
    const directory = await opendir(path as unknown as string, { encoding: 'buffer' as never });
    return directory as unknown as AsyncIterable<Entry>;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}
