import { EMPTY_ROOT, HASH_BYTES, hashNode, perfectRoot, writePrefixedLeafHash } from './hashing.ts';

/** Hashes a tile holds: eight levels of the tree. */
export const TILE_WIDTH = 256;

/**
 * The tree is kept as tiles: level 0 holds leaf hashes, a hash of level n + 1 is the root of a
 * full tile of level n. The last tile of a level may be partly filled.
 */
export interface Tile {
  readonly level: number;
  readonly index: number;
  /** Hashes one after the other. */
  readonly hashes: Buffer;
}

/** How many hashes a level has in a tree of this size. */
export function levelWidth(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/**
 * Adds leaves to a tree kept as tiles. Holds the open tile of each level; what was filled or
 * changed since the last `takeChanged` is what must be stored.
 */
export class TileTree {
  #size: number;
  /** The open tile of each level; never full. */
  readonly #open: OpenTile[] = [];
  #changed: Tile[] = [];

  /** `openTiles` are the open tiles of a tree of this size, by level; level 0 comes from the leaves. */
  constructor(size = 0, openTiles: readonly Uint8Array[] = []) {
    this.#size = size;
    for (let level = 0; levelWidth(size, level) > 0; level++) {
      const width = levelWidth(size, level);
      const filled = width % TILE_WIDTH;
      const hashes = openTiles[level] ?? new Uint8Array();
      if (hashes.length !== filled * HASH_BYTES) {
        throw new RangeError(
          `level ${level} of ${size} leaves: its open tile is not ${filled} hashes`,
        );
      }
      this.#open.push(new OpenTile(Math.floor(width / TILE_WIDTH), hashes));
    }
  }

  get size(): number {
    return this.#size;
  }

  append(leafHash: Uint8Array): void {
    this.#openTile(0).add(leafHash);
    this.#rise();
  }

  /** A leaf behind its prefix; its hash is made where it is kept. */
  appendLeaf(prefixed: Uint8Array): void {
    this.#openTile(0).addLeaf(prefixed);
    this.#rise();
  }

  /** Hashes of the last leaves, from one of the open tile on. */
  hashesFrom(leaf: number): Buffer {
    const { hashes, filled, index } = this.#openTile(0);
    const start = leaf - index * TILE_WIDTH;
    return Buffer.from(hashes.subarray(start * HASH_BYTES, filled * HASH_BYTES));
  }

  #openTile(level: number): OpenTile {
    return (this.#open[level] ??= new OpenTile(0));
  }

  /** Full tiles go; their roots stand one level higher. */
  #rise(): void {
    this.#size++;
    for (let level = 0; ; level++) {
      const tile = this.#openTile(level);
      if (tile.filled < TILE_WIDTH) return;
      this.#changed.push({ level, index: tile.index, hashes: tile.copy() });
      this.#openTile(level + 1).add(perfectRoot(tile.hashes, 0, TILE_WIDTH));
      tile.next();
    }
  }

  /** Tiles filled since the last call, and open tiles above the leaves that grew. */
  takeChanged(): Tile[] {
    const changed = this.#changed;
    this.#changed = [];
    for (const [level, tile] of this.#open.entries()) {
      if (level > 0 && tile.hasGrown && tile.filled > 0) {
        changed.push({ level, index: tile.index, hashes: tile.copy() });
      }
      tile.hasGrown = false;
    }
    return changed;
  }

  root(): Buffer {
    const roots = this.frontier();
    let root = roots.pop();
    if (root === undefined) return EMPTY_ROOT;
    for (let left = roots.pop(); left !== undefined; left = roots.pop())
      root = hashNode(left, root);
    return root;
  }

  /** Roots of the perfect subtrees, from left to right. */
  frontier(): Buffer[] {
    const roots: Buffer[] = [];
    for (let level = this.#open.length - 1; level >= 0; level--) {
      const { filled, hashes } = this.#open[level] as OpenTile;
      let start = 0;
      for (let width = TILE_WIDTH / 2; width >= 1; width /= 2) {
        if ((filled & width) === 0) continue;
        roots.push(perfectRoot(hashes, start, width));
        start += width;
      }
    }
    return roots;
  }
}

class OpenTile {
  index: number;
  filled: number;
  hasGrown = false;
  readonly hashes = Buffer.alloc(TILE_WIDTH * HASH_BYTES);

  constructor(index: number, hashes: Uint8Array = new Uint8Array()) {
    this.index = index;
    this.filled = hashes.length / HASH_BYTES;
    this.hashes.set(hashes);
  }

  addLeaf(prefixed: Uint8Array): void {
    writePrefixedLeafHash(prefixed, this.hashes, this.filled * HASH_BYTES);
    this.filled++;
    this.hasGrown = true;
  }

  add(hash: Uint8Array): void {
    this.hashes.set(hash, this.filled * HASH_BYTES);
    this.filled++;
    this.hasGrown = true;
  }

  next(): void {
    this.index++;
    this.filled = 0;
  }

  copy(): Buffer {
    return Buffer.from(this.hashes.subarray(0, this.filled * HASH_BYTES));
  }
}
