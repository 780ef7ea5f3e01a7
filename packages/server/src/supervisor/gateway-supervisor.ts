import { join } from 'node:path';
import type { LiveMessage } from '@poorter/engine';
import {
  type FromGateway,
  type FromRemoteGateway,
  LINK_PROTOCOL,
  LINK_PROTOCOL_OLDEST,
  type RuntimeSnapshot,
  type ToRemoteGateway,
} from '../messages/between-processes.ts';
import { notice } from '../messages/notices.ts';
import type { Notice, Notify } from '../platform/notices/index.ts';
import { programVersion } from '../platform/program/index.ts';
import type { CarriedAnswer, CarriedEntry } from '../platform/spool/index.ts';
import type { Timer } from '../platform/world/index.ts';
import { ControlLease, RENEW_EVERY_MS } from './control-lease.ts';
import { GatewayLauncher } from './gateway-launcher.ts';
import type { GatewayMachine } from './gateway-machine.ts';
import { gatewayEnded, unserved } from './gateway-notices.ts';
import { LiveReading } from './live-reading.ts';

/** Control writes pieces of the spool to its disk within this time, or is asked what it has. */
const SHIP_MAX_MS = 30_000;
/** Control writes down that this gateway has ended within this time, or waits for its bound. */
const END_MAX_MS = 5_000;
const END_EVERY_MS = 500;
/** Types of messages that are told as unknown; the rest is only counted. */
const UNKNOWN_TOLD_MAX = 20;
/** At the end, control may take the last records for so long; the next start carries what is left. */
const LAST_BATCHES_MAX_MS = 3_000;

export interface GatewaySupervisorOptions {
  readonly machine: GatewayMachine;
  readonly dataDirectory: string;
  /** Instead of control's, in the order of its listeners. */
  readonly listen: readonly { readonly host: string; readonly port: number }[] | null;
  readonly threads: number | undefined;
  readonly drainMs: number;
  readonly on: {
    readonly started: (addresses: readonly string[], threads: number) => void;
    readonly notify: Notify;
    /** What control sent cannot be served here. */
    readonly notApplied: Notify;
    readonly applied: (version: number) => void;
  };
}

/**
 * A machine that only runs a gateway: what control says comes over the link. Cut off, it serves its
 * last snapshot until the staleness bound.
 */
export class GatewaySupervisor {
  readonly #options: GatewaySupervisorOptions;
  readonly #gateway: GatewayLauncher<{ readonly snapshot: RuntimeSnapshot }>;
  readonly #reading = new LiveReading();
  readonly #lease: ControlLease;
  #renewal: Timer | null = null;
  /** Both ends have said hello on the present connection. */
  #isMet = false;
  readonly #unknownTypes = new Set<string>();
  #endNoted: () => void = () => undefined;
  #hasLive = false;
  #lock: ReturnType<GatewayMachine['occupy']> | null = null;
  #link: ReturnType<GatewayMachine['openLink']> | null = null;
  #carrier: ReturnType<GatewayMachine['carry']> | null = null;
  /** Batches of the spool that wait for control's word, by number. */
  readonly #batches = new Map<number, (answers: readonly CarriedAnswer[] | null) => void>();
  #lastBatch = 0;
  /** As its certificate says; told by control. */
  #name: string | null = null;
  #listening: Extract<FromGateway, { type: 'listening' }> | null = null;
  /** Control has promised it time, and it knows. */
  #mayServe = false;
  #isAnnounced = false;
  /** What control must hear again when the link comes back. */
  readonly #lastReports = new Map<FromGateway['type'], FromGateway>();

