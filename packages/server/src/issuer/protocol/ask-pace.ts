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

  isTooOften(client: string, account: string): boolean {
    const key = keyOf(client, account);
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

  /** The person said yes: they wanted to be asked. */
  forget(client: string, account: string): void {
    this.#asked.delete(keyOf(client, account));
  }
}

function keyOf(client: string, account: string): string {
  return JSON.stringify([client, account]);
}
