/**
 * One block of memory that every gateway thread maps: a set-associative table of allowances, one
 * of concurrency leases, and per-thread slots for the gauges. Plain data, so that it can travel
 * in `workerData`. Its size is fixed when it is made: callers can fill it, never grow it.
 */
export interface CounterMemory {
  readonly buffer: SharedArrayBuffer;
  /** Since when anything is remembered here: milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly layout: CounterLayout;
}

export interface CounterLayout {
  /** A power of two. */
  readonly sets: number;
  readonly leaseSets: number;
  readonly threads: number;
  readonly epochOffset: number;
  readonly seedOffset: number;
  readonly ledgerOffset: number;
  readonly inFlightOffset: number;
  readonly locksOffset: number;
  readonly tagsOffset: number;
  readonly timesOffset: number;
  readonly leaseLocksOffset: number;
  readonly leaseTagsOffset: number;
  readonly leasesOffset: number;
  readonly proofSets: number;
  readonly proofLocksOffset: number;
  readonly proofsOffset: number;
}

export interface CounterMemoryOptions {
  /** Subjects that can be counted at once; rounded up to whole sets. */
  readonly entries: number;
  /** Subjects that can hold concurrency leases at once. Default: an eighth of `entries`. */
  readonly leaseEntries?: number;
  /** Proofs that can be remembered at once, 12 bytes each; rounded up to whole sets. Default: one set. */
  readonly proofs?: number;
  readonly threads: number;
  /** Of now; left out, it is as if it had been there since ever. */
  readonly sinceMs?: number;
  /** 64 random bits. */
  readonly seed: readonly [number, number];
}

/** Places per set for subjects; behind them, those that newcomers share when all are taken. */
export const WAYS = 16;
/** Rates and windows overflow apart: a month's quota must not read as a month of waiting. */
export const RATE_OVERFLOW = WAYS;
export const WINDOW_OVERFLOW = WAYS + 1;
export const LEASE_OVERFLOW = WAYS;
export const PLACES = WAYS + 2;
/** Proofs per set. */
export const PROOF_WAYS = 16;
/** Two of the id, one of its end. */
export const PROOF_WORDS = 3;
export const EPOCH_UNSET = -(2n ** 63n);
const THREADS_MAX = 256;
const ENTRIES_MAX = 1 << 24;

export function createCounterMemory(options: CounterMemoryOptions): CounterMemory {
  const { entries, threads, seed, proofs = PROOF_WAYS } = options;
  const leaseEntries = options.leaseEntries ?? Math.ceil(entries / 8);
  for (const [name, value, max] of [
    ['entries', entries, ENTRIES_MAX],
    ['leaseEntries', leaseEntries, ENTRIES_MAX],
    ['proofs', proofs, ENTRIES_MAX],
    ['threads', threads, THREADS_MAX],
  ] as const) {
    if (!(Number.isInteger(value) && value >= 1 && value <= max)) {
      throw new RangeError(`counter memory: ${name} must be an integer from 1 to ${max}`);
    }
  }
  const sets = setsFor(entries);
  const leaseSets = setsFor(leaseEntries);
  const proofSets = setsFor(proofs);
  let end = 0;
  const take = (bytes: number) => {
    const start = end;
    end += Math.ceil(bytes / 8) * 8;
    return start;
  };
  const layout: CounterLayout = {
    sets,
    leaseSets,
    threads,
    epochOffset: take(8),
    seedOffset: take(8),
    ledgerOffset: take(threads * 8),
    inFlightOffset: take(threads * 4),
    locksOffset: take(sets * 4),
    tagsOffset: take(sets * PLACES * 8),
    timesOffset: take(sets * PLACES * 16),
    leaseLocksOffset: take(leaseSets * 4),
    leaseTagsOffset: take(leaseSets * PLACES * 8),
    leasesOffset: take(leaseSets * PLACES * threads * 4),
    proofSets,
    proofLocksOffset: take(proofSets * 4),
    proofsOffset: take(proofSets * PROOF_WAYS * PROOF_WORDS * 4),
  };
  const buffer = new SharedArrayBuffer(end);
  new BigInt64Array(buffer, layout.epochOffset, 1)[0] = EPOCH_UNSET;
  new Int32Array(buffer, layout.seedOffset, 2).set(seed);
  return { buffer, layout, sinceMs: options.sinceMs ?? 0 };
}

