/**
 * Shared counting, as a port. Every verb is atomic across the gateway's threads: of N calls at
 * once against room for M, exactly M pass.
 */
export interface Counters {
  /**
   * GCRA (generic cell rate algorithm): takes `cost` cells from the subject's allowance, or none
   * when that is not possible.
   */
  take(key: string, rate: Rate, nowMs: number, cost?: number): Allowance;
  /** The allowance as `take` would find it, taking nothing. */
  peek(key: string, rate: Rate, nowMs: number): Allowance;
  /** Counts one call in a fixed window that ends at `windowEndMs`. */
  count(key: string, max: number, windowEndMs: number, nowMs: number): Allowance;
  /** Takes one of `max` concurrent places; the place belongs to this thread until given back. */
  lease(key: string, max: number): boolean;
  giveBack(key: string): void;
}

/** `burst` calls at once, refilled at `requests` per `perMs`. Without burst: burst = requests. */
export interface Rate {
  readonly requests: number;
  readonly perMs: number;
  readonly burst: number;
}

export interface Allowance {
  readonly allowed: boolean;
  /** Calls left after this one. */
  readonly remaining: number;
  /** Milliseconds until a refused call could pass; 0 when allowed. */
  readonly retryAfterMs: number;
  /** Milliseconds until the allowance is whole again. */
  readonly resetMs: number;
}
