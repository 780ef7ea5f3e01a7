import { uptime } from 'node:os';
import { monotonicMs } from './monotonic.ts';

/**
 * A sleep shows in the wall clock at once, unless that was set back by as much before the machine
 * was looked at again; then it is seen after this long awake. A look takes some 10 µs.
 */
const LOOK_EVERY_MS = 20;
/** The wall clock may have been set, or the machine may have slept: worth a look. */
const WALL_AHEAD_MS = 100;
const TRIES_MAX = 5;
/** Between these two readings nothing else ran. */
const TIGHT_MS = 5;

export interface BootClockWorld {
  /** Since the machine was started, time asleep included; coarse, and dearer than a clock. */
  readonly uptimeMs: () => number;
  /** Stands still while the machine sleeps. */
  readonly monotonicMs: () => number;
  /** May be set at any time: a hint, and never more. */
  readonly wallMs: () => number;
}

/**
 * Milliseconds since the machine was started, those included in which it slept: what a promise that
 * somebody else gave for some time is measured by. One clock for all processes of a machine. Never
 * ahead of the truth; behind it by the granularity of the uptime, and, for at most LOOK_EVERY_MS
 * awake, by a sleep that a wall clock set back at the same time hides.
 */
export class BootClock {
  readonly #world: BootClockWorld;
  /** How far the uptime is ahead of the monotonic clock: it grows with every sleep. */
  #leadMs = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #wallLeadMs = 0;

  constructor(world: BootClockWorld) {
    this.#world = world;
  }

  now(): number {
    const monotonic = this.#world.monotonicMs();
    const wallLead = this.#world.wallMs() - monotonic;
    const isDue = !(monotonic - this.#lookedAt < LOOK_EVERY_MS);
    if (isDue || !(wallLead - this.#wallLeadMs < WALL_AHEAD_MS)) this.#look(monotonic, wallLead);
    return monotonic + this.#leadMs;
  }

  #look(monotonic: number, wallLead: number): void {
    this.#lookedAt = monotonic;
    this.#wallLeadMs = wallLead;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const before = this.#world.monotonicMs();
      const up = this.#world.uptimeMs();
      const after = this.#world.monotonicMs();
      // What passed between the readings is taken off: too early is safe, too late is not.
      this.#leadMs = Math.max(this.#leadMs, up - after);
      if (after - before <= TIGHT_MS) return;
    }
  }
}

function machineUptimeMs(): number {
  try {
    return uptime() * 1000;
  } catch {
    // A system that hides it: sleep is then unknown, as it is to every clock there.
    return monotonicMs();
  }
}

const clock = new BootClock({ uptimeMs: machineUptimeMs, monotonicMs, wallMs: () => Date.now() });

/** Of this machine; compared between its processes and threads. */
export function bootMs(): number {
  return clock.now();
}
