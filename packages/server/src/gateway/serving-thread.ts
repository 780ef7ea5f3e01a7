import { LiveRights } from '@poorter/engine/live-rights';
import type { RuntimeSnapshot } from '../messages/between-processes.ts';
import type { Metric } from '../platform/metrics/index.ts';
import { PlaceFault } from '../platform/processes/index.ts';
import type { World } from '../platform/world/index.ts';
import { IntrospectionTable } from './introspection/introspection-table.ts';
import { IssuerKeyTable } from './issuer-key-table.ts';
import { OngoingCalls } from './ongoing-calls.ts';
import { type RolesOutcome, RolesReport } from './roles-report.ts';
import type { FromThread, ThreadSeed, ToThread } from './thread-messages.ts';

const HEARTBEAT_EVERY_MS = 200;
const METRICS_EVERY_MS = 1_000;

/** What calls are decided by besides the snapshot, as it is at any moment. */
export interface RightsNow {
  readonly live: LiveRights;
  readonly ongoing: OngoingCalls;
  readonly issuerKeys: IssuerKeyTable;
  readonly introspections: IntrospectionTable;
  readonly rolesRead: RolesOutcome;
  /** How long control has not been seen. */
  readonly controlSilentMs: () => number;
}

/** What answers calls in this thread. */
export interface CallHosts {
  /**
   * Opens the snapshot whole, and swaps it in one assignment: a call sees one version or the other. Returns
   * where it listens. Throws, and then the version before serves on as it was.
   */
  apply(snapshot: RuntimeSnapshot): Promise<readonly string[]>;
  /** Stops accepting at this moment of the monotonic clock, and resolves when nothing is under way. */
  drain(atMs: number): Promise<void>;
  readonly metrics: readonly Metric[];
}

export interface ServingThreadPorts {
  readonly seed: Pick<ThreadSeed, 'slot' | 'slots' | 'heartbeats' | 'live' | 'snapshot'>;
  readonly world: World;
  readonly tell: (message: FromThread) => void;
  readonly openHosts: (rights: RightsNow) => CallHosts;
}

/** One thread: what it is told, in the order in which it counts, and what it confirms. */
export class ServingThread {
  readonly #ports: ServingThreadPorts;
  readonly #heartbeats: Float64Array;
  readonly #live: LiveRights;
  readonly #ongoing: OngoingCalls;
  readonly #issuerKeys: IssuerKeyTable;
  readonly #introspections: IntrospectionTable;
  readonly #hosts: CallHosts;
  #inForce: RuntimeSnapshot | null = null;
  /** Snapshots are applied one after the other, in the order they came. */
  #applying: Promise<void>;

  constructor(ports: ServingThreadPorts) {
    this.#ports = ports;
    const { seed, world, tell, openHosts } = ports;
    this.#heartbeats = new Float64Array(seed.heartbeats);
    this.#live = new LiveRights(seed.live);
    this.#ongoing = new OngoingCalls(this.#live, world.now);
    this.#issuerKeys = new IssuerKeyTable(
      (issuer, keyId) => tell({ type: 'unknown-key-id', issuer, keyId }),
      world,
    );
    this.#issuerKeys.adopt(seed.snapshot.gate);
    this.#introspections = new IntrospectionTable(
      (number, endpoint, token, isAnew) =>
        tell({ type: 'introspect', number, endpoint, token, isAnew }),
      world,
    );
    const roles = new RolesReport((issuer, claim, isFound) =>
      tell({ type: 'roles-read', issuer, claim, isFound }),
    );
    this.#hosts = openHosts({
      ...{ live: this.#live, ongoing: this.#ongoing, issuerKeys: this.#issuerKeys },
      rolesRead: roles.hear,
      introspections: this.#introspections,
      controlSilentMs: () => world.bootMs() - (this.#heartbeats[seed.slots] as number),
    });
    this.#applying = this.#apply(seed.snapshot);
    world.every(HEARTBEAT_EVERY_MS, () => this.#beat());
    world.every(METRICS_EVERY_MS, () => tell({ type: 'metrics', metrics: this.#hosts.metrics }));
  }

  receive(message: ToThread): void {
    switch (message.type) {
      // Between two calls, without waiting for a snapshot that is being opened.
      case 'live':
      case 'live-change':
        this.#live.take(message);
        // What was let in before ends before it is said that this is in force.
        this.#ongoing.look();
        return this.#ports.tell({ type: 'live-applied', sequence: this.#live.sequence });
      case 'issuer-keys':
        return this.#issuerKeys.hear(message);
      case 'introspected':
        return this.#introspections.hear(message.number, message.answer);
      case 'snapshot':
        // At once, so that keys told after it are not overtaken by its own.
        this.#issuerKeys.adopt(message.snapshot.gate);
        this.#applying = this.#applying.then(() => this.#apply(message.snapshot));
        return;
      case 'drain':
        this.#applying = this.#applying.then(() => this.#drain(message.atMs));
        return;
      default:
        message satisfies never;
    }
  }

  async #apply(snapshot: RuntimeSnapshot): Promise<void> {
    const { tell } = this.#ports;
    const { version } = snapshot.gate;
    try {
      const addresses = await this.#hosts.apply(snapshot);
      this.#inForce = snapshot;
      this.#beat();
      tell({ type: 'ready', version, addresses });
    } catch (error) {
      if (this.#inForce !== null) this.#issuerKeys.restore(this.#inForce.gate);
      const why = error instanceof PlaceFault ? error.message : String(error);
      tell({ type: 'failed', version, message: `applying version ${version}: ${why}` });
    }
  }

  async #drain(atMs: number): Promise<void> {
    await this.#hosts.drain(atMs);
    this.#ports.tell({ type: 'drained' });
  }

  #beat(): void {
    this.#heartbeats[this.#ports.seed.slot] = this.#ports.world.monotonicMs();
  }
}
