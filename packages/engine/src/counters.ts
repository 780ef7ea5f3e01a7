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
  peek(key: string, rate: Rate, nowMs: number, cost?: number): Allowance;
  /** Counts `cost` calls (1; 0 only looks) in a fixed window that ends at `windowEndMs`, or none. */
  count(key: string, max: number, windowEndMs: number, nowMs: number, cost?: number): Allowance;
  /** Takes one of `max` concurrent places; the place belongs to this thread until given back. */
  lease(key: string, max: number): boolean;
  release(key: string): void;
}

/**
 * Share of one cell that rounding may cost, in the caller's favour: periods that their number of
 * calls does not divide (a minute of 14) leave remainders, which must not add up to a lost call.
 * Far above the error of doubles, far below a call.
 */
export const CELL_ROUNDING = 0.01;

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

/** What a call takes from one allowance. */
export type Draw =
  | { readonly kind: 'rate'; readonly key: string; readonly rate: Rate }
  | {
      readonly kind: 'quota';
      readonly key: string;
      readonly max: number;
      readonly windowEndMs: number;
    };

/** Counting that several machines share. */
export interface RemoteCounters {
  /** How many machines divide an allowance among them while the shared count is away. */
  readonly machines: number;
  /**
   * Takes all draws of a call in one atomic step: when one is refused, none is taken. The answers
   * stand in the order of the draws and end with the one that refused. Null, soon: the count is away.
   */
  draw(draws: readonly Draw[], nowMs: number): Promise<readonly Allowance[] | null>;
  /** These were granted here meanwhile: they are added to the shared count when it is back. */
  granted(draws: readonly Draw[], nowMs: number): void;
}

/** Where a machine counts what it knows to be used of a shared allowance, whoever used it. */
export function knownUse(draw: Draw): Draw {
  return { ...draw, key: `known|${draw.key}` };
}
