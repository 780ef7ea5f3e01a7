import { type Allowance, CELL_ROUNDING, type Counters, type Rate } from '@poorter/engine/counters';
import {
  type CounterMemory,
  type CounterViews,
  EPOCH_UNSET,
  LEASE_OVERFLOW,
  lock,
  PLACES,
  RATE_OVERFLOW,
  unlock,
  viewsOf,
  WAYS,
  WINDOW_OVERFLOW,
} from './counter-memory.ts';
import { KeyedHash } from './keyed-hash.ts';

/** A lock that is not free by then belongs to a dead thread; meanwhile calls are refused. */
const LOCK_WAIT_MAX_MS = 100;
const LOCK_RETRY_MS = 1000;
/** A clock that is set back by more than this must not lock everybody out until it catches up. */
const CLOCK_STEP_MS = 5000;
/** Keeps a window apart from a rate that has the same key. */
const WINDOW_MARK = 0x5bd1e995;

/**
 * Counting that all gateway threads share. Of a subject, only 64 bits of keyed hash are stored:
 * two subjects that agree in all of them would share one allowance, and so be limited earlier,
 * never later; among a million subjects the odds of one such pair are below 1 in 30 million.
 *
 * A place is reused only when its entry has expired, and an expired entry equals a fresh one. When
 * a set has no such place, newcomers share its overflow entry: they may be limited for what
 * others did, but nobody who has used up an allowance gets a new one by crowding the table.
 */
export class SharedCounters implements Counters {
  readonly #views: CounterViews;
  readonly #threads: number;
  readonly #slot: number;
  readonly #owner: number;
  readonly #setMask: number;
  readonly #leaseSetMask: number;
  readonly #hash: KeyedHash;
  readonly #steadyMs: ((nowMs: number) => number) | null;
  #epochMs: number | null = null;

  /**
   * `steadyMs`: a clock that nobody sets, the same for every thread. An hour's step of the wall
   * clock would otherwise refill every allowance, or empty it. Without it, `nowMs` is the time.
   */
  constructor(
    memory: CounterMemory,
    threadSlot: number,
    steadyMs: ((nowMs: number) => number) | null = null,
  ) {
    this.#steadyMs = steadyMs;
    const { sets, leaseSets, threads } = memory.layout;
    if (!(Number.isInteger(threadSlot) && threadSlot >= 0 && threadSlot < threads)) {
      throw new RangeError(`shared counters: there is no thread slot ${threadSlot}`);
    }
    this.#views = viewsOf(memory);
    this.#threads = threads;
    this.#slot = threadSlot;
    this.#owner = threadSlot + 1;
    this.#setMask = sets - 1;
    this.#leaseSetMask = leaseSets - 1;
    const [seed0 = 0, seed1 = 0] = this.#views.seed;
    this.#hash = new KeyedHash([seed0, seed1]);
  }

  take(key: string, rate: Rate, nowMs: number, cost = 1): Allowance {
    return this.#gcra(key, rate, nowMs, cost, true);
  }

  peek(key: string, rate: Rate, nowMs: number, cost = 1): Allowance {
    return this.#gcra(key, rate, nowMs, cost, false);
  }

