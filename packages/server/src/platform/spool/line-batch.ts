/** Bytes of a batch at first: the lines of some 50 ms under load. */
const FIRST_BYTES = 64 * 1024;
/** A UTF-16 unit takes at most this many bytes as UTF-8. */
const BYTES_A_UNIT_MAX = 3;

/**
 * Lines that will be one frame, as the bytes that they will be there. As texts they would live until the
 * batch is written, and each collection of garbage would copy all of them.
 */
export class LineBatch {
  chars = 0;
  /** Admissions that these lines settle. */
  settling = 0;
  #bytes: Buffer;
  #length = 0;
  #count = 0;

  /** `spare`: room that another batch has left. */
  constructor(spare: Buffer | null) {
    this.#bytes = spare ?? Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  push(line: string): void {
    const needed = this.#length + 1 + line.length * BYTES_A_UNIT_MAX;
    if (needed > this.#bytes.length) this.#grow(needed);
    if (this.#count > 0) this.#bytes[this.#length++] = NEW_LINE;
    this.#count++;
    this.#length += this.#bytes.write(line, this.#length);
    this.chars += line.length;
  }

  /** Its lines, divided by new lines: a view that holds until the room is given away. */
  get lines(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** For the next batch; this one has been sealed. */
  room(): Buffer {
    return this.#bytes;
  }

  /** It has to wait for the disk, and keeps no more than it takes. */
  shrink(): void {
    this.#bytes = Buffer.from(this.lines);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.lines);
    this.#bytes = larger;
  }
}

const NEW_LINE = 0x0a;
