const SEGMENT_BYTES_FIRST = 4_096;
const SEGMENT_BYTES_MAX = 65_536;

/**
 * Pieces of a body gathered into segments. A list of pieces would cost a caller one byte each and
 * the gate a hundred: a megabyte in one-byte chunks must not weigh more than one. Segments are
 * never moved while the body grows, so that nothing is left behind for the collector.
 */
export class GrowingBytes {
  /** Filled ones, then the one being filled. The first piece is a segment as it came. */
  readonly #segments: Buffer<ArrayBufferLike>[] = [];
  #length = 0;
  #capacity = 0;

  /** What all segments will hold once this piece is in, to be reserved before. */
  capacityWith(piece: Buffer): number {
    const missing = this.#length + piece.length - this.#capacity;
    if (missing <= 0) return this.#capacity;
    if (this.#capacity === 0) return piece.length;
    const doubled = Math.max(SEGMENT_BYTES_FIRST, Math.min(this.#capacity, SEGMENT_BYTES_MAX));
    return this.#capacity + Math.max(missing, doubled);
  }

  push(piece: Buffer): void {
    const free = this.#capacity - this.#length;
    if (this.#capacity === 0) {
      this.#segments.push(piece);
      this.#capacity = piece.length;
    } else {
      if (free > 0) {
        const last = this.#segments.at(-1) as Buffer;
        piece.copy(last, last.length - free);
      }
      if (piece.length > free) {
        const capacity = this.capacityWith(piece);
        const segment = Buffer.allocUnsafeSlow(capacity - this.#capacity);
        piece.copy(segment, 0, free);
        this.#segments.push(segment);
        this.#capacity = capacity;
      }
    }
    this.#length += piece.length;
  }

  get whole(): Buffer<ArrayBufferLike> {
    const [first] = this.#segments;
    if (first === undefined) return Buffer.alloc(0);
    return this.#segments.length === 1 ? first : Buffer.concat(this.#segments, this.#length);
  }
}
