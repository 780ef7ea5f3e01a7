import { LinkClient } from '../../packages/server/src/platform/link/index.ts';
import type { GatewayMachine } from '../../packages/server/src/supervisor/gateway-machine.ts';
import { GatewaySupervisor } from '../../packages/server/src/supervisor/gateway-supervisor.ts';
import { GatewayProcesses } from './simulated-gateway.fixture.ts';
import type { Cut, SimulatedNetwork } from './simulated-link.fixture.ts';
import { Machine, Runner, type Simulation } from './simulated-machine.fixture.ts';
import { simulatedLaunch } from './simulated-processes.fixture.ts';

const DRAIN_MS = 15_000;

/** A machine that only runs a gateway. */
export class RemoteMachine {
  readonly machine: Machine;
  readonly gateways = new GatewayProcesses();
  /** Both directions of the wire to control. */
  readonly cut: Cut = { toControl: false, toGateway: false };
  readonly processes = new Set<Runner>();
  readonly #network: SimulatedNetwork;
  readonly #name: string;
  readonly #instance: string;
  #supervisor: { readonly runner: Runner; readonly real: GatewaySupervisor } | null = null;

  constructor(simulation: Simulation, network: SimulatedNetwork, name: string, instance: string) {
    this.machine = new Machine(simulation);
    this.#network = network;
    this.#name = name;
    this.#instance = instance;
  }

  get supervisor(): Runner | null {
    return this.#supervisor?.runner ?? null;
  }

  start(): void {
    if (this.#supervisor !== null || this.machine.isAsleep) return;
    const runner = new Runner(this.machine);
    const real = new GatewaySupervisor({
      machine: this.#given(runner),
      ...{ dataDirectory: '/simulated', listen: null, threads: undefined, drainMs: DRAIN_MS },
      on: {
        started: () => undefined,
        trouble: () => undefined,
        notApplied: () => undefined,
        applied: () => undefined,
      },
    });
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

  setCut(cut: Partial<Cut>): void {
    Object.assign(this.cut, cut);
    this.#network.changed();
  }

  #given(runner: Runner): GatewayMachine {
    const launch = simulatedLaunch(
      this.machine,
      runner,
      () => this.gateways.program,
      (child) => this.#born(child),
    );
    return {
      ...{ world: runner, launch },
      occupy: () => ({ release: () => undefined }),
      lockOutGateways: () => (this.gateways.isHeld ? null : { release: () => undefined }),
      instance: () => this.#instance,
      openLink: (on) =>
        new LinkClient({
          ...{ address: 'control', on, world: runner },
          credentials: () => ({ certificate: '', key: '', authorities: [] }),
          openSocket: () => this.#network.connect(runner, this.#name, this.cut),
        }),
      carry: () => ({ finish: () => Promise.resolve() }),
    };
  }

  #born(child: Runner): void {
    this.processes.add(child);
    child.onEnd(() => this.processes.delete(child));
  }
}
