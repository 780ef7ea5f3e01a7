import { LinkClient } from '../../packages/server/src/platform/link/index.ts';
import type { GatewayMachine } from '../../packages/server/src/supervisor/gateway-machine.ts';
import { GatewaySupervisor } from '../../packages/server/src/supervisor/gateway-supervisor.ts';
import type { Cut, SimulatedNetwork } from './simulated-link.fixture.ts';
import type { Runner, Simulation } from './simulated-machine.fixture.ts';
import { simulatedLaunch } from './simulated-processes.fixture.ts';
import { SupervisedMachine } from './simulated-supervision.fixture.ts';

const DRAIN_MS = 15_000;

/** A machine that only runs a gateway. */
export class RemoteMachine extends SupervisedMachine {
  /** Both directions of the wire to control. */
  readonly cut: Cut = { toControl: false, toGateway: false };
  readonly #network: SimulatedNetwork;
  readonly #name: string;
  readonly #instance: string;

  constructor(simulation: Simulation, network: SimulatedNetwork, name: string, instance: string) {
    super(simulation);
    this.#network = network;
    this.#name = name;
    this.#instance = instance;
  }

  protected override supervising(runner: Runner): GatewaySupervisor {
    return new GatewaySupervisor({
      machine: this.#given(runner),
      ...{ dataDirectory: '/simulated', listen: null, threads: undefined, drainMs: DRAIN_MS },
      on: {
        started: () => undefined,
        notify: () => undefined,
        notApplied: () => undefined,
        applied: () => undefined,
      },
    });
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
      (child) => this.born(child),
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
}
