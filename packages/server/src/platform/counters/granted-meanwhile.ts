import type { Draw } from '@poorter/engine';

/** What was granted of one allowance and is not yet in the shared count. */
export interface Granted {
  readonly draw: Draw;
  calls: number;
  /** Rates: when, by the steady clock, these calls alone would be refilled. */
  wholeAtMs: number;
}

/** Subjects that a thread remembers while the store is away; of further ones nothing is merged. */
const SUBJECTS_MAX = 20_000;

/**
 * What this thread granted while the shared count was away. What `take` hands out is handed out
 * once: whoever takes it keeps it until the store has it.
 */
export class GrantedMeanwhile {
  readonly #bySubject = new Map<string, Granted>();
  readonly #steadyMs: () => number;
  #isFull = false;

  constructor(steadyMs: () => number) {
    this.#steadyMs = steadyMs;
  }

  get size(): number {
    return this.#bySubject.size;
  }

  /** False, once until `take` has emptied it: there are more subjects than are remembered. */
  add(key: string, draw: Draw, wallMs: number): boolean {
    const nowMs = this.#steadyMs();
    const known = this.#bySubject.get(key);
    if (known === undefined && this.#bySubject.size >= SUBJECTS_MAX) {
      this.#forgetRefilled(nowMs, wallMs);
      if (this.#bySubject.size >= SUBJECTS_MAX) {
        const wasFull = this.#isFull;
        this.#isFull = true;
        return wasFull;
      }
    }
    const entry = known ?? { draw, calls: 0, wholeAtMs: nowMs };
    entry.calls++;
    entry.wholeAtMs = Math.max(entry.wholeAtMs, nowMs) + cellMs(draw);
    if (known === undefined) this.#bySubject.set(key, entry);
    return true;
  }

  take(max: number): [string, Granted][] {
    const taken: [string, Granted][] = [];
    for (const entry of this.#bySubject) {
      if (taken.length >= max) break;
      taken.push(entry);
    }
    for (const [key] of taken) this.#bySubject.delete(key);
    if (this.#bySubject.size === 0) this.#isFull = false;
    return taken;
  }

  /** The five arguments of the merging script for each. */
  argumentsOf(batch: readonly [string, Granted][]): (string | number)[] {
    const nowMs = this.#steadyMs();
    return batch.flatMap(([, { draw, calls, wholeAtMs }]) =>
      draw.kind === 'rate'
        ? [
            ...['r', cellMs(draw) * 1_000, draw.rate.burst, calls],
            Math.max(0, wholeAtMs - nowMs) * 1_000,
          ]
        : ['q', draw.windowEndMs, 0, calls, 0],
    );
  }

  /** Refilled whatever was used before: the shared count would not change by them. */
  #forgetRefilled(nowMs: number, wallMs: number): void {
    for (const [key, { draw, wholeAtMs }] of this.#bySubject) {
      const isOver =
        draw.kind === 'rate'
          ? wholeAtMs + draw.rate.burst * cellMs(draw) < nowMs
          : draw.windowEndMs < wallMs;
      if (isOver) this.#bySubject.delete(key);
    }
  }
}

function cellMs(draw: Draw): number {
  return draw.kind === 'rate' ? draw.rate.perMs / draw.rate.requests : 0;
}
