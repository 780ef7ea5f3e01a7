import { constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { parseLeaf, termsOf, timeOfLeaf } from './leaf.ts';
import { TILE_WIDTH } from './tree/tiles.ts';

/** Leaves a bundle holds: those of one tile. */
export const BUNDLE_WIDTH = TILE_WIDTH;
/** Raw bytes a bundle can unpack to; more is not ours. */
const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Leaves stand one after the other, each behind a zero byte. The zero separates them, for JSON text
 * contains none, and is at the same time the prefix that RFC 9162 hashes before a leaf.
 */
export function packLeaves(raw: Uint8Array): Buffer {
  return zstdCompressSync(raw, { params: { [zlib.ZSTD_c_compressionLevel]: 1 } });
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
  readonly #pieces: Buffer[] = [];
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

  add(prefixed: Buffer, time: string, ...terms: readonly (readonly string[])[]): void {
    this.#pieces.push(prefixed);
    this.#count++;
    for (const list of terms) this.#terms.add(list);
    if (this.#fromTime === '' || time < this.#fromTime) this.#fromTime = time;
    if (time > this.#toTime) this.#toTime = time;
  }

  /** A leaf that was kept before. */
  addKept(prefixed: Buffer): void {
    const text = prefixed.toString('utf8', 1);
    const leaf = parseLeaf(text);
    this.add(prefixed, timeOfLeaf(text), leaf === null ? [] : termsOf(leaf));
  }

  get terms(): Iterable<readonly string[]> {
    return this.#terms;
  }

  raw(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}
