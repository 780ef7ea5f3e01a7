import type { World } from '../platform/world/index.ts';
import type { AnswerPause } from './answer-pause.ts';

/** Callers that were answered just before, and are about to connect again, have come by then. */
const BEFORE_MS = 120;
/** A thread that is late holds up the others no longer than this. */
const APPLIED_MAX_MS = 5_000;
const PAUSED_MAX_MS = 1_000;
/** A thread whose time comes so much later than it asked for is on a machine that keeps callers waiting, too. */
const LATE_MS = 25;
const CALM_MAX_MS = 2_000;
const LOOK_EVERY_MS = 5;

/** After every version: the thread ends. */
export const END = Number.MAX_VALUE;

/** What each thread notes, in this order. `applied`: the newest version that waits for its moment, or needs none. */
const FIELD = { applied: 0, appliedAtMs: 1, paused: 2, closed: 3 } as const;
type Field = keyof typeof FIELD;
const FIELDS = Object.keys(FIELD).length;

/** Nobody waits for a thread that is not there. */
export function createQuietMemory(threads: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(threads * FIELDS * 8);
  for (let slot = 0; slot < threads; slot++) forgetThread(memory, slot);
  return memory;
}

export function forgetThread(memory: SharedArrayBuffer, slot: number): void {
  new Float64Array(memory).fill(Number.POSITIVE_INFINITY, slot * FIELDS, (slot + 1) * FIELDS);
}

export interface QuietPlace {
  readonly memory: SharedArrayBuffer;
  readonly slot: number;
  readonly world: Pick<World, 'monotonicMs' | 'after'>;
}

/**
 * Closing a listening socket resets what waits in its queue, and the queue of a busy gate is never
 * empty for long: whoever has its answer comes back with the next call. So for a moment nobody is
 * answered, in any thread. Then nobody comes back, all who wait are accepted, and the sockets close. Threads
 * wait for one another by what each has noted in memory that they share, and not by the clock: on a
 * machine that has too much to do, any of them may be late.
 */
export class QuietMoments {
  readonly #world: Pick<World, 'monotonicMs' | 'after'>;
  readonly #table: Float64Array;
  readonly #slot: number;
  readonly #pause: AnswerPause;
  #last: Promise<void> = Promise.resolve();
  #resume: () => void = () => undefined;

  constructor({ memory, slot, world }: QuietPlace, pause: AnswerPause) {
    this.#world = world;
    this.#table = new Float64Array(memory);
    this.#slot = slot;
    this.#pause = pause;
  }

  /** At its birth a thread has nothing to close. */
  born(version: number): void {
    for (const field of ['applied', 'paused', 'closed'] as const) this.#note(field, version);
  }

  /**
   * For the sockets that close with this version, or, at `atMs`, because the thread ends. Those that have `join`ed
   * when this turn of the event loop is over take part; without any, the version is only noted.
   */
  open(version: number, atMs?: number): QuietMoment {
    let joined = 0;
    let release: () => void = () => undefined;
    const allLeft = new Promise<void>((resolve) => {
      release = resolve;
    });
    const before = this.#last;
    const quiet = Promise.resolve().then(async () => {
      await before;
      if (joined > 0) await this.#begin(version, atMs);
    });
    const over = quiet.then(async () => {
      if (joined === 0) return this.born(version);
      await allLeft;
      await this.#end(version);
    });
    this.#last = over;
    return {
      join: () => {
        joined++;
      },
      quiet,
      leave: () => {
        joined--;
        if (joined === 0) release();
      },
      over,
    };
  }

  async #begin(version: number, atMs: number | undefined): Promise<void> {
    const { monotonicMs } = this.#world;
    this.#note('appliedAtMs', monotonicMs());
    this.#note('applied', version);
    if (atMs === undefined) await this.#everyone('applied', version, APPLIED_MAX_MS);
    const startMs = (atMs ?? this.#lastAppliedMs(version) + 2 * BEFORE_MS) - BEFORE_MS;
    await this.#sleep(startMs - monotonicMs());
    this.#resume = this.#pause.begin();
    this.#note('paused', version);
    await this.#everyone('paused', version, PAUSED_MAX_MS);
    await this.#untilCallersCame();
  }

  /** Whoever was answered just before has come by then, also where all of them are late. */
  async #untilCallersCame(): Promise<void> {
    const { monotonicMs } = this.#world;
    const until = monotonicMs() + CALM_MAX_MS;
    for (;;) {
      const fromMs = monotonicMs();
      await this.#sleep(BEFORE_MS);
      const endMs = monotonicMs();
      if (endMs - fromMs < BEFORE_MS + LATE_MS || endMs >= until) return;
    }
  }

  async #end(version: number): Promise<void> {
    this.#note('closed', version);
    await this.#everyone('closed', version, CALM_MAX_MS + PAUSED_MAX_MS);
    this.#resume();
  }

  /** When the last of the threads that wait for the same moment had applied it. */
  #lastAppliedMs(version: number): number {
    const moments = this.#slots.map((slot) =>
      this.#read(slot, 'applied') === version ? this.#read(slot, 'appliedAtMs') : 0,
    );
    return Math.max(...moments);
  }

  async #everyone(field: Field, version: number, maxMs: number): Promise<void> {
    const { monotonicMs } = this.#world;
    const until = monotonicMs() + maxMs;
    while (!this.#slots.every((slot) => this.#read(slot, field) >= version)) {
      if (monotonicMs() >= until) return;
      await this.#sleep(LOOK_EVERY_MS);
    }
  }

  get #slots(): number[] {
    return Array.from({ length: this.#table.length / FIELDS }, (_, slot) => slot);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#world.after(Math.max(0, ms), resolve));
  }

  #read(slot: number, field: Field): number {
    return this.#table[slot * FIELDS + FIELD[field]] as number;
  }

  #note(field: Field, value: number): void {
    this.#table[this.#slot * FIELDS + FIELD[field]] = value;
  }
}

/** One that the sockets of a thread share. */
export interface QuietMoment {
  /** In the turn in which it was opened. */
  join(): void;
  /** Nobody is answered, in any thread. */
  readonly quiet: Promise<void>;
  /** The socket is closed. */
  leave(): void;
  /** Everybody is answered again. */
  readonly over: Promise<void>;
}
