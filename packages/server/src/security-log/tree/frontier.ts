import { EMPTY_ROOT, hashNode } from './hashing.ts';

/**
 * A tree of which only the right edge is kept: the roots of its perfect subtrees, from left to
 * right. Enough to add leaves and to say the root; its memory grows with the logarithm.
 */
export class Frontier {
  #size: number;
  readonly #roots: Buffer[];

  constructor(size = 0, roots: readonly Uint8Array[] = []) {
    if (!Number.isSafeInteger(size) || size < 0 || roots.length !== subtreeCount(size)) {
      throw new RangeError(`a tree of ${size} leaves does not have ${roots.length} subtrees`);
    }
    this.#size = size;
    this.#roots = roots.map((root) => Buffer.from(root));
  }

  get size(): number {
    return this.#size;
  }

  get roots(): readonly Buffer[] {
    return this.#roots;
  }

  push(leafHash: Buffer): void {
    let hash = leafHash;
    for (let size = this.#size; size % 2 === 1; size = Math.floor(size / 2)) {
      hash = hashNode(this.#roots.pop() as Buffer, hash);
    }
    this.#roots.push(hash);
    this.#size++;
  }

  root(): Buffer {
    const last = this.#roots.at(-1);
    if (last === undefined) return EMPTY_ROOT;
    let root = last;
    for (let at = this.#roots.length - 2; at >= 0; at--) {
      root = hashNode(this.#roots[at] as Buffer, root);
    }
    return root;
  }
}

function subtreeCount(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
