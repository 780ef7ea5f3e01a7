import { randomBytes } from 'node:crypto';
import { bootMs, monotonicMs } from '../clock/index.ts';

export interface Timer {
  cancel(): void;
}

/**
 * What a process takes from outside. A test may give another clock, other randomness and no network,
 * and live through a year in a second.
 */
export interface World {
  /** Milliseconds since the epoch; may be set, and jump. */
  readonly now: () => number;
  /** Never set; stands still while the machine sleeps. */
  readonly monotonicMs: () => number;
  /** Never set; goes on while the machine sleeps. */
  readonly bootMs: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** Once. */
  readonly after: (delayMs: number, work: () => void) => Timer;
  readonly every: (periodMs: number, work: () => void) => Timer;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof fetch;
}

export const realWorld: World = {
  now: Date.now,
  ...{ monotonicMs, bootMs },
  random: (bytes) => new Uint8Array(randomBytes(bytes)),
  after: (delayMs, work) => {
    const timer = setTimeout(work, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  every: (periodMs, work) => {
    const timer = setInterval(work, periodMs);
    return { cancel: () => clearInterval(timer) };
  },
  environment: process.env,
  fetch: (...given) => fetch(...given),
};
