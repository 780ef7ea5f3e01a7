import { setImmediate as turn } from 'node:timers/promises';
import { BootClock } from '../../packages/server/src/platform/clock/index.ts';
import type { Timer, World } from '../../packages/server/src/platform/world/index.ts';

/** Numbers from a seed: a failure is replayed by it. */
export type Dice = (below: number) => number;

export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) % below;
  };
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly runner: Runner;
  readonly work: () => void;
}

/**
 * True time, which nobody in it sees, and what is to happen, in its order. Everything runs in this process:
 * real code of every kind of process, each with the clock of its machine.
 */
export class Simulation {
  readonly dice: Dice;
  readonly #queue: Event[] = [];
  readonly #runners = new Set<Runner>();
  #now = 1_000_000;
  #order = 0;

  constructor(seed: number) {
    this.dice = diceOf(seed);
  }

  get now(): number {
    return this.#now;
  }

  add(runner: Runner): void {
    this.#runners.add(runner);
  }

  remove(runner: Runner): void {
    this.#runners.delete(runner);
  }

  at(atMs: number, runner: Runner, work: () => void): void {
    this.#order += 1;
    put(this.#queue, { atMs: Math.max(atMs, this.#now), order: this.#order, runner, work });
  }

  /** Somebody who was held up may go on: what came meanwhile is there at once, in its order. */
  goOn(): void {
    for (const runner of this.#runners) runner.takeUp();
  }

  async run(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined || next.atMs > until) break;
      take(this.#queue);
      this.#now = next.atMs;
      if (!next.runner.accepts(next.work)) continue;
      next.work();
      // Whatever was promised by it has been kept.
      await turn();
    }
    this.#now = until;
  }
}

/** A machine of which clocks differ in rate, which sleeps, and whose time of day is set. */
export class Machine {
  readonly simulation: Simulation;
  readonly rate: number;
  readonly #zero: number;
  #slept = 0;
  #asleepSince: number | null = null;
  wallStep = 0;

  constructor(simulation: Simulation) {
    this.simulation = simulation;
    this.rate = 1 + (simulation.dice(3) - 1) * 0.0005;
    this.#zero = simulation.now - simulation.dice(1_000_000);
  }

  get isAsleep(): boolean {
    return this.#asleepSince !== null;
  }

  sleep(): void {
    this.#asleepSince ??= this.simulation.now;
  }

  wake(): void {
    if (this.#asleepSince === null) return;
    this.#slept += this.simulation.now - this.#asleepSince;
    this.#asleepSince = null;
    this.simulation.goOn();
  }

  readonly monotonicMs = (): number => {
    const awakeUntil = this.#asleepSince ?? this.simulation.now;
    return (awakeUntil - this.#zero - this.#slept) * this.rate;
  };
  readonly uptimeMs = (): number =>
    Math.floor((this.monotonicMs() + this.#slept * this.rate) / 10) * 10;
  readonly wallMs = (): number => this.simulation.now + this.wallStep;
}

/** A process, or a thread of one: what it does, it does when its machine is awake and nobody has stopped it. */
export class Runner implements World {
  readonly machine: Machine;
  readonly #within: Runner | null;
  readonly #clock: BootClock;
  #held: (() => void)[] = [];
  #isStopped = false;
  #isDead = false;
  readonly #ends: (() => void)[] = [];

  readonly environment = {};
  readonly fetch: World['fetch'] = () => Promise.reject(new Error('there is no network'));

  constructor(machine: Machine, within: Runner | null = null) {
    this.machine = machine;
    this.#within = within;
    this.#clock = new BootClock(machine);
    machine.simulation.add(this);
    within?.onEnd(() => this.end());
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  get isRunning(): boolean {
    if (this.#isDead || this.#isStopped || this.machine.isAsleep) return false;
    return this.#within?.isRunning ?? true;
  }

  readonly now = (): number => this.machine.wallMs();
  readonly monotonicMs = (): number => this.machine.monotonicMs();
  readonly bootMs = (): number => this.#clock.now();

  readonly random = (bytes: number): Uint8Array =>
    Uint8Array.from({ length: bytes }, () => this.machine.simulation.dice(256));

  readonly after = (delayMs: number, work: () => void): Timer => {
    const { simulation, rate } = this.machine;
    let isCancelled = false;
    simulation.at(simulation.now + delayMs / rate, this, () => {
      if (!isCancelled) work();
    });
    return {
      cancel: () => {
        isCancelled = true;
      },
    };
  };

  readonly every = (periodMs: number, work: () => void): Timer => {
    let timer: Timer;
    const next = () => {
      timer = this.after(periodMs, () => {
        next();
        work();
      });
    };
    next();
    return { cancel: () => timer.cancel() };
  };

  /** Something that reaches it from outside. */
  soon(withinMs: number, work: () => void): void {
    const { simulation } = this.machine;
    simulation.at(simulation.now + simulation.dice(withinMs), this, work);
  }

  /** SIGSTOP */
  stop(): void {
    this.#isStopped = true;
  }

  /** SIGCONT */
  goOn(): void {
    this.#isStopped = false;
    this.machine.simulation.goOn();
  }

  /** SIGKILL, or its last act. */
  end(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#held = [];
    this.machine.simulation.remove(this);
    for (const tell of this.#ends) tell();
  }

  /** `tell` is called in the moment in which it ends, by nobody in particular: the kernel knows. */
  onEnd(tell: () => void): void {
    if (this.#isDead) tell();
    else this.#ends.push(tell);
  }

  /** False: not now, and perhaps never. */
  accepts(work: () => void): boolean {
    if (this.isRunning) return true;
    if (!this.#isDead) this.#held.push(work);
    return false;
  }

  takeUp(): void {
    if (!this.isRunning || this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    const { simulation } = this.machine;
    for (const work of held) simulation.at(simulation.now, this, work);
  }
}

/** Things in their order, each some time under way to whoever takes them. */
export class Wire<Thing> {
  readonly #to: Runner;
  readonly #withinMs: number;
  readonly #take: (thing: Thing) => void;
  readonly #held: Thing[] = [];
  #lastMs = 0;
  #isCut = false;

  constructor(to: Runner, withinMs: number, take: (thing: Thing) => void) {
    this.#to = to;
    this.#withinMs = withinMs;
    this.#take = take;
  }

  put(thing: Thing, withinMs: number = this.#withinMs): void {
    if (this.#isCut) return void this.#held.push(thing);
    const { simulation } = this.#to.machine;
    this.#lastMs = Math.max(this.#lastMs, simulation.now + simulation.dice(withinMs));
    simulation.at(this.#lastMs, this.#to, () => this.#take(thing));
  }

  /** Cut, what is sent waits, and comes when it is mended. */
  set isCut(isCut: boolean) {
    this.#isCut = isCut;
    if (isCut) return;
    for (const thing of this.#held.splice(0)) this.put(thing);
  }
}

/** A binary heap: who is due first, and of those who are due together, who came first. */
function put(queue: Event[], event: Event): void {
  let at = queue.length;
  queue.push(event);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(event, queue[parent] as Event)) break;
    queue[at] = queue[parent] as Event;
    at = parent;
  }
  queue[at] = event;
}

function take(queue: Event[]): void {
  const last = queue.pop() as Event;
  if (queue.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= queue.length) break;
    const right = queue[child + 1];
    if (right !== undefined && isBefore(right, queue[child] as Event)) child += 1;
    if (!isBefore(queue[child] as Event, last)) break;
    queue[at] = queue[child] as Event;
    at = child;
  }
  queue[at] = last;
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
