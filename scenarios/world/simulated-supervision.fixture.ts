import { GatewayProcesses } from './simulated-gateway.fixture.ts';
import { Machine, Runner, type Simulation } from './simulated-machine.fixture.ts';

interface Supervising {
  start(): void;
  stop(): Promise<void>;
}

/** A machine with one supervisor at a time, its children, and what they leave behind. */
export abstract class SupervisedMachine {
  readonly machine: Machine;
  readonly gateways = new GatewayProcesses();
  readonly processes = new Set<Runner>();
  #supervisor: { readonly runner: Runner; readonly real: Supervising } | null = null;

  constructor(simulation: Simulation) {
    this.machine = new Machine(simulation);
  }

  get supervisor(): Runner | null {
    return this.#supervisor?.runner ?? null;
  }

  protected abstract supervising(runner: Runner): Supervising;

  start(): void {
    if (this.#supervisor !== null || this.machine.isAsleep) return;
    const runner = new Runner(this.machine);
    const real = this.supervising(runner);
    const supervisor = { runner, real };
    this.#supervisor = supervisor;
    runner.onEnd(() => {
      if (this.#supervisor === supervisor) this.#supervisor = null;
    });
    real.start();
  }

  /** SIGTERM */
  end(): void {
    const supervisor = this.#supervisor;
    if (supervisor === null || !supervisor.runner.isRunning) return;
    void supervisor.real.stop().then(() => supervisor.runner.end());
  }

  protected born(child: Runner): void {
    this.processes.add(child);
    child.onEnd(() => this.processes.delete(child));
  }
}
