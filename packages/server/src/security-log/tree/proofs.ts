import { HASH_BYTES, hashNode, perfectRoot, splitPoint } from './hashing.ts';
import { TILE_WIDTH } from './tiles.ts';

/** Where proofs find the hashes of a tree; a tile has at least the hashes that `size` implies. */
export interface TileReader {
  tile(level: number, index: number): Promise<Uint8Array>;
}

/** RFC 9162 §2.1.3.1: what leads from leaf `index` to the root of the first `size` leaves. */
export async function proveInclusion(
  tiles: TileReader,
  index: number,
  size: number,
): Promise<Buffer[]> {
  if (!(index >= 0 && index < size)) throw new RangeError(`no leaf ${index} among ${size}`);
  const reader = keeping(tiles);
  const path: Buffer[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      path.push(await rangeRoot(reader, middle, end));
      end = middle;
    } else {
      path.push(await rangeRoot(reader, start, middle));
      start = middle;
    }
  }
  return path.reverse();
}

/** RFC 9162 §2.1.4.1: what shows that the first `from` leaves are the beginning of the first `size`. */
export async function proveConsistency(
  tiles: TileReader,
  from: number,
  size: number,
): Promise<Buffer[]> {
  if (!(from >= 1 && from <= size)) throw new RangeError(`no tree of ${from} within ${size}`);
  const reader = keeping(tiles);
  const path: Buffer[] = [];
  let [start, end] = [0, size];
  while (from < end) {
    const middle = start + splitPoint(end - start);
    if (from <= middle) {
      path.push(await rangeRoot(reader, middle, end));
      end = middle;
    } else {
      path.push(await rangeRoot(reader, start, middle));
      start = middle;
    }
  }
  // The old tree is itself a subtree that the checker has: its root is left out.
  if (start > 0) path.push(await rangeRoot(reader, start, end));
  return path.reverse();
}

/** The root of leaves start…end, where start is aligned as the tree's own subtrees are. */
export async function rangeRoot(tiles: TileReader, start: number, end: number): Promise<Buffer> {
  const count = end - start;
  if (Number.isInteger(Math.log2(count))) return subtreeRoot(tiles, start, count);
  const middle = start + splitPoint(count);
  const [left, right] = [
    await subtreeRoot(tiles, start, middle - start),
    await rangeRoot(tiles, middle, end),
  ];
  return hashNode(left, right);
}

/** Roots of the perfect subtrees of the first `size` leaves, from left to right. */
export async function frontierOf(tiles: TileReader, size: number): Promise<Buffer[]> {
  const roots: Buffer[] = [];
  for (let start = 0; start < size; ) {
    const count = 2 ** Math.floor(Math.log2(size - start));
    roots.push(await subtreeRoot(tiles, start, count));
    start += count;
  }
  return roots;
}

async function subtreeRoot(tiles: TileReader, start: number, count: number): Promise<Buffer> {
  const level = Math.floor(Math.log2(count) / 8);
  const leavesAHash = TILE_WIDTH ** level;
  const width = count / leavesAHash;
  const first = start / leavesAHash;
  const hashes = await tiles.tile(level, Math.floor(first / TILE_WIDTH));
  const offset = first % TILE_WIDTH;
  if (hashes.length < (offset + width) * HASH_BYTES) {
    throw new Error(`tile ${level}/${Math.floor(first / TILE_WIDTH)} is shorter than its tree`);
  }
  return perfectRoot(hashes, offset, width);
}

/** A proof visits few tiles, some of them several times. */
function keeping(tiles: TileReader): TileReader {
  const kept = new Map<string, Promise<Uint8Array>>();
  return {
    tile(level, index) {
      const name = `${level}/${index}`;
      const known = kept.get(name);
      if (known !== undefined) return known;
      const read = tiles.tile(level, index);
      kept.set(name, read);
      return read;
    },
  };
}

/** RFC 9162 §2.1.3.2. */
export function checkInclusion(
  leafHash: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!areSafe(index, size) || index >= size || !areHashes([leafHash, root, ...path])) return false;
  let [at, last] = [index, size - 1];
  let hash: Buffer = Buffer.from(leafHash);
  for (const step of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = hashNode(step, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      hash = hashNode(hash, step);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && hash.equals(root);
}

/** RFC 9162 §2.1.4.2. */
export function checkConsistency(
  from: number,
  size: number,
  path: readonly Uint8Array[],
  fromRoot: Uint8Array,
  root: Uint8Array,
): boolean {
  if (!areSafe(from, size) || from < 1 || from > size) return false;
  if (!areHashes([fromRoot, root, ...path])) return false;
  if (from === size) return path.length === 0 && Buffer.compare(fromRoot, root) === 0;
  const steps = Number.isInteger(Math.log2(from)) ? [fromRoot, ...path] : [...path];
  const first = steps.shift();
  if (first === undefined) return false;
  let [at, last] = [from - 1, size - 1];
  while (at % 2 === 1) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  let [old, now]: [Buffer, Buffer] = [Buffer.from(first), Buffer.from(first)];
  for (const step of steps) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      old = hashNode(step, old);
      now = hashNode(step, now);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      now = hashNode(now, step);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && old.equals(fromRoot) && now.equals(root);
}

function areSafe(...sizes: readonly number[]): boolean {
  return sizes.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === HASH_BYTES);
}
