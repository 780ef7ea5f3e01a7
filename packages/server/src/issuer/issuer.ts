import { randomInt } from 'node:crypto';
import type { JWK } from 'jose';
import { signingPlan } from '../access/signing-keys/index.ts';
import type {
  FromIssuer,
  IssuerQuestion,
  IssuerSnapshot,
  StandingSession,
  ToIssuer,
} from '../messages/between-issuer.ts';
import { notice } from '../messages/notices.ts';
import { readContract } from '../platform/contracts/index.ts';
import { createCounterMemory, SharedCounters } from '../platform/counters/index.ts';
import type { Notice } from '../platform/notices/index.ts';
import type { Timer, World } from '../platform/world/index.ts';
import type { BrowserSessions } from './account/browser-sessions.ts';
import { openAccount } from './account/open-account.ts';
import { Decisions } from './decisions/index.ts';
import { DetailTypes } from './details/index.ts';
import { IssuerDoor } from './issuer-door.ts';
import { openIssuerGate } from './issuer-gate.ts';
import type { ToldOfCall } from './issuer-record.ts';
import { IssuerServer } from './issuer-server.ts';
import { Mailer } from './mail/mailer.ts';
import { NoticeSender } from './mail/notice-sender.ts';
import { NotEverywhereYet } from './not-everywhere-yet.ts';
import { type IssuerStores, openIssuerStores } from './open-stores.ts';
import { AskPace } from './protocol/ask-pace.ts';
import { actorsOf } from './protocol/exchange/exchange-rules.ts';
import { openProvider } from './protocol/open-provider.ts';
import { originsOf } from './protocol/origins.ts';
import { PairwiseNames } from './protocol/pairwise.ts';
import { PollPace } from './protocol/poll-pace.ts';
import { PresentedTokens } from './protocol/presented-tokens.ts';
import { pruneAll } from './prune-all.ts';
import { Consent } from './sign-in/consent.ts';
import { KnownDevices } from './sign-in/known-devices.ts';
import { Passkeys } from './sign-in/passkeys.ts';
import { PasswordHashes } from './sign-in/password-hashes.ts';
import { SignIn } from './sign-in/sign-in.ts';

export interface IssuerPorts {
  readonly world: World;
  /** To the supervisor. */
  readonly send: (message: FromIssuer) => void;
  readonly exit: () => void;
}

