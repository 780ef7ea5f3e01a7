import { parseJsonText } from '@poorter/openapi/json';
import { z } from 'zod';
import { type Checkpoint, formatVerifierKey, type VerifierKey } from '../checkpoint.ts';
import { Frontier } from '../tree/frontier.ts';
import { HASH_BYTES } from '../tree/hashing.ts';
import { LeafChecker, type LogVerdict } from './leaf-checker.ts';

const hash = z.string().refine((text) => Buffer.from(text, 'base64').length === HASH_BYTES);
const lineSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('export'),
    version: z.literal(1),
    key: z.string(),
    from: z.int().min(0),
    frontier: z.array(hash).max(64),
  }),
  z.strictObject({ kind: z.literal('leaf'), index: z.int().min(0), hash, leaf: z.string() }),
  z.strictObject({ kind: z.literal('checkpoint'), note: z.string() }),
]);

/** A line longer than this is not ours. */
const LINE_CHARS_MAX = 4 * 1024 * 1024;

/**
 * An export file against the public key. Every byte counts: a line must be written exactly as the
 * export writes it, so that nothing can be changed that says the same.
 */
export async function verifyExport(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  key: VerifierKey,
  since: Checkpoint | null = null,
): Promise<LogVerdict> {
  const reading = new ExportReading(key, since);
  let rest = '';
  // One byte, one character: a line holds ASCII and the dash of a signed note, decoded below.
  for await (const chunk of chunks) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      if (!reading.line(line)) return reading.finish();
    }
    if (rest.length > LINE_CHARS_MAX) break;
  }
  if (rest !== '') reading.broken('the last line is not whole');
  return reading.finish();
}

class ExportReading {
  readonly #key: VerifierKey;
  readonly #since: Checkpoint | null;
  #checker: LeafChecker | null = null;
  #isCovered = true;

  constructor(key: VerifierKey, since: Checkpoint | null) {
    this.#key = key;
    this.#since = since;
  }

  /** False when there is no use in going on. */
  line(latin1: string): boolean {
    const text = Buffer.from(latin1, 'latin1').toString('utf8');
    const line = parse(text);
    if (line === null) return this.broken('a line is not one of an export');
    if (line.kind === 'export') return this.#begin(line);
    if (this.#checker === null) return this.broken('the export does not say where it begins');
    const checker = this.#checker;
    if (line.kind === 'checkpoint') {
      checker.checkpoint(line.note);
      this.#isCovered = true;
      return !checker.hasFault;
    }
    const index = checker.size;
    if (line.index !== index) return this.broken(`leaf ${line.index} stands where ${index} should`);
    const leaf = Buffer.from(line.leaf, 'base64');
    if (leaf.includes(0)) return this.broken('a leaf holds a zero byte');
    const computed = checker.leaf(Buffer.concat([ZERO, leaf]));
    if (computed.toString('base64') !== line.hash || leaf.toString('base64') !== line.leaf) {
      checker.fail(index, null, 'the leaf and its hash differ');
    }
    this.#isCovered = false;
    return !checker.hasFault;
  }

  broken(message: string): false {
    this.#checker ??= new LeafChecker(this.#key, new Frontier());
    this.#checker.fail(this.#checker.size, null, message);
    return false;
  }

  finish(): LogVerdict {
    if (this.#checker === null) this.broken('the export is empty');
    else if (!this.#isCovered) this.broken('no checkpoint covers the last leaves');
    return (this.#checker as LeafChecker).finish();
  }

  #begin({ key, from, frontier }: { key: string; from: number; frontier: string[] }): boolean {
    if (this.#checker !== null) {
      // Exports that follow each other may stand in one file.
      const { size, roots } = this.#checker;
      const here = roots.map((root) => root.toString('base64')).join();
      const goesOn = size === from && frontier.join() === here && this.#isCovered;
      const isSame = goesOn && key === formatVerifierKey(this.#key);
      return isSame || this.broken('a part of the export does not go on where the last one ended');
    }
    if (key !== formatVerifierKey(this.#key)) {
      return this.broken('the export is of another log, or another key');
    }
    this.#isCovered = false;
    const hashes = frontier.map((text) => Buffer.from(text, 'base64'));
    try {
      this.#checker = new LeafChecker(this.#key, new Frontier(from, hashes), this.#since);
    } catch {
      return this.broken('the export does not say where it begins');
    }
    return true;
  }
}

const ZERO = Buffer.alloc(1);

function parse(text: string): z.output<typeof lineSchema> | null {
  try {
    const line = lineSchema.parse(parseJsonText(text));
    return JSON.stringify(line) === text ? line : null;
  } catch {
    return null;
  }
}
