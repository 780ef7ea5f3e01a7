import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Allowance,
  type Counters,
  type Draw,
  knownUse,
  type Rate,
  type RemoteCounters,
} from '@poorter/engine';
import { type Notify, platformNotice } from '../notices/index.ts';
import type { Timer, World } from '../world/index.ts';
import { allowancesOf, serverMs } from './draw-answer.ts';
import { OTHER_STORE, TOO_LATE } from './draw-script.ts';
import { type Granted, GrantedMeanwhile } from './granted-meanwhile.ts';
import {
  type CountersTls,
  explain,
  isAnswer,
  openConnection,
  type ValkeyConnection,
  within,
} from './valkey-connection.ts';

export interface ValkeyOptions {
  /** valkey://, valkeys:// (TLS), redis:// or rediss://, with credentials. */
  readonly url: string;
  readonly tls: CountersTls | null;
  /** Machines that divide an allowance among them while Valkey is away. */
  readonly machines: number;
  /** A call waits this long for its count, then its share is counted here. */
  readonly timeoutMs: number;
  /** Where all threads of this machine note what they know to be used. */
  readonly local: Counters;
  readonly notify: Notify;
  readonly world: Pick<World, 'now' | 'monotonicMs' | 'after'>;
  readonly random?: () => number;
}

/** Calls that wait for a count at once, per thread; further ones are counted here. */
const WAITING_MAX = 4_096;
/** While Valkey is away it is asked again after this long, and then twice as long, up to the bound. */
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 5_000;
/** Whoever was back for less than this is asked again as if it had never been back. */
const STEADY_AFTER_MS = 10_000;
/** Connecting, with name, TLS and password. */
const CONNECT_MAX_MS = 3_000;
const GREETING_MAX_MS = 2_000;
/** A connection that nobody uses is tried this often: it may have died without a word. */
const GREET_EVERY_MS = 5_000;
const MERGE_MAX = 200;
const MERGE_AGAIN_MS = 50;
/** For this long after a store has lost its counts, it is told what this machine has seen used. */
const RESTORING_MS = 3_600_000;
/** While a thread of this machine has granted something lately, all threads tell what is used. */
const GRANTED_LATELY: Rate = { requests: 1, perMs: 60_000, burst: 1 };
const GRANTED_LATELY_KEY = 'counters|granted lately';
const PREFIX = 'poorter:';
const PROOF_PREFIX = 'poorter-proof:';
/** Beside the counts, so that whoever lists those finds nothing else. */
const NAME_KEY = 'poorter-store';
const MERGED_KEY = 'poorter-merged|';

/**
 * Counters in Valkey, or Redis from version 7 on: one round trip a call. When it does not answer in
 * time, everybody is told at once that it is away, and new connections are tried at growing,
 * scattered intervals: neither callers nor Valkey meet a herd. What was granted meanwhile is merged
 * before it counts as back. A store that has lost its counts is told what this machine has seen.
 */
export class ValkeyCounters implements RemoteCounters {
  readonly machines: number;
  readonly #options: ValkeyOptions;
  readonly #random: () => number;
  readonly #world: ValkeyOptions['world'];
  readonly #granted: GrantedMeanwhile;
  /** On its way; sent again under the same name until the store has said that it has it. */
  #merging: { readonly name: string; readonly batch: [string, Granted][] } | null = null;
  #connection: ValkeyConnection | null = null;
  #state: 'asking' | 'here' | 'away' = 'asking';
  #waiting = 0;
  #retryMs = RETRY_MIN_MS;
  #hereSinceMs = 0;
  #next: { readonly timer: Timer; readonly atMs: number } | null = null;
  #isAsking = false;
  #isClosed = false;
  /** null until the first greeting. */
  #storeName: string | null = null;
  /** The server's clock minus ours. */
  #clockAheadMs = 0;
  #restoringUntilMs = Number.NEGATIVE_INFINITY;
  /** A store that was away may be one that lags behind the one before: it is told, too. */
  #tellingUntilMs = Number.NEGATIVE_INFINITY;
  #greeting: { readonly over: ValkeyConnection; readonly done: Promise<void> } | null = null;
  #lastTrouble = '';
  readonly #firstAnswer: Promise<void>;

