import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LiveMessage, LiveRights } from '@poorter/engine';
import { blockRoutes } from '../access/blocks/block-routes.ts';
import { subjectRoutes } from '../access/erasure/subject-routes.ts';
import {
  type KeyGrants,
  keyRoutes,
  type OperationRights,
  type RotationPolicy,
  rotationOf,
} from '../access/keys/key-routes.ts';
import { operatorRoutes } from '../access/operators/operator-routes.ts';
import { type ActRecorder, AdminApi } from '../admin-api/index.ts';
import { resolveStorage } from '../configuration/resolve-storage.ts';
import type { Configuration } from '../configuration/schema.ts';
import { AdminProblem } from '../messages/admin-problems.ts';
import type { FromGateway } from '../messages/between-processes.ts';
import { monotonicMs } from '../platform/clock/index.ts';
import { createCounterMemory, SharedCounters } from '../platform/counters/index.ts';
import { writeDurably } from '../platform/files/index.ts';
import { openMasterKey } from '../platform/secrets/index.ts';
import type { KeyUseSummary } from '../security-log/index.ts';
import { type AdminLog, logRoutes } from '../security-log/log-routes.ts';
import type { Subject } from '../state/subject-keys/index.ts';
import { isLoopback } from './compile/addresses.ts';
import { type ApplyConfiguration, configurationRoutes } from './configuration-routes.ts';
import { GatewayBook, GatewayConnectedError } from './gateway-book.ts';
import { type GatewayDesk, gatewayRoutes } from './gateway-routes.ts';
import { LiveFeed, NotEverywhereError } from './live-feed.ts';
import { keepOperatorCredential } from './operator-credential.ts';
import type { MetGateway } from './remote-gateways.ts';
import { type Status, statusRoutes } from './status-routes.ts';
import { type ActStores, openState, type State } from './stores/index.ts';

export interface AdministrationPorts {
  readonly configuration: Configuration;
  readonly baseDirectory: string;
  readonly dataDirectory: string;
  readonly send: (message: LiveMessage) => void;
  readonly warn: (message: string) => void;
  readonly recorder: ActRecorder;
  readonly log: AdminLog;
  readonly rightsOf: (operation: string) => OperationRights;
  readonly remarksOn: (grants: KeyGrants) => readonly string[];
  readonly usesOf: (keyId: string, sinceMs: number) => Promise<readonly KeyUseSummary[]>;
  /** Lets go of what was kept of an erased subject. */
  readonly forget: (subject: Subject) => Promise<void>;
  /** How gateways on other machines that are connected meet this version. */
  readonly met: () => readonly MetGateway[];
  readonly status: () => Omit<Status, 'live' | 'gateways'>;
  readonly applyConfiguration: ApplyConfiguration;
}

const LOCAL_GATEWAY = 'local';
/** Other programs on the same database, such as a second control, are noticed this fast. */
const LOOK_EVERY_MS = 1_000;
const HOUSEKEEPING_EVERY_MS = 60_000;
/** A stalled gateway thread is replaced within this time. */
const TELL_MAX_MS = 8_000;
const DAY_MS = 86_400_000;
/** Keys that are looked at for the rotation policy in one answer of the status. */
const ATTENTION_MAX = 20;

/** What lasts, and those who may change it: state, live feed, admin API. */
export class Administration {
  readonly state: State;
  readonly live: LiveFeed;
  /** Gateways on other machines. */
  readonly book: GatewayBook;
  readonly api: AdminApi<ActStores>;
  readonly #ports: AdministrationPorts;
  readonly #operators: LiveRights;
  #rotation: RotationPolicy;
  #hasLocalConfirmed = false;
  #fault: { readonly since: string; readonly message: string } | null = null;
  readonly #timers: NodeJS.Timeout[];

  static async open(ports: AdministrationPorts): Promise<Administration> {
    const { configuration, baseDirectory, dataDirectory, warn } = ports;
    const storage = resolveStorage(configuration, baseDirectory, process.env);
    const state = await openState({
      place: storage.state,
      dataDirectory,
      masterKey: openMasterKey(configuration.masterKey, {
        dataDirectory,
        baseDirectory,
        environment: process.env,
        warn,
      }),
      options: { onTrouble: warn },
      world: { now: Date.now, random: (bytes) => new Uint8Array(randomBytes(bytes)) },
    });
    const administration = new Administration(ports, state);
    // Before the first act: whoever was promised time by a control before this one may serve still.
    const isFreshStore = (await state.changes.latest()) === 0;
    const mayServe = isFreshStore ? [] : (configuration.link?.gateways ?? []);
    administration.book.open(mayServe, configuration.gateway.staleAfterMs);
    await administration.api.ready();
    await administration.operatorsChanged();
    return administration;
  }

