/** Of the last minute: some 1,500 calls a second with tokens that are bound to keys. */
const PROOFS_MAX = 100_000;
/** So much of an id is enough: nobody finds another proof with the same. */
const ID_BYTES = 16;

/** Proofs of possession that were shown, in the memory of one process: exact for one process, and gone with it. */
export class ProcessProofs {
  readonly #ends = new Map<string, number>();
  readonly #max: number;

  constructor(max: number = PROOFS_MAX) {
    this.#max = max;
  }

  /** What has not ended is never forgotten: where there is no place, a newcomer does not count. */
  show(id: Buffer, untilMs: number, nowMs: number): 'first' | 'again' | 'full' {
    const name = id.toString('latin1', 0, ID_BYTES);
    const end = this.#ends.get(name);
    if (end !== undefined && end > nowMs) return 'again';
    if (this.#ends.size >= this.#max) this.#forgetEnded(nowMs);
    if (this.#ends.size >= this.#max && end === undefined) return 'full';
    this.#ends.delete(name);
    this.#ends.set(name, untilMs);
    return 'first';
  }

  /** In the order in which they came, which is nearly that of their ends. */
  #forgetEnded(nowMs: number): void {
    for (const [name, end] of this.#ends) {
      if (end > nowMs) return;
      this.#ends.delete(name);
    }
  }
}
