import type { LiveMessage } from '@poorter/engine';
import type { Configuration } from '../configuration/schema.ts';
import {
  type FromGateway,
  type IssuerKeysMessage,
  LINK_PROTOCOL,
  LINK_PROTOCOL_OLDEST,
  type RuntimeSnapshot,
  type ToRemoteGateway,
} from '../messages/between-processes.ts';
import { type NoticeCode, notice } from '../messages/notices.ts';
import { splitAddress } from '../platform/addresses/index.ts';
import type {
  LinkCredentials,
  LinkEnd,
  LinkServer,
  LinkServerOptions,
} from '../platform/link/index.ts';
import type { Notify } from '../platform/notices/index.ts';
import { programVersion } from '../platform/program/index.ts';
import { type SpoolMirror, SpoolReception } from '../platform/spool/index.ts';
import type { Timer, World } from '../platform/world/index.ts';
import { type FromRemote, fromRemote, helloSchema } from './from-remote.ts';
import type { GatewayBook } from './gateway-book.ts';
import { bookUnwritten, ofGateway, refusedGateway, saidBy, silent } from './gateway-notices.ts';
import type { Session } from './remote-session.ts';

/** What is needed of the server of the link. */
type LinkListener = Pick<LinkServer, 'listen' | 'close' | 'renew'>;

/** As it was configured when it opened. */
interface OpenLink {
  readonly link: NonNullable<Configuration['link']>;
  readonly credentials: LinkCredentials;
}

interface ListeningLink {
  readonly server: LinkListener;
  readonly address: string;
}

export interface RemoteGatewayPorts {
  readonly book: GatewayBook;
  /** Everything that is live now, for a gateway that just connected. */
  readonly liveNow: () => Extract<LiveMessage, { type: 'live' }>;
  readonly report: (gateway: string, report: FromGateway) => void;
  /** Where their records are kept; null: nowhere. */
  readonly mirror: SpoolMirror | null;
  readonly world: Pick<World, 'monotonicMs' | 'after' | 'every'>;
  readonly notify: Notify;
  /** Default: a real one. */
  readonly openServer?: (options: LinkServerOptions) => LinkListener;
}

/** Without a hello for this long a connection is given up. */
const HELLO_MAX_MS = 5_000;
/** Kinds of trouble that are told of one connection; the rest is only counted. */
const TOLD_MAX = 20;

/** How a gateway that is connected meets this control. */
export interface MetGateway {
  readonly name: string;
  readonly version: string;
  /** False: another version; it keeps the snapshot it has, and hears of keys and blocks. */
  readonly takesSnapshots: boolean;
  /** Messages that this control does not know. */
  readonly passedOver: number;
  /** Restrictions that the gateway does not know: it does not count as having confirmed them. */
  readonly strangers: readonly string[];
}

/**
 * Gateways on other machines: they receive snapshots and live state, and send acknowledgements and
 * their spools. One that is cut off goes on serving until its staleness bound: until then, what is
 * revoked is not revoked everywhere, and that is said.
 */
export class RemoteGateways {
  readonly #ports: RemoteGatewayPorts;
  readonly #version = programVersion();
  #server: LinkListener | null = null;
  #configured = '';
  #open: OpenLink | null = null;
  #snapshot: RuntimeSnapshot | null = null;
  #firstStaleMs = 0;
  #address: string | null = null;
  readonly #sessions = new Map<LinkEnd, Session>();
  readonly #strangers = new Map<LinkEnd, Timer>();

  constructor(ports: RemoteGatewayPorts) {
    this.#ports = ports;
  }

  get address(): string | null {
    return this.#address;
  }

