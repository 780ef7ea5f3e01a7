import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parseJsonText } from '@poorter/openapi/json';
import { z } from 'zod';
import { readTextFile, syncDirectory, writeDurably } from '../../platform/files/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { LineChain, macOf } from './line-chain.ts';

/** What must never come back from a backup: an erased person, a right that was taken away. */
export interface Tombstone {
  readonly kind: (typeof KINDS)[number];
  /** Random, and says nothing of whom it was about. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Of a row whose terms changed: the version that it has since. */
  readonly version?: number | undefined;
}

const KINDS = [
  'subject-key',
  'key',
  'operator',
  'signing-key',
  'client',
  'client-invitation',
  // Of a client that manages itself: what it showed once, by its hash; and one that does so no more.
  'registration-token',
  'registration',
  'account',
  // The later of the two holds.
  'account-suspended',
  'account-resumed',
  'grant',
  'credential',
  // Of an older row, what its provider said that its holder may do.
  'identity-roles',
  'group',
  // Of one group and one of its people; and all of them, where it has another name since.
  'group-member',
  'group-name',
  // A row of an older version lets somebody do what was taken away since.
  'key-terms',
  'block-terms',
  'client-terms',
  // What of a row was about a person that was erased.
  'key-holder',
  'key-name',
  'key-networks',
  'key-reason',
  'block-person',
  'block-reason',
  'account-person',
] as const;

/** Of these nobody is erased. */
const RIGHTS: ReadonlySet<Tombstone['kind']> = new Set([
  'key',
  'operator',
  'signing-key',
  'client',
  'client-invitation',
  'registration-token',
  'registration',
  'account',
  'account-suspended',
  'account-resumed',
  'grant',
  'credential',
  'identity-roles',
  'group',
  'group-member',
  'group-name',
  'key-terms',
  'block-terms',
  'client-terms',
]);

const tombstoneSchema = z.strictObject({
  kind: z.enum(KINDS),
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  at: z.int(),
  version: z.int().positive().optional(),
  /** Binds the line to all before it. */
  mac: z.string().optional(),
});

type Line = z.output<typeof tombstoneSchema>;

export const TOMBSTONE_FILE = 'tombstones.jsonl';
/** Some ten million erasures. */
const FILE_BYTES_MAX = 1 << 30;
const NEWLINE = 0x0a;
/** Many times a line. */
const TAIL_BYTES = 4_096;
const IDS_MAX = 500;

export class TombstoneFileError extends Error {
  override readonly name = 'TombstoneFileError';
}

/** Where stores write what they end, and read what was ended. */
export interface TombstoneLog {
  append(tombstones: readonly Tombstone[]): void;
  read(): Tombstone[];
}

/** Tombstones of an act that is not yet decided: they are on disk when `keep` returns. */
export class PendingTombstones implements TombstoneLog {
  readonly #log: Tombstones;
  readonly #pending: Tombstone[] = [];

  constructor(log: Tombstones) {
    this.#log = log;
  }

  append(tombstones: readonly Tombstone[]): void {
    this.#pending.push(...tombstones);
  }

