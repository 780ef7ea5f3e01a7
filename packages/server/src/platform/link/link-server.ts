import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { monotonicMs } from '../clock/index.ts';
import { placeFault } from '../processes/index.ts';
import { decodeMessage } from './link-codec.ts';
import { OutgoingMessages } from './outgoing-messages.ts';

/** Certificates of both ends, PEM. There is no link without them. */
export interface LinkCredentials {
  readonly certificate: string;
  readonly key: string;
  readonly authorities: readonly string[];
}

export interface LinkServerOptions {
  readonly host: string;
  readonly port: number;
  readonly credentials: LinkCredentials;
  /** Names that may connect: a DNS name in the certificate. */
  readonly names: readonly string[];
  readonly on: {
    readonly open: (end: LinkEnd) => void;
    readonly message: (end: LinkEnd, message: unknown) => void;
    readonly close: (end: LinkEnd) => void;
    readonly trouble: (message: string) => void;
  };
}

/** One connected machine. */
export interface LinkEnd {
  readonly name: string;
  /** False when it reads too slowly: it is then cut off, and connects again. */
  send(message: object): boolean;
  close(): void;
}

/** What a gateway sends: reports, and pieces of its spool. */
const INCOMING_MAX = 8 * 1024 * 1024;
/** A snapshot of a very large description, several times over. */
const WAITING_MAX = 512 * 1024 * 1024;
/** Behind one that is still being written. */
const MESSAGES_MAX = 10_000;
const PING_EVERY_MS = 1_000;
/** Without a sign of life for this long the connection is given up. */
const SILENT_MAX_MS = 5_000;
const CLOSE_MAX_MS = 1_000;
const CONNECTIONS_MAX = 256;

/** Where other machines connect: mutual TLS 1.3, messages over WebSocket. */
export class LinkServer {
  readonly #options: LinkServerOptions;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: INCOMING_MAX,
    perMessageDeflate: false,
  });
  readonly #ends = new Map<WebSocket, { end: LinkEnd; heardAt: number }>();
  readonly #watch: NodeJS.Timeout;
  #pingedAt = monotonicMs();

  constructor(options: LinkServerOptions) {
    this.#options = options;
    const { certificate, key, authorities } = options.credentials;
    this.#server = createServer(
      {
        cert: certificate,
        key,
        ca: [...authorities],
        minVersion: 'TLSv1.3',
        requestCert: true,
        rejectUnauthorized: true,
        headersTimeout: 5_000,
        requestTimeout: 5_000,
      },
      (_, response) => response.writeHead(426).end(),
    );
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on('upgrade', (request, socket, head) => {
      const name = nameOf(request.socket as TLSSocket, options.names);
      if (name === null || this.#sockets.clients.size >= CONNECTIONS_MAX) {
        options.on.trouble(
          'a machine whose certificate names no gateway of link.gateways was refused',
        );
        socket.destroy();
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (connection) =>
        this.#opened(connection, name),
      );
    });
    this.#server.on('tlsClientError', () => undefined);
    this.#watch = setInterval(() => this.#ping(), PING_EVERY_MS);
  }

  /** Throws PlaceFault, and then it is closed. */
  async listen(): Promise<string> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error) => {
        this.close();
        reject(placeFault({ host, port, key: 'link.address' }, error));
      };
      this.#server.once('error', fail);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', fail);
        resolve();
      });
    });
    const bound = this.#server.address() as { address: string; port: number };
    return `${bound.address}:${bound.port}`;
  }

  /** Shown to those who connect from now on; connections that stand are left alone. */
  renew({ certificate, key, authorities }: LinkCredentials): void {
    this.#server.setSecureContext({
      ...{ cert: certificate, key, ca: [...authorities], minVersion: 'TLSv1.3' as const },
    });
  }

  close(): void {
    clearInterval(this.#watch);
    for (const connection of this.#sockets.clients) connection.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #opened(connection: WebSocket, name: string): void {
    const { on } = this.#options;
    // One connection a name: a machine that comes back replaces what it left behind.
    for (const [other, { end }] of this.#ends) if (end.name === name) other.terminate();
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
        setTimeout(() => connection.terminate(), CLOSE_MAX_MS).unref();
      },
    };
    const entry = { end, heardAt: monotonicMs() };
    this.#ends.set(connection, entry);
    connection.on('pong', () => {
      entry.heardAt = monotonicMs();
    });
    connection.on('message', (data, isBinary) => {
      entry.heardAt = monotonicMs();
      if (isBinary) return connection.terminate();
      let message: unknown;
      try {
        message = decodeMessage(String(data));
      } catch {
        return connection.terminate();
      }
      on.message(end, message);
    });
    connection.on('error', () => connection.terminate());
    connection.once('close', () => {
      this.#ends.delete(connection);
      on.close(end);
    });
    on.open(end);
  }

  #ping(): void {
    const now = monotonicMs();
    // A process that was held up has not read what came: that is no silence.
    const wasHeldUp = now - this.#pingedAt > 2 * PING_EVERY_MS;
    this.#pingedAt = now;
    for (const [connection, { heardAt }] of this.#ends) {
      if (!wasHeldUp && now - heardAt > SILENT_MAX_MS) connection.terminate();
      else connection.ping();
    }
  }
}

/** The listed name that a verified certificate carries; null: none. */
function nameOf(socket: TLSSocket, names: readonly string[]): string | null {
  if (!socket.authorized) return null;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  // Exactly: a wildcard in a certificate must not make it every gateway at once.
  const exactly = { subject: 'never', wildcards: false } as const;
  return names.find((name) => certificate.checkHost(name, exactly) !== undefined) ?? null;
}
