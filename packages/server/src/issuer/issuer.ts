import { randomInt } from 'node:crypto';
import type {
  FromIssuer,
  IssuerQuestion,
  IssuerSnapshot,
  StandingSession,
  ToIssuer,
} from '../messages/between-issuer.ts';
import { notice } from '../messages/notices.ts';
import { certificateFault } from '../platform/certificates/index.ts';
import { readContract } from '../platform/contracts/index.ts';
import { createCounterMemory, SharedCounters } from '../platform/counters/index.ts';
import type { Notice } from '../platform/notices/index.ts';
import type { Timer, World } from '../platform/world/index.ts';
import { pruneAll } from '../state/index.ts';
import type { BrowserSessions } from './account/browser-sessions.ts';
import { IssuerServer } from './issuer-server.ts';
import { keysInForce } from './keys-in-force.ts';
import { Mailer } from './mail/mailer.ts';
import { NoticeSender } from './mail/notice-sender.ts';
import { NotEverywhereYet } from './not-everywhere-yet.ts';
import { type Lasting, type OpenedIssuer, openIssuer } from './open-issuer.ts';
import { type IssuerStores, openIssuerStores } from './open-stores.ts';
import { AskPace } from './protocol/ask-pace.ts';
import { OUTGOING_AUTHORITIES } from './protocol/outgoing.ts';
import { PollPace } from './protocol/poll-pace.ts';
import { Redemptions } from './protocol/redemptions.ts';
import { PasswordHashes } from './sign-in/password-hashes.ts';
import { TakingBack } from './taking-back.ts';

export interface IssuerPorts {
  readonly world: World;
  /** To the supervisor. */
  readonly send: (message: FromIssuer) => void;
  readonly exit: () => void;
}

const LOOK_AT_KEYS_MAX_MS = 3_600_000;
const PRUNE_EVERY_MS = 30_000;
const DAY_MS = 86_400_000;
const DRAIN_MAX_MS = 10_000;
/** Addresses that are counted at once: about 1 MB. */
const COUNTED_MAX = 16_384;

/**
 * Our own authorization server. Goes by the last snapshot that it could serve; what control says while it is
 * at work waits its turn.
 */
export class Issuer {
  readonly #ports: IssuerPorts;
  readonly #server: IssuerServer;
  readonly #mtlsServer: IssuerServer;
  readonly #contract = readContract('issuer');
  readonly #counters: SharedCounters;
  readonly #pace: PollPace;
  readonly #askPace: AskPace;
  #stores: IssuerStores | null = null;
  #snapshot: IssuerSnapshot | null = null;
  #sessions: BrowserSessions | null = null;
  #sender: NoticeSender | null = null;
  #working: Promise<void> = Promise.resolve();
  #keysTimer: Timer | null = null;
  readonly #hashes: PasswordHashes;
  readonly #redemptions = new Redemptions();
  readonly #takingBack: TakingBack;
  #inFlight = 0;

