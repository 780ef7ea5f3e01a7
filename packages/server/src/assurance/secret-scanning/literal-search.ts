/** What is looked for: a literal of at least three bytes. */
export interface Literal {
  readonly text: string;
  readonly anyCase?: boolean;
}

interface Candidate {
  readonly index: number;
  /** Lower case where case does not matter. */
  readonly bytes: Uint8Array;
  readonly anyCase: boolean;
  /** From the literal's start to the last byte of the block that names it. */
  readonly blockEnd: number;
}

const WINDOW = 4;
const ANY = -1;

/**
 * Wu and Manber's search for many literals at once: the last two bytes of a window of four say how far
 * the window may move. One pass over the bytes, whatever the number of literals.
 */
export class LiteralSearch {
  readonly #shift = new Uint8Array(65_536).fill(WINDOW - 1);
  readonly #candidates: (readonly Candidate[])[] = [];
  readonly #candidatesOf = new Uint16Array(65_536);
  /** What two bytes may stand before a block that names a literal: most blocks are told apart by that. */
  readonly #mayPrecede = new Uint8Array(65_536);
  /** Blocks that end a literal of three bytes, before whose first any byte may stand. */
  readonly #endsShort = new Uint8Array(65_536);

  constructor(literals: readonly Literal[]) {
    const byBlock = new Map<number, Candidate[]>();
    for (const [index, { text, anyCase = false }] of literals.entries()) {
      if (text.length < WINDOW - 1) throw new RangeError(`too short to look for: ${text}`);
      const bytes = Buffer.from(anyCase ? text.toLowerCase() : text);
      // A literal of three bytes takes any byte before it into its window.
      const missing = Math.max(0, WINDOW - bytes.length);
      const candidate = { index, bytes, anyCase, blockEnd: WINDOW - 1 - missing };
      const at = (place: number) => casesOf(bytes[place - missing] ?? ANY, anyCase);
      for (const first of blocks(at(0), at(1))) if (missing === 0) this.#mayPrecede[first] = 1;
      for (const block of blocks(at(2), at(3))) if (missing > 0) this.#endsShort[block] = 1;
      for (let place = 0; place < WINDOW - 1; place++) {
        const shift = WINDOW - 2 - place;
        for (const block of blocks(at(place), at(place + 1))) {
          this.#shift[block] = Math.min(this.#shift[block] as number, shift);
          if (shift > 0) continue;
          const same = byBlock.get(block);
          if (same === undefined) byBlock.set(block, [candidate]);
          else same.push(candidate);
        }
      }
    }
    for (const [block, candidates] of byBlock) {
      this.#candidatesOf[block] = this.#candidates.push(candidates) - 1;
    }
  }

  /** Calls back with the literal and where it starts; places ascend, but for neighbours. */
  search(bytes: Uint8Array, end: number, found: (literal: number, at: number) => void): void {
    const shifts = this.#shift;
    // A literal of three bytes may stand at the very start, with no byte before it.
    for (let last = WINDOW - 2; last < end; ) {
      const block = ((bytes[last - 1] as number) << 8) | (bytes[last] as number);
      const shift = shifts[block] as number;
      if (shift === 0) {
        const before =
          last < WINDOW - 1 ? 0 : ((bytes[last - 3] as number) << 8) | (bytes[last - 2] as number);
        if (this.#mayPrecede[before] === 0 && this.#endsShort[block] === 0) {
          last += 1;
          continue;
        }
        this.#check(block, bytes, last, end, found);
        last += 1;
      } else last += shift;
    }
  }

  #check(
    block: number,
    bytes: Uint8Array,
    last: number,
    end: number,
    found: (literal: number, at: number) => void,
  ): void {
    for (const candidate of this.#candidates[this.#candidatesOf[block] as number] ?? []) {
      const start = last - candidate.blockEnd;
      if (start >= 0 && stands(candidate, bytes, start, end)) found(candidate.index, start);
    }
  }
}

function stands(candidate: Candidate, bytes: Uint8Array, start: number, end: number): boolean {
  const wanted = candidate.bytes;
  if (start + wanted.length > end) return false;
  for (let place = 0; place < wanted.length; place++) {
    const byte = bytes[start + place] as number;
    if (byte === wanted[place]) continue;
    if (!candidate.anyCase || byte < 0x41 || byte > 0x5a || byte + 0x20 !== wanted[place]) {
      return false;
    }
  }
  return true;
}

function casesOf(byte: number, anyCase: boolean): readonly number[] {
  if (byte === ANY) return EVERY_BYTE;
  const isLetter = byte >= 0x61 && byte <= 0x7a;
  return anyCase && isLetter ? [byte, byte - 0x20] : [byte];
}

const EVERY_BYTE = Array.from({ length: 256 }, (_, byte) => byte);

function* blocks(firsts: readonly number[], seconds: readonly number[]): Generator<number> {
  for (const first of firsts) for (const second of seconds) yield (first << 8) | second;
}
