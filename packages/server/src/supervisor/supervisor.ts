import { extname, join } from 'node:path';
import { LiveTable } from '@poorter/engine';
import type { Diagnostic } from '@poorter/openapi';
import {
  type DirectoryLock,
  lockDirectory,
  prepareDataDirectory,
  removeRemnants,
  SERVING_LOCK,
} from '../platform/data-directory/data-directory.ts';
import { FirstStart } from '../platform/data-directory/first-start.ts';
import { WatchedChild } from '../platform/processes/child-process.ts';
import type {
  FromControl,
  FromGateway,
  LiveMessage,
  ProtectionSummary,
  StandingSnapshot,
  ToControl,
} from '../platform/processes/messages.ts';
import { GATEWAY_OPTIONS, gatewayEnvironment } from './gateway-environment.ts';

/** '.ts' in development, '.js' where published. */
const EXTENSION = extname(import.meta.filename);
const CONTROL = join(import.meta.dirname, `../control/control-process${EXTENSION}`);
const GATEWAY = join(import.meta.dirname, `../gateway/gateway-process${EXTENSION}`);

/** A compile of a very large description may keep control busy this long. */
const CONTROL_STALL_MS = 120_000;
const GATEWAY_STALL_MS = 20_000;

export interface SupervisorOptions {
  readonly dataDirectory: string;
  /** How control finds the configuration; passed through as JSON. */
  readonly source: object;
  readonly drainMs: number;
  /** False: control alone; gateways run on other machines. */
  readonly runsGateway: boolean;
  readonly on: {
    readonly started: (facts: StartedFacts) => void;
    readonly refused: (diagnostics: readonly Diagnostic[]) => void;
    readonly warned: (diagnostics: readonly Diagnostic[]) => void;
    readonly trouble: (message: string) => void;
    /** Compiled, and yet the gateway cannot serve it. */
    readonly notApplied: (message: string) => void;
    /** `isHeld`: nothing is served until somebody acts, and this is no failure. */
    readonly said: (text: string, isHeld: boolean) => void;
    readonly applied: (version: number) => void;
  };
}

export interface StartedFacts {
  readonly summary: ProtectionSummary;
  readonly addresses: readonly string[];
  readonly threads: number;
  readonly controlAddress: string;
}