  read(): Tombstone[] {
    return [...this.#log.read(), ...this.#pending];
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** Somebody is erased by it. */
  get endsPersons(): boolean {
    return this.#pending.some(({ kind }) => !RIGHTS.has(kind));
  }

  keep(): void {
    this.#log.append(this.#pending);
  }

  /** What was kept: the act did not happen. */
  retract(): void {
    this.#log.retract(this.#pending);
  }
}

/**
 * An append-only file in the data directory; a line counts when it is whole. Each is bound to those before it by a key of
 * the installation, which every backup has: a copy from which somebody took a line is known by it.
 */
export class Tombstones implements TombstoneLog {
  readonly path: string;
  readonly #chain: LineChain;
  /** Of one look at the file, while somebody asks for all of them again and again. */
  #kept: { lines: Line[] | null } | null = null;

  constructor(dataDirectory: string, ring: Pick<KeyRing, 'derive'>) {
    this.path = join(dataDirectory, TOMBSTONE_FILE);
    this.#chain = new LineChain(ring);
  }

  /** The file is read once for all that `work` asks, as long as nothing is written through this object. */
  async readOnce<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#kept = { lines: null };
    try {
      return await work();
    } finally {
      this.#kept = null;
    }
  }

  #lines(): readonly Line[] {
    const known = this.#kept?.lines;
    if (known) return known;
    const lines = existsSync(this.path) ? readTombstones(this.path) : [];
    if (this.#kept !== null) this.#kept.lines = lines;
    return lines;
  }

  #forgetLines(): void {
    if (this.#kept !== null) this.#kept.lines = null;
  }

  /** Returns when they are on disk. */
  append(tombstones: readonly Tombstone[]): void {
    if (tombstones.length === 0) return;
    this.#forgetLines();
    const isNew = !existsSync(this.path);
    const file = openSync(
      this.path,
      constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
      0o600,
    );
    let start: number | null = null;
    try {
      const whole = wholeLines(file);
      start = whole.length;
      const lines = this.#chain.bind(whole.last, tombstones.map(textOf));
      const bytes = Buffer.from(`${lines.join('\n')}\n`);
      // What a write that broke off left behind was never promised to anyone.
      ftruncateSync(file, start);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, null, start + at);
      fsyncSync(file);
      if (isNew) syncDirectory(dirname(this.path));
    } catch (error) {
      // Whoever asked is told that nothing happened: then nothing of it may stand here.
      if (start !== null) ftruncateSync(file, start);
      throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Takes back what was appended for something that did not happen. */
  retract(tombstones: readonly Tombstone[]): void {
    if (tombstones.length === 0) return;
    const lines = readTombstones(this.path);
    let first = lines.length;
    for (const text of tombstones.map(textOf)) {
      const at = lines.findLastIndex((line) => textOf(line) === text);
      if (at < 0) continue;
      lines.splice(at, 1);
      first = Math.min(first, at);
    }
    this.#rewrite(lines.slice(0, first), lines.slice(first));
  }

  read(): Tombstone[] {
    return this.#lines().map(toldBy);
  }

  /** What binds the last line; undefined: there is none, or nothing binds it. */
  lastMac(): string | undefined {
    if (!existsSync(this.path)) return undefined;
    const file = openSync(this.path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { last } = wholeLines(file);
      return last === undefined ? undefined : macOf(last);
    } finally {
      closeSync(file);
    }
  }

  /** Whether the line that this binds is there. */
  holds(mac: string): boolean {
    return this.#lines().some((line) => line.mac === mac);
  }

  /**
   * What a program has written that bound no lines is bound as it stands. Returns what is wrong with the others, in words for
   * an operator: the rights themselves are gone from the state, and only a restore would miss the line.
   */
  adopt(): string | undefined {
    const lines = this.#lines();
    if (lines.some(({ mac }) => mac !== undefined)) return this.#faultOf(lines);
    if (lines.length > 0) this.#rewrite([], lines);
    return undefined;
  }

  /**
   * Of a copy, all lines. Throws TombstoneFileError unless it is, to a point in time, what an installation with these keys
   * has written: whoever reads less revives what was taken away.
   */
  readCopy(path: string): Tombstone[] {
    const lines = readCopiedTombstones(path);
    const fault = this.#faultOf(lines, path);
    if (fault === undefined) return lines.map(toldBy);
    throw new TombstoneFileError(
      `${fault}, and what they ended would come back; copy the file again, or say with --unproven-tombstones that this is ` +
        'all that is left',
    );
  }

  #faultOf(lines: readonly Line[], path = this.path): string | undefined {
    const bound = lines.map((line) => ({ text: textOf(line), mac: line.mac }));
    const broken = this.#chain.brokenAt(bound);
    if (broken === undefined) return undefined;
    return (
      `${path}:${broken + 1} does not follow from the lines before it: lines were taken out, altered or added there, or ` +
      'another installation wrote them'
    );
  }

  #rewrite(kept: readonly Line[], others: readonly Line[]): void {
    const before = kept.map((line) => JSON.stringify(line));
    const bound = this.#chain.bind(before.at(-1), others.map(textOf));
    this.#forgetLines();
    writeDurably(this.path, [...before, ...bound, ''].join('\n'));
  }
}

const toldBy = ({ mac: _, ...tombstone }: Line): Tombstone => tombstone;

/** As it is bound: its members in this order. */
function textOf({ kind, id, at, version }: Tombstone): string {
  return JSON.stringify({ kind, id, at, version });
}

/**
 * Of a copy, all lines: what stands at its end without a newline was promised, and lost its end when
 * it was copied. Whoever skips it revives a key that was revoked.
 */
export function readCopiedTombstones(path: string): Line[] {
  const text = readTextFile(path, FILE_BYTES_MAX);
  if (text === '' || text.endsWith('\n')) return readTombstones(path, text);
  const line = text.split('\n').length;
  throw new TombstoneFileError(
    `${path}:${line} is torn: the file ends within this line, and what it ended would come back; copy the ` +
      'file again, and if this is all that is left of it, end it with its last whole line',
  );
}

/**
 * The program's own file: what a write that broke off left at its end was never promised to anyone.
 * Throws TombstoneFileError when a whole line cannot be read: an erasure would be forgotten.
 */
export function readTombstones(
  path: string,
  text: string = readTextFile(path, FILE_BYTES_MAX),
): Line[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      const tombstone = parse(line);
      if (tombstone !== null) return tombstone;
      throw new TombstoneFileError(
        `${path}:${index + 1} is no tombstone; what it ended is unknown`,
      );
    });
}

function parse(line: string): Line | null {
  try {
    return tombstoneSchema.parse(parseJsonText(line));
  } catch {
    return null;
  }
}

/** By id: the version that a row had when its terms were changed last. */
export function latestVersions(
  tombstones: TombstoneLog,
  wanted: Tombstone['kind'],
): Map<string, number> {
  const latest = new Map<string, number>();
  for (const { kind, id, version } of tombstones.read()) {
    if (kind !== wanted || version === undefined) continue;
    latest.set(id, Math.max(version, latest.get(id) ?? 0));
  }
  return latest;
}

/** Parameters of one statement stay well under SQLite's bound. */
export function portions(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / IDS_MAX);
  return Array.from({ length: count }, (_, at) => ids.slice(at * IDS_MAX, (at + 1) * IDS_MAX));
}

/** Up to the last newline, and the line before it. */
function wholeLines(file: number): { readonly length: number; readonly last: string | undefined } {
  const { size } = fstatSync(file);
  if (size > FILE_BYTES_MAX) throw new TombstoneFileError('the tombstone file is full');
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  const read = readSync(file, tail, 0, tail.length, size - tail.length);
  const newline = tail.subarray(0, read).lastIndexOf(NEWLINE);
  if (newline < 0 && size > TAIL_BYTES) throw new TombstoneFileError('the end is no tombstone');
  const last = tail.toString('utf8', 0, Math.max(newline, 0)).split('\n').at(-1);
  return { length: size - tail.length + newline + 1, last: last === '' ? undefined : last };
}
