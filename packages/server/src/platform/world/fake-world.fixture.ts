import { realWorld, type Timer, type World } from './index.ts';

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly work: () => void;
  readonly everyMs: number | null;
}

/** A world whose time passes when it is told to: timers run in their order, each at its moment. */
export class FakeWorld implements World {
  #nowMs: number;
  #order = 0;
  readonly #timers = new Set<Due>();
  readonly random: World['random'];
  readonly environment: World['environment'];
  readonly fetch: World['fetch'] = () => Promise.reject(new Error('there is no network'));

  constructor({ nowMs = 1_000_000, ...world }: Partial<World> & { readonly nowMs?: number } = {}) {
    this.#nowMs = nowMs;
    this.random = world.random ?? realWorld.random;
    this.environment = world.environment ?? {};
  }

  readonly now = () => this.#nowMs;
  readonly monotonicMs = () => this.#nowMs;
  readonly bootMs = () => this.#nowMs;

  readonly after = (delayMs: number, work: () => void): Timer => this.#start(delayMs, work, null);

  readonly every = (periodMs: number, work: () => void): Timer =>
    this.#start(periodMs, work, periodMs);

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter(({ atMs }) => atMs <= endMs)
        .sort((one, other) => one.atMs - other.atMs || one.order - other.order)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      if (due.everyMs !== null) this.#timers.add({ ...due, atMs: due.atMs + due.everyMs });
      due.work();
    }
    this.#nowMs = endMs;
  }

  #start(delayMs: number, work: () => void, everyMs: number | null): Timer {
    const order = this.#order++;
    this.#timers.add({ atMs: this.#nowMs + delayMs, order, work, everyMs });
    const isThis = (due: Due) => due.order === order;
    return {
      cancel: () => {
        for (const due of [...this.#timers].filter(isThis)) this.#timers.delete(due);
      },
    };
  }
}
