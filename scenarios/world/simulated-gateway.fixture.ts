import { Gateway } from '../../packages/server/src/gateway/gateway.ts';
import {
  type CallHosts,
  type RightsNow,
  ServingThread,
} from '../../packages/server/src/gateway/serving-thread.ts';
import type {
  CrewThread,
  CrewThreadEvents,
} from '../../packages/server/src/gateway/thread-crew.ts';
import type {
  FromThread,
  ThreadSeed,
  ToThread,
} from '../../packages/server/src/gateway/thread-messages.ts';
import type {
  RuntimeSnapshot,
  ToGateway,
} from '../../packages/server/src/messages/between-processes.ts';
import { createCounterMemory } from '../../packages/server/src/platform/counters/index.ts';
import { Runner, Wire } from './simulated-machine.fixture.ts';
import type { ProcessSide } from './simulated-processes.fixture.ts';

const THREADS = 2;
const POST_MS = 300;
const START_MS = 100;
const OPEN_MS = 300;
const EXIT_SEEN_MS = 20;
/** A version that this one thread cannot open: a port that somebody else has. */
const CANNOT_SERVE = 40;

/** The gateway processes of one machine: the one that holds the lock serves, a successor waits for it. */
export class GatewayProcesses {
  readonly #lock = new Lock();
  readonly #threads = new Set<SimulatedThread>();
  /** Started last. */
  newest: Runner | null = null;

  /** What is run by the program of that name. */
  readonly program = ({ runner, send, listen }: ProcessSide): void => {
    this.newest = runner;
    const gateway = new Gateway({
      ...{ world: runner, threads: THREADS, send },
      memory: createCounterMemory({ entries: 16, threads: THREADS, seed: [1, 2] }),
      quotas: { read: () => null, write: () => undefined },
      isAlone: this.#lock.await(runner),
      startThread: (seed, on) => this.#startThread(runner, seed, on),
      exit: () => runner.end(),
    });
    listen(
      (message) => void gateway.receive(message as ToGateway),
      () => void gateway.drainAndExit(),
    );
  };

  get isHeld(): boolean {
    return this.#lock.isHeld;
  }

  get threads(): readonly SimulatedThread[] {
    return [...this.#threads];
  }

  #startThread(process: Runner, seed: ThreadSeed, on: CrewThreadEvents): CrewThread {
    const thread = new SimulatedThread(process, seed, on);
    this.#threads.add(thread);
    thread.runner.onEnd(() => this.#threads.delete(thread));
    return thread;
  }
}

/** A real thread's mind, with nothing that listens: whom it would let in is asked of it. */
export class SimulatedThread implements CrewThread {
  readonly runner: Runner;
  readonly #toThread: Wire<() => void>;
  #thread: ServingThread | null = null;
  #hosts: SimulatedHosts | null = null;

  constructor(process: Runner, seed: ThreadSeed, on: CrewThreadEvents) {
    const runner = new Runner(process.machine, process);
    this.runner = runner;
    const toCrew = new Wire<FromThread>(process, POST_MS, on.heard);
    this.#toThread = new Wire(runner, POST_MS, (work) => work());
    this.#toThread.put(() => {
      this.#thread = new ServingThread({
        ...{ seed, world: runner },
        tell: (message) => toCrew.put(message),
        openHosts: (rights) => {
          this.#hosts = new SimulatedHosts(runner, rights);
          return this.#hosts;
        },
      });
    }, START_MS);
    runner.onEnd(() => process.soon(EXIT_SEEN_MS, () => on.ended()));
  }

  tell(message: ToThread): void {
    this.#toThread.put(() => this.#thread?.receive(message));
  }

  end(): void {
    this.runner.end();
  }

  /** Anybody at all. */
  get serves(): boolean {
    return this.runner.isRunning && this.#hosts?.serves === true;
  }

  /** Those of `keys` that a caller could still use here, at this moment. */
  accepted(keys: ReadonlySet<string>): string[] {
    return this.runner.isRunning ? (this.#hosts?.accepted(keys) ?? []) : [];
  }
}

class SimulatedHosts implements CallHosts {
  readonly metrics = [];
  readonly #runner: Runner;
  readonly #rights: RightsNow;
  #inForce: RuntimeSnapshot | null = null;
  #isOpen = false;

  constructor(runner: Runner, rights: RightsNow) {
    this.#runner = runner;
    this.#rights = rights;
  }

  async apply(snapshot: RuntimeSnapshot): Promise<readonly string[]> {
    await this.#within(OPEN_MS);
    const cannot = this.#runner.machine.simulation.dice(CANNOT_SERVE) === 0;
    if (cannot && this.#inForce !== null) throw new Error('the port is taken');
    this.#inForce = snapshot;
    this.#isOpen = true;
    return ['127.0.0.1:4000'];
  }

  async drain(atMs: number): Promise<void> {
    const callsMs = this.#inForce?.timeouts.drainMs ?? 0;
    await this.#within(Math.max(1, atMs - this.#runner.monotonicMs()) + callsMs);
    this.#isOpen = false;
  }

  get serves(): boolean {
    const staleAfterMs = this.#inForce?.gate.staleAfterMs ?? 0;
    // As Gate.admit asks it.
    return this.#isOpen && this.#rights.controlSilentMs() <= staleAfterMs;
  }

  accepted(keys: ReadonlySet<string>): string[] {
    if (!this.serves) return [];
    const { live } = this.#rights;
    return live.state.keys.flatMap(({ id }) => (keys.has(id) ? [id] : []));
  }

  #within(ms: number): Promise<void> {
    const { dice } = this.#runner.machine.simulation;
    return new Promise((resolve) => void this.#runner.after(dice(Math.ceil(ms)), resolve));
  }
}

/** Held by a process until it ends; the kernel lets go of it. */
export class Lock {
  #holder: Runner | null = null;
  readonly #waiting: { readonly runner: Runner; readonly has: () => void }[] = [];

  get isHeld(): boolean {
    return this.#holder !== null;
  }

  await(runner: Runner): Promise<void> {
    return new Promise((has) => {
      this.#waiting.push({ runner, has });
      this.#next();
    });
  }

  #next(): void {
    if (this.#holder !== null) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    if (next.runner.isDead) return this.#next();
    this.#holder = next.runner;
    next.runner.onEnd(() => {
      this.#holder = null;
      this.#next();
    });
    next.runner.soon(50, next.has);
  }
}
