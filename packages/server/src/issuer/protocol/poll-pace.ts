import { hash } from 'node:crypto';

/** Between two questions, until it is said otherwise. RFC 8628 §3.2, CIBA Core §7.3. */
export const POLL_INTERVAL_SECONDS = 5;
/** Whoever asks too soon waits so much longer from then on. RFC 8628 §3.5. */
const SLOWER_SECONDS = 5;
const INTERVAL_MAX_SECONDS = 60;
/** Clocks and networks are not exact. */
const EARLY_SECONDS = 0.5;
const WAITING_MAX = 20_000;

interface Waiting {
  lastMs: number;
  intervalSeconds: number;
}

/** Whoever waits for a person's decision asks now and then, and no more often. */
export class PollPace {
  readonly #now: () => number;
  readonly #waiting = new Map<string, Waiting>();

  /** `monotonicMs`: a clock that nobody sets. */
  constructor(monotonicMs: () => number) {
    this.#now = monotonicMs;
  }

  /** Whether the question for what is known by this came too soon. */
  isTooSoon(code: string): boolean {
    const key = hash('sha256', code, 'base64url');
    const now = this.#now();
    const known = this.#waiting.get(key);
    this.#waiting.delete(key);
    const waiting = known ?? {
      lastMs: Number.NEGATIVE_INFINITY,
      intervalSeconds: POLL_INTERVAL_SECONDS,
    };
    const isTooSoon = !((now - waiting.lastMs) / 1000 >= waiting.intervalSeconds - EARLY_SECONDS);
    if (isTooSoon) {
      waiting.intervalSeconds = Math.min(
        INTERVAL_MAX_SECONDS,
        waiting.intervalSeconds + SLOWER_SECONDS,
      );
    }
    waiting.lastMs = now;
    // Those who asked longest ago are forgotten first: they asked too seldom to matter.
    const oldest = this.#waiting.keys().next().value;
    if (this.#waiting.size >= WAITING_MAX && oldest !== undefined) this.#waiting.delete(oldest);
    this.#waiting.set(key, waiting);
    return isTooSoon;
  }
}
