/** So many times within so long. */
const ASKED_MAX = 10;
const WITHIN_MS = 300_000;
const KNOWN_MAX = 10_000;

/** How often one application asks for one person. */
export class AskPace {
  readonly #now: () => number;
  readonly #asked = new Map<string, number[]>();

  /** `monotonicMs`: a clock that nobody sets. */
  constructor(monotonicMs: () => number) {
    this.#now = monotonicMs;
  }

  isTooOften(key: string): boolean {
    const now = this.#now();
    const asked = (this.#asked.get(key) ?? []).filter((at) => now - at < WITHIN_MS);
    this.#asked.delete(key);
    const isTooOften = asked.length >= ASKED_MAX;
    if (!isTooOften) asked.push(now);
    const oldest = this.#asked.keys().next().value;
    if (this.#asked.size >= KNOWN_MAX && oldest !== undefined) this.#asked.delete(oldest);
    this.#asked.set(key, asked);
    return isTooOften;
  }
}
