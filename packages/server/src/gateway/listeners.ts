import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { type Deny, deny } from '@poorter/engine';
import { forgetCertificate } from '@poorter/middleware/node-messages';
import type { ListenerSnapshot, RuntimeSnapshot } from '../messages/between-processes.ts';
import {
  createServer,
  createTlsServer,
  type IncomingMessage,
  type Server,
  ServerResponse,
  TLS_SUITES,
  type TlsServer,
} from '../platform/http/index.ts';
import type { World } from '../platform/world/index.ts';
import { Acceptor, isAnswering } from './acceptor.ts';
import type { AnswerPause } from './answer-pause.ts';
import { Call } from './call.ts';
import type { CallStatistics } from './call-statistics.ts';
import { handleRequest } from './handle-request.ts';
import { handleUpgrade } from './handle-upgrade.ts';
import { ListeningPlaces, type OpenedListeners } from './listening-places.ts';
import type { QuietMoment } from './quiet-moment.ts';
import { isParserError, parserDenial, recordUnparsed, type Unparsed } from './record-unparsed.ts';
import { breakBody } from './request-body.ts';
import type { Runtime } from './runtime.ts';

interface Listener {
  readonly acceptor: Acceptor;
  /** In force; reading the same keys again would hold up calls for nothing. */
  tls: ListenerSnapshot['tls'];
}

/**
 * This thread's listening sockets. A reload keeps those whose address stays and changes everything
 * else in place, certificates and bounds included; one that goes finishes what it has begun.
 */
