/**
 * How many tokens that were never good an issuer is asked about: whoever invents tokens is refused here, and
 * cannot have the gate flood the issuer. A second's worth may come at once.
 */
export class NewTokenBudget {
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#atMs = nowMs;
  }

  take(nowMs: number): boolean {
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#left = Math.min(this.#perSecond, this.#left + (passedMs * this.#perSecond) / 1_000);
    if (!(this.#left >= 1)) return false;
    this.#left -= 1;
    return true;
  }
}
