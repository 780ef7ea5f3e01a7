import pg from 'pg';
import { monotonicMs } from '../clock/index.ts';
import { type Notify, platformNotice } from '../notices/index.ts';

/** A connection that has answered within this time is not asked again before it is used. */
const TRUSTED_MS = 1_000;
/** How long one that is asked may take. */
const PROBE_MAX_MS = 3_000;

/** Remembers when the server last answered; one that keeps a statement too long is cut off. */
class LiveClient extends pg.Client {
  answeredAtMs = monotonicMs();

  // The overloads of pg are many; kysely and this file use the one that returns a promise.
  override query = ((...argv: unknown[]): unknown => {
    const sent = (super.query as (...argv: unknown[]) => unknown).apply(this, argv);
    if (!(sent instanceof Promise)) return sent;
    sent.then(
      () => {
        this.answeredAtMs = monotonicMs();
      },
      (error: Error & { code?: string }) => {
        if (error.message === 'Query read timeout') this.cutOff();
        // The server's own refusals are answers.
        else if (error.code !== undefined) this.answeredAtMs = monotonicMs();
      },
    );
    return sent;
  }) as pg.Client['query'];

  /** Whatever waits on it fails now. */
  cutOff(): void {
    const { connection } = this as unknown as { connection: { stream: { destroy(): void } } };
    connection.stream.destroy();
  }
}

export interface LivePoolOptions {
  readonly pool: pg.PoolConfig;
  /** Of every new connection, before it is used: throws when it may not be. */
  readonly check: (client: pg.ClientBase) => Promise<void>;
  readonly notify: Notify;
}

/**
 * A pool whose connections may die without a word (a lost node, a firewall that forgets): one that
 * was idle is asked first; when it does not answer, it and all that are older than this moment are
 * replaced. So whoever asks waits for one probe and one connection at most.
 */
const REPLACED = platformNotice(
  'database_connection_replaced',
  'the connections to PostgreSQL are replaced',
);

export class LivePool {
  readonly options: pg.PoolConfig;
  readonly Client = LiveClient as unknown as typeof pg.Client;
  readonly #pool: pg.Pool;
  readonly #notify: Notify;
  #deadBeforeMs = Number.NEGATIVE_INFINITY;
  #isTroubled = false;

  constructor({ pool, check, notify }: LivePoolOptions) {
    this.options = pool;
    this.#notify = notify;
    const verify = (client: pg.ClientBase, done: (error?: Error) => void) => {
      check(client).then(
        () => done(),
        (error: Error) => done(error),
      );
    };
    const config = { ...pool, Client: LiveClient, verify, keepAlive: true };
    this.#pool = new pg.Pool(config as pg.PoolConfig);
    // A connection that dies is replaced, and the next statement on it fails. Without listeners, for
    // idle connections and for those in use, the process would end.
    this.#pool.on('error', () => {});
    this.#pool.on('connect', (client) => void client.on('error', () => {}));
  }

  async connect(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.#pool.connect();
      if (await this.#isAlive(client as unknown as LiveClient)) {
        if (this.#isTroubled) this.#notify(REPLACED);
        this.#isTroubled = false;
        return client;
      }
      client.release(true);
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }

  async #isAlive(client: LiveClient): Promise<boolean> {
    if (client.answeredAtMs <= this.#deadBeforeMs) {
      client.cutOff();
      return false;
    }
    if (monotonicMs() - client.answeredAtMs < TRUSTED_MS) return true;
    const timer = setTimeout(() => client.cutOff(), PROBE_MAX_MS);
    const askedAtMs = monotonicMs();
    try {
      await client.query('SELECT 1');
      return true;
    } catch (error) {
      if (monotonicMs() - askedAtMs >= PROBE_MAX_MS) {
        this.#deadBeforeMs = askedAtMs;
        if (!this.#isTroubled) {
          const text = `a connection to PostgreSQL did not answer for ${PROBE_MAX_MS / 1_000} s and is replaced, with all that are as old (${(error as Error).message})`;
          this.#notify(platformNotice('database_connection_lost', text));
        }
        this.#isTroubled = true;
      }
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}
