/** Room for the first two pieces; a body that fits one packet never gets here. */
const CAPACITY_MIN = 16_384;

/**
 * Pieces of a body in one buffer that grows by doubling. A list of pieces would cost a caller one
 * byte each and the gate a hundred: a megabyte in one-byte chunks must not weigh more than one.
 */
export class GrowingBytes {
  readonly #expectedBytes: number;
  /** The first piece as it came: most bodies have only one. */
  #bytes: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  #length = 0;
  #capacity = 0;

  /** Growth stops there unless more arrives. */
  constructor(expectedBytes: number) {
    this.#expectedBytes = expectedBytes;
  }

  /** What pushing this piece will make the buffer hold, to be reserved before. */
  capacityWith(piece: Buffer): number {
    const needed = this.#length + piece.length;
    if (needed <= this.#capacity || this.#length === 0) return Math.max(this.#capacity, needed);
    const doubled = Math.max(CAPACITY_MIN, this.#capacity * 2);
    return Math.max(needed, Math.min(doubled, this.#expectedBytes));
  }

  push(piece: Buffer): void {
    const capacity = this.capacityWith(piece);
    if (this.#length === 0) this.#bytes = piece;
    else {
      if (capacity > this.#capacity) {
        const grown = Buffer.allocUnsafeSlow(capacity);
        this.#bytes.copy(grown, 0, 0, this.#length);
        this.#bytes = grown;
      }
      piece.copy(this.#bytes, this.#length);
    }
    this.#capacity = capacity;
    this.#length += piece.length;
  }

  get whole(): Buffer<ArrayBufferLike> {
    return this.#bytes.subarray(0, this.#length);
  }
}
