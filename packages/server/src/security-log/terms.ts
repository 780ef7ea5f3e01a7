import { hash } from 'node:crypto';

const BITS_A_TERM = 12;
const PROBES = 6;
const BYTES_MIN = 32;
/** A bundle with more distinct terms answers "perhaps" more often. */
const BYTES_MAX = 4_096;

/** Hashes of lists of terms: the same list comes with every record of the same caller. */
const hashesOfLists = new WeakMap<readonly string[], Uint32Array>();

/** A Bloom filter: never says no to a term that was put in; says perhaps to few others. */
export function filterOf(lists: Iterable<readonly string[]>): Buffer {
  const distinct = new Map<number, number>();
  for (const list of lists) {
    const hashes = hashesOf(list);
    for (let at = 0; at < hashes.length; at += 2) {
      distinct.set(hashes[at] as number, hashes[at + 1] as number);
    }
  }
  const bytes = Math.ceil((distinct.size * BITS_A_TERM) / 8);
  const filter = Buffer.alloc(Math.min(BYTES_MAX, Math.max(BYTES_MIN, bytes)));
  const bits = filter.length * 8;
  for (const [start, step] of distinct) {
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = ((start + probe * step) >>> 0) % bits;
      filter[bit >>> 3] = (filter[bit >>> 3] as number) | (1 << (bit & 7));
    }
  }
  return filter;
}

export function mayHold(filter: Uint8Array, term: string): boolean {
  if (filter.length === 0) return true;
  const [start, step] = hashesOf([term]) as unknown as [number, number];
  const bits = filter.length * 8;
  for (let probe = 0; probe < PROBES; probe++) {
    const bit = ((start + probe * step) >>> 0) % bits;
    if (((filter[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

/** Two numbers a term, the second a function of the first: equal firsts set the same bits. */
function hashesOf(list: readonly string[]): Uint32Array {
  const known = hashesOfLists.get(list);
  if (known !== undefined) return known;
  const hashes = new Uint32Array(list.length * 2);
  for (const [at, term] of list.entries()) {
    const digest = hash('sha256', term, 'buffer');
    hashes[at * 2] = digest.readUInt32LE(0);
    hashes[at * 2 + 1] = (Math.imul(hashes[at * 2] as number, 0x9e37_79b1) >>> 0) | 1;
  }
  hashesOfLists.set(list, hashes);
  return hashes;
}
