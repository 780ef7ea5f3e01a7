import { type Allowance, CELL_ROUNDING, type Counters, type Rate } from '../../counters.ts';

/** Counting in a Map, for tests of one thread. */
export class PlainCounters implements Counters {
  readonly arrivals = new Map<string, number>();
  readonly windows = new Map<string, { end: number; calls: number }>();
  readonly leases = new Map<string, number>();

  take(key: string, rate: Rate, nowMs: number, cost = 1): Allowance {
    const cellMs = rate.perMs / rate.requests;
    const wholeMs = rate.burst * cellMs;
    const tat = Math.max(this.arrivals.get(key) ?? 0, nowMs);
    const after = tat + cost * cellMs;
    const allowed = after - nowMs <= wholeMs + cellMs * CELL_ROUNDING;
    if (allowed) this.arrivals.set(key, after);
    const resetMs = (allowed ? after : tat) - nowMs;
    return {
      allowed,
      remaining: Math.max(0, Math.floor((wholeMs - resetMs) / cellMs + CELL_ROUNDING)),
      retryAfterMs: allowed ? 0 : after - nowMs - wholeMs,
      resetMs,
    };
  }

  peek(key: string, rate: Rate, nowMs: number, cost = 1): Allowance {
    const before = this.arrivals.get(key);
    const allowance = this.take(key, rate, nowMs, cost);
    if (before === undefined) this.arrivals.delete(key);
    else this.arrivals.set(key, before);
    return allowance;
  }

  count(key: string, max: number, windowEndMs: number, nowMs: number, cost = 1): Allowance {
    const known = this.windows.get(key);
    const calls = known !== undefined && known.end > nowMs ? known.calls : 0;
    const allowed = calls + cost <= max;
    if (allowed && cost > 0) this.windows.set(key, { end: windowEndMs, calls: calls + cost });
    const resetMs = windowEndMs - nowMs;
    const retryAfterMs = allowed ? 0 : resetMs;
    return { allowed, remaining: allowed ? max - calls - cost : 0, retryAfterMs, resetMs };
  }

  lease(key: string, max: number): boolean {
    const held = this.leases.get(key) ?? 0;
    if (held >= max) return false;
    this.leases.set(key, held + 1);
    return true;
  }

  release(key: string): void {
    this.leases.set(key, (this.leases.get(key) ?? 0) - 1);
  }
}