/** What was signed lives for so long beyond its end where clocks differ. */
const CLOCK_SKEW_MS = 300_000;
const LOOK_AT_KEYS_MAX_MS = 3_600_000;
const PRUNE_EVERY_MS = 30_000;
/** Control waits eight seconds for the gates. */
const REACH_MAX_MS = 15_000;
const DRAIN_MAX_MS = 10_000;
/** Addresses that are counted at once: about 1 MB. */
const COUNTED_MAX = 16_384;
const NOTHING_TOLD: ToldOfCall = { client: null, subject: null, error: null };

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
  readonly #hashes = new PasswordHashes();
  #lastRequest = 0;
  #inFlight = 0;
  /** Grants that end at this moment. */
  readonly #ending = new Map<string, Promise<void>>();
  /** Those who wait until every gate decides by what was taken back. */
  readonly #reaching = new Map<number, (missing: readonly string[]) => void>();

  constructor(ports: IssuerPorts) {
    this.#ports = ports;
    const { monotonicMs } = ports.world;
    const memory = createCounterMemory({ entries: COUNTED_MAX, threads: 1, seed: drawSeed() });
    this.#counters = new SharedCounters(memory, 0, monotonicMs);
    this.#pace = new PollPace(monotonicMs);
    this.#askPace = new AskPace(monotonicMs);
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
        return this.#reaching.get(message.request)?.(message.missing);
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
      await this.#open(snapshot, this.#stores);
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
      const ended = pruneAll([stores.artefacts, stores.singleUse, stores.attempts]);
      ended.catch((error: unknown) => this.#notify(fault(error)));
    });
    return stores;
  }

  async #renewKeys(): Promise<void> {
    if (this.#snapshot !== null && this.#stores !== null) {
      await this.#open(this.#snapshot, this.#stores);
    }
  }

  /** The protocol by this snapshot, with the keys of this moment, until they are others. */
  async #open(snapshot: IssuerSnapshot, stores: IssuerStores): Promise<void> {
    const { world } = this.#ports;
    const { keys, publicKeys, changesAt } = await this.#keysOf(snapshot, stores);
    const { ring, artefacts, clients, singleUse } = stores;
    const told = new WeakMap<object, ToldOfCall>();
    const onUntold = (client: string, error: Error) => this.#notify(notTold(client, error));
    const presented = this.#presentedTokens(snapshot, stores, publicKeys);
    const details = new DetailTypes(snapshot.detailTypes);
    const provider = openProvider({
      ...{ snapshot, keys, artefacts, clients, singleUse, presented, now: world.now },
      ...{ accounts: stores.accounts, grants: stores.grants, pace: this.#pace, details },
      endGrant: (grant) => this.#endOnce(grant, true),
      endTokens: (grant) => this.#endOnce(grant, false),
      told: (request, found) => void told.set(request, found),
      cookieKey: ring.derive('issuer cookies').toString('base64url'),
      nonceSecret: ring.derive('issuer proof nonces'),
      pairwise: new PairwiseNames(ring.derive('issuer pairwise subject')),
      ...{ askPace: this.#askPace, onUntold },
    });
    provider.on(
      'backchannel.error',
      (_: unknown, error: Error, { clientId }: { clientId: string }) => onUntold(clientId, error),
    );
    provider.on('server_error', (_: unknown, error: Error) => this.#notify(fault(error)));
    const answer = provider.callback();
    const { accounts, credentials } = stores;
    const { origin } = snapshot;
    const passkeys = new Passkeys({ origin, credentials, artefacts, now: world.now });
    const known = new KnownDevices({
      ...{ key: ring.derive('issuer known devices'), random: world.random },
      isSecure: origin.startsWith('https:'),
    });
    const notices = stores.accountNotices;
    const consent = new Consent({
      ...{ snapshot, provider, clients, details, passkeys, artefacts, now: world.now },
    });
    const signIn = new SignIn({
      snapshot,
      provider,
      accounts,
      clients,
      passkeys,
      notices,
      consent,
      known,
    });
    const decisions = new Decisions({
      ...{ snapshot, provider, clients, details, passkeys, artefacts, singleUse, onUntold },
      ...{ askPace: this.#askPace, now: world.now },
    });
    const account = openAccount({
      ...{ snapshot, provider, stores, passkeys, known, hashes: this.#hashes, world },
      ...{ details, decisions },
      endGrant: (grant) => this.#endOnce(grant, true),
    });
    const door = new IssuerDoor({
      ...{ world, records: stores.records.spool, trustedProxies: snapshot.trustedProxies },
      gate: openIssuerGate(this.#contract, {
        counters: this.#counters,
        hosts: originsOf(snapshot).map((origin) => new URL(origin).hostname),
        inFlight: () => this.#inFlight,
      }),
      rename: (form) => presented.rename(form),
      pageOf: (operation) => signIn.handlerOf(operation) ?? account.handlerOf(operation),
      answer: async (request, response) => {
        await answer(request, response);
        return told.get(request) ?? NOTHING_TOLD;
      },
      admitted: (change) => {
        this.#inFlight += change;
      },
      onFault: (error) => this.#notify(fault(error)),
    });
    for (const server of [this.#server, this.#mtlsServer]) {
      server.answerWith((request, response) => door.answer(request, response));
    }
    this.#snapshot = snapshot;
    this.#sessions = account.sessions;
    this.#sendNotices(snapshot, stores);
    this.#keysTimer?.cancel();
    const waitMs = Math.min(
      (changesAt ?? Number.POSITIVE_INFINITY) - world.now(),
      LOOK_AT_KEYS_MAX_MS,
    );
    this.#keysTimer = world.after(Math.max(1, waitMs), () => this.#inTurn(() => this.#renewKeys()));
  }

  #sendNotices({ mail, origin }: IssuerSnapshot, stores: IssuerStores): void {
    const { world } = this.#ports;
    const { accountNotices: notices, accounts } = stores;
    const notify = (told: Notice) => this.#notify(told);
    this.#sender ??= new NoticeSender({ notices, accounts, world, notify });
    const mailer = mail && new Mailer(mail);
    this.#sender.use(mailer && { origin, send: (letter) => mailer.send(letter) });
  }

  /** Private halves: those that sign first. */
  async #keysOf(
    { tokens }: IssuerSnapshot,
    { signingKeys }: IssuerStores,
  ): Promise<{ keys: JWK[]; publicKeys: JWK[]; changesAt: number | null }> {
    const terms = { tokenLifeMs: tokens.lifeSeconds * 1000 + CLOCK_SKEW_MS };
    const plan = signingPlan(await signingKeys.list(), terms, this.#ports.world.now());
    const signing = new Set([...plan.signing.values()].map(({ id }) => id));
    if (!plan.signing.has(tokens.algorithm)) {
      throw new Error(`there is no key to sign with ${tokens.algorithm}`);
    }
    const order = plan.published.toSorted(
      (one, other) => Number(signing.has(other.id)) - Number(signing.has(one.id)),
    );
    const keys: JWK[] = [];
    for (const { id } of order) keys.push(await signingKeys.open(id));
    const publicKeys = plan.published.map(({ publicJwk }) => publicJwk);
    return { keys, publicKeys, changesAt: plan.changesAt };
  }

  #presentedTokens(
    { origin }: IssuerSnapshot,
    { denials }: IssuerStores,
    keys: readonly JWK[],
  ): PresentedTokens {
    const { now } = this.#ports.world;
    return new PresentedTokens({
      ...{ issuer: origin, keys, now },
      isDenied: ({ jti, client_id: client, grant_id: grant, act, iat }) =>
        denials.isDenied(
          origin,
          [
            { kind: 'token', value: jti },
            ...[client, ...actorsOf(act)].map((value) => ({ kind: 'client' as const, value })),
            ...(grant === undefined ? [] : [{ kind: 'grant' as const, value: grant }]),
          ],
          iat,
        ),
      deny: async ({ jti, exp }) => {
        const until = exp * 1000 + CLOCK_SKEW_MS;
        await denials.deny([{ kind: 'token', issuer: origin, value: jti, until }]);
        await this.#whenEnforced('a token');
      },
    });
  }

  /** Of a hundred at once, one is stored and all wait for it. */
  #endOnce(grant: string, isWhole: boolean): Promise<void> {
    const key = JSON.stringify([isWhole, grant]);
    const running = this.#ending.get(key) ?? this.#end(grant, isWhole);
    this.#ending.set(key, running);
    return running.finally(() => this.#ending.delete(key));
  }

  /** What came from it is gone, and gates refuse what is still under way. */
  async #end(grant: string, isWhole: boolean): Promise<void> {
    const stores = this.#stores;
    const snapshot = this.#snapshot;
    if (stores === null || snapshot === null) return;
    const now = this.#ports.world.now();
    const wish = {
      ...({ kind: 'grant', issuer: snapshot.origin, value: grant } as const),
      until: now + snapshot.tokens.lifeSeconds * 1000 + CLOCK_SKEW_MS,
    };
    const givenBefore = Math.floor(now / 1000) + 1;
    await stores.denials.deny([isWhole ? wish : { ...wish, givenBefore }]);
    await stores.artefacts.removeGrant(grant);
    if (isWhole) {
      await stores.artefacts.remove('Grant', grant);
      await stores.grants.remove(grant);
    }
    await this.#whenEnforced('a grant');
  }

  /** Throws when somebody may still decide without it: nobody is told that it is done. */
  async #whenEnforced(what: string): Promise<void> {
    const missing = await this.#untilEnforced();
    if (missing.length > 0) throw new NotEverywhereYet(what, missing);
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
    const account = await this.#stores?.accounts.show(question.account);
    if (sessions === null || account === undefined) return null;
    if (question.kind === 'sessions') return sessions.list(account);
    const ended = await sessions.endOne(account, question.session);
    return ended === undefined ? [] : [ended];
  }

  /** Names of those who may still decide without what was just stored. */
  #untilEnforced(): Promise<readonly string[]> {
    const { world, send } = this.#ports;
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    return new Promise((resolve) => {
      const settle = (missing: readonly string[]) => {
        timer.cancel();
        this.#reaching.delete(request);
        resolve(missing);
      };
      const timer = world.after(REACH_MAX_MS, () => settle(['control']));
      this.#reaching.set(request, settle);
      send({ type: 'issuer-reach', request });
    });
  }

  #notify(told: Notice): void {
    this.#ports.send({ type: 'notice', notice: told });
  }
}

function drawSeed(): [number, number] {
  const draw = () => randomInt(-(2 ** 31), 2 ** 31);
  return [draw(), draw()];
}

function notTold(client: string, { message, cause }: Error): Notice {
  const why = cause instanceof Error ? cause.message : message;
  return notice(
    'issuer_notice_failed',
    `${client} was not told that somebody signed out or has decided: ${why}`,
  );
}

function fault(error: unknown): Notice {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : 'fault';
  return notice('issuer_fault', `authorization server: ${what}`);
}
