import { EventEmitter } from 'node:events';
import {
  type Child,
  type ChildProgram,
  hearParent,
  type Launch,
} from '../../packages/server/src/platform/processes/index.ts';
import { type Machine, Runner, Wire } from './simulated-machine.fixture.ts';

const IPC_MS = 50;
const EXIT_SEEN_MS = 20;
const STARTS_WITHIN_MS = 300;

/** What a program in a simulated process is given. */
export interface ProcessSide {
  readonly runner: Runner;
  readonly send: (message: object) => void;
  /** Once. */
  readonly listen: (onMessage: (message: unknown) => void, onOrphaned: () => void) => void;
}

export type Program = (side: ProcessSide) => void;

/** `programOf`: what runs in a process that is started with these arguments. */
export function simulatedLaunch(
  machine: Machine,
  parent: Runner,
  programOf: (program: ChildProgram) => Program,
  born: (runner: Runner) => void,
): Launch {
  return (program) => {
    const runner = new Runner(machine);
    born(runner);
    return new SimulatedChild(parent, runner, programOf(program)) as unknown as Child;
  };
}

/** A child process with its channel, as Node holds one. */
class SimulatedChild extends EventEmitter {
  readonly pid = 1;
  readonly signalCode = null;
  exitCode: number | null = null;
  readonly #runner: Runner;
  readonly #toChild: Wire<() => void>;
  #isChannelOpen = true;

  constructor(parent: Runner, runner: Runner, program: Program) {
    super();
    this.#runner = runner;
    let hear: (message: object) => void = () => undefined;
    let orphaned: () => void = () => undefined;
    this.#toChild = new Wire(runner, IPC_MS, (work) => work());
    const toParent = new Wire<object>(parent, IPC_MS, (message) => this.emit('message', message));
    const send = (message: object) => {
      if (!parent.isDead) toParent.put(message);
    };
    const start = () =>
      program({
        ...{ runner, send },
        listen: (onMessage, onOrphaned) => {
          hear = (message) => hearParent(message, send, onMessage);
          orphaned = onOrphaned;
        },
      });
    this.#toChild.put(start, STARTS_WITHIN_MS);
    this.#hear = (message) => hear(message);
    runner.onEnd(() => parent.soon(EXIT_SEEN_MS, () => this.#exited()));
    // The kernel closes the channel of a parent that is gone.
    parent.onEnd(() => {
      this.#isChannelOpen = false;
      this.#toChild.put(() => orphaned());
    });
  }

  readonly #hear: (message: object) => void;

  get connected(): boolean {
    return this.#isChannelOpen;
  }

  send(message: object): void {
    if (this.#isChannelOpen) this.#toChild.put(() => this.#hear(message));
  }

  kill(): void {
    this.#runner.end();
  }

  #exited(): void {
    this.exitCode = 0;
    this.#isChannelOpen = false;
    this.emit('exit', 0, null);
  }
}