export class Listeners {
  readonly #statistics: CallStatistics;
  readonly #pause: AnswerPause;
  readonly #world: Pick<World, 'monotonicMs' | 'every'>;
  readonly #tunnels = new Set<Socket>();
  readonly #places = new ListeningPlaces<ListenerSnapshot, Listener>({
    name: 'listen',
    keyOf,
    listen: (of, key, snapshot) => this.#listen(of, key, snapshot),
    retune: (listener, of, snapshot) => this.#retune(listener, of, snapshot),
  });

  constructor(
    statistics: CallStatistics,
    pause: AnswerPause,
    world: Pick<World, 'monotonicMs' | 'every'>,
  ) {
    this.#statistics = statistics;
    this.#pause = pause;
    this.#world = world;
  }

  /** See `ListeningPlaces.open`. */
  open(snapshot: RuntimeSnapshot, first: Runtime | null): Promise<OpenedListeners> {
    return this.#places.open(snapshot.listeners, snapshot, first);
  }

  async drain(moment: QuietMoment, cutAtMs: number): Promise<void> {
    for (const tunnel of this.#tunnels) tunnel.end();
    await this.#places.drain(moment, cutAtMs);
  }

  /** What an open listening socket can change. */
  #retune(listener: Listener, { tls }: ListenerSnapshot, snapshot: RuntimeSnapshot): void {
    const { server } = listener.acceptor;
    const { bounds, timeouts } = snapshot;
    server.maxConnections = bounds.connectionsPerThread;
    server.headersTimeout = timeouts.headMs;
    server.keepAliveTimeout = timeouts.keepAliveMs;
    // Read by Node for each new connection; the head is held to its bounds at each call besides.
    (server as { maxHeaderSize?: number }).maxHeaderSize = bounds.headerBytes + bounds.targetBytes;
    if (tls === null || listener.tls === null || isDeepStrictEqual(listener.tls, tls)) return;
    const before = listener.tls;
    const options = tlsOptions(tls);
    const { requestCert, rejectUnauthorized } = options;
    const secure = server as TlsServer;
    secure.setSecureContext(options);
    Object.assign(secure, { requestCert, rejectUnauthorized });
    listener.tls = tls;
    if (trustsLess(before, tls)) this.#distrust(listener.acceptor);
  }

  /**
   * Connections that were verified by authorities that are no longer trusted prove nothing any
   * more: nobody is identified by them, and the callers come back on fresh ones.
   */
  #distrust(acceptor: Acceptor): void {
    for (const socket of acceptor.connections) {
      forgetCertificate(socket as TLSSocket);
      if (this.#tunnels.has(socket)) {
        if ((socket as TLSSocket).authorized) socket.destroy();
      } else acceptor.letGo(socket);
    }
  }

  async #listen(
    snapshot: ListenerSnapshot,
    key: string,
    { timeouts, bounds }: RuntimeSnapshot,
  ): Promise<Listener> {
    const options = {
      // Never lenient, whatever NODE_OPTIONS says.
      insecureHTTPParser: false,
      maxHeaderSize: bounds.headerBytes + bounds.targetBytes,
      headersTimeout: timeouts.headMs,
      // Bodies have an idle and a rate bound instead of one flat cap.
      requestTimeout: 0,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: timeouts.keepAliveMs,
      // Checked with everything else about the head, so that the refusal is recorded.
      requireHostHeader: false,
      noDelay: true,
      // No body is announced: no stream machinery for one.
      optimizeEmptyRequests: true,
      // Anything but a WebSocket handshake is an ordinary request whose Upgrade is ignored.
      shouldUpgradeCallback: ({ headers }: IncomingMessage) =>
        headers.upgrade?.toLowerCase() === 'websocket' && !announcesBody(headers),
    };
    const server =
      snapshot.tls === null
        ? createServer(options)
        : createTlsServer({
            ...options,
            ...tlsOptions(snapshot.tls),
            // Whoever is silent in the handshake is held no longer than one who is silent in a head.
            handshakeTimeout: timeouts.headMs,
          });
    server.maxHeadersCount = 0;
    server.maxConnections = bounds.connectionsPerThread;
    this.#attend(server);
    const acceptor = new Acceptor(server, {
      world: this.#world,
      isTunnel: (socket) => this.#tunnels.has(socket),
    });
    await acceptor.listen({ ...snapshot, key });
    server.on('error', () => this.#statistics.dropConnection());
    return { acceptor, tls: snapshot.tls };
  }

  #attend(server: Server): void {
    const handle =
      (mustContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
        const { over } = this.#pause;
        const handle = () =>
          void handleRequest(this.#places.runtime, request, response, mustContinue);
        if (over === null) handle();
        else void over.then(handle);
      };
    server.on('request', handle(false));
    server.on('checkContinue', handle(true));
    server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
      this.#refuseHead(request, response, deny('expectation_failed'));
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (isAnswering(socket as Socket)) {
        return this.#cutOff(
          socket as Socket,
          deny('upgrade_not_accepted', { reason: 'pipelined' }),
        );
      }
      this.#tunnels.add(socket as Socket);
      socket.once('close', () => this.#tunnels.delete(socket as Socket));
      void handleUpgrade(this.#places.runtime, request, socket as Socket, head);
    });
    server.on('connect', (request: IncomingMessage, socket: Duplex) => {
      if (isAnswering(socket as Socket)) {
        return this.#cutOff(socket as Socket, deny('method_not_allowed', { reason: 'connect' }));
      }
      const response = new ServerResponse(request);
      response.assignSocket(socket as Socket);
      response.shouldKeepAlive = false;
      response.once('finish', () => socket.destroy());
      const answerHeaders = ['allow', ''];
      const denial = deny('method_not_allowed', { reason: 'connect' }, { answerHeaders });
      this.#refuseHead(request, response, denial);
    });
    server.on('clientError', (error: Unparsed, socket: Duplex) => {
      this.#refuseUnparsed(error, socket as Socket);
    });
    server.on('drop', () => this.#statistics.dropConnection());
  }

  #refuseHead(request: IncomingMessage, response: ServerResponse, denial: Deny): void {
    const call = Call.open(this.#places.runtime, 'http', request.method ?? null, response);
    if (call === null) return;
    call.refuse('admit', denial, request);
    call.close();
  }

  /** What the HTTP parser refuses is a call too: answered where the connection still can, and recorded. */
  #refuseUnparsed(error: Unparsed, socket: Socket): void {
    if (!isParserError(error, socket)) {
      socket.destroy();
      return;
    }
    const { incoming } = (socket as HttpSocket).parser ?? {};
    if (incoming !== undefined && incoming !== null && !incoming.complete) {
      // A body that breaks belongs to a call that answers and records itself.
      if (isAnswering(socket)) breakBody(incoming, error);
      else socket.destroy();
      return;
    }
    const denial = parserDenial(error);
    if (!socket.writable || isAnswering(socket)) return this.#cutOff(socket, denial);
    socket.end(recordUnparsed(this.#places.runtime, socket, denial, error.rawPacket));
  }

  /** With an answer under way on this connection, a second one would be read as part of it. */
  #cutOff(socket: Socket, denial: Deny): void {
    recordUnparsed(this.#places.runtime, socket, denial);
    socket.destroy();
  }
}

/** What Node keeps on a connection that speaks HTTP. */
type HttpSocket = Socket & {
  readonly parser?: { readonly incoming?: IncomingMessage | null } | null;
  readonly _httpMessage?: ServerResponse | null;
};

/** A handshake has no body; Node would hand over a stream that is no socket. */
function announcesBody(headers: IncomingMessage['headers']): boolean {
  const length = headers['content-length'] ?? '0';
  return length !== '0' || headers['transfer-encoding'] !== undefined;
}

function tlsOptions(tls: NonNullable<ListenerSnapshot['tls']>) {
  return {
    cert: tls.certificate,
    key: tls.key,
    minVersion: tls.minVersion,
    ...TLS_SUITES,
    requestCert: tls.clientCertificate !== 'none',
    rejectUnauthorized: tls.clientCertificate === 'require',
    ...(tls.clientAuthorities.length > 0 && { ca: [...tls.clientAuthorities] }),
    ALPNProtocols: ['http/1.1'],
  };
}

/** Fewer authorities vouch, or more is asked of every connection. */
function trustsLess(before: TlsSnapshot, after: TlsSnapshot): boolean {
  const kept = new Set(after.clientAuthorities);
  return (
    before.clientAuthorities.some((authority) => !kept.has(authority)) ||
    (after.clientCertificate === 'require' && before.clientCertificate !== 'require') ||
    after.minVersion > before.minVersion
  );
}

type TlsSnapshot = NonNullable<ListenerSnapshot['tls']>;

/** What a listening socket cannot change while it is open. */
function keyOf({ host, port, tls }: ListenerSnapshot, { timeouts }: RuntimeSnapshot): string {
  return `${host} ${port} ${tls === null ? 'http' : `https ${timeouts.headMs}`}`;
}