  #gcra(key: string, rate: Rate, nowMs: number, cost: number, takes: boolean): Allowance {
    const cellMs = rate.perMs / rate.requests;
    const wholeMs = rate.burst * cellMs;
    if (!(cellMs > 0 && wholeMs >= 0 && cost >= 0 && cost < Number.POSITIVE_INFINITY)) {
      throw new RangeError('shared counters: a rate needs positive numbers');
    }
    const now = this.#now(nowMs);
    const { times, locks } = this.#views;
    this.#hash.digest(key);
    const { high, low } = this.#hash;
    const set = low & this.#setMask;
    if (!lock(locks, set, this.#owner, LOCK_WAIT_MAX_MS)) return refused(LOCK_RETRY_MS);
    // Nothing between lock and unlock may throw.
    const first = set * PLACES;
    const found = this.#find(first, high, low);
    const overflow = first + RATE_OVERFLOW;
    const place = found >= 0 ? found : this.#vacant(first, now, overflow);
    const isOverflow = place === overflow;
    // A newcomer inherits what newcomers before it have used: it may be one of them.
    let tat = times[(found >= 0 ? found : overflow) * 2] as number;
    if (!isOverflow && tat > now + wholeMs + CLOCK_STEP_MS) {
      tat = now + wholeMs;
      // Kept even if this call is refused, or the next one would begin at the far end again.
      if (found >= 0 && takes) this.#write(place, true, high, low, tat, 0);
    }
    const after = Math.max(tat, now) + cost * cellMs;
    const allowed = after - now <= wholeMs + cellMs * CELL_ROUNDING;
    if (allowed && takes) this.#write(place, found >= 0 || isOverflow, high, low, after, 0);
    unlock(locks, set);

    const used = (allowed ? after : Math.max(tat, now)) - now;
    return {
      allowed,
      remaining: Math.max(0, Math.floor((wholeMs - used) / cellMs + CELL_ROUNDING)),
      retryAfterMs: allowed ? 0 : Math.max(1, Math.ceil(after - now - wholeMs)),
      resetMs: Math.max(0, used),
    };
  }

  count(key: string, max: number, windowEndMs: number, nowMs: number, cost = 1): Allowance {
    if (!(cost >= 0 && cost < Number.POSITIVE_INFINITY)) {
      throw new RangeError('shared counters: a cost is a positive number');
    }
    const now = this.#now(nowMs);
    const windowEnd = now + (windowEndMs - nowMs);
    const { times, locks } = this.#views;
    this.#hash.digest(key);
    const { low } = this.#hash;
    const high = this.#hash.high ^ WINDOW_MARK;
    const set = low & this.#setMask;
    if (!lock(locks, set, this.#owner, LOCK_WAIT_MAX_MS)) return refused(LOCK_RETRY_MS);
    const first = set * PLACES;
    const found = this.#find(first, high, low);
    const overflow = first + WINDOW_OVERFLOW;
    const place = found >= 0 ? found : this.#vacant(first, now, overflow);
    const isOverflow = place === overflow;
    const source = (found >= 0 ? found : overflow) * 2;
    const end = times[source] as number;
    const isRunning = end > now;
    const used = isRunning ? (times[source + 1] as number) : 0;
    const allowed = used + cost <= max;
    if (allowed && cost > 0) {
      // Newcomers of several windows share until the last of them ends.
      const until = isOverflow && isRunning ? Math.max(end, windowEnd) : windowEnd;
      this.#write(place, found >= 0 || isOverflow, high, low, until, used + cost);
    }
    unlock(locks, set);

    const resetMs = Math.max(0, (isRunning ? Math.max(end, windowEnd) : windowEnd) - now);
    return {
      allowed,
      remaining: allowed ? Math.max(0, max - used - cost) : 0,
      retryAfterMs: allowed ? 0 : Math.max(1, resetMs),
      resetMs,
    };
  }

  lease(key: string, max: number): boolean {
    const { leases, leaseLocks, leaseTags } = this.#views;
    this.#hash.digest(key);
    const { high, low } = this.#hash;
    const set = low & this.#leaseSetMask;
    if (!lock(leaseLocks, set, this.#owner, LOCK_WAIT_MAX_MS)) return false;
    const first = set * PLACES;
    let place = -1;
    let vacant = -1;
    for (let at = first; at < first + WAYS; at += 1) {
      if (leaseTags[at * 2] === high && leaseTags[at * 2 + 1] === low) {
        place = at;
        break;
      }
      if (vacant < 0 && this.#leased(at) === 0) vacant = at;
    }
    const overflow = first + LEASE_OVERFLOW;
    // Leases in overflow may be this subject's, taken when the set was full: they all count.
    const shared = this.#leased(overflow);
    const held = place >= 0 ? this.#leased(place) : 0;
    const granted = held + shared < max;
    if (granted) {
      if (place < 0) place = vacant >= 0 ? vacant : overflow;
      if (place !== overflow) {
        leaseTags[place * 2] = high;
        leaseTags[place * 2 + 1] = low;
      }
      Atomics.add(leases, place * this.#threads + this.#slot, 1);
    }
    unlock(leaseLocks, set);
    return granted;
  }

  /**
   * Needs no lock, and so cannot fail: while this thread holds a lease, its place keeps its tag,
   * and nobody else writes this thread's number.
   */
  release(key: string): void {
    const { leases, leaseTags } = this.#views;
    this.#hash.digest(key);
    const { high, low } = this.#hash;
    const first = (low & this.#leaseSetMask) * PLACES;
    for (let place = first; place <= first + LEASE_OVERFLOW; place += 1) {
      const isOverflow = place === first + LEASE_OVERFLOW;
      if (!isOverflow && (leaseTags[place * 2] !== high || leaseTags[place * 2 + 1] !== low)) {
        continue;
      }
      const own = place * this.#threads + this.#slot;
      if (Atomics.load(leases, own) > 0) {
        Atomics.sub(leases, own, 1);
        return;
      }
    }
  }

  #leased(place: number): number {
    const { leases } = this.#views;
    const start = place * this.#threads;
    let sum = 0;
    for (let at = start; at < start + this.#threads; at += 1) sum += Atomics.load(leases, at);
    return sum;
  }

  #find(first: number, high: number, low: number): number {
    const { tags } = this.#views;
    for (let place = first; place < first + WAYS; place += 1) {
      if (tags[place * 2] === high && tags[place * 2 + 1] === low) return place;
    }
    return -1;
  }

  /** A place whose entry has expired; otherwise the one that newcomers share. */
  #vacant(first: number, now: number, overflow: number): number {
    const { times } = this.#views;
    for (let place = first; place < first + WAYS; place += 1) {
      const expiry = times[place * 2] as number;
      if (expiry <= now || expiry === 0) return place;
    }
    return overflow;
  }

  /**
   * The order matters to whoever finds this entry after its writer was killed: the count before
   * the expiry that makes it count, both before the name of their new owner.
   */
  #write(
    place: number,
    keepsTag: boolean,
    high: number,
    low: number,
    expiry: number,
    calls: number,
  ): void {
    const { tags, times } = this.#views;
    times[place * 2 + 1] = calls;
    times[place * 2] = expiry;
    if (keepsTag) return;
    tags[place * 2] = high;
    tags[place * 2 + 1] = low;
  }

  /** Relative to the first moment seen. */
  #now(nowMs: number): number {
    const steadyMs = this.#steadyMs === null ? nowMs : this.#steadyMs(nowMs);
    if (this.#epochMs === null) {
      const { epoch } = this.#views;
      Atomics.compareExchange(epoch, 0, EPOCH_UNSET, BigInt(Math.floor(steadyMs)));
      this.#epochMs = Number(Atomics.load(epoch, 0));
    }
    return steadyMs - this.#epochMs;
  }
}

function refused(retryAfterMs: number): Allowance {
  return { allowed: false, remaining: 0, retryAfterMs, resetMs: retryAfterMs };
}
