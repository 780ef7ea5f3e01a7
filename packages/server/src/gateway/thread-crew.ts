import { type LiveMessage, LiveRights } from '@poorter/engine/live-rights';
import type { IssuerKeysMessage, RuntimeSnapshot } from '../messages/between-processes.ts';
import { type NoticeCode, notice } from '../messages/notices.ts';
import {
  type CounterMemory,
  exportQuotas,
  importQuotas,
  type QuotaImport,
  releaseThread,
} from '../platform/counters/index.ts';
import { type Metric, SummedMetrics } from '../platform/metrics/index.ts';
import type { Notify } from '../platform/notices/index.ts';
import type { Timer, World } from '../platform/world/index.ts';
import { CrewSpool } from './crew-spool.ts';
import { type IntrospectionAnswer, NOT_ASKED } from './introspection/introspection-table.ts';
import { claimPlaces } from './port-claims.ts';
import { createQuietMemory, forgetThread } from './quiet-moment.ts';
import { type RolesOutcome, RolesWarning } from './roles-report.ts';
import { settled } from './settled-places.ts';
import { shareDescriptions } from './shared-descriptions.ts';
import type { FromThread, IntrospectionQuestion, ThreadSeed, ToThread } from './thread-messages.ts';

/** A thread, as the crew holds it. */
export interface CrewThread {
  tell(message: ToThread): void;
  end(): void;
}

export interface CrewThreadEvents {
  readonly heard: (message: FromThread) => void;
  /** Why it ends, before it has. */
  readonly fault: (message: string) => void;
  readonly ended: () => void;
}

export interface ThreadCrewOptions {
  readonly startThread: (seed: ThreadSeed, on: CrewThreadEvents) => CrewThread;
  readonly world: World;
  readonly threads: number;
  /** In which all of them count. */
  readonly memory: CounterMemory;
  /** A thread that has not shown life for this long is replaced. */
  readonly stallMs: number;
  readonly on: {
    /** Every thread serves this version. */
    readonly applied: (version: number) => void;
    /** Every thread decides by live state of this sequence or a later one. */
    readonly liveApplied: (sequence: number) => void;
    readonly listening: (addresses: readonly string[]) => void;
    /** This version cannot be served; the one before is in force as it was. */
    readonly failed: (message: string, version: number) => void;
    readonly notify: Notify;
    readonly unknownKeyId: (issuer: string, keyId: string | null) => void;
    readonly rolesRead: RolesOutcome;
    readonly introspect: (question: IntrospectionQuestion) => Promise<IntrospectionAnswer>;
  };
}

/** Of one metric; what is beyond is counted together. */
const SERIES_MAX = 5_000;
/** Before it listens, a thread may take this long to open a large description. */
const START_GRACE_MS = 30_000;
const WATCH_EVERY_MS = 250;
/** Readiness is off by then, and callers that still come are accepted. */
const LAME_DUCK_MS = 400;
/** Another gate that starts in the same moment waits this long for our threads to listen. */
const BIND_WAIT_MAX_MS = 3_000;

interface Member {
  readonly slot: number;
  readonly thread: CrewThread;
  readonly startedAt: number;
  version: number;
  /** Of the live state it was born with or has acknowledged since. */
  liveSequence: number;
  isReady: boolean;
  addresses: readonly string[];
  metrics: readonly Metric[];
}

/**
 * The gateway's threads: each accepts connections on the same ports (SO_REUSEPORT), counts in the
 * same memory, and is replaced when it dies or stalls. What a dead thread held returns.
 */
export class ThreadCrew {
  readonly #memory: CounterMemory;
  readonly #options: ThreadCrewOptions;
  /** Milliseconds of the last sign of life, per slot. */
  readonly #heartbeats: Float64Array<SharedArrayBuffer>;
  readonly #quiet: SharedArrayBuffer;
  readonly #members = new Map<number, Member>();
  #snapshot: RuntimeSnapshot | null = null;
  #spool: CrewSpool | null = null;
  /** What new threads are born with. */
  readonly #live = new LiveRights();
  #liveReported = 0;
  readonly #roles = new RolesWarning((one) => this.#options.on.notify(one));
  readonly #summed = new SummedMetrics(SERIES_MAX);
  #addresses: readonly string[] = [];
  #applying: Promise<void> = Promise.resolve();
  #bound: () => void = () => undefined;
  #tried: (member: Member, version: number | null, canServe: boolean) => void = () => undefined;
  #isListening = false;
  #isDraining = false;
  #drained: (() => void) | null = null;
  readonly #watch: Timer;

  constructor(options: ThreadCrewOptions) {
    this.#options = options;
    this.#memory = options.memory;
    this.#heartbeats = new Float64Array(new SharedArrayBuffer((options.threads + 1) * 8));
    // Nobody has been seen yet: a gateway that is started again gets no time of its own.
    this.#heartbeats[options.threads] = Number.NEGATIVE_INFINITY;
    this.#quiet = createQuietMemory(options.threads);
    this.#watch = options.world.every(WATCH_EVERY_MS, () => this.#replaceStalled());
  }

