import { GrowingBytes } from './growing-bytes.ts';

/** What of the answers of a service is in memory at once, to be checked. */
export interface AnswerBounds {
  /** Of one answer; a longer one cannot be checked. */
  readonly bytesMax: number;
  /** Of all answers together; one for which there is no place cannot be checked. */
  readonly heldBytesMax: number;
}

/** What all answers of a service together take up. */
export class AnswerMemory {
  readonly bounds: AnswerBounds;
  #heldBytes = 0;

  constructor(bounds: AnswerBounds) {
    this.bounds = bounds;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  reserve(bytes: number): boolean {
    if (!(this.#heldBytes + bytes <= this.bounds.heldBytesMax)) return false;
    this.#heldBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}

/** The pieces of one answer, copied: its handler may use its memory again once a piece was taken. */
export class AnswerCopy {
  /** The length that its handler has told; 0: none. */
  announcedBytes = 0;
  readonly #memory: AnswerMemory;
  #pieces: GrowingBytes | null = null;
  #length = 0;
  #reserved = 0;
  #unseen: 'over-bound' | 'memory' | null = null;

  constructor(memory: AnswerMemory) {
    this.#memory = memory;
  }

  /** Why it cannot be had whole; null: so far it can. */
  get unseen(): 'over-bound' | 'memory' | null {
    return this.#unseen;
  }

  push(piece: Buffer): void {
    if (this.#unseen !== null || piece.length === 0) return;
    this.#pieces ??= new GrowingBytes(this.announcedBytes, { ownsPieces: false });
    this.#length += piece.length;
    const missing = Math.max(0, this.#pieces.weightWith(piece) - this.#reserved);
    if (!(this.#length <= this.#memory.bounds.bytesMax)) return this.#giveUp('over-bound');
    if (!this.#memory.reserve(missing)) return this.#giveUp('memory');
    this.#reserved += missing;
    this.#pieces.push(piece);
  }

  /** The whole, which whoever asks may keep; null when it cannot be had. An answer of one piece is not copied. */
  wholeWith(last: Buffer): Buffer | null {
    if (this.#pieces === null && this.#unseen === null) {
      if (last.length <= this.#memory.bounds.bytesMax) return last;
      this.#unseen = 'over-bound';
    }
    this.push(last);
    const whole = this.#unseen === null ? (this.#pieces as GrowingBytes).whole : null;
    this.#pieces = null;
    return whole;
  }

  /** Its place returns; what was handed on stays. */
  release(): void {
    this.#pieces?.discard();
    this.#pieces = null;
    if (this.#reserved > 0) this.#memory.release(this.#reserved);
    this.#reserved = 0;
  }

  #giveUp(why: 'over-bound' | 'memory'): void {
    this.#unseen = why;
    this.release();
  }
}
