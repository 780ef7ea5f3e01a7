import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import { type Notify, platformNotice } from '../notices/index.ts';
import { placeFault } from '../processes/index.ts';
import type { World } from '../world/index.ts';
import { LinkConnections, type LinkHandlers } from './link-connections.ts';

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
  readonly on: LinkHandlers & { readonly notify: Notify };
  readonly world: Pick<World, 'monotonicMs' | 'after' | 'every'>;
}

/** What a gateway sends: reports, and pieces of its spool. */
const INCOMING_MAX = 8 * 1024 * 1024;
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
  readonly #connections: LinkConnections;

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
        options.on.notify(
          platformNotice(
            'link_stranger_refused',
            'a machine whose certificate names no gateway of link.gateways was refused',
          ),
        );
        socket.destroy();
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (connection) =>
        this.#connections.add(connection, name),
      );
    });
    this.#server.on('tlsClientError', () => undefined);
    this.#connections = new LinkConnections(options.on, options.world);
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
    this.#connections.close();
    for (const connection of this.#sockets.clients) connection.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
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