  constructor(ports: IssuerPorts) {
    this.#ports = ports;
    this.#hashes = new PasswordHashes(ports.world);
    const { monotonicMs } = ports.world;
    const memory = createCounterMemory({ entries: COUNTED_MAX, threads: 1, seed: drawSeed() });
    this.#counters = new SharedCounters(memory, 0, monotonicMs);
    this.#pace = new PollPace(monotonicMs);
    this.#askPace = new AskPace(monotonicMs);
    this.#takingBack = new TakingBack({
      world: ports.world,
      ask: (request) => ports.send({ type: 'issuer-reach', request }),
    });
    const told = (error: unknown) => this.#notify(fault(error));
    this.#server = new IssuerServer('issuer.address', told);
    this.#mtlsServer = new IssuerServer('issuer.mtls.address', told);
  }

  receive(message: ToIssuer): void {
    switch (message.type) {
      case 'issuer-snapshot':
        return this.#inTurn(() => this.#serve(message.snapshot));
      case 'own-keys-changed':
        return this.#inTurn(() => this.#renewKeys());
      case 'issuer-ask':
        return void this.#answerOperator(message.request, message.question);
      case 'issuer-reached':
        return this.#takingBack.reached(message.request, message.missing);
      case 'drain':
        return void this.drain();
      default:
        message satisfies never;
    }
  }

  async drain(): Promise<void> {
    const { world, exit, send } = this.#ports;
    world.after(DRAIN_MAX_MS, exit);
    this.#keysTimer?.cancel();
    await Promise.all([this.#server.close(), this.#mtlsServer.close()]);
    await this.#sender?.close();
    await this.#stores?.close().catch(() => undefined);
    send({ type: 'drained' });
    exit();
  }

  #inTurn(work: () => Promise<void>): void {
    this.#working = this.#working.then(work).catch((error: unknown) => this.#notify(fault(error)));
  }

  async #serve(snapshot: IssuerSnapshot): Promise<void> {
    const { send } = this.#ports;
    const isFirst = this.#snapshot === null;
    try {
      this.#stores ??= await this.#openStores(snapshot);
      const { endStaleOperators } = await this.#open(snapshot, this.#stores);
      await endStaleOperators();
      await this.#server.listen(snapshot.listener);
      if (snapshot.mtls === null) await this.#mtlsServer.close();
      else await this.#mtlsServer.listen(snapshot.mtls.listener);
    } catch (error) {
      send({ type: 'failed', version: snapshot.version, message: (error as Error).message });
      return;
    }
    if (isFirst) send({ type: 'listening', address: this.#server.address });
  }

  async #openStores(snapshot: IssuerSnapshot): Promise<IssuerStores> {
    const { world } = this.#ports;
    const stores = await openIssuerStores(snapshot, world, (told) => this.#notify(told));
    world.every(PRUNE_EVERY_MS, () => {
      const unused = { prune: () => this.#endUnusedClients(stores) };
      const ended = pruneAll([
        ...[stores.artefacts, stores.singleUse, stores.attempts, unused],
        stores.registrations,
      ]);
      ended.catch((error: unknown) => this.#notify(fault(error)));
    });
    return stores;
  }

  /** Of clients that registered themselves, those that nobody uses. Returns how many. */
  async #endUnusedClients(stores: IssuerStores): Promise<number> {
    const snapshot = this.#snapshot;
    if (snapshot === null || snapshot.registration === null) return 0;
    const before = this.#ports.world.now() - snapshot.registration.unusedDays * DAY_MS;
    const unused = await stores.registrations.unusedSince(before);
    for (const client of unused) {
      const ended = this.#takingBack.endClient(client, stores, snapshot);
      await ended.catch((error: unknown) => {
        if (!(error instanceof NotEverywhereYet)) throw error;
        this.#notify(notice('issuer_not_everywhere', error.message));
      });
    }
    return unused.length;
  }

  async #renewKeys(): Promise<void> {
    if (this.#snapshot !== null && this.#stores !== null) {
      await this.#open(this.#snapshot, this.#stores);
    }
  }

  /** By this snapshot, with the keys of this moment, until they are others. */
  async #open(snapshot: IssuerSnapshot, stores: IssuerStores): Promise<OpenedIssuer> {
    const { world } = this.#ports;
    const keys = await keysInForce(snapshot, stores.signingKeys, world.now());
    const opened = openIssuer(snapshot, keys, this.#lasting(stores));
    const { door, sessions } = opened;
    for (const server of [this.#server, this.#mtlsServer]) {
      server.answerWith((request, response) => door.answer(request, response));
    }
    this.#snapshot = snapshot;
    this.#sessions = sessions;
    this.#sendNotices(snapshot, stores);
    this.#keysTimer?.cancel();
    const changesInMs = (keys.changesAt ?? Number.POSITIVE_INFINITY) - world.now();
    const waitMs = Math.max(1, Math.min(changesInMs, LOOK_AT_KEYS_MAX_MS));
    this.#keysTimer = world.after(waitMs, () => this.#inTurn(() => this.#renewKeys()));
    return opened;
  }

  #lasting(stores: IssuerStores): Lasting {
    return {
      ...{ world: this.#ports.world, contract: this.#contract, counters: this.#counters },
      ...{ pace: this.#pace, askPace: this.#askPace, hashes: this.#hashes, stores },
      ...{ takingBack: this.#takingBack, redemptions: this.#redemptions },
      inFlight: () => this.#inFlight,
      admitted: (change) => {
        this.#inFlight += change;
      },
      onFault: (error) => this.#notify(fault(error)),
      onLate: ({ message }) => this.#notify(notice('issuer_not_everywhere', message)),
      onUntold: (client, error) => this.#notify(notTold(client, error)),
    };
  }

  #sendNotices({ mail, origin }: IssuerSnapshot, stores: IssuerStores): void {
    const { world } = this.#ports;
    const { accountNotices: notices, accounts } = stores;
    const notify = (told: Notice) => this.#notify(told);
    this.#sender ??= new NoticeSender({ notices, accounts, world, notify });
    const mailer = mail && new Mailer(mail);
    this.#sender.use(mailer && { origin, send: (letter) => mailer.send(letter) });
  }

  /** Null: it cannot be found out now. */
  async #answerOperator(request: number, question: IssuerQuestion): Promise<void> {
    const { send } = this.#ports;
    const sessions = await this.#sessionsFor(question).catch((error: unknown) => {
      this.#notify(fault(error));
      return null;
    });
    send({ type: 'issuer-answer', request, sessions });
  }

  async #sessionsFor(question: IssuerQuestion): Promise<readonly StandingSession[] | null> {
    const sessions = this.#sessions;
    if (question.kind === 'clear-sessions') {
      await sessions?.clear(question.account);
      return [];
    }
    const account = await this.#stores?.accounts.show(question.account);
    if (sessions === null || account === undefined) return null;
    if (question.kind === 'sessions') return sessions.list(account);
    const ended = await sessions.endOne(account, question.session);
    return ended === undefined ? [] : [ended];
  }

  #notify(told: Notice): void {
    this.#ports.send({ type: 'notice', notice: told });
  }
}

function drawSeed(): [number, number] {
  const draw = () => randomInt(-(2 ** 31), 2 ** 31);
  return [draw(), draw()];
}

function notTold(client: string, error: Error): Notice {
  const { message, cause } = error;
  const why =
    certificateFault(error, OUTGOING_AUTHORITIES) ??
    (cause instanceof Error ? cause.message : message);
  return notice(
    'issuer_notice_failed',
    `${client} was not told that somebody signed out or has decided: ${why}`,
  );
}

function fault(error: unknown): Notice {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : 'fault';
  return notice('issuer_fault', `authorization server: ${what}`);
}
