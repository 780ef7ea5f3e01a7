import { type Allowance, CELL_ROUNDING, type Counters, type Rate } from '@poorter/engine';

/** Subjects counted at once; of more, those that would be whole again first are forgotten. */
const SUBJECTS_MAX = 100_000;
/** Looked at for one that may be forgotten. */
const LOOKED_AT = 64;

interface Counted {
  /** Rates: when, by GCRA, the next call would be on time. Windows: their end. */
  untilMs: number;
  calls: number;
}

/**
 * Counts limits in the memory of one process: exact for one `node` process with one thread, and gone
 * with it. Its memory is bounded.
 */
export class ProcessCounters implements Counters {
  readonly #counted = new Map<string, Counted>();
  readonly #leases = new Map<string, number>();
  readonly #subjectsMax: number;

  constructor(subjectsMax: number = SUBJECTS_MAX) {
    this.#subjectsMax = subjectsMax;
  }

  get size(): number {
    return this.#counted.size;
  }

  take(key: string, rate: Rate, nowMs: number, cost = 1): Allowance {
    const { allowance, afterMs } = this.#judge(key, rate, nowMs, cost);
    if (allowance.allowed && cost > 0) this.#put(key, { untilMs: afterMs, calls: 0 }, nowMs);
    else this.#called(key);
    return allowance;
  }

  peek(key: string, rate: Rate, nowMs: number, cost = 1): Allowance {
    return this.#judge(key, rate, nowMs, cost).allowance;
  }

  count(key: string, max: number, windowEndMs: number, nowMs: number, cost = 1): Allowance {
    const known = this.#counted.get(key);
    const calls = known !== undefined && known.untilMs > nowMs ? known.calls : 0;
    const allowed = calls + cost <= max;
    if (allowed && cost > 0) {
      this.#put(key, { untilMs: windowEndMs, calls: calls + cost }, nowMs);
    } else this.#called(key);
    const resetMs = Math.max(0, windowEndMs - nowMs);
    return {
      ...{ allowed, resetMs, retryAfterMs: allowed ? 0 : resetMs },
      remaining: allowed ? max - calls - cost : 0,
    };
  }

  lease(key: string, max: number): boolean {
    const held = this.#leases.get(key) ?? 0;
    if (held >= max) return false;
    this.#leases.set(key, held + 1);
    return true;
  }

  release(key: string): void {
    const held = this.#leases.get(key) ?? 0;
    if (held > 1) this.#leases.set(key, held - 1);
    else this.#leases.delete(key);
  }

  #judge(key: string, rate: Rate, nowMs: number, cost: number) {
    const cellMs = rate.perMs / rate.requests;
    const wholeMs = rate.burst * cellMs;
    const beforeMs = Math.max(this.#counted.get(key)?.untilMs ?? 0, nowMs);
    const afterMs = beforeMs + cost * cellMs;
    const allowed = afterMs - nowMs <= wholeMs + cellMs * CELL_ROUNDING;
    const resetMs = (allowed ? afterMs : beforeMs) - nowMs;
    const allowance: Allowance = {
      ...{ allowed, resetMs, retryAfterMs: allowed ? 0 : afterMs - nowMs - wholeMs },
      remaining: Math.max(0, Math.floor((wholeMs - resetMs) / cellMs + CELL_ROUNDING)),
    };
    return { allowance, afterMs };
  }

  #put(key: string, counted: Counted, nowMs: number): void {
    if (!this.#counted.has(key) && this.#counted.size >= this.#subjectsMax) this.#forget(nowMs);
    // At the end of the order: those at the front have not called for longest.
    this.#counted.delete(key);
    this.#counted.set(key, counted);
  }

  /** Who is refused and calls on must not be forgotten for it. */
  #called(key: string): void {
    const known = this.#counted.get(key);
    if (known === undefined) return;
    this.#counted.delete(key);
    this.#counted.set(key, known);
  }

  /** One that is whole again, or else, of those that have not called for longest, the nearest to it. */
  #forget(nowMs: number): void {
    let nearest: string | undefined;
    let nearestMs = Number.POSITIVE_INFINITY;
    let looked = 0;
    for (const [key, { untilMs }] of this.#counted) {
      if (untilMs < nearestMs) [nearest, nearestMs] = [key, untilMs];
      if (nearestMs <= nowMs || ++looked >= LOOKED_AT) break;
    }
    if (nearest !== undefined) this.#counted.delete(nearest);
  }
}
