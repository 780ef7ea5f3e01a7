import type { FromRemoteGateway } from '../messages/between-processes.ts';

/** Control is asked this often for more time to serve without it. */
export const RENEW_EVERY_MS = 1_000;

/**
 * How long this machine may serve by what it knows. It counts from the moment at which it *asked*,
 * on its own clock; control counts from the later moment at which it was asked. However long the
 * answer travels, or lies unread in a process that was stopped, it promises no more than that.
 */
export class ControlLease {
  readonly #now: () => number;
  #seenMs = Number.NEGATIVE_INFINITY;

  /** `now`: a clock that goes on while the machine sleeps. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Control is known to have lived at this moment or later. */
  get seenMs(): number {
    return this.#seenMs;
  }

  ask(): Extract<FromRemoteGateway, { type: 'renew' }> {
    return { type: 'renew', at: this.#now() };
  }

  /** The answer. An `at` that was never asked, since it lies ahead, counts for nothing. */
  renewed(at: number): void {
    if (at <= this.#now()) this.#seenMs = Math.max(this.#seenMs, at);
  }
}
