import type { StoredBlock } from '../../packages/server/src/access/blocks/index.ts';
import type { StoredKey } from '../../packages/server/src/access/keys/index.ts';
import { Background } from '../../packages/server/src/control/background.ts';
import { Gateways } from '../../packages/server/src/control/gateways.ts';
import { NotEverywhereError } from '../../packages/server/src/control/live-feed.ts';
import type {
  FromControl,
  RuntimeSnapshot,
  ToControl,
  ToSeatlessControl,
} from '../../packages/server/src/messages/between-processes.ts';
import { emptySnapshot } from '../../packages/server/src/messages/snapshot.fixture.ts';
import { LinkConnections } from '../../packages/server/src/platform/link/index.ts';
import { Supervisor } from '../../packages/server/src/supervisor/supervisor.ts';
import { Lock } from './simulated-gateway.fixture.ts';
import type { SimulatedNetwork } from './simulated-link.fixture.ts';
import type { Runner, Simulation } from './simulated-machine.fixture.ts';
import { type ProcessSide, simulatedLaunch } from './simulated-processes.fixture.ts';
import { SupervisedMachine } from './simulated-supervision.fixture.ts';

const KEYS_MAX = 4;
const DRAIN_MS = 15_000;
const OPENS_WITHIN_MS = 400;
const CLOSES_WITHIN_MS = 300;

/** What survives every process: keys, and what became of them, as a database has it. */
class Store {
  readonly #keys = new Map<string, StoredKey>();
  readonly #changes: { readonly sequence: number; readonly domain: 'key'; readonly id: string }[] =
    [];
  #made = 0;

