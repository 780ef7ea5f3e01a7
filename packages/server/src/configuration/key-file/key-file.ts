import { KEY_WITHIN, type KeyRecord } from '@poorter/engine';
import type { Diagnostic } from '@poorter/openapi';
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { z } from 'zod';
import { splitKeyList } from './key-list.ts';
import { readPlainEntry } from './plain-entry.ts';

/** Text that can stand in a log line or a header field: no control characters, no padding. */
const plain = z
  .string()
  .min(1)
  .max(200)
  .regex(
    /^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$/,
    'must be one line of plain text',
  );

/** RFC 6749 §3.3: what a scope may consist of; roles keep to the same characters. */
const grants = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must not hold spaces, quotes or \\'))
  .max(1000)
  .default([]);

const timestamp = z
  .string()
  .refine((text) => /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text)), {
    message: 'must be an ISO date, such as 2027-01-31 or 2027-01-31T12:00:00Z',
  });

export const keyEntrySchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be letters, digits, _ and - only')
    .describe('Stable name of the key in logs and limits.'),
  name: plain.describe('Who holds the key.'),
  hash: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 lower-case hexadecimal digits')
    .describe('SHA-256 of the whole key. The key itself is stored nowhere.'),
  scopes: grants.describe('Scopes of the key.'),
  roles: grants.describe('Roles of the key.'),
  created: timestamp.optional().describe('When the key was made.'),
  expires: timestamp.nullable().default(null).describe('When the key ends; null: until revoked.'),
});

export type KeyEntry = z.output<typeof keyEntrySchema>;

export interface KeyFileReading {
  readonly keys: readonly KeyRecord[];
  /** The entries as written, in the order of the file. */
  readonly entries: readonly KeyEntry[];
  /** With an error among them the file is not to be used: `keys` is empty then. */
  readonly diagnostics: readonly Diagnostic[];
}

const KEYS_MAX = 100_000;

/**
 * Files from this size on are read item by item: the tree of a document of 100,000 keys takes a
 * gigabyte.
 */
const WHOLE_CHARS_MAX = 65_536;

/** Reads a key file strictly; never throws. `path` is only told, not opened. */
export function readKeyFile(path: string, text: string): KeyFileReading {
  const byItems = text.length > WHOLE_CHARS_MAX ? readKeyFileByItems(path, text) : null;
  return byItems ?? readWholeKeyFile(path, text);
}

/** Every file; the measure of the other way. */
export function readWholeKeyFile(path: string, text: string): KeyFileReading {
  const reading = new Reading(path);
  const { document, report } = parse(text, reading, 0);
  if (reading.hasFailed) return reading.result();
  if (document.contents === null) return reading.result();

  const list = listOfKeys(document.contents, report);
  if (list === null) return reading.result();
  if (list.length > KEYS_MAX) reading.tooMany(list.length);
  else for (const node of list) reading.add(node, report);
  return reading.result();
}

/**
 * Files of the common shape, with the same result and little memory. Null where items do not stand
 * for themselves: only the whole document tells then what is wrong.
 */
export function readKeyFileByItems(path: string, text: string): KeyFileReading | null {
  const list = splitKeyList(text);
  if (list === null) return null;
  const reading = new Reading(path);
  if (list.length > KEYS_MAX) {
    reading.tooMany(list.length);
    return reading.result();
  }
  for (const item of list.items()) {
    if (reading.addPlain(item.text, list.indent)) continue;
    // One line for the head, then the item, as if it stood alone in the file.
    const alone = new Reading(path);
    const { document, report } = parse(`keys:\n${item.text}`, reading, item.line - 2, alone);
    const nodes =
      alone.hasFailed || !document.contents ? null : listOfKeys(document.contents, report);
    if (nodes?.length !== 1) return null;
    reading.add(nodes[0] as Node, report);
  }
  return reading.result();
}

/** What has been read so far; one fault in it, and no key of the file is used. */
class Reading {
  readonly #path: string;
  readonly #entries: KeyEntry[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #known = { id: new Set<string>(), hash: new Set<string>() };

  constructor(path: string) {
    this.#path = path;
  }

  get hasFailed(): boolean {
    return this.#diagnostics.length > 0;
  }

  report(code: string, line: number, column: number, message: string, suggestion?: string): void {
    this.#diagnostics.push({
      severity: 'error',
      code,
      file: this.#path,
      line: Math.max(1, line),
      column: Math.max(1, column),
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }

  tooMany(count: number): void {
    this.report('too-many-keys', 1, 1, `the file has ${count} keys; at most ${KEYS_MAX} are read`);
  }

  add(node: Node, report: Report): void {
    const entry = readEntry(node, report);
    if (entry === null) return;
    for (const member of ['id', 'hash'] as const) {
      if (this.#known[member].has(entry[member])) {
        const message = `another key has the same ${member}`;
        report(`duplicate-${member}`, offsetOf(node, [member]), message);
      }
      this.#known[member].add(entry[member]);
    }
    this.#entries.push(entry);
  }

