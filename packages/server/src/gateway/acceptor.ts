import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { type ListenerPlace, placeFault } from '../platform/processes/index.ts';
import type { World } from '../platform/world/index.ts';
import type { QuietMoment } from './quiet-moment.ts';

/** Turns of the event loop without a new connection, after which none waits. */
const QUIET_TURNS = 2;
const EMPTYING_MAX_MS = 50;
/** While closing, connections are looked at so often. */
const LOOK_EVERY_MS = 50;
/** A connection that was kept by its caller and lies still for this long is closed. */
const STILL_MS = 1_000;

/** What Node keeps on a connection that speaks HTTP. */
type HttpSocket = Socket & {
  readonly _httpMessage?: ServerResponse | null;
};

export interface AcceptorPorts {
  /** Connections that whoever opened them ends. */
  readonly isTunnel: (socket: Socket) => boolean;
  readonly world: Pick<World, 'monotonicMs' | 'every'>;
}

/**
 * One listening socket of this thread and the connections that came through it. Closing loses
 * nothing: what the kernel has completed is accepted and answered, callers who keep their
 * connection are told with their next answer, and only what lies still is closed.
 */
export class Acceptor {
  readonly server: Server;
  readonly #connections = new Set<Socket>();
  /** Accepted, and not yet through the TLS handshake; by the address and port of their caller. */
  readonly #handshaking = new Map<string, Socket>();
  readonly #ports: AcceptorPorts;
  readonly #leaving = new WeakSet<Socket>();
  #isClosing = false;
  #closing: Promise<void> | null = null;
  #cutAtMs = Number.POSITIVE_INFINITY;

  constructor(server: Server, ports: AcceptorPorts) {
    this.server = server;
    this.#ports = ports;
    const isTls = 'setSecureContext' in server;
    if (isTls) server.on('connection', (socket: Socket) => this.#shaking(socket));
    server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#handshaking.delete(callerOf(socket));
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
    // Before the handlers, which may answer at once.
    for (const event of ['request', 'checkContinue', 'checkExpectation']) {
      server.prependListener(event, ({ socket }: IncomingMessage, response: ServerResponse) => {
        if (this.#isClosing || this.#leaving.has(socket)) response.shouldKeepAlive = false;
      });
    }
  }

  /** Its caller is told with the next answer that it ends, and comes back on another one. */
  letGo(socket: Socket): void {
    this.#leaving.add(socket);
    if (isAnswering(socket)) askToClose(socket);
  }

  get connections(): ReadonlySet<Socket> {
    return this.#connections;
  }

  get address(): string {
    const { address, port, family } = this.server.address() as AddressInfo;
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** Throws PlaceFault. */
  async listen(place: ListenerPlace): Promise<void> {
    const { server } = this;
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error) => reject(placeFault(place, error));
      server.once('error', fail);
      server.listen({ host: place.host, port: place.port, reusePort: true }, () => {
        server.off('error', fail);
        resolve();
      });
    });
  }

  /** Opened for a version that did not come into force: nobody was told of it. */
  abandon(): void {
    this.server.close();
    for (const socket of [...this.#connections, ...this.#handshaking.values()]) socket.destroy();
  }

  /** From now on every answer asks its caller to close; new connections are still accepted. */
  announceEnd(): void {
    this.#isClosing = true;
    for (const socket of this.#connections) askToClose(socket);
  }

  /**
   * Accepts what waits, stops accepting in this moment, and resolves when the last connection has
   * ended; those that are left at `cutAtMs` (by the monotonic clock) are cut. One that is closing
   * already is only given the earlier end.
   */
  close(moment: QuietMoment, cutAtMs: number): Promise<void> {
    this.#cutAtMs = Math.min(this.#cutAtMs, cutAtMs);
    if (this.#closing === null) {
      moment.join();
      this.#closing = this.#close(moment);
    }
    return this.#closing;
  }

  async #close(moment: QuietMoment): Promise<void> {
    this.announceEnd();
    await this.#stopAccepting(moment);
    const stillSince = new Map<Socket, { readonly bytes: number; readonly sinceMs: number }>();
    const { world } = this.#ports;
    await new Promise<void>((resolve) => {
      const look = () => {
        const nowMs = world.monotonicMs();
        for (const socket of [...this.#connections, ...this.#handshaking.values()]) {
          if (nowMs >= this.#cutAtMs) socket.destroy();
          else if (this.#ports.isTunnel(socket) || isAnswering(socket)) stillSince.delete(socket);
          else endIfStill(socket, nowMs, stillSince);
        }
        if (this.#connections.size + this.#handshaking.size > 0) return;
        timer.cancel();
        // Ends Node's own watch over its connections; there are none left to close.
        this.server.close(() => resolve());
      };
      const timer = world.every(LOOK_EVERY_MS, look);
      look();
    });
  }

  async #stopAccepting(moment: QuietMoment): Promise<void> {
    await moment.quiet;
    try {
      await this.#untilNobodyWaits();
      // Not http's own close, which also ends connections whose first request is on its way.
      NetServer.prototype.close.call(this.server);
    } finally {
      // Whatever happened to this socket, the thread answers again.
      moment.leave();
    }
    await moment.over;
  }

  async #untilNobodyWaits(): Promise<void> {
    const { server } = this;
    const { monotonicMs } = this.#ports.world;
    let turns = 0;
    const accepted = () => {
      turns = 0;
    };
    server.on('connection', accepted);
    const until = monotonicMs() + EMPTYING_MAX_MS;
    for (; turns < QUIET_TURNS && monotonicMs() < until; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    server.off('connection', accepted);
  }

  #shaking(socket: Socket): void {
    const caller = callerOf(socket);
    this.#handshaking.set(caller, socket);
    socket.once('close', () => {
      if (this.#handshaking.get(caller) === socket) this.#handshaking.delete(caller);
    });
  }
}

function callerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function endIfStill(
  socket: Socket,
  nowMs: number,
  stillSince: Map<Socket, { readonly bytes: number; readonly sinceMs: number }>,
): void {
  const known = stillSince.get(socket);
  const bytes = socket.bytesRead;
  if (known?.bytes !== bytes) stillSince.set(socket, { bytes, sinceMs: nowMs });
  else if (nowMs - known.sinceMs >= STILL_MS) socket.destroy();
}

export function isAnswering(socket: Socket): boolean {
  return ((socket as HttpSocket)._httpMessage ?? null) !== null;
}

/** With the answer under way on this connection, where it has not begun to leave. */
function askToClose(socket: Socket): void {
  const answer = (socket as HttpSocket)._httpMessage;
  if (answer && !answer.headersSent) answer.shouldKeepAlive = false;
}