  private constructor(ports: AdministrationPorts, state: State) {
    this.#ports = ports;
    this.state = state;
    this.#operators = new LiveRights();
    this.#rotation = rotationPolicy(ports.configuration);
    const bookFile = join(ports.dataDirectory, 'gateways.json');
    this.book = new GatewayBook({
      read: () => readIfThere(bookFile),
      write: (text) => writeDurably(bookFile, text),
      now: monotonicMs,
      onChange: () => this.live.settle(),
    });
    this.live = new LiveFeed({
      ...{ keys: state.keys, blocks: state.blocks, changes: state.changes, ring: state.ring },
      send: ports.send,
      now: Date.now,
      missingElsewhere: (sequence) => this.book.missing(sequence),
      keyAgeMaxMs: () => this.#rotation.refuseAfterMs,
    });
    const everywhere = { reach: () => this.#reach(), tell: () => this.#tell() };
    const memory = createCounterMemory({ entries: 4_096, threads: 1, seed: [1, 2] });
    this.api = new AdminApi<ActStores>({
      handlers: {
        ...keyRoutes({
          keys: state.keys,
          everywhere,
          rotation: () => this.#rotation,
          usesOf: ports.usesOf,
          rightsOf: ports.rightsOf,
          remarksOn: ports.remarksOn,
        }),
        ...gatewayRoutes(this.#gatewayDesk()),
        ...configurationRoutes(ports.applyConfiguration),
        ...blockRoutes({ blocks: state.blocks, everywhere }),
        ...operatorRoutes({
          operators: state.operators,
          operatorsChanged: () => this.operatorsChanged(),
        }),
        ...logRoutes(ports.log),
        ...subjectRoutes(everywhere, ports.forget),
        ...statusRoutes(() => this.#status()),
      },
      operators: this.#operators,
      counters: new SharedCounters(memory, 0, monotonicMs),
      act: (work) => state.act(work),
      recorder: ports.recorder,
      hosts: hostsOf(ports.configuration.control.address),
      now: Date.now,
      onTrouble: ports.warn,
      onUse: (id, at) => void state.operators.touch(id, at).catch(() => undefined),
    });
    this.#timers = [
      setInterval(() => void this.#look(), LOOK_EVERY_MS),
      setInterval(() => void this.#keepHouse(), HOUSEKEEPING_EVERY_MS),
    ];
  }

  /** Why the database could not be asked when it was looked at last; null: it could. */
  get fault(): { readonly since: string; readonly message: string } | null {
    return this.#fault;
  }

  /** A new configuration may change what keys are refused. */
  async apply(configuration: Configuration): Promise<void> {
    const before = this.#rotation.refuseAfterMs;
    this.#rotation = rotationPolicy(configuration);
    if (before !== this.#rotation.refuseAfterMs && this.live.sequence >= 0) {
      await this.live.republish();
    }
  }

  /** The command line of this machine finds the server by this. */
  async announce(server: { url: string; certificate?: string }): Promise<void> {
    await keepOperatorCredential(this.#ports.dataDirectory, server, this.state.operators);
    await this.operatorsChanged();
  }

  heard(report: FromGateway): void {
    if (report.type !== 'live-applied') return;
    this.#hasLocalConfirmed = true;
    this.live.confirmed(LOCAL_GATEWAY, report.sequence);
  }

  gatewayUp(): void {
    this.live.gatewayUp(LOCAL_GATEWAY);
  }

  gatewayDown(): void {
    // One that never confirmed may have waited for a predecessor, which may serve still.
    if (this.#hasLocalConfirmed) this.live.gatewayDown(LOCAL_GATEWAY);
    else this.live.gatewayUp(LOCAL_GATEWAY);
  }

  async operatorsChanged(): Promise<void> {
    const credentials = await this.state.operators.credentials();
    this.#operators.take({
      type: 'live',
      state: {
        sequence: 0,
        keyHashKey: Buffer.from(this.state.operators.hashKey).toString('hex'),
        keys: credentials.map(({ id, name, roles, expiresAt, hash }) => ({
          ...{ id, name, hash, roles, scopes: [] },
          expiresAt: expiresAt === null ? null : expiresAt / 1000,
        })),
        blocks: [],
      },
    });
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.api.close();
    await this.state.close();
  }

  async #reach(): Promise<void> {
    const gateways = await this.#unreached();
    if (gateways.length > 0) throw new AdminProblem('not_everywhere_yet', { gateways });
  }

  #tell(): Promise<readonly string[]> {
    return this.#unreached(TELL_MAX_MS);
  }

  /** Whoever does not decide yet by what is stored. It is stored: nothing here may say otherwise. */
  async #unreached(maxMs?: number): Promise<readonly string[]> {
    try {
      await this.live.reach(maxMs);
      return [];
    } catch (error) {
      if (error instanceof NotEverywhereError) return error.gateways;
      this.#ports.warn(`sending changes to gateways: ${(error as Error).message}`);
      // What was not sent, nobody has.
      return this.live.everyone;
    }
  }

  async #look(): Promise<void> {
    try {
      await this.live.publish();
      await this.operatorsChanged();
      this.#fault = null;
    } catch (error) {
      const { message } = error as Error;
      this.#fault ??= { since: new Date().toISOString(), message };
      this.#ports.warn(`looking for changes in the database: ${message}`);
    }
  }