  constructor(options: ValkeyOptions) {
    this.machines = options.machines;
    this.#options = options;
    this.#world = options.world;
    this.#granted = new GrantedMeanwhile(options.world.monotonicMs);
    this.#random = options.random ?? Math.random;
    this.#firstAnswer = this.#ask();
  }

  /** Calls are counted here, by this machine's share. */
  get isAway(): boolean {
    return this.#state === 'away';
  }

  async draw(draws: readonly Draw[], nowMs: number): Promise<readonly Allowance[] | null> {
    return this.#asking((connection) => this.#drawOver(connection, draws, nowMs));
  }

  granted(draws: readonly Draw[], nowMs: number): void {
    const { notify } = this.#options;
    let isRemembered = true;
    for (const draw of draws) {
      isRemembered = this.#granted.add(keyOf(draw), draw, nowMs) && isRemembered;
    }
    if (!isRemembered) {
      notify(
        platformNotice(
          'counters_crowded',
          'more subjects are counted here than are remembered: of further ones nothing is merged into the shared counters',
        ),
      );
    }
    this.#markGranted(nowMs);
    if (this.#state === 'here') this.#askIn(MERGE_AGAIN_MS);
  }

  /**
   * Remembers a proof of possession for all machines. `full`: the store does not say, and so nobody can know
   * whether another machine has seen it.
   */
  async showProof(id: Buffer, untilMs: number): Promise<'first' | 'again' | 'full'> {
    const lifeMs = Math.max(1, Math.ceil(untilMs - this.#world.now()));
    const name = `${PROOF_PREFIX}${id.toString('base64url')}`;
    const answered = await this.#asking(async (connection) => {
      const sent = connection.set(name, 1, 'PX', lifeMs, 'NX');
      return (await within(sent, this.#options.timeoutMs)) === 'OK' ? 'first' : 'again';
    });
    return answered ?? 'full';
  }

  close(): void {
    this.#isClosed = true;
    this.#next?.timer.cancel();
    this.#connection?.disconnect();
  }

  /** Null: the store does not answer in time, or too many wait for it already. */
  async #asking<Answer>(
    ask: (connection: ValkeyConnection) => Promise<Answer | null>,
  ): Promise<Answer | null> {
    if (this.#state === 'away' || this.#waiting >= WAITING_MAX) return null;
    this.#waiting++;
    try {
      // At the start: a share given before the first word of the store would be one on top.
      if (this.#state === 'asking') await within(this.#firstAnswer, this.#options.timeoutMs);
      const connection = this.#connection;
      if (this.#state !== 'here' || connection === null) return null;
      try {
        return await ask(connection);
      } catch (error) {
        this.#away(connection, explain(error, this.#options.url));
        return null;
      }
    } catch {
      return null;
    } finally {
      this.#waiting--;
    }
  }

  #markGranted(nowMs: number): void {
    const { local } = this.#options;
    const lately = local.peek(GRANTED_LATELY_KEY, GRANTED_LATELY, nowMs, 0).resetMs;
    const missing = 1 - lately / GRANTED_LATELY.perMs;
    if (missing > 0) local.take(GRANTED_LATELY_KEY, GRANTED_LATELY, nowMs, missing);
  }

  async #drawOver(
    connection: ValkeyConnection,
    draws: readonly Draw[],
    nowMs: number,
  ): Promise<readonly Allowance[] | null> {
    const { timeoutMs } = this.#options;
    const endsAtMs = this.#world.monotonicMs() + timeoutMs;
    for (let attempt = 0; attempt < 3; attempt++) {
      const leftMs = endsAtMs - this.#world.monotonicMs();
      if (leftMs <= 0) throw new Error('no answer in time');
      const sent = connection.poorterDraw(draws.length + 1, ...this.#commandOf(draws, nowMs));
      const numbers = await within(sent, leftMs);
      // Meanwhile this machine may have begun to count its share: the answer comes too late.
      if (this.#connection !== connection || this.#state !== 'here') return null;
      if (numbers[0] === OTHER_STORE) await within(this.#greet(connection), timeoutMs);
      else if (numbers[0] === TOO_LATE)
        this.#clockAheadMs = serverMs(numbers) - this.#world.monotonicMs();
      else return this.#note(draws, allowancesOf(numbers), nowMs);
    }
    throw new Error('the store changes all the time');
  }

  #commandOf(draws: readonly Draw[], nowMs: number): (string | number)[] {
    const { timeoutMs, local } = this.#options;
    const keys = [NAME_KEY, ...draws.map(keyOf)];
    // Twice the time that a call waits: the two clocks are compared over a network.
    const lastMomentMs = this.#world.monotonicMs() + this.#clockAheadMs + 2 * timeoutMs;
    const restores = this.#world.monotonicMs() < this.#restoringUntilMs;
    const tells =
      this.#world.monotonicMs() < this.#tellingUntilMs ||
      local.peek(GRANTED_LATELY_KEY, GRANTED_LATELY, nowMs, 0).resetMs > 0;
    const argv: (string | number)[] = [
      this.#storeName ?? '',
      Math.ceil(lastMomentMs * 1_000),
      restores ? 1 : 0,
    ];
    for (const draw of draws) {
      const used = tells ? this.#used(draw, nowMs) : 0;
      if (draw.kind === 'rate') {
        const { requests, perMs, burst } = draw.rate;
        // What the way of question and answer may have added to it must not be added each time.
        const told = Math.max(0, used - 3 * timeoutMs) * 1_000;
        argv.push('r', (perMs * 1_000) / requests, burst, 1, told);
      } else {
        argv.push('q', draw.max, draw.windowEndMs, 0, used);
      }
    }
    return [...keys, ...argv];
  }

  /** What this machine knows to be used: of a rate, the milliseconds that refill it; else calls. */
  #used(draw: Draw, nowMs: number): number {
    const { local } = this.#options;
    const { key } = knownUse(draw);
    if (draw.kind === 'rate') return local.peek(key, draw.rate, nowMs, 0).resetMs;
    return draw.max - local.count(key, draw.max, draw.windowEndMs, nowMs, 0).remaining;
  }

  /** Keeps what the answer says of each allowance, for when the store is away or has lost it. */
  #note(draws: readonly Draw[], allowances: Allowance[], nowMs: number): Allowance[] {
    const { local } = this.#options;
    const isTaken = allowances.at(-1)?.allowed === true;
    for (const [index, draw] of draws.entries()) {
      const allowance = allowances[index];
      // Beside a refusal, the others were only looked at.
      if (allowance === undefined || allowance.allowed !== isTaken) continue;
      const { key } = knownUse(draw);
      const known = this.#used(draw, nowMs);
      if (draw.kind === 'rate') {
        const { rate } = draw;
        const cellMs = rate.perMs / rate.requests;
        const wholeMs = rate.burst * cellMs;
        const usedMs = isTaken ? allowance.resetMs : allowance.resetMs + wholeMs - cellMs;
        const missing = (Math.min(usedMs, wholeMs) - known) / cellMs;
        if (missing > 0) local.take(key, rate, nowMs, missing);
      } else {
        const missing = draw.max - allowance.remaining - known;
        if (missing > 0) local.count(key, draw.max, draw.windowEndMs, nowMs, missing);
      }
    }
    return allowances;
  }

  /** Of a connection that was given up long ago, nothing is news. */
  #away(connection: ValkeyConnection | null, why: string): void {
    if (this.#isClosed || connection !== this.#connection) return;
    this.#connection = null;
    // Rejects all that wait on it: whatever the server does with their draws, nobody takes them twice.
    connection?.disconnect();
    const text = `the shared counters are away (${why}); this machine counts its share of each limit`;
    // Another reason than before is news as well: a wrong password shows after the server is back.
    if (this.#state !== 'away' || (text !== this.#lastTrouble && isAnswer(why))) {
      this.#options.notify(platformNotice('counters_away', text));
      this.#lastTrouble = text;
    }
    if (this.#state === 'here' && this.#world.monotonicMs() - this.#hereSinceMs > STEADY_AFTER_MS) {
      this.#retryMs = RETRY_MIN_MS;
    }
    this.#state = 'away';
    // Scattered over half to one and a half intervals: threads and machines do not come back as one.
    this.#askIn(this.#retryMs * (0.5 + this.#random()));
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
  }

  #askIn(delayMs: number): void {
    const atMs = this.#world.monotonicMs() + delayMs;
    if (this.#isClosed || (this.#next !== null && this.#next.atMs <= atMs)) return;
    this.#next?.timer.cancel();
    const timer = this.#world.after(delayMs, () => {
      this.#next = null;
      void this.#ask();
    });
    this.#next = { timer, atMs };
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    if (this.#hasToMerge) this.#markGranted(this.#world.now());
    await this.#askNow();
    this.#isAsking = false;
    this.#askIn(this.#state === 'away' || this.#hasToMerge ? RETRY_MIN_MS : GREET_EVERY_MS);
  }

  get #hasToMerge(): boolean {
    return this.#merging !== null || this.#granted.size > 0;
  }

  /** Over a new connection when there is none: is it there, is it whole, may it be written to? */
  async #askNow(): Promise<void> {
    const { url, tls, notify } = this.#options;
    let connection = this.#connection;
    try {
      if (connection === null) {
        const opened = openConnection(url, tls);
        connection = opened;
        this.#connection = opened;
        // Told before the connection ends, and better than that it ended.
        let why = 'its connection ended';
        opened.on('error', (error) => {
          why = explain(error, url);
        });
        opened.on('end', () => this.#away(opened, why));
        await within(opened.connect(), CONNECT_MAX_MS);
      }
      await within(this.#greet(connection), GREETING_MAX_MS);
      await this.#merge(connection);
      if (this.#isClosed || this.#connection !== connection) return;
      if (this.#state === 'away') {
        notify(platformNotice('counters_back', 'the shared counters are back'));
        this.#tellingUntilMs = this.#world.monotonicMs() + RESTORING_MS;
      }
      if (this.#state !== 'here') this.#hereSinceMs = this.#world.monotonicMs();
      this.#state = 'here';
    } catch (error) {
      // The server's own reason arrives in these moments, when it refused the password.
      await pause(1);
      this.#away(connection, explain(error, url));
    }
  }

  /** One greeting at a time, however many draws ask for it. */
  #greet(connection: ValkeyConnection): Promise<void> {
    if (this.#greeting?.over === connection) return this.#greeting.done;
    const done = this.#greetNow(connection).finally(() => {
      if (this.#greeting?.done === done) this.#greeting = null;
    });
    this.#greeting = { over: connection, done };
    return done;
  }

  async #greetNow(connection: ValkeyConnection): Promise<void> {
    const sentAtMs = this.#world.monotonicMs();
    const greeted = await within(
      connection.poorterGreet(1, NAME_KEY, randomUUID()),
      GREETING_MAX_MS,
    );
    const [name, micros] = greeted;
    this.#clockAheadMs = micros / 1_000 - (sentAtMs + this.#world.monotonicMs()) / 2;
    if (this.#storeName !== null && this.#storeName !== name) {
      this.#restoringUntilMs = this.#world.monotonicMs() + RESTORING_MS;
      this.#tellingUntilMs = this.#restoringUntilMs;
      this.#options.notify(
        platformNotice(
          'counters_lost',
          'the shared counters have lost their counts (emptied, restarted or another server): what this machine has seen used is counted again',
        ),
      );
    }
    this.#storeName = name;
  }

  async #merge(connection: ValkeyConnection): Promise<void> {
    while (this.#hasToMerge) {
      this.#merging ??= { name: randomUUID(), batch: this.#granted.take(MERGE_MAX) };
      const { name, batch } = this.#merging;
      const keys = [MERGED_KEY + name, ...batch.map(([key]) => key)];
      await within(
        connection.poorterMerge(keys.length, ...keys, ...this.#granted.argumentsOf(batch)),
        GREETING_MAX_MS,
      );
      this.#merging = null;
    }
  }
}

function keyOf(draw: Draw): string {
  return draw.kind === 'rate' ? PREFIX + draw.key : `${PREFIX}${draw.key}|${draw.windowEndMs}`;
}