  readonly keys = {
    list: async () => ({ items: [...this.#keys.values()], next: null }),
    showMany: async (ids: readonly string[]) =>
      ids.flatMap((id) => {
        const key = this.#keys.get(id);
        return key === undefined ? [] : [key];
      }),
  };
  readonly blocks = {
    listActive: async (): Promise<StoredBlock[]> => [],
    show: async () => undefined,
  };
  readonly denials = { page: async () => [], some: async () => [] };
  readonly changes = {
    latest: async () => this.#changes.length,
    changesSince: async (sequence: number, limit = 1_000) => ({
      changes: this.#changes.slice(sequence, sequence + limit),
      sequence: Math.min(sequence + limit, Math.max(sequence, this.#changes.length)),
      ...{ isGap: false, hasMore: this.#changes.length > sequence + limit },
    }),
  };

  get good(): string[] {
    return [...this.#keys.values()].flatMap(({ id, revokedAt }) =>
      revokedAt === null ? [id] : [],
    );
  }

  issue(): void {
    this.#made += 1;
    this.#put({
      ...{ id: `k${this.#made}`, client: 'client', name: 'key', hash: `h${this.#made}` },
      ...{ scopes: [], roles: [], networks: [], limits: null, createdAt: 0 },
      ...{ expiresAt: null, rotatedTo: null, overlapUntil: null, revokedAt: null },
    } as unknown as StoredKey);
  }

  revoke(id: string): void {
    this.#put({ ...(this.#keys.get(id) as StoredKey), revokedAt: 1 });
  }

  #put(key: StoredKey): void {
    this.#keys.set(key.id, key);
    this.#changes.push({ sequence: this.#changes.length + 1, domain: 'key', id: key.id });
  }
}

/** The machine of control, with a gateway of its own: the real supervisor, the real feed, book and link. */
export class ControlMachine extends SupervisedMachine {
  /** Keys of which it was said that they are revoked everywhere. */
  readonly revokedEverywhere = new Set<string>();
  /** Revocations that were stored, and of which nobody said so in time. */
  notEverywhere = 0;
  readonly #network: SimulatedNetwork;
  readonly #store = new Store();
  readonly #lock = new Lock();
  #book: string | null = null;
  #staleMs: number;
  #version = 0;
  #control: OpenedControl | null = null;

  constructor(simulation: Simulation, network: SimulatedNetwork, staleMs: number) {
    super(simulation);
    this.#network = network;
    this.#staleMs = staleMs;
    for (let made = 0; made < KEYS_MAX; made++) this.#store.issue();
  }

  get control(): Runner | null {
    return this.#control?.runner ?? null;
  }

  protected override supervising(runner: Runner): Supervisor {
    const launch = simulatedLaunch(
      this.machine,
      runner,
      ({ module }) => (module.includes('control-process') ? this.#program : this.gateways.program),
      (child) => this.born(child),
    );
    return new Supervisor({
      control: launch({ module: 'control-process', argv: [], env: {} }),
      place: {
        ...{ world: runner, launch },
        occupy: () => ({ release: () => undefined, takeBack: () => false }),
      },
      seat: {
        ...{ dataDirectory: '/simulated', source: { file: null, values: {} }, runsGateway: true },
      },
      drainMs: DRAIN_MS,
      on: {
        started: () => undefined,
        refused: () => undefined,
        warned: () => undefined,
        notify: () => undefined,
        notApplied: () => undefined,
        startHeld: () => undefined,
        applied: () => undefined,
      },
    });
  }

  /** As an operator asks for it: stored first, then told, and said when nobody decides by the key any more. */
  revoke(): void {
    const opened = this.#control;
    const { good } = this.#store;
    if (opened === null || !opened.runner.isRunning || good.length === 0) return;
    const { dice } = this.machine.simulation;
    const id = good[dice(good.length)] as string;
    this.#store.revoke(id);
    if (good.length <= KEYS_MAX / 2) this.#store.issue();
    opened.gateways.live.reach().then(
      // A process that is gone says nothing.
      () => opened.runner.isDead || this.revokedEverywhere.add(id),
      (error) => {
        if (!(error instanceof NotEverywhereError)) throw error;
        this.notEverywhere += 1;
      },
    );
  }

  /** A new configuration, with another bound or with none. */
  reconfigure(staleMs: number): void {
    this.#staleMs = staleMs;
    const opened = this.#control;
    if (opened?.runner.isRunning === true) opened.serve(this.#snapshot());
  }

  readonly #program = ({ runner, send, listen }: ProcessSide): void => {
    let opened: OpenedControl | null = null;
    let isOpening = false;
    const open = async () => {
      await this.#lock.await(runner);
      await new Promise<void>((resolve) => runner.soon(OPENS_WITHIN_MS, resolve));
      opened = await this.#openControl(runner, send);
      this.#control = opened;
      await this.#begin(opened);
    };
    const close = () => {
      opened?.close();
      runner.soon(CLOSES_WITHIN_MS, () => runner.end());
    };
    listen((message) => {
      const heard = message as ToControl | ToSeatlessControl;
      switch (heard.type) {
        case 'reload':
          if (!isOpening) void open();
          isOpening = true;
          return;
        case 'gateway-up':
          return opened?.gateways.local.up();
        case 'gateway-down':
          return opened?.gateways.local.down();
        case 'gateway':
          return opened?.gateways.local.heard(heard.report);
        case 'stop':
          return close();
        default:
          return;
      }
    }, close);
  };

  async #openControl(runner: Runner, send: (message: object) => void): Promise<OpenedControl> {
    const gateways = new Gateways({
      ...{ stores: this.#store, changes: this.#store.changes, world: runner, mirror: null },
      keyHashKey: '00',
      bookFile: {
        read: () => this.#book,
        write: (text) => {
          this.#book = text;
        },
      },
      ...{ runsGateway: true, mayServe: [], staleAfterMs: this.#staleMs, keyAgeMaxMs: () => null },
      tellLocal: send,
      heardFrom: () => undefined,
      notify: () => undefined,
      openServer: ({ on, world }) => {
        const connections = new LinkConnections(on, world);
        return {
          listen: async () => {
            this.#network.listen(runner, connections);
            return 'control';
          },
          close: () => {
            this.#network.unlisten(runner);
            connections.close();
          },
          renew: () => undefined,
        };
      },
    });
    const background = new Background({
      world: runner,
      notify: () => undefined,
      look: () => gateways.live.publish(),
      keepHouse: () => Promise.resolve(),
    });
    runner.onEnd(() => {
      this.#network.unlisten(runner);
      if (this.#control?.runner === runner) this.#control = null;
    });
    background.start();
    return {
      ...{ runner, gateways },
      serve: (snapshot) => {
        send({ type: 'snapshot', snapshot, ...NOTHING_ELSE } satisfies FromControl);
        gateways.remotes.snapshot(snapshot);
      },
      close: () => {
        background.close();
        gateways.remotes.close();
      },
    };
  }

  /** In the order in which Control puts a configuration in force. */
  async #begin({ gateways, serve }: OpenedControl): Promise<void> {
    await gateways.live.publish();
    gateways.remotes.begin(this.#staleMs);
    const link = { address: '127.0.0.1:1', gateways: ['a', 'b'] };
    await gateways.remotes.apply(link as never, { certificate: '', key: '', authorities: [] });
    serve(this.#snapshot());
  }

  #snapshot(): RuntimeSnapshot {
    this.#version += 1;
    const { gate, timeouts, ...rest } = emptySnapshot(this.#version);
    return {
      ...rest,
      gate: { ...gate, staleAfterMs: this.#staleMs },
      timeouts: { ...timeouts, drainMs: DRAIN_MS },
    };
  }
}

const NOTHING_ELSE = { summary: new Uint8Array(), trial: null, issuer: null, configuration: null };

interface OpenedControl {
  readonly runner: Runner;
  readonly gateways: Gateways;
  readonly serve: (snapshot: RuntimeSnapshot) => void;
  readonly close: () => void;
}
