/**
 * HalfSipHash-2-4 with 64 bits of output, over the UTF-16 units of a text. Keyed with a random
 * seed, so that callers cannot choose names that meet in one set of a table; in 32-bit arithmetic
 * without allocation, because it runs several times a call.
 */
export class KeyedHash {
  /** The two halves of the last hash; read them before the next call of `digest`. */
  high = 0;
  low = 0;
  readonly #key0: number;
  readonly #key1: number;

  constructor(seed: readonly [number, number]) {
    this.#key0 = seed[0] | 0;
    this.#key1 = seed[1] | 0;
  }

  digest(text: string): void {
    let v0 = this.#key0;
    let v1 = this.#key1 ^ 0xee;
    let v2 = 0x6c796765 ^ this.#key0;
    let v3 = 0x74656462 ^ this.#key1;
    const { length } = text;
    const words = (length >> 1) + 1;
    for (let word = 0; word < words; word += 1) {
      const at = word * 2;
      // The last word holds the odd unit, if any, and the length.
      const message =
        at + 1 < length
          ? text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16)
          : (at < length ? text.charCodeAt(at) : 0) | (length << 24) | ((length & 0xff) << 16);
      v3 ^= message;
      for (let round = 0; round < 2; round += 1) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= message;
    }
    v2 ^= 0xee;
    for (let half = 0; half < 2; half += 1) {
      for (let round = 0; round < 4; round += 1) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      if (half === 0) {
        this.high = v1 ^ v3;
        v1 ^= 0xdd;
      } else {
        this.low = v1 ^ v3;
      }
    }
  }
}