/**
 * One lock on the data directory, two children. Control compiles snapshots; the gateway serves
 * them. Either may die alone: the other goes on, and the dead one is started again.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #control: WatchedChild;
  readonly #gateway: WatchedChild;
  #lock: DirectoryLock | null = null;
  #first: FirstStart | null = null;
  /** A control that is started again judges changes by it. */
  #standing: StandingSnapshot | null = null;
  /** What every thread has served: a gateway that starts again can serve it. */
  #inForce: StandingSnapshot | null = null;
  /** The gateway restarts with it although control is down. */
  readonly #live = new LiveTable();
  #controlAddress: string | null = null;
  #listening: Extract<FromGateway, { type: 'listening' }> | null = null;
  #isGatewayStarted = false;
  /** `bootMs` of the last ping that control answered. */
  #controlSeenMs = Number.NEGATIVE_INFINITY;
  #isAnnounced = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { dataDirectory, source, runsGateway } = options;
    const argv = [JSON.stringify({ dataDirectory, source, runsGateway })];
    this.#control = new WatchedChild({
      module: CONTROL,
      argv,
      env: process.env,
      stallMs: CONTROL_STALL_MS,
      onMessage: (message) => this.#fromControl(message as FromControl),
      // A control that comes back must number its snapshots after those in force.
      onStart: () => {
        const standing = this.#standing;
        if (standing !== null) this.#tellControl({ type: 'standing', standing });
        this.#tellControl({ type: 'reload' });
        if (this.#isGatewayStarted) this.#tellControl({ type: 'gateway-up' });
      },
      onPong: (sentAtMs) => {
        this.#controlSeenMs = sentAtMs;
        this.#gateway.send({ type: 'control-seen', atMs: sentAtMs });
      },
      onExit: (reason) => options.on.trouble(`control ended (${reason}); starting it again`),
    });
    this.#gateway = new WatchedChild({
      module: GATEWAY,
      argv,
      env: gatewayEnvironment(process.env),
      execArgv: GATEWAY_OPTIONS,
      stallMs: GATEWAY_STALL_MS,
      onMessage: (message) => this.#fromGateway(message as FromGateway),
      onStart: () => {
        this.#tellControl({ type: 'gateway-up' });
        // A new process goes on where control was last seen: it is not seen by being started.
        this.#gateway.send({ type: 'control-seen', atMs: this.#controlSeenMs });
        this.#gateway.send({ type: 'live', state: this.#live.state });
        this.#sendSnapshot();
      },
      onExit: (reason) => {
        this.#tellControl({ type: 'gateway-down' });
        options.on.trouble(`gateway ended (${reason}); starting it again`);
      },
    });
  }

  get pids(): { control: number | undefined; gateway: number | undefined } {
    return { control: this.#control.pid, gateway: this.#gateway.pid };
  }

  /** Throws DirectoryHeldError before anything is bound. */
  start(): void {
    this.#first = FirstStart.look(this.#options.dataDirectory);
    prepareDataDirectory(this.#options.dataDirectory);
    this.#lock = lockDirectory(this.#options.dataDirectory, SERVING_LOCK);
    removeRemnants(this.#options.dataDirectory);
    this.#control.start();
  }

  reload(): void {
    this.#tellControl({ type: 'reload' });
  }

  /**
   * Readiness off, calls under way finish, everything closes. `isForgotten`: nothing was served, and where
   * nothing was before, nothing is left.
   */
  async stop({ isForgotten = false } = {}): Promise<void> {
    this.#tellControl({ type: 'drain' });
    if (this.#isGatewayStarted) {
      await this.#gateway.stop({ type: 'drain' }, this.#options.drainMs + 5_000);
    }
    await this.#control.stop({ type: 'stop' }, 5_000);
    if (this.#lock === null) return;
    // What a version in force has let pass is on record.
    if (isForgotten && this.#inForce === null && this.#first !== null) {
      this.#first.takeBack(this.#lock);
    } else this.#lock.release();
  }

  #fromControl(message: FromControl): void {
    switch (message.type) {
      case 'snapshot': {
        const { snapshot, summary, configuration } = message;
        this.#standing = { snapshot, summary, configuration };
        // It was alive when it compiled this, after it was started.
        this.#controlSeenMs = Math.max(this.#controlSeenMs, this.#control.startedAtBootMs);
        if (!this.#options.runsGateway) this.#announce();
        else if (this.#isGatewayStarted) this.#sendSnapshot();
        else {
          this.#isGatewayStarted = true;
          this.#gateway.start();
        }
        return;
      }
      case 'live':
      case 'live-change':
        return this.#passLive(message);
      case 'issuer-keys':
        if (this.#isGatewayStarted) this.#gateway.send(message);
        return;
      case 'said':
        return this.#options.on.said(message.text, message.isHeld);
      case 'refused':
        return this.#options.on.refused(message.diagnostics);
      case 'warnings':
        return this.#options.on.warned(message.diagnostics);
      case 'listening':
        this.#controlAddress = message.address;
        return this.#announce();
      default:
        message satisfies never;
    }
  }

  #fromGateway(message: FromGateway): void {
    this.#tellControl({ type: 'gateway', report: message });
    if (message.type === 'failed') this.#failed(message);
    if (message.type === 'applied') {
      const isWhole = this.#standing?.snapshot.gate.version === message.version;
      if (isWhole) this.#inForce = this.#standing;
      this.#options.on.applied(message.version);
    }
    if (message.type === 'listening') {
      this.#listening = message;
      this.#announce();
    }
  }

  #failed({ message, version }: Extract<FromGateway, { type: 'failed' }>): void {
    const { on } = this.#options;
    if (version === undefined) return on.trouble(message);
    const isNewest = this.#standing?.snapshot.gate.version === version;
    if (isNewest) this.#standing = this.#inForce ?? this.#standing;
    on.notApplied(message);
  }

  #passLive(message: LiveMessage): void {
    if (message.type === 'live') this.#live.replace(message.state);
    else this.#live.apply(message.change);
    if (this.#isGatewayStarted) this.#gateway.send(message);
  }

  #announce(): void {
    if (this.#isAnnounced || !this.#standing || !this.#controlAddress) return;
    if (this.#options.runsGateway && this.#listening === null) return;
    this.#isAnnounced = true;
    this.#options.on.started({
      summary: this.#standing.summary,
      addresses: this.#listening?.addresses ?? [],
      threads: this.#listening?.threads ?? 0,
      controlAddress: this.#controlAddress,
    });
  }

  #sendSnapshot(): void {
    const snapshot = this.#standing?.snapshot;
    if (snapshot !== undefined) this.#gateway.send({ type: 'snapshot', snapshot });
  }

  #tellControl(message: ToControl): void {
    this.#control.send(message);
  }
}