  /** False, and nothing done, unless the entry is plain and without any fault. */
  addPlain(text: string, indent: number): boolean {
    if (KEY_WITHIN.test(text)) return false;
    const value = readPlainEntry(text, indent);
    if (value === null) return false;
    const result = keyEntrySchema.safeParse(value);
    if (!result.success) return false;
    const entry = result.data;
    if (this.#known.id.has(entry.id) || this.#known.hash.has(entry.hash)) return false;
    this.#known.id.add(entry.id);
    this.#known.hash.add(entry.hash);
    this.#entries.push(entry);
    return true;
  }

  result(): KeyFileReading {
    const diagnostics = this.#diagnostics;
    if (this.hasFailed) return { keys: [], entries: [], diagnostics };
    const shared = sharedLists();
    const keys = this.#entries.map((entry) => recordOf(entry, shared));
    return { keys, entries: this.#entries, diagnostics };
  }
}

/** `linesBefore`: lines of the file before this text. Faults of syntax go to `syntax`. */
function parse(text: string, reading: Reading, linesBefore: number, syntax = reading) {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: '1.2' });
  const reporting =
    (to: Reading): Report =>
    (code, offset, message, suggestion) => {
      const { line, col } = lines.linePos(offset);
      to.report(code, line + linesBefore, col, message, suggestion);
    };
  for (const { code, pos, message } of [...document.errors, ...document.warnings]) {
    // The library quotes the line; a line of this file may hold a key that was pasted here.
    reporting(syntax)('yaml-syntax', pos[0], firstLine(withoutSecrets(message)) || code);
  }
  return { document, report: reporting(reading) };
}

function recordOf(
  entry: KeyEntry,
  shared: (list: readonly string[]) => readonly string[],
): KeyRecord {
  return Object.freeze({
    id: entry.id,
    name: entry.name,
    hash: entry.hash.slice('sha256:'.length),
    scopes: shared(entry.scopes),
    roles: shared(entry.roles),
    expiresAt: entry.expires === null ? null : Date.parse(entry.expires) / 1000,
  });
}

/**
 * Most keys have the scopes of many others: one list for all of them, and it stays one on the way
 * to other processes and threads.
 */
function sharedLists(): (list: readonly string[]) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (list) => {
    // No scope or role holds a space.
    const text = list.join(' ');
    const same = known.get(text);
    if (same !== undefined) return same;
    known.set(text, Object.freeze([...list]));
    return known.get(text) as readonly string[];
  };
}

type Report = (code: string, offset: number, message: string, suggestion?: string) => void;

function listOfKeys(root: Node, report: Report): Node[] | null {
  if (!isMap(root)) {
    report('not-a-map', startOf(root), 'a key file is a map with one entry, keys');
    return null;
  }
  let found: Node[] | null = [];
  for (const pair of root.items) {
    const name = nameOf(pair);
    if (name !== 'keys') {
      const suggestion = nearest(name, ['keys']);
      report('unknown-member', offsetOfName(pair), `${shown(name)} is not known here`, suggestion);
      found = null;
      continue;
    }
    const value = pair.value as Node | null;
    if (isSeq(value)) found = value.items as Node[];
    else if (isScalar(value) && value.value === null) found = [];
    else {
      report('not-a-list', offsetOfName(pair), 'keys must be a list');
      found = null;
    }
  }
  return found;
}

function readEntry(node: Node, report: Report): KeyEntry | null {
  let value: unknown;
  try {
    // Aliases are not resolved: nothing in this file needs them, and they can grow without bound.
    value = plainValue(node);
  } catch (error) {
    report('not-plain', startOf(node), (error as Error).message);
    return null;
  }
  const secret = secretIn(node);
  if (secret !== null) {
    report(
      'key-in-clear',
      secret,
      'this is a key in clear text; whoever reads the file can call with it',
      'revoke it, and run `poorter keys create`, which stores only the hash',
    );
    return null;
  }
  const result = keyEntrySchema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const place = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      for (const name of issue.keys) {
        const suggestion = nearest(name, Object.keys(keyEntrySchema.shape));
        const offset = offsetOf(node, [...place, name]);
        report('unknown-member', offset, `${shown(name)} is not known here`, suggestion);
      }
      continue;
    }
    report('invalid', offsetOf(node, place), `${place.join('.') || 'key'}: ${issue.message}`);
  }
  return null;
}

function plainValue(node: unknown): unknown {
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map(plainValue);
  if (isMap(node)) {
    return Object.fromEntries(node.items.map((pair) => [nameOf(pair), plainValue(pair.value)]));
  }
  if (node === null || node === undefined) return null;
  throw new Error('aliases are not read in a key file; write the value out');
}

function withoutSecrets(text: string): string {
  return text.replace(new RegExp(KEY_WITHIN, 'g'), 'poorter_…');
}

function secretIn(node: unknown): number | null {
  if (isScalar(node)) return KEY_WITHIN.test(String(node.value)) ? startOf(node) : null;
  const inside = isSeq(node)
    ? node.items
    : isMap(node)
      ? node.items.flatMap((pair) => [pair.key, pair.value])
      : [];
  for (const item of inside) {
    const found = secretIn(item);
    if (found !== null) return found;
  }
  return null;
}

/** The place of a member's value, or of the nearest thing that exists on the way to it. */
function offsetOf(node: unknown, path: readonly string[]): number {
  let current = node;
  let offset = startOf(node);
  for (const step of path) {
    if (isMap(current)) {
      const pair = current.items.find((item) => nameOf(item) === step);
      if (pair === undefined) return offset;
      offset = pair.value === null ? offsetOfName(pair) : startOf(pair.value);
      current = pair.value;
    } else if (isSeq(current)) {
      current = current.items[Number(step)];
      offset = startOf(current);
    }
  }
  return offset;
}

function offsetOfName(pair: Pair): number {
  return startOf(pair.key);
}

function startOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}

function nameOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : '';
}

function shown(name: string): string {
  return `'${withoutSecrets(name).slice(0, 60)}'`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const close = known.find((candidate) => distance(name.toLowerCase(), candidate) <= 2);
  return close === undefined ? `known here: ${known.join(', ')}` : `did you mean '${close}'?`;
}

/** Levenshtein; both sides are short. */
function distance(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > 2) return 3;
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const change = left[i - 1] === right[j - 1] ? 0 : 1;
      const costs = [(row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + change];
      next.push(Math.min(...costs));
    }
    row = next;
  }
  return row[right.length] ?? 3;
}
