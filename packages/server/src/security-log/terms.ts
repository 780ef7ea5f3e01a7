import { hash } from 'node:crypto';

const BITS_A_TERM = 12;
const PROBES = 6;
const BYTES_MIN = 32;
/** A bundle with more distinct terms answers "perhaps" more often. */
const BYTES_MAX = 4_096;

/** A Bloom filter: never says no to a term that was put in; says perhaps to few others. */
export function filterOf(terms: Iterable<string>): Buffer {
  const distinct = new Set(terms);
  const bytes = Math.ceil((distinct.size * BITS_A_TERM) / 8);
  const filter = Buffer.alloc(Math.min(BYTES_MAX, Math.max(BYTES_MIN, bytes)));
  for (const term of distinct) {
    for (const bit of probes(term, filter.length)) {
      filter[bit >>> 3] = (filter[bit >>> 3] as number) | (1 << (bit & 7));
    }
  }
  return filter;
}

export function mayHold(filter: Uint8Array, term: string): boolean {
  if (filter.length === 0) return true;
  return probes(term, filter.length).every(
    (bit) => ((filter[bit >>> 3] as number) & (1 << (bit & 7))) !== 0,
  );
}

function probes(term: string, bytes: number): number[] {
  const digest = hash('sha256', term, 'buffer');
  const [start, step] = [digest.readUInt32LE(0), digest.readUInt32LE(4) | 1];
  return Array.from({ length: PROBES }, (_, at) => ((start + at * step) >>> 0) % (bytes * 8));
}
