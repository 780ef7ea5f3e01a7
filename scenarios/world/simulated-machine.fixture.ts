import type { LinkEnd } from '../../packages/server/src/platform/link/index.ts';

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

/** True time, which nobody in the world sees. */
export interface Time {
  now: number;
}

/** Its clocks differ in rate, it sleeps, and its time of day is set. */
export class Machine {
  readonly #time: Time;
  readonly #rate: number;
  readonly #zero: number;
  #slept = 0;
  #asleepSince: number | null = null;
  wallStep = 0;

  constructor(time: Time, dice: Dice) {
    this.#time = time;
    this.#rate = 1 + (dice(3) - 1) * 0.0005;
    this.#zero = time.now - dice(1_000_000);
  }

  get isAsleep(): boolean {
    return this.#asleepSince !== null;
  }

  sleep(): void {
    this.#asleepSince ??= this.#time.now;
  }

  wake(): void {
    if (this.#asleepSince !== null) this.#slept += this.#time.now - this.#asleepSince;
    this.#asleepSince = null;
  }

  readonly monotonicMs = (): number => (this.#time.now - this.#zero - this.#slept) * this.#rate;
  readonly uptimeMs = (): number =>
    Math.floor((this.monotonicMs() + this.#slept * this.#rate) / 10) * 10;
  readonly wallMs = (): number => this.#time.now + this.wallStep;
}

export type Say = { readonly type: string } & Readonly<Record<string, unknown>>;

/** Messages in order, each some time under way; cut, they wait, and come when the cut is mended. */
export class Pipe {
  readonly #waiting: { dueAt: number; message: Say }[] = [];
  isCut = false;

  put(message: Say, dueAt: number): void {
    const last = this.#waiting.at(-1)?.dueAt ?? 0;
    this.#waiting.push({ dueAt: Math.max(dueAt, last), message });
  }

  take(now: number): Say | undefined {
    const [first] = this.#waiting;
    if (this.isCut || first === undefined || first.dueAt > now) return undefined;
    return this.#waiting.shift()?.message;
  }
}

export const SILENT_MAX_MS = 5_000;
export const CLOSED = { type: 'closed' };

/** Two pipes and what each end has heard. */
export class Connection {
  readonly toControl = new Pipe();
  readonly toGateway = new Pipe();
  controlHeardAt: number;
  gatewayHeardAt: number;
  isOpenAtControl = true;
  isOpenAtGateway = true;
  end: LinkEnd | null = null;

  constructor(controlNow: number, gatewayNow: number) {
    this.controlHeardAt = controlNow;
    this.gatewayHeardAt = gatewayNow;
  }
}