  async #keepHouse(): Promise<void> {
    try {
      await this.state.blocks.expire();
      await this.state.idempotency.prune();
      await this.state.singleUse.prune();
    } catch (error) {
      this.#ports.warn(`keeping the database in order: ${(error as Error).message}`);
    }
  }

  async #status(): Promise<Status> {
    const own = this.#ports.status();
    return {
      ...own,
      live: this.live.sequence,
      gateways: [
        ...[...this.live.gateways].map(([node, live]) => ({ node, isConnected: true, live })),
        ...this.book.gateways.map(({ name, isConnected, confirmed }) => ({
          ...{ node: name, isConnected, live: confirmed },
        })),
      ],
      attention: [...own.attention, ...this.#gatewayAttention(), ...(await this.#attention())],
    };
  }

  #gatewayDesk(): GatewayDesk {
    return {
      list: () => {
        const met = new Map(this.#ports.met().map((one) => [one.name, one]));
        return this.book.gateways.map(({ name, isConnected, confirmed, servesForMs }) => {
          const connected = isConnected ? met.get(name) : undefined;
          return {
            ...{ name, isConnected, live: confirmed },
            servesForSeconds: servesForMs === null ? null : Math.ceil(servesForMs / 1000),
            version: connected?.version ?? null,
            passedOver: connected?.passedOver ?? 0,
          };
        });
      },
      remove: (name) => {
        try {
          return this.book.remove(name);
        } catch (error) {
          if (error instanceof GatewayConnectedError) return null;
          throw error;
        }
      },
    };
  }

  #gatewayAttention(): { code: string; message: string }[] {
    const away = this.book.gateways.flatMap(({ name, servesForMs }) =>
      servesForMs === null
        ? []
        : [
            {
              code: 'gateway_away',
              message: `${name} is cut off and may serve for ${Math.ceil(servesForMs / 1000)} s more; revocations wait for it; if it is gone: poorter gateways remove ${name}`,
            },
          ],
    );
    const met = this.#ports.met();
    const other = met
      .filter(({ takesSnapshots }) => !takesSnapshots)
      .map(({ name, version }) => ({
        code: 'gateway_version',
        message: `${name} runs version ${version}: it goes on with the snapshot it has until it is updated`,
      }));
    const strange = met
      .filter(({ strangers }) => strangers.length > 0)
      .map(({ name, strangers }) => ({
        code: 'gateway_too_old',
        message: `${name} does not know ${strangers.join(', ')}, and does not count as having confirmed it; update it`,
      }));
    return [...away, ...other, ...strange];
  }

  async #attention(): Promise<Status['attention']> {
    if (this.#rotation.warnAfterMs === null && this.#rotation.refuseAfterMs === null) return [];
    // Whoever asks is told that; how old keys are can wait.
    if (this.#fault !== null) return [];
    const attention: { code: string; message: string }[] = [];
    const nowMs = Date.now();
    for (let cursor: string | null = ''; cursor !== null && attention.length < ATTENTION_MAX; ) {
      const page: Awaited<ReturnType<State['keys']['list']>> = await this.state.keys.list({
        limit: 1_000,
        ...(cursor !== '' && { cursor }),
      });
      for (const key of page.items) {
        const verdict = rotationOf(key, nowMs, this.#rotation);
        if (verdict !== 'due' && verdict !== 'overdue') continue;
        const days = Math.floor((nowMs - key.createdAt) / DAY_MS);
        attention.push({
          code: `key_rotation_${verdict}`,
          message: `${key.id} (${key.name}) is ${days} days old${verdict === 'overdue' ? ' and refused' : ''}; poorter keys rotate ${key.id}`,
        });
      }
      cursor = page.next;
    }
    return attention.slice(0, ATTENTION_MAX);
  }
}

function rotationPolicy({ keyRotation }: Configuration): RotationPolicy {
  const { warnAfterDays, refuseAfterDays } = keyRotation;
  return {
    warnAfterMs: warnAfterDays === undefined ? null : warnAfterDays * DAY_MS,
    refuseAfterMs: refuseAfterDays === undefined ? null : refuseAfterDays * DAY_MS,
  };
}

/** Any name reaches an address that is not loopback; loopback has three. */
function hostsOf(address: string): readonly string[] {
  const host = address.slice(0, address.lastIndexOf(':')).toLowerCase();
  return isLoopback(host.replace(/^\[|\]$/g, '')) ? ['127.0.0.1', 'localhost', '[::1]', host] : [];
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
