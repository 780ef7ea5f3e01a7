import { extname, join } from 'node:path';
import { LiveTable } from '@poorter/engine';
import {
  type DirectoryLock,
  lockDirectory,
  prepareDataDirectory,
  removeRemnants,
} from '../platform/data-directory/data-directory.ts';
import { LinkClient, type LinkCredentials } from '../platform/link/index.ts';
import { WatchedChild } from '../platform/processes/child-process.ts';
import type {
  FromGateway,
  RuntimeSnapshot,
  ToGateway,
  ToRemoteGateway,
} from '../platform/processes/messages.ts';
import { type CarriedAnswer, type CarriedEntry, SpoolCarrier } from '../platform/spool/index.ts';
import { GATEWAY_OPTIONS, gatewayEnvironment } from './gateway-environment.ts';

const EXTENSION = extname(import.meta.filename);
const GATEWAY = join(import.meta.dirname, `../gateway/gateway-process${EXTENSION}`);
const GATEWAY_STALL_MS = 20_000;
/** Control writes pieces of the spool to its disk within this time, or is asked what it has. */
const SHIP_MAX_MS = 30_000;
/** At the end, control may take the last records for so long; the next start carries what is left. */
const LAST_BATCHES_MAX_MS = 3_000;

export interface GatewaySupervisorOptions {
  readonly dataDirectory: string;
  /** host:port of control. */
  readonly control: string;
  readonly credentials: LinkCredentials;
  /** Instead of control's, in the order of its listeners. */
  readonly listen: readonly { readonly host: string; readonly port: number }[] | null;
  readonly threads: number | undefined;
  readonly drainMs: number;
  readonly on: {
    readonly started: (addresses: readonly string[], threads: number) => void;
    readonly trouble: (message: string) => void;
    readonly applied: (version: number) => void;
  };
}

/**
 * A machine that only runs a gateway: what control says comes over the link. Cut off, it serves its
 * last snapshot until the staleness bound.
 */
export class GatewaySupervisor {
  readonly #options: GatewaySupervisorOptions;
  readonly #gateway: WatchedChild;
  readonly #live = new LiveTable();
  #hasLive = false;
  #lock: DirectoryLock | null = null;
  #link: LinkClient | null = null;
  #snapshot: RuntimeSnapshot | null = null;
  #carrier: SpoolCarrier | null = null;
  /** Batches of the spool that wait for control's word, by number. */
  readonly #batches = new Map<number, (answers: readonly CarriedAnswer[] | null) => void>();
  #lastBatch = 0;
  /** As its certificate says; told by control. */
  #name: string | null = null;
  #isStarted = false;
  #isAnnounced = false;
  /** What control must hear again when the link comes back. */
  readonly #lastReports = new Map<FromGateway['type'], FromGateway>();

