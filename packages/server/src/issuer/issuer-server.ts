import type { AddressInfo } from 'node:net';
import type { ListenerSnapshot } from '../messages/runtime-snapshot.ts';
import {
  createServer,
  createTlsServer,
  FairPlaces,
  type IncomingMessage,
  KEEP_ALIVE_MS,
  type Server,
  type ServerResponse,
  TLS_SUITES,
  type TlsServer,
} from '../platform/http/index.ts';
import { placeFault } from '../platform/processes/index.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const CONNECTIONS_MAX = 2_000;
const OPTIONS = {
  insecureHTTPParser: false,
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  maxHeaderSize: 32_768,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: KEEP_ALIVE_MS,
} as const;

/** Where strangers knock at the authorization server. */
export class IssuerServer {
  readonly #onFault: (error: unknown) => void;
  readonly #key: string;
  #answer: Answer | null = null;
  #server: Server | null = null;
  #where = '';

  /** `key`: of the configuration, that says where it listens. */
  constructor(key: string, onFault: (error: unknown) => void) {
    this.#key = key;
    this.#onFault = onFault;
  }

  get address(): string {
    const { address, port, family } = (this.#server as Server).address() as AddressInfo;
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** From now on, for calls that begin. */
  answerWith(answer: Answer): void {
    this.#answer = answer;
  }

  /** Binds once; the same address changes nothing but the certificate. Throws PlaceFault. */
  async listen({ host, port, tls }: ListenerSnapshot): Promise<void> {
    const where = JSON.stringify([host, port, tls === null]);
    if (where === this.#where) {
      if (tls !== null) (this.#server as TlsServer).setSecureContext(tlsOptions(tls));
      return;
    }
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.#handle(request, response);
    const server =
      tls === null
        ? createServer(OPTIONS, answer)
        : createTlsServer({ ...OPTIONS, ...tlsOptions(tls) }, answer);
    new FairPlaces(CONNECTIONS_MAX).watch(server);
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error) => reject(placeFault({ host, port, key: this.#key }, error));
      server.once('error', fail);
      server.listen({ host, port }, () => {
        server.off('error', fail);
        resolve();
      });
    });
    const before = this.#server;
    this.#server = server;
    this.#where = where;
    before?.close();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#where = '';
    if (server === null) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer?.(request, response);
    } catch (error) {
      this.#onFault(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    }
  }
}

function tlsOptions({
  certificate,
  key,
  minVersion,
  clientCertificate,
  clientAuthorities,
}: NonNullable<ListenerSnapshot['tls']>) {
  return {
    ...{ cert: certificate, key, minVersion, ...TLS_SUITES },
    // Nobody is refused for a certificate: whoever shows one of no authority may have registered it.
    ...{ requestCert: clientCertificate !== 'none', rejectUnauthorized: false },
    // An empty list is nobody; without a list Node would believe every authority of the system.
    ca: [...clientAuthorities],
  };
}