  get met(): MetGateway[] {
    return [...this.#sessions.values()].map((session) => ({
      name: session.end.name,
      version: session.version,
      takesSnapshots: session.version === this.#version,
      passedOver: session.passedOver,
      strangers: session.strangers,
    }));
  }

  /**
   * Listens as the configuration says; does nothing when that did not change. Throws PlaceFault, and
   * then gateways are met where they were met before.
   */
  async apply(
    link: NonNullable<Configuration['link']> | undefined,
    credentials: LinkCredentials | null,
  ): Promise<void> {
    // Whoever trusts others from now on must ask everybody again; a renewed certificate needs not.
    const configured = JSON.stringify([link, credentials?.authorities]);
    if (configured === this.#configured) {
      if (credentials !== null) this.#server?.renew(credentials);
      return;
    }
    const wanted = link === undefined || credentials === null ? null : { link, credentials };
    const before = this.#open;
    const isSamePlace = wanted !== null && before?.link.address === wanted.link.address;
    const isMoved = wanted !== null && before !== null && !isSamePlace;
    // Where the place changes, the new one opens first: what cannot open leaves the old one alone.
    const opening = isMoved ? await this.#listen(wanted) : null;
    this.close();
    try {
      this.#adopt(opening ?? (wanted && (await this.#listen(wanted))));
    } catch (error) {
      // Whoever is still trusted there comes back.
      if (before !== null) this.#adopt(await this.#listen(before));
      throw error;
    }
    this.#open = wanted;
    this.#configured = configured;
  }

  async #listen({ link, credentials }: OpenLink): Promise<ListeningLink> {
    const open = this.#ports.openServer ?? (await loadLinkServer());
    const server = open({
      ...splitAddress(link.address),
      credentials,
      names: link.gateways,
      world: this.#ports.world,
      on: {
        open: (end) => this.#opened(end),
        message: (end, message) => this.#heard(end, message),
        close: (end) => this.#closed(end),
        notify: this.#ports.notify,
      },
    });
    return { server, address: await server.listen() };
  }

  #adopt(listening: ListeningLink | null): void {
    this.#server = listening?.server ?? null;
    this.#address = listening?.address ?? null;
  }

  send(message: LiveMessage | IssuerKeysMessage): void {
    for (const { end } of this.#sessions.values()) end.send(message);
  }

  /** How long anybody may serve alone by what was in force before the first snapshot of this control. */
  begin(staleMs: number): void {
    this.#firstStaleMs = staleMs;
  }

  snapshot(snapshot: RuntimeSnapshot): void {
    this.#snapshot = snapshot;
    for (const session of this.#sessions.values()) this.#sendSnapshot(session);
  }

  /** No gateway is promised time any more. */
  close(): void {
    this.#server?.close();
    this.#server = null;
  }

  /** Nothing is said to a gateway, and nothing promised, before it has said who it is. */
  #opened(end: LinkEnd): void {
    const timer = this.#ports.world.after(HELLO_MAX_MS, () => {
      this.#ports.notify(silent(end.name));
      end.close();
    });
    this.#strangers.set(end, timer);
  }

  #closed(end: LinkEnd): void {
    this.#forgetStranger(end);
    const session = this.#sessions.get(end);
    if (session === undefined) return;
    this.#sessions.delete(end);
    this.#ports.book.cutOff(session.key);
    this.#ports.notify(ofGateway(end.name, 'gateway_cut_off', 'is cut off'));
  }

  #forgetStranger(end: LinkEnd): void {
    this.#strangers.get(end)?.cancel();
    this.#strangers.delete(end);
  }

  #met(end: LinkEnd, unknown: unknown): void {
    const read = helloSchema.safeParse(unknown);
    if (!read.success) {
      this.#ports.notify(silent(end.name));
      return end.close();
    }
    const hello = read.data;
    this.#forgetStranger(end);
    const refuse = (reason: string) => {
      this.#ports.notify(refusedGateway(end.name, reason));
      this.#say(end, { type: 'refused', reason });
      end.close();
    };
    const spoken = Math.min(hello.protocol, LINK_PROTOCOL);
    if (spoken < Math.max(hello.oldest, LINK_PROTOCOL_OLDEST)) {
      return refuse(
        `it speaks protocols ${hello.oldest} to ${hello.protocol} of the link, control ${LINK_PROTOCOL_OLDEST} to ${LINK_PROTOCOL}`,
      );
    }
    this.#replace(end, `${end.name} ${hello.instance}`);
    const whole = this.#ports.liveNow();
    let key: string;
    try {
      // On disk before it is told anything: a control that starts again must know of it.
      const { book } = this.#ports;
      // It may decide by a snapshot of long ago, whatever holds by now, and not be able to serve another.
      const staleMs = Math.max(this.#staleMs, hello.staleAfterMs ?? book.longestMs);
      key = book.enter(end.name, hello.instance, staleMs, whole.state.sequence);
    } catch (error) {
      return refuse((error as Error).message);
    }
    const { version } = hello;
    const session: Session = {
      ...{ end, key, version, snapshotVersion: 0 },
      ...{ told: new Set<string>(), passedOver: 0, strangers: [] },
      ...{ reception: null, spoolTrouble: null },
    };
    this.#sessions.set(end, session);
    this.#say(end, {
      ...{ type: 'hello', protocol: LINK_PROTOCOL, oldest: LINK_PROTOCOL_OLDEST },
      ...{ version: this.#version, name: end.name },
    });
    // In one turn with the list of sessions: no change can overtake the whole.
    end.send(whole);
    this.#sendSnapshot(session);
  }

  /** One connection a name: what an earlier one says from now on counts for nothing. */
  #replace(end: LinkEnd, key: string): void {
    for (const [other, session] of this.#sessions) {
      if (other.name !== end.name) continue;
      this.#sessions.delete(other);
      if (session.key !== key) this.#ports.book.cutOff(session.key);
      other.close();
    }
  }

  get #staleMs(): number {
    return this.#snapshot?.gate.staleAfterMs ?? this.#firstStaleMs;
  }

  #sendSnapshot(session: Session): void {
    if (this.#snapshot === null) return;
    if (session.version !== this.#version) {
      return this.#tellOnce(
        session,
        'gateway_version',
        `runs version ${session.version} and control ${this.#version}: it goes on with the snapshot it has`,
      );
    }
    try {
      this.#ports.book.mayDecideBy(session.key, this.#staleMs);
    } catch (error) {
      this.#ports.notify(bookUnwritten(session.end.name, 'who may serve', error));
      return session.end.close();
    }
    session.snapshotVersion = this.#snapshot.gate.version;
    this.#say(session.end, { type: 'snapshot', snapshot: this.#snapshot });
  }

  #heard(end: LinkEnd, unknown: unknown): void {
    const session = this.#sessions.get(end);
    if (session === undefined)
      return this.#strangers.has(end) ? this.#met(end, unknown) : end.close();
    const read = fromRemote.safeParse(unknown);
    // A newer gateway may say more. Whatever is not understood confirms, ends and keeps nothing.
    if (!read.success) return this.#passOver(session, unknown);
    const message = read.data;
    const { book } = this.#ports;
    switch (message.type) {
      case 'renew':
        if (book.promise(session.key)) this.#say(end, { type: 'renewed', at: message.at });
        return;
      case 'live-applied':
        return book.confirm(session.key, message.sequence);
      case 'applied':
        this.#applied(session, message.version);
        return this.#ports.report(end.name, message);
      case 'not-understood':
        session.strangers = message.what;
        return this.#tellOnce(
          session,
          'gateway_outdated',
          `does not know ${message.what.join(', ')}: update it`,
        );
      case 'ended':
        return this.#ended(session);
      case 'failed':
      case 'notice':
        return this.#ports.notify(saidBy(end.name, message));
      case 'spool':
        return this.#receive(session, message);
      case 'metrics':
      case 'unknown-key-id':
      case 'roles-read':
      case 'listening':
        return this.#ports.report(end.name, message);
      default:
        message satisfies never;
    }
  }

  #receive(session: Session, batch: Extract<FromRemote, { type: 'spool' }>): void {
    const { end } = session;
    const { number } = batch;
    try {
      const { mirror } = this.#ports;
      if (mirror !== null) session.reception ??= new SpoolReception(mirror, end.name);
      const answers = session.reception?.hear(batch) ?? null;
      session.spoolTrouble = null;
      end.send(
        answers === null ? { type: 'not-spooled', number } : { type: 'spooled', number, answers },
      );
    } catch (error) {
      const text = `keeping records of ${end.name}: ${(error as Error).message}`;
      // Said once: the gateway goes on trying.
      if (session.spoolTrouble !== text) {
        this.#ports.notify(notice('records_not_kept', text, { gateway: end.name }));
      }
      session.spoolTrouble = text;
      end.send({ type: 'not-spooled', number });
    }
  }

  #applied(session: Session, version: number): void {
    if (version !== session.snapshotVersion || version !== this.#snapshot?.gate.version) return;
    try {
      this.#ports.book.decidesBy(session.key, this.#staleMs);
    } catch (error) {
      // The longer bound stands on disk: it is waited for longer than it must be.
      this.#ports.notify(bookUnwritten(session.end.name, 'who may serve', error));
    }
  }

  #ended(session: Session): void {
    const { end, key } = session;
    try {
      this.#ports.book.ended(key);
    } catch (error) {
      return this.#ports.notify(bookUnwritten(end.name, `that ${end.name} ended`, error));
    }
    this.#sessions.delete(end);
    this.#say(end, { type: 'ended-noted' });
    this.#ports.report(end.name, { type: 'drained' });
    this.#ports.notify(ofGateway(end.name, 'gateway_left', 'has ended'));
  }

  #passOver(session: Session, unknown: unknown): void {
    session.passedOver += 1;
    const { type } = (unknown ?? {}) as { type?: unknown };
    this.#tellOnce(
      session,
      'gateway_not_understood',
      `says ${String(type).slice(0, 60)}, which is not understood; passed over`,
    );
  }

  #tellOnce({ end, told }: Session, code: NoticeCode, what: string): void {
    if (told.size >= TOLD_MAX || told.has(what)) return;
    told.add(what);
    this.#ports.notify(ofGateway(end.name, code, what));
  }

  #say(end: LinkEnd, message: ToRemoteGateway): void {
    end.send(message);
  }
}

/** Whoever has no gateways on other machines holds nothing of it. */
async function loadLinkServer(): Promise<(options: LinkServerOptions) => LinkListener> {
  const { LinkServer } = await import('../platform/link/index.ts');
  return (options) => new LinkServer(options);
}
