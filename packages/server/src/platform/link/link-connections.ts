import type { WebSocket } from 'ws';
import type { Timer, World } from '../world/index.ts';
import { decodeMessage } from './link-codec.ts';
import { OutgoingMessages } from './outgoing-messages.ts';

/** As much of a WebSocket as the link needs. */
export type LinkSocket = Pick<
  WebSocket,
  'on' | 'once' | 'send' | 'ping' | 'close' | 'terminate' | 'readyState' | 'bufferedAmount'
>;

/** One connected machine. */
export interface LinkEnd {
  readonly name: string;
  /** False when it reads too slowly: it is then cut off, and connects again. */
  send(message: object): boolean;
  close(): void;
}

export interface LinkHandlers {
  readonly open: (end: LinkEnd) => void;
  readonly message: (end: LinkEnd, message: unknown) => void;
  readonly close: (end: LinkEnd) => void;
}

/** A snapshot of a very large description, several times over. */
const WAITING_MAX = 512 * 1024 * 1024;
/** Behind one that is still being written. */
const MESSAGES_MAX = 10_000;
const PING_EVERY_MS = 1_000;
/** Without a sign of life for this long the connection is given up. */
const SILENT_MAX_MS = 5_000;
const CLOSE_MAX_MS = 1_000;

interface Entry {
  readonly end: LinkEnd;
  heardAt: number;
}

/** Control's ends of the link: one connection a name, given up when it falls silent. */
export class LinkConnections {
  readonly #on: LinkHandlers;
  readonly #world: Pick<World, 'monotonicMs' | 'after' | 'every'>;
  readonly #entries = new Map<LinkSocket, Entry>();
  readonly #watch: Timer;
  #pingedAt: number;

  constructor(on: LinkHandlers, world: Pick<World, 'monotonicMs' | 'after' | 'every'>) {
    this.#on = on;
    this.#world = world;
    this.#pingedAt = world.monotonicMs();
    this.#watch = world.every(PING_EVERY_MS, () => this.#ping());
  }

  /** `name`: as its certificate says. */
  add(connection: LinkSocket, name: string): void {
    const world = this.#world;
    // A machine that comes back replaces what it left behind.
    for (const [other, { end }] of this.#entries) if (end.name === name) other.terminate();
    const outgoing = new OutgoingMessages(connection);
    const end: LinkEnd = {
      name,
      send: (message) => {
        const waits = connection.bufferedAmount > WAITING_MAX || outgoing.length > MESSAGES_MAX;
        if (waits) connection.terminate();
        else outgoing.put(message);
        return !waits;
      },
      close: () => {
        // What was just said still goes out.
        outgoing.end();
        world.after(CLOSE_MAX_MS, () => connection.terminate());
      },
    };
    const entry = { end, heardAt: world.monotonicMs() };
    this.#entries.set(connection, entry);
    connection.on('pong', () => {
      entry.heardAt = world.monotonicMs();
    });
    connection.on('message', (data, isBinary) => {
      entry.heardAt = world.monotonicMs();
      if (isBinary) return connection.terminate();
      let message: unknown;
      try {
        message = decodeMessage(String(data));
      } catch {
        return connection.terminate();
      }
      this.#on.message(end, message);
    });
    connection.on('error', () => connection.terminate());
    connection.once('close', () => {
      this.#entries.delete(connection);
      this.#on.close(end);
    });
    this.#on.open(end);
  }

  close(): void {
    this.#watch.cancel();
    for (const connection of [...this.#entries.keys()]) connection.terminate();
  }

  #ping(): void {
    const now = this.#world.monotonicMs();
    // A process that was held up has not read what came: that is no silence.
    const wasHeldUp = now - this.#pingedAt > 2 * PING_EVERY_MS;
    this.#pingedAt = now;
    for (const [connection, { heardAt }] of this.#entries) {
      if (!wasHeldUp && now - heardAt > SILENT_MAX_MS) connection.terminate();
      else connection.ping();
    }
  }
}
