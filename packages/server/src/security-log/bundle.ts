import { constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { parseLeaf, termsOf, timeOfLeaf } from './leaf.ts';
import { TILE_WIDTH } from './tree/tiles.ts';

/** Leaves a bundle holds: those of one tile. */
export const BUNDLE_WIDTH = TILE_WIDTH;
/** Raw bytes a bundle can unpack to; more is not ours. */
const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;

/** In few steps: most bundles pack to less than one chunk. */
const FAST = { params: { [zlib.ZSTD_c_compressionLevel]: 1 }, chunkSize: 64 * 1024 };

/**
 * Leaves stand one after the other, each behind a zero byte. The zero separates them, for JSON text
 * contains none, and is at the same time the prefix that RFC 9162 hashes before a leaf.
 */
export function packLeaves(raw: Uint8Array): Buffer {
  return zstdCompressSync(raw, FAST);
}

/** Throws when the bytes are not a packed bundle. */
export function unpackLeaves(packed: Uint8Array): Buffer {
  return zstdDecompressSync(packed, { maxOutputLength: UNPACKED_BYTES_MAX });
}

/** Every leaf with its prefix. */
export function splitLeaves(raw: Buffer): Buffer[] {
  const leaves: Buffer[] = [];
  for (let start = 0; start < raw.length; ) {
    const next = raw.indexOf(0, start + 1);
    const end = next < 0 ? raw.length : next;
    leaves.push(raw.subarray(start, end));
    start = end;
  }
  return leaves;
}

/** The leaf as it was appended. */
export function withoutPrefix(prefixed: Buffer): Buffer {
  return prefixed.subarray(1);
}

/** Leaves after the last whole bundle, with all that a bundle needs when it is closed. */
export class OpenBundle {
  readonly first: number;
  /** Pieces of the buffers that leaves came in: those that follow each other there are one. */
  readonly #pieces: { readonly of: Buffer; readonly start: number; end: number }[] = [];
  #count = 0;
  /** Lists of terms, the same list for the same caller: few distinct ones in many leaves. */
  readonly #terms = new Set<readonly string[]>();
  #fromTime = '';
  #toTime = '';

  constructor(first: number) {
    this.first = first;
  }

  get count(): number {
    return this.#count;
  }

  get fromTime(): string {
    return this.#fromTime;
  }

  get toTime(): string {
    return this.#toTime;
  }

  /** A leaf that stands in a buffer from `start` to `end`, with its prefix. */
  add(
    of: Buffer,
    start: number,
    end: number,
    time: string,
    terms: readonly (readonly string[])[],
  ): void {
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.of === of && last.end === start) last.end = end;
    else this.#pieces.push({ of, start, end });
    this.#count++;
    for (const list of terms) this.#terms.add(list);
    if (this.#fromTime === '' || time < this.#fromTime) this.#fromTime = time;
    if (time > this.#toTime) this.#toTime = time;
  }

  /** A leaf that was kept before. */
  addKept(prefixed: Buffer): void {
    const text = prefixed.toString('utf8', 1);
    const leaf = parseLeaf(text);
    const terms = leaf === null ? [] : [termsOf(leaf)];
    this.add(prefixed, 0, prefixed.length, timeOfLeaf(text), terms);
  }

  get terms(): Iterable<readonly string[]> {
    return this.#terms;
  }

  raw(): Buffer {
    return Buffer.concat(this.#pieces.map(({ of, start, end }) => of.subarray(start, end)));
  }
}
