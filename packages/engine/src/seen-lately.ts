/** Names it can tell apart at once; 4 bytes each. */
const PLACES = 16_384;

/**
 * Whether a name was seen lately, in a room of fixed size: what keeps a full cache from being washed out
 * by names that come once (the doorkeeper of TinyLFU, Einziger, Friedman and Manes 2017). It forgets a
 * name when another takes its place, and takes one in 200,000 strangers for somebody seen.
 */
export class SeenLately {
  readonly #marks = new Int32Array(PLACES);

  /** Takes note of the name; says whether it was noted before. */
  again(name: string): boolean {
    const hash = hashOf(name);
    const place = hash & (PLACES - 1);
    const wasSeen = this.#marks[place] === hash;
    this.#marks[place] = hash;
    return wasSeen;
  }
}

/** FNV-1a, and never the mark of an empty place. Whoever finds names that collide gains a cache entry. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = 0; at < name.length; at++) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  }
  // The low bits choose the place: they must depend on all characters alike.
  hash ^= hash >>> 15;
  return hash === 0 ? 1 : hash;
}
