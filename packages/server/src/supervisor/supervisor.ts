import type { Diagnostic } from '@poorter/openapi';
import { parseJsonText } from '@poorter/openapi/json';
import type { FromIssuer } from '../messages/between-issuer.ts';
import type {
  ControlSeat,
  FromControl,
  FromGateway,
  ProtectionSummary,
  StandingSnapshot,
  ToControl,
  ToSeatlessControl,
} from '../messages/between-processes.ts';
import { notice } from '../messages/notices.ts';
import type { Notice, Notify } from '../platform/notices/index.ts';
import { type Child, WatchedChild } from '../platform/processes/index.ts';
import { GatewayLauncher } from './gateway-launcher.ts';
import { firstStartUndone, gatewayEnded, unserved } from './gateway-notices.ts';
import { IssuerLauncher } from './issuer-launcher.ts';
import { controlProgram } from './start-control.ts';
import type { OccupiedPlace, SupervisedPlace } from './supervised-place.ts';

/** Nothing keeps control's main loop busy: so long it is silent on a machine alone that is overwhelmed. */
const CONTROL_STALL_MS = 60_000;

export interface SupervisorOptions {
  /** Control as it waits for its seat. */
  readonly control: Child;
  readonly place: SupervisedPlace;
  readonly seat: ControlSeat;
  readonly drainMs: number;
  readonly on: {
    readonly started: (facts: StartedFacts) => void;
    readonly refused: (diagnostics: readonly Diagnostic[], isTriedAgain: boolean) => void;
    readonly warned: (diagnostics: readonly Diagnostic[]) => void;
    readonly notify: Notify;
    /** Compiled, and yet the gateway cannot serve it. */
    readonly notApplied: Notify;
    /** Nothing is served until somebody acts, and this is no failure. */
    readonly startHeld: Notify;
    readonly applied: (version: number) => void;
  };
}

export interface StartedFacts {
  readonly summary: ProtectionSummary;
  readonly addresses: readonly string[];
  readonly threads: number;
  readonly controlAddress: string;
  /** Origin of our own authorization server, where there is one. */
  readonly issuer?: string;
}