  constructor(options: GatewaySupervisorOptions) {
    this.#options = options;
    const { dataDirectory, threads } = options;
    const source = threads === undefined ? {} : { threads };
    this.#gateway = new WatchedChild({
      module: GATEWAY,
      argv: [JSON.stringify({ dataDirectory, source })],
      env: gatewayEnvironment(process.env),
      execArgv: GATEWAY_OPTIONS,
      stallMs: GATEWAY_STALL_MS,
      onMessage: (message) => this.#fromGateway(message as FromGateway),
      onStart: () => {
        this.#gateway.send({ type: 'live', state: this.#live.state });
        if (this.#snapshot !== null) this.#tell({ type: 'snapshot', snapshot: this.#snapshot });
      },
      onExit: (reason) => options.on.trouble(`gateway ended (${reason}); starting it again`),
    });
  }

  /** Throws DirectoryHeldError before anything is bound. */
  start(): void {
    const { dataDirectory, control, credentials, on } = this.#options;
    prepareDataDirectory(dataDirectory);
    this.#lock = lockDirectory(dataDirectory, 'poorter');
    removeRemnants(dataDirectory);
    this.#carrier = new SpoolCarrier({
      directory: join(dataDirectory, 'spool'),
      send: (entries) => this.#ship(entries),
      onTrouble: on.trouble,
    });
    let isCutOff = false;
    this.#link = new LinkClient({
      address: control,
      credentials,
      on: {
        open: () => {
          if (isCutOff) on.trouble('control is back');
          isCutOff = false;
          for (const report of this.#lastReports.values()) this.#link?.send(report);
        },
        message: (message) => this.#fromControl(message as ToRemoteGateway),
        seen: () => this.#tell({ type: 'control-seen' }),
        close: (why) => {
          for (const settle of [...this.#batches.values()]) settle(null);
          if (!isCutOff) on.trouble(`control is away (${why}); serving what is in force`);
          isCutOff = true;
        },
      },
    });
  }

  async stop(): Promise<void> {
    if (this.#isStarted) {
      await this.#gateway.stop({ type: 'drain' }, this.#options.drainMs + 5_000);
    }
    await this.#carrier?.finish(LAST_BATCHES_MAX_MS);
    this.#link?.close();
    this.#lock?.release();
  }

  #fromControl(message: ToRemoteGateway): void {
    switch (message.type) {
      case 'live':
        this.#live.replace(message.state);
        this.#hasLive = true;
        break;
      case 'live-change':
        this.#live.apply(message.change);
        break;
      case 'snapshot':
        return this.#apply(this.#own(message.snapshot));
      case 'you-are':
        this.#name = message.name;
        return;
      case 'spooled':
      case 'not-spooled':
        this.#batches.get(message.number)?.(message.type === 'spooled' ? message.answers : null);
        return;
      case 'issuer-keys':
        break;
      case 'control-seen':
      case 'drain':
        return;
      default:
        // A newer control may say more; what matters to this version it says in its words too.
        message satisfies never;
        return;
    }
    if (this.#isStarted) this.#tell(message);
  }

  #apply(snapshot: RuntimeSnapshot): void {
    const isKnown = this.#snapshot?.gate.version === snapshot.gate.version;
    this.#snapshot = snapshot;
    if (!this.#hasLive || (isKnown && this.#isStarted)) return;
    if (this.#isStarted) return this.#tell({ type: 'snapshot', snapshot });
    this.#isStarted = true;
    this.#gateway.start();
  }

  /** Control's snapshot, at the addresses and in the directories of this machine. */
  #own(snapshot: RuntimeSnapshot): RuntimeSnapshot {
    const { listen, dataDirectory } = this.#options;
    const listeners = snapshot.listeners.map((listener, index) => ({
      ...listener,
      ...listen?.[index],
    }));
    const spool = snapshot.spool && {
      ...snapshot.spool,
      directory: join(dataDirectory, 'spool'),
      node: this.#name ?? snapshot.spool.node,
    };
    // Clear text of records stays with control.
    return { ...snapshot, listeners, spool, records: null };
  }

  #fromGateway(message: FromGateway): void {
    const { on } = this.#options;
    this.#link?.send(message);
    switch (message.type) {
      case 'applied':
        this.#lastReports.set('applied', message);
        return on.applied(message.version);
      case 'live-applied':
        this.#lastReports.set('live-applied', message);
        return;
      case 'failed':
        return on.trouble(message.message);
      case 'listening':
        this.#lastReports.set('listening', message);
        if (!this.#isAnnounced) on.started(message.addresses, message.threads);
        this.#isAnnounced = true;
        return;
      case 'metrics':
      case 'unknown-key-id':
      case 'drained':
        return;
      default:
        message satisfies never;
    }
  }

  #ship(entries: readonly CarriedEntry[]): Promise<readonly CarriedAnswer[] | null> {
    this.#lastBatch += 1;
    const number = this.#lastBatch;
    if (this.#link?.send({ type: 'spool', number, entries }) !== true) return Promise.resolve(null);
    return new Promise((resolve) => {
      const settle = (answers: readonly CarriedAnswer[] | null) => {
        clearTimeout(timer);
        this.#batches.delete(number);
        resolve(answers);
      };
      const timer = setTimeout(() => settle(null), SHIP_MAX_MS);
      this.#batches.set(number, settle);
    });
  }

  #tell(message: ToGateway): void {
    this.#gateway.send(message);
  }
}