/** The typed windows into the block, by what they hold. */
export function viewsOf({ buffer, layout }: CounterMemory) {
  const { sets, leaseSets, proofSets, threads } = layout;
  return {
    /** Times are kept relative to the first moment seen: a double is finer near zero. */
    epoch: new BigInt64Array(buffer, layout.epochOffset, 1),
    seed: new Int32Array(buffer, layout.seedOffset, 2),
    /** Bytes reserved, per thread. */
    ledger: new BigInt64Array(buffer, layout.ledgerOffset, threads),
    /** Calls under way, per thread. */
    inFlight: new Int32Array(buffer, layout.inFlightOffset, threads),
    /** 0 free, otherwise the owner's slot + 1. */
    locks: new Int32Array(buffer, layout.locksOffset, sets),
    /** Per place: high and low half of the subject's hash. */
    tags: new Int32Array(buffer, layout.tagsOffset, sets * PLACES * 2),
    /** Per place: when it expires (the GCRA's TAT, or the end of the window), calls in the window. */
    times: new Float64Array(buffer, layout.timesOffset, sets * PLACES * 2),
    leaseLocks: new Int32Array(buffer, layout.leaseLocksOffset, leaseSets),
    leaseTags: new Int32Array(buffer, layout.leaseTagsOffset, leaseSets * PLACES * 2),
    /** Per place: leases of each thread. Only the thread itself, or its undertaker, writes them. */
    leases: new Int32Array(buffer, layout.leasesOffset, leaseSets * PLACES * threads),
    proofLocks: new Int32Array(buffer, layout.proofLocksOffset, proofSets),
    /** Per place: 64 bits of the id, and the second since the epoch until which it is kept. */
    proofs: new Int32Array(buffer, layout.proofsOffset, proofSets * PROOF_WAYS * PROOF_WORDS),
  };
}

export type CounterViews = ReturnType<typeof viewsOf>;

/**
 * Called for a thread that has died (never for a living one): what it locked is unlocked, what it
 * held is given back. Every write under a lock is ordered so that stopping between any two leaves
 * entries that are whole, at worst charged once too often.
 */
export function releaseThread(memory: CounterMemory, slot: number): void {
  const views = viewsOf(memory);
  const { threads } = memory.layout;
  if (!(Number.isInteger(slot) && slot >= 0 && slot < threads)) {
    throw new RangeError(`counter memory: there is no thread slot ${slot}`);
  }
  for (const locks of [views.locks, views.leaseLocks, views.proofLocks]) {
    for (let set = 0; set < locks.length; set += 1) {
      Atomics.compareExchange(locks, set, slot + 1, 0);
    }
  }
  for (let at = slot; at < views.leases.length; at += threads) Atomics.store(views.leases, at, 0);
  Atomics.store(views.ledger, slot, 0n);
  Atomics.store(views.inFlight, slot, 0);
}

const SPINS = 200;
const NAP_MS = 0.05;

/**
 * A lock is held for well under a microsecond, unless its owner was stopped by the scheduler or
 * died; hence naps after a short spin, and a bound, after which the answer is false.
 */
export function lock(locks: Int32Array, set: number, owner: number, waitMaxMs: number): boolean {
  for (let spin = 0; spin < SPINS; spin += 1) {
    if (Atomics.compareExchange(locks, set, 0, owner) === 0) return true;
  }
  for (let waited = 0; waited < waitMaxMs; waited += NAP_MS) {
    const holder = Atomics.load(locks, set);
    if (holder !== 0) Atomics.wait(locks, set, holder, NAP_MS);
    if (Atomics.compareExchange(locks, set, 0, owner) === 0) return true;
  }
  return false;
}

export function unlock(locks: Int32Array, set: number): void {
  Atomics.store(locks, set, 0);
}

function setsFor(entries: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, Math.ceil(entries / WAYS))));
}
