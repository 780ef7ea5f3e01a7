const SEGMENT_BYTES_FIRST = 4_096;
const SEGMENT_BYTES_MAX = 65_536;
/** Smaller pieces are left to the collector: giving them back one by one costs more than it saves. */
const PIECE_BYTES_FREED_MIN = 4_096;
/** Nobody is believed about more than this: the address space is not set aside for it. */
const ANNOUNCED_BYTES_MAX = 16_777_216;

/**
 * Pieces of a body gathered into segments. A list of pieces would cost a caller one byte each and
 * the gate a hundred: a megabyte in one-byte chunks must not weigh more than one. Segments are
 * never moved while the body grows, so that nothing is left behind for the collector. A body whose
 * length was announced has one segment of that length, whose pages cost nothing until they are
 * written to.
 */
export class GrowingBytes {
  /** Filled ones, then the one being filled. The first piece is a segment as it came. */
  readonly #segments: Buffer<ArrayBufferLike>[] = [];
  readonly #announced: number;
  readonly #ownsPieces: boolean;
  #length = 0;
  #capacity = 0;

  /**
   * `announcedBytes`: the length that the pieces will have together; 0 when nobody knows.
   * `ownsPieces`: nobody else looks at a piece once it was pushed and the turn is over.
   */
  constructor(announcedBytes: number, { ownsPieces }: { readonly ownsPieces: boolean }) {
    this.#announced = announcedBytes <= ANNOUNCED_BYTES_MAX ? announcedBytes : 0;
    this.#ownsPieces = ownsPieces;
  }

  /** What will be held once this piece is in and the bytes are whole, to be reserved before. */
  weightWith(piece: Buffer): number {
    const length = this.#length + piece.length;
    if (length <= this.#announced) {
      return Math.min(this.#announced, Math.ceil(length / SEGMENT_BYTES_MAX) * SEGMENT_BYTES_MAX);
    }
    const capacity = this.#capacityWith(piece);
    // Of several segments, whole ones are a second copy for a moment.
    return capacity === (this.#segments[0]?.length ?? capacity) ? capacity : capacity * 2;
  }

  push(piece: Buffer): void {
    const isOnly = this.#capacity === 0 && piece.length >= this.#announced;
    if (isOnly && this.#ownsPieces) {
      this.#segments.push(piece);
      this.#capacity = this.#length = piece.length;
      return;
    }
    const free = this.#capacity - this.#length;
    if (free > 0) {
      const last = this.#segments.at(-1) as Buffer;
      piece.copy(last, last.length - free);
    }
    if (piece.length > free) {
      const capacity = this.#capacityWith(piece);
      const segment = Buffer.allocUnsafeSlow(capacity - this.#capacity);
      piece.copy(segment, 0, free);
      this.#segments.push(segment);
      this.#capacity = capacity;
    }
    this.#length += piece.length;
    if (this.#ownsPieces) freeBytes(piece);
  }

  get whole(): Buffer<ArrayBufferLike> {
    const [first] = this.#segments;
    if (first === undefined) return Buffer.alloc(0);
    if (this.#segments.length === 1) return first.subarray(0, this.#length);
    const whole = Buffer.concat(this.#segments, this.#length);
    this.discard();
    return whole;
  }

  /** What was gathered is not wanted, or stands elsewhere by now. */
  discard(): void {
    for (const segment of this.#segments) freeBytes(segment);
    this.#segments.length = 0;
    this.#length = this.#capacity = 0;
  }

  #capacityWith(piece: Buffer): number {
    const missing = this.#length + piece.length - this.#capacity;
    if (missing <= 0) return this.#capacity;
    if (this.#capacity === 0) return Math.max(piece.length, this.#announced);
    const doubled = Math.max(SEGMENT_BYTES_FIRST, Math.min(this.#capacity, SEGMENT_BYTES_MAX));
    return this.#capacity + Math.max(missing, doubled);
  }
}

let givenBack: ArrayBuffer[] = [];

/**
 * Memory that nobody will look at again returns now. The collector would let some 64 MiB of it lie
 * in each thread, which is more than the whole budget may be. Only what has a buffer to itself, and
 * a turn later: until then whoever brought the piece may still be reading it.
 */
export function freeBytes({ buffer, byteLength }: Buffer<ArrayBufferLike>): void {
  if (byteLength < PIECE_BYTES_FREED_MIN || byteLength !== buffer.byteLength) return;
  if (!(buffer instanceof ArrayBuffer)) return;
  if (givenBack.length === 0) setImmediate(free);
  givenBack.push(buffer);
}

function free(): void {
  const buffers = givenBack;
  givenBack = [];
  for (const buffer of buffers) if (!buffer.detached) buffer.transfer(0);
}
