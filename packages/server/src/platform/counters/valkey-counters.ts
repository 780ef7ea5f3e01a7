import type { Allowance, Draw, RemoteCounters } from '@poorter/engine';
import { Valkey } from 'iovalkey';
import { DRAW_SCRIPT } from './draw-script.ts';

export interface ValkeyOptions {
  /** valkey://, valkeys:// (TLS), redis:// or rediss://, with credentials. */
  readonly url: string;
  /** Machines that divide an allowance among them while Valkey is away. */
  readonly machines: number;
  /** A call waits this long for its count, then its share is counted here. */
  readonly timeoutMs: number;
  readonly onTrouble: (message: string) => void;
  readonly random?: () => number;
}

/** Calls that wait for a count at once, per thread; further ones are counted here. */
const WAITING_MAX = 4_096;
/** While Valkey is away it is asked again after this long, and then twice as long, up to the bound. */
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 5_000;
const CONNECT_TIMEOUT_MS = 2_000;
const PREFIX = 'poorter:';

type Drawing = Valkey & {
  poorterDraw(keys: number, ...argv: (string | number)[]): Promise<number[]>;
};

/**
 * Counters in Valkey, or Redis from version 7 on: one round trip a call. When it does not answer in
 * time, everybody is told at once that it is away, and one connection asks for it at growing,
 * scattered intervals: neither callers nor Valkey meet a herd.
 */
export class ValkeyCounters implements RemoteCounters {
  readonly machines: number;
  readonly #options: ValkeyOptions;
  readonly #random: () => number;
  readonly #connection: Drawing;
  #state: 'asking' | 'here' | 'away' = 'asking';
  #waiting = 0;
  #retryMs = RETRY_MIN_MS;
  #probe: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: ValkeyOptions) {
    this.machines = options.machines;
    this.#options = options;
    this.#random = options.random ?? Math.random;
    const connection = new Valkey(options.url.replace(/^valkey/, 'redis'), {
      lazyConnect: true,
      // Nothing waits in a queue for a server that is away: calls are counted here meanwhile.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: options.timeoutMs,
      // This class asks again itself.
      retryStrategy: () => null,
    });
    connection.defineCommand('poorterDraw', { lua: DRAW_SCRIPT });
    this.#connection = connection as Drawing;
    this.#connection.on('error', () => undefined);
    this.#connection.on('end', () => this.#away('its connection ended'));
    void this.#ask();
  }

  async draw(draws: readonly Draw[], _nowMs: number): Promise<readonly Allowance[] | null> {
    if (this.#state !== 'here' || this.#waiting >= WAITING_MAX) return null;
    this.#waiting++;
    try {
      const keys: string[] = [];
      const argv: (string | number)[] = [];
      for (const draw of draws) {
        if (draw.kind === 'rate') {
          const { requests, perMs, burst } = draw.rate;
          keys.push(PREFIX + draw.key);
          argv.push('r', (perMs * 1_000) / requests, burst, 1);
        } else {
          keys.push(`${PREFIX}${draw.key}|${draw.windowEndMs}`);
          argv.push('q', draw.max, draw.windowEndMs, 0);
        }
      }
      return allowancesOf(await this.#connection.poorterDraw(keys.length, ...keys, ...argv));
    } catch (error) {
      this.#away((error as Error).message);
      return null;
    } finally {
      this.#waiting--;
    }
  }

  close(): void {
    this.#isClosed = true;
    if (this.#probe !== null) clearTimeout(this.#probe);
    this.#connection.disconnect();
  }

  #away(why: string): void {
    if (this.#isClosed) return;
    if (this.#state !== 'away') {
      this.#options.onTrouble(
        `the shared counters are away (${why}); this machine counts its share of each limit`,
      );
    }
    this.#state = 'away';
    if (this.#probe !== null) return;
    // Scattered over half to one and a half intervals: threads and machines do not come back as one.
    const waitMs = this.#retryMs * (0.5 + this.#random());
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
    this.#probe = setTimeout(() => {
      this.#probe = null;
      void this.#ask();
    }, waitMs);
  }

  async #ask(): Promise<void> {
    const connection = this.#connection;
    try {
      if (connection.status !== 'ready') {
        if (connection.status !== 'wait' && connection.status !== 'end') connection.disconnect();
        await connection.connect();
      }
      await connection.ping();
      if (this.#isClosed) return;
      if (this.#state === 'away') this.#options.onTrouble('the shared counters are back');
      this.#state = 'here';
      this.#retryMs = RETRY_MIN_MS;
    } catch (error) {
      this.#away((error as Error).message);
    }
  }
}

function allowancesOf(numbers: readonly number[]): Allowance[] {
  const allowances: Allowance[] = [];
  for (let at = 0; at + 2 < numbers.length; at += 3) {
    const allowed = numbers[at] === 1;
    const waitMs = (numbers[at + 2] as number) / 1_000;
    allowances.push({
      allowed,
      remaining: numbers[at + 1] as number,
      retryAfterMs: allowed ? 0 : waitMs,
      resetMs: waitMs,
    });
  }
  return allowances;
}