  constructor(options: GatewaySupervisorOptions) {
    this.#options = options;
    const { machine, dataDirectory, threads } = options;
    const { world, launch } = machine;
    this.#lease = new ControlLease(world.bootMs);
    this.#gateway = new GatewayLauncher({
      ...{ world, launch, dataDirectory },
      source: threads === undefined ? {} : { threads },
      on: {
        message: (message) => this.#fromGateway(message),
        ended: (reason) => options.on.notify(gatewayEnded(reason)),
      },
    });
  }

  /** Throws DirectoryHeldError before anything is bound. */
  start(): void {
    const { machine, on } = this.#options;
    this.#lock = machine.occupy();
    this.#carrier = machine.carry({
      send: (entries) => this.#ship(entries),
      notify: on.notify,
    });
    let isCutOff = false;
    this.#link = machine.openLink({
      open: () => {
        if (isCutOff) on.notify(notice('control_back', 'control is back'));
        isCutOff = false;
        this.#say(this.#hello());
      },
      message: (message) => this.#fromControl(message as ToRemoteGateway),
      close: (why) => {
        this.#isMet = false;
        for (const settle of [...this.#batches.values()]) settle(null);
        if (!isCutOff) on.notify(controlAway(why));
        isCutOff = true;
      },
    });
    this.#renewal = machine.world.every(RENEW_EVERY_MS, () => this.#renew());
  }

  async stop(): Promise<void> {
    await this.#gateway.stop(this.#options.drainMs);
    await this.#carrier?.finish(LAST_BATCHES_MAX_MS);
    this.#renewal?.cancel();
    await this.#sayEnded();
    this.#link?.close();
    this.#lock?.release();
  }

  /** Revocations need not wait for a gateway of which nothing is left that could serve. */
  async #sayEnded(): Promise<void> {
    if (this.#name === null) return;
    const { machine } = this.#options;
    const { world } = machine;
    const proof = machine.lockOutGateways();
    if (proof === null) return;
    await new Promise<void>((resolve) => {
      const say = () => this.#isMet && this.#say({ type: 'ended' });
      // The link may come back meanwhile, and then be told.
      const again = world.every(END_EVERY_MS, say);
      const timer = world.after(END_MAX_MS, () => this.#endNoted());
      this.#endNoted = () => {
        timer.cancel();
        again.cancel();
        resolve();
      };
      say();
    });
    proof.release();
  }

  #renew(): void {
    if (this.#isMet) this.#say(this.#lease.ask());
  }

  #hello(): FromRemoteGateway {
    return {
      ...{ type: 'hello', protocol: LINK_PROTOCOL, oldest: LINK_PROTOCOL_OLDEST },
      version: programVersion(),
      instance: this.#options.machine.instance(),
      staleAfterMs: this.#gateway.staleAfterMs,
    };
  }

  #met(name: string): void {
    this.#name = name;
    this.#isMet = true;
    this.#renew();
    for (const report of this.#lastReports.values()) this.#link?.send(report);
  }

  #fromControl(message: ToRemoteGateway): void {
    switch (message.type) {
      case 'hello':
        return this.#met(message.name);
      case 'refused':
        return this.#refused(message.reason);
      case 'live':
      case 'live-change':
        return this.#hearLive(message);
      case 'snapshot':
        return this.#apply(this.#own(message.snapshot));
      case 'renewed':
        this.#lease.renewed(message.at);
        return this.#gateway.controlSeen(this.#lease.seenMs);
      case 'ended-noted':
        return this.#endNoted();
      case 'spooled':
      case 'not-spooled':
        this.#batches.get(message.number)?.(message.type === 'spooled' ? message.answers : null);
        return;
      case 'issuer-keys':
        return this.#gateway.takeIssuerKeys(message);
      default:
        // A newer control may say more; rights it takes away stand in live messages alone.
        message satisfies never;
        return this.#passOver(message as { type?: unknown });
    }
  }

  #passOver({ type }: { type?: unknown }): void {
    const name = String(type).slice(0, 60);
    if (this.#unknownTypes.size >= UNKNOWN_TOLD_MAX || this.#unknownTypes.has(name)) return;
    this.#unknownTypes.add(name);
    this.#options.on.notify(
      notice(
        'control_not_understood',
        `control says ${name}, which this version does not know; passed over`,
        { said: name },
      ),
    );
  }

  #refused(reason: string): void {
    const text = `control refuses this gateway: ${reason}`;
    this.#options.on.notify(notice('control_refuses', text, { reason }));
  }

  /** A control that was just met says everything first: what was confirmed before counts for nothing. */
  #hearLive(message: LiveMessage): void {
    const read = this.#reading.read(message);
    this.#hasLive = true;
    const { strangers } = this.#reading;
    if (strangers.length > 0) {
      const text = `control restricts in ways this version does not know: ${strangers}`;
      this.#options.on.notify(notice('control_not_understood', text, { said: strangers }));
      this.#say({ type: 'not-understood', what: strangers });
    }
    this.#gateway.takeLive(read);
  }

  /** Every thread has applied `sequence`; confirmed is as much of it as was understood. */
  #confirm(sequence: number): void {
    if (!this.#isMet || sequence > this.#gateway.liveSequence) return;
    this.#link?.send({ type: 'live-applied', sequence: this.#reading.confirmable(sequence) });
    // Control promises time to those alone who know what is revoked: now it may.
    this.#renew();
  }

  #say(message: FromRemoteGateway): boolean {
    return this.#link?.send(message) === true;
  }

  #apply(snapshot: RuntimeSnapshot): void {
    const isKnown = this.#gateway.newest?.snapshot.gate.version === snapshot.gate.version;
    if (!isKnown) this.#gateway.serve({ snapshot });
    if (this.#hasLive) this.#gateway.start();
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
    // What it confirms is told as far as it was understood; that it drained, when it is gone.
    const isOwn = ['live-applied', 'drained', 'control-heard'].includes(message.type);
    if (this.#isMet && !isOwn) this.#link?.send(message);
    switch (message.type) {
      case 'applied':
        this.#lastReports.set('applied', message);
        return on.applied(message.version);
      case 'live-applied':
        return this.#confirm(message.sequence);
      case 'notice':
        return on.notify(message.notice);
      case 'failed':
        return on.notApplied(unserved(message));
      case 'listening':
        this.#lastReports.set('listening', message);
        this.#listening = message;
        return this.#announce();
      case 'control-heard':
        this.#mayServe = true;
        return this.#announce();
      case 'metrics':
      case 'unknown-key-id':
      case 'roles-read':
      case 'drained':
        return;
      default:
        message satisfies never;
    }
  }

  /** Whoever is told that it has started calls it, and is to be served. */
  #announce(): void {
    if (this.#isAnnounced || !this.#mayServe || this.#listening === null) return;
    this.#isAnnounced = true;
    this.#options.on.started(this.#listening.addresses, this.#listening.threads);
  }

  #ship(entries: readonly CarriedEntry[]): Promise<readonly CarriedAnswer[] | null> {
    this.#lastBatch += 1;
    const number = this.#lastBatch;
    const isSent = this.#isMet && this.#link?.send({ type: 'spool', number, entries }) === true;
    if (!isSent) return Promise.resolve(null);
    return new Promise((resolve) => {
      const settle = (answers: readonly CarriedAnswer[] | null) => {
        timer.cancel();
        this.#batches.delete(number);
        resolve(answers);
      };
      const timer = this.#options.machine.world.after(SHIP_MAX_MS, () => settle(null));
      this.#batches.set(number, settle);
    });
  }
}

function controlAway(reason: string): Notice {
  const text = `control is away (${reason}); serving what is in force`;
  return notice('control_away', text, { reason });
}
