import { WebSocket } from 'ws';
import { certificateFault } from '../certificates/index.ts';
import type { Timer, World } from '../world/index.ts';
import { decodeMessage, encodeMessage } from './link-codec.ts';
import type { LinkSocket } from './link-connections.ts';
import type { LinkCredentials } from './link-server.ts';

export interface LinkClientOptions {
  /** host:port of control. */
  readonly address: string;
  /** Asked for each connection, so that renewed ones are shown at the next. */
  readonly credentials: () => LinkCredentials;
  readonly on: {
    readonly open: () => void;
    readonly message: (message: unknown) => void;
    readonly close: (why: string) => void;
  };
  readonly world: Pick<World, 'monotonicMs' | 'after' | 'every' | 'random'>;
  /** Default: a real one. */
  readonly openSocket?: (address: string, credentials: LinkCredentials) => LinkSocket;
}

const INCOMING_MAX = 512 * 1024 * 1024;
const WAITING_MAX = 64 * 1024 * 1024;
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5_000;
/** Control pings every second. */
const SILENT_MAX_MS = 5_000;
const WATCH_EVERY_MS = 1_000;
const HANDSHAKE_MAX_MS = 5_000;

/** This machine's end of the link; it connects again until it is closed. */
export class LinkClient {
  readonly #options: LinkClientOptions;
  #connection: LinkSocket | null = null;
  #heardAt = 0;
  #retryMs = RETRY_MIN_MS;
  #isClosed = false;
  #retry: Timer | null = null;
  readonly #watch: Timer;
  #watchedAt: number;

  constructor(options: LinkClientOptions) {
    this.#options = options;
    this.#watchedAt = options.world.monotonicMs();
    this.#watch = options.world.every(WATCH_EVERY_MS, () => this.#checkSilence());
    this.#connect();
  }

  get isOpen(): boolean {
    return this.#connection?.readyState === WebSocket.OPEN;
  }

  /** False: there is no connection, or it takes too little; the message is not sent. */
  send(message: object): boolean {
    const connection = this.#connection;
    if (connection === null || connection.readyState !== WebSocket.OPEN) return false;
    if (connection.bufferedAmount > WAITING_MAX) return false;
    connection.send(encodeMessage(message));
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#watch.cancel();
    this.#retry?.cancel();
    this.#connection?.terminate();
  }

  #connect(): void {
    const { address, credentials, on, world, openSocket = secureSocket } = this.#options;
    const connection = openSocket(address, credentials());
    this.#connection = connection;
    this.#heardAt = world.monotonicMs();
    let why = 'the connection ended';
    connection.once('open', () => {
      this.#retryMs = RETRY_MIN_MS;
      on.open();
    });
    connection.on('ping', () => {
      this.#heardAt = world.monotonicMs();
    });
    connection.on('message', (data, isBinary) => {
      this.#heardAt = world.monotonicMs();
      if (isBinary) return connection.terminate();
      try {
        on.message(decodeMessage(String(data)));
      } catch (error) {
        why = (error as Error).message;
        connection.terminate();
      }
    });
    connection.on('error', (error) => {
      why = certificateFault(error, 'link.authorities') ?? error.message;
    });
    connection.once('close', () => {
      this.#connection = null;
      on.close(why);
      this.#connectLater();
    });
  }

  /** Scattered, so that many machines do not come back in the same moment. */
  #connectLater(): void {
    if (this.#isClosed) return;
    const { world } = this.#options;
    const [scatter] = world.random(1);
    const waitMs = this.#retryMs * (0.5 + (scatter as number) / 256);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
    this.#retry = world.after(waitMs, () => this.#connect());
  }

  #checkSilence(): void {
    const now = this.#options.world.monotonicMs();
    // A process that was held up has not read what came: that is no silence.
    const wasHeldUp = now - this.#watchedAt > 2 * WATCH_EVERY_MS;
    this.#watchedAt = now;
    if (wasHeldUp || !this.isOpen) return;
    if (now - this.#heardAt > SILENT_MAX_MS) this.#connection?.terminate();
  }
}

function secureSocket(
  address: string,
  { certificate, key, authorities }: LinkCredentials,
): LinkSocket {
  return new WebSocket(`wss://${address}/link`, {
    cert: certificate,
    key,
    ca: [...authorities],
    minVersion: 'TLSv1.3',
    rejectUnauthorized: true,
    handshakeTimeout: HANDSHAKE_MAX_MS,
    maxPayload: INCOMING_MAX,
    perMessageDeflate: false,
  });
}