/**
 * One lock on the data directory, two children. Control compiles snapshots; the gateway serves
 * them. Either may die alone: the other goes on, and the dead one is started again.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #control: WatchedChild;
  readonly #gateway: GatewayLauncher<StandingSnapshot>;
  readonly #issuer: IssuerLauncher;
  #occupied: OccupiedPlace | null = null;
  #controlAddress: string | null = null;
  #issuerAddress: string | null = null;
  #listening: Extract<FromGateway, { type: 'listening' }> | null = null;
  #isAnnounced = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { control: first, seat, place } = options;
    const { world, launch } = place;
    const { dataDirectory, source } = seat;
    this.#control = new WatchedChild({
      ...{ ...controlProgram(source, world.environment), world, launch },
      first,
      stallMs: CONTROL_STALL_MS,
      onMessage: (message) => this.#fromControl(message as FromControl),
      // A control that comes back must number its snapshots after those in force, and judge changes by it.
      onStart: () => {
        this.#tellControl({ type: 'seat', seat });
        const standing = this.#gateway.newest;
        if (standing !== null) this.#tellControl({ type: 'standing', standing });
        this.#tellControl({ type: 'reload' });
        if (this.#gateway.isStarted) this.#tellControl({ type: 'gateway-up' });
      },
      onPong: (sentAtMs) => this.#gateway.controlSeen(sentAtMs),
      onExit: (reason) =>
        options.on.notify(
          notice('control_ended', `control ended (${reason}); starting it again`, { reason }),
        ),
    });
    this.#issuer = new IssuerLauncher({
      ...{ world, launch },
      on: {
        message: (message) => this.#fromIssuer(message),
        ended: (reason) => options.on.notify(issuerEnded(reason)),
      },
    });
    this.#gateway = new GatewayLauncher({
      ...{ world, launch, dataDirectory, source },
      on: {
        started: () => this.#tellControl({ type: 'gateway-up' }),
        message: (message) => this.#fromGateway(message),
        ended: (reason) => {
          this.#tellControl({ type: 'gateway-down' });
          options.on.notify(gatewayEnded(reason));
        },
      },
    });
  }

  /** Throws DirectoryHeldError before anything is bound. */
  start(): void {
    this.#occupied = this.#options.place.occupy();
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
    const { drainMs } = this.#options;
    await Promise.all([this.#gateway.stop(drainMs), this.#issuer.stop(drainMs)]);
    await this.#control.stop({ type: 'stop' }, 5_000);
    // What a version in force has let pass is on record.
    if (!isForgotten || this.#gateway.inForce !== null) this.#occupied?.release();
    else if (this.#occupied?.takeBack() === true) this.#options.on.notify(firstStartUndone());
  }

  #fromControl(message: FromControl): void {
    switch (message.type) {
      case 'snapshot': {
        const { snapshot, summary, trial, issuer, configuration } = message;
        // It was alive when it compiled this, after it was started.
        this.#gateway.controlSeen(this.#control.startedAtBootMs);
        this.#gateway.serve({ snapshot, summary, trial, issuer, configuration });
        this.#issuer.serve(issuer);
        if (this.#options.seat.runsGateway) this.#gateway.start();
        else this.#announce();
        return;
      }
      case 'live':
      case 'live-change':
        return this.#gateway.takeLive(message);
      case 'issuer-keys':
        return this.#gateway.takeIssuerKeys(message);
      case 'own-keys-changed':
      case 'issuer-reached':
      case 'issuer-ask':
        return this.#issuer.tell(message);
      case 'notice':
        return this.#options.on.notify(message.notice);
      case 'start-held':
        return this.#options.on.startHeld(message.notice);
      case 'refused':
        return this.#options.on.refused(message.diagnostics, message.isTriedAgain);
      case 'warnings':
        return this.#options.on.warned(message.diagnostics);
      case 'listening':
        this.#controlAddress = message.address;
        return this.#announce();
      default:
        message satisfies never;
    }
  }

  #fromIssuer(message: FromIssuer): void {
    switch (message.type) {
      case 'listening':
        this.#issuerAddress = message.address;
        return this.#announce();
      case 'notice':
        return this.#options.on.notify(message.notice);
      case 'failed':
        return this.#options.on.notApplied(issuerUnserved(message));
      case 'issuer-reach':
      case 'issuer-answer':
        return this.#tellControl(message);
      case 'drained':
        return;
      default:
        message satisfies never;
    }
  }

  #fromGateway(message: FromGateway): void {
    this.#tellControl({ type: 'gateway', report: message });
    if (message.type === 'notice') this.#options.on.notify(message.notice);
    if (message.type === 'failed') this.#options.on.notApplied(unserved(message));
    if (message.type === 'applied') this.#options.on.applied(message.version);
    if (message.type === 'listening') {
      this.#listening = message;
      this.#announce();
    }
  }

  #announce(): void {
    const standing = this.#gateway.newest;
    if (this.#isAnnounced || !standing || !this.#controlAddress) return;
    if (this.#options.seat.runsGateway && this.#listening === null) return;
    if (standing.issuer !== null && this.#issuerAddress === null) return;
    this.#isAnnounced = true;
    this.#options.on.started({
      summary: summaryOf(standing),
      addresses: this.#listening?.addresses ?? [],
      threads: this.#listening?.threads ?? 0,
      controlAddress: this.#controlAddress,
      ...(standing.issuer !== null && { issuer: standing.issuer.origin }),
    });
  }

  #tellControl(message: ToControl | ToSeatlessControl): void {
    this.#control.send(message);
  }
}

function issuerEnded(reason: string): Notice {
  const text = `the authorization server ended (${reason}); starting it again`;
  return notice('issuer_ended', text, { reason });
}

function issuerUnserved({ message, version }: Extract<FromIssuer, { type: 'failed' }>): Notice {
  const text = `the authorization server cannot serve version ${version}: ${message}`;
  return notice('issuer_unserved', text, { version });
}

function summaryOf({ summary, trial }: StandingSnapshot): ProtectionSummary {
  const read = parseJsonText(Buffer.from(summary).toString('utf8')) as ProtectionSummary;
  return trial === null ? read : { ...read, trial };
}