  /** How long calls under way may take once the drain has begun. */
  get drainMs(): number {
    return this.#snapshot?.timeouts.drainMs ?? 0;
  }

  /** Control was alive at this moment or later (`bootMs`), however late that is heard of here. */
  controlSeen(atMs: number): void {
    const { threads } = this.#options;
    this.#heartbeats[threads] = Math.max(this.#heartbeats[threads] as number, atMs);
  }

  restoreQuotas(bytes: Uint8Array): QuotaImport {
    const { now, monotonicMs } = this.#options.world;
    return importQuotas(this.#memory, bytes, now() - monotonicMs());
  }

  saveQuotas(): Uint8Array {
    const { now, monotonicMs } = this.#options.world;
    return exportQuotas(this.#memory, now() - monotonicMs());
  }

  /** Every thread has listened: callers are accepted at all addresses. */
  get isListening(): boolean {
    return this.#isListening;
  }

  /** Of all threads as of one, those that ended included: bounded, since it travels every second. */
  get metrics(): readonly (readonly Metric[])[] {
    return [this.#summed.sum([...this.#members.values()].map((member) => member.metrics))];
  }

  /** One after the other, in the order they came. */
  apply(snapshot: RuntimeSnapshot): void {
    this.#applying = this.#applying.then(() => this.#claimAndSpread(snapshot));
  }

  /** A snapshot with a place that somebody else has changes nothing. */
  async #claimAndSpread(snapshot: RuntimeSnapshot): Promise<void> {
    if (this.#isDraining) return;
    const { listeners, forwardAuth } = settled(snapshot, this.#addresses);
    const keyed = (places: readonly { host: string; port: number }[], name: string) =>
      places.map(({ host, port }, index) => ({ host, port, key: `${name}.${index}.address` }));
    try {
      await claimPlaces([...keyed(listeners, 'listen'), ...keyed(forwardAuth, 'forwardAuth')], () =>
        this.#spread(snapshot),
      );
    } catch (error) {
      const { version } = snapshot.gate;
      this.#options.on.failed(`applying version ${version}: ${(error as Error).message}`, version);
    }
  }

  /** Resolves when every thread serves the snapshot, one could not, or the time is up. */
  #boundWithin(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.world.after(waitMs, resolve);
      this.#bound = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  async #spread(given: RuntimeSnapshot): Promise<void> {
    if (this.#isDraining) return;
    const snapshot = shareDescriptions(given, this.#snapshot);
    const { threads, on, world } = this.#options;
    this.#spool ??= CrewSpool.open(snapshot, threads, on.notify, world);
    if (this.#members.size === 0) {
      this.#snapshot = snapshot;
      const bound = this.#boundWithin(BIND_WAIT_MAX_MS);
      // The first thread binds alone: it settles ports given as 0 for the others.
      this.#start(0);
      return bound;
    }
    // One thread tries it. What it cannot serve, no other hears of, and none is born with.
    const pilot = [...this.#members.values()].find(({ isReady }) => isReady);
    if (pilot !== undefined && !(await this.#tries(pilot, snapshot))) return;
    this.#snapshot = snapshot;
    const bound = this.#boundWithin(BIND_WAIT_MAX_MS);
    for (const member of this.#members.values()) {
      if (member !== pilot)
        this.#tell(member, { type: 'snapshot', snapshot: settled(snapshot, this.#addresses) });
    }
    this.#reportWhenEqual();
    return bound;
  }

  /** False: it told that it cannot. A thread that dies or stalls over it says nothing of the version. */
  #tries(pilot: Member, snapshot: RuntimeSnapshot): Promise<boolean> {
    return new Promise((resolve) => {
      this.#tried = (member, version, canServe) => {
        if (member !== pilot || (version !== null && version !== snapshot.gate.version)) return;
        this.#tried = () => undefined;
        resolve(canServe);
      };
      this.#tell(pilot, { type: 'snapshot', snapshot: settled(snapshot, this.#addresses) });
    });
  }

  applyLive(message: LiveMessage): void {
    this.#live.take(message);
    for (const member of this.#members.values()) this.#tell(member, message);
    this.#reportLive();
  }

  /** A thread that starts later finds them in its snapshot. */
  applyIssuerKeys(message: IssuerKeysMessage): void {
    for (const member of this.#members.values()) this.#tell(member, message);
  }

  /** Resolves when every call under way has ended or the deadline has passed. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#watch.cancel();
    this.#spool?.close();
    if (this.#members.size === 0) return;
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    const atMs = this.#options.world.monotonicMs() + LAME_DUCK_MS;
    for (const member of this.#members.values()) this.#tell(member, { type: 'drain', atMs });
    await drained;
  }

  #start(slot: number): void {
    const snapshot = this.#snapshot;
    // A thread that is ready only now must not bring back those that have drained.
    if (snapshot === null || this.#isDraining) return;
    const { world, startThread } = this.#options;
    const seed: ThreadSeed = {
      slot,
      slots: this.#options.threads,
      memory: this.#memory,
      heartbeats: this.#heartbeats.buffer,
      quiet: this.#quiet,
      snapshot: settled(snapshot, this.#addresses),
      spool: this.#spool?.begin(slot) ?? null,
      live: this.#live.state,
    };
    this.#heartbeats[slot] = world.monotonicMs() + START_GRACE_MS;
    const thread = startThread(seed, {
      heard: (message) => this.#heard(member, message),
      fault: (message) => this.#say('thread_fault', slot, `: ${message}`),
      ended: () => this.#ended(member),
    });
    const member: Member = {
      slot,
      thread,
      startedAt: world.monotonicMs(),
      version: 0,
      liveSequence: this.#live.sequence,
      isReady: false,
      addresses: [],
      metrics: [],
    };
    this.#members.set(slot, member);
  }

  #heard(member: Member, message: FromThread): void {
    switch (message.type) {
      case 'ready':
        member.isReady = true;
        member.version = message.version;
        this.#tried(member, message.version, true);
        member.addresses = message.addresses;
        if (member.slot === 0 || this.#addresses.length === 0) this.#addresses = message.addresses;
        for (let slot = 0; slot < this.#options.threads; slot++) {
          if (!this.#members.has(slot)) this.#start(slot);
        }
        return this.#reportWhenEqual();
      case 'live-applied':
        member.liveSequence = message.sequence;
        return this.#reportLive();
      case 'failed':
        // A thread that cannot serve at all must not linger half-open.
        if (!member.isReady) member.thread.end();
        this.#bound();
        this.#tried(member, message.version, false);
        return this.#options.on.failed(message.message, message.version);
      case 'metrics':
        member.metrics = message.metrics;
        return;
      case 'unknown-key-id':
        return this.#options.on.unknownKeyId(message.issuer, message.keyId);
      case 'roles-read':
        this.#roles.hear(message.issuer, message.claim, message.isFound);
        return this.#options.on.rolesRead(message.issuer, message.claim, message.isFound);
      case 'introspect':
        return void this.#introspect(member, message);
      case 'notice': {
        const { notice: one } = message;
        const about = { ...one.about, thread: member.slot };
        return this.#options.on.notify({ ...one, about });
      }
      case 'drained':
        return member.thread.end();
      default:
        message satisfies never;
    }
  }

  async #introspect(
    member: Member,
    { number, ...question }: Extract<FromThread, { type: 'introspect' }>,
  ): Promise<void> {
    const answer = await this.#options.on.introspect(question).catch(() => NOT_ASKED);
    this.#tell(member, { type: 'introspected', number, answer });
  }

  /** A version counts as applied when every thread serves it. */
  #reportWhenEqual(): void {
    const members = [...this.#members.values()];
    const version = this.#snapshot?.gate.version ?? 0;
    if (members.length < this.#options.threads) return;
    if (members.some((member) => !member.isReady || member.version !== version)) return;
    this.#bound();
    this.#isListening = true;
    this.#options.on.listening(this.#addresses);
    this.#options.on.applied(version);
  }

  /**
   * A thread that does not answer is replaced by the watch, and its successor is born with the
   * newest state: the report comes then.
   */
  #reportLive(): void {
    const members = [...this.#members.values()];
    const oldest = Math.min(this.#live.sequence, ...members.map((member) => member.liveSequence));
    if (oldest === this.#liveReported && oldest !== this.#live.sequence) return;
    this.#liveReported = oldest;
    this.#options.on.liveApplied(oldest);
  }

  #ended(member: Member): void {
    this.#members.delete(member.slot);
    this.#summed.end(member.metrics);
    releaseThread(this.#memory, member.slot);
    forgetThread(this.#quiet, member.slot);
    this.#spool?.ended(member.slot);
    this.#tried(member, null, true);
    this.#reportLive();
    if (this.#isDraining) {
      if (this.#members.size === 0) this.#drained?.();
      return;
    }
    this.#say('thread_ended', member.slot, ' ended; starting it again');
    // A thread that dies at birth would otherwise be reborn in a tight loop.
    const { world } = this.#options;
    const waitMs = world.monotonicMs() - member.startedAt < 1_000 ? 500 : 0;
    world.after(waitMs, () => {
      if (!this.#isDraining && !this.#members.has(member.slot)) this.#start(member.slot);
    });
  }

  #replaceStalled(): void {
    const now = this.#options.world.monotonicMs();
    for (const member of this.#members.values()) {
      if (now - (this.#heartbeats[member.slot] as number) <= this.#options.stallMs) continue;
      this.#heartbeats[member.slot] = now;
      this.#say('thread_stalled', member.slot, ' does not respond; replacing it');
      member.thread.end();
    }
  }

  #say(code: NoticeCode, thread: number, what: string): void {
    this.#options.on.notify(notice(code, `gateway thread ${thread}${what}`, { thread }));
  }

  #tell(member: Member, message: ToThread): void {
    member.thread.tell(message);
  }
}
