import type { Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { monotonicMs } from '../platform/clock/index.ts';

/** Turns of the event loop without a new connection, after which none waits. */
const QUIET_TURNS = 2;
const EMPTYING_MAX_MS = 500;
/** So often nobody is accepted for so long: enough for every caller that is about to connect. */
const HOLDS_MAX = 5;
const HOLD_MS = 20;
const HELD = new Int32Array(new SharedArrayBuffer(4));
/** While closing, connections are looked at so often. */
const LOOK_EVERY_MS = 50;
/** A connection that was kept by its caller and lies still for this long is closed. */
const STILL_MS = 1_000;

/** What Node keeps on a connection that speaks HTTP. */
type HttpSocket = Socket & {
  readonly parser?: unknown;
  readonly _httpMessage?: ServerResponse | null;
};

/** The listening socket under a server; `listen` again only changes how many may wait. */
type Listening = { readonly _handle?: { listen?(backlog: number): number } | null };

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
  #isClosing = false;

  constructor(server: Server) {
    this.server = server;
    const isTls = 'setSecureContext' in server;
    if (isTls) server.on('connection', (socket: Socket) => this.#shaking(socket));
    server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#handshaking.delete(callerOf(socket));
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
    // Before the handlers, which may answer at once.
    for (const event of ['request', 'checkContinue', 'checkExpectation']) {
      server.prependListener(event, (_: unknown, response: ServerResponse) => {
        if (this.#isClosing) response.shouldKeepAlive = false;
      });
    }
  }

  get connections(): ReadonlySet<Socket> {
    return this.#connections;
  }

  get address(): string {
    const { address, port, family } = this.server.address() as AddressInfo;
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  }

  async listen(place: { readonly host: string; readonly port: number }): Promise<void> {
    const { server } = this;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: place.host, port: place.port, reusePort: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  }

  /** From now on every answer asks its caller to close; new connections are still accepted. */
  announceEnd(): void {
    this.#isClosing = true;
    for (const socket of this.#connections) askToClose(socket);
  }

  /**
   * Accepts what waits, stops accepting, and resolves when the last connection has ended; those
   * that are left `graceMs` later are cut. `isTunnel`: ended by whoever opened it.
   */
  async close(graceMs: number, isTunnel: (socket: Socket) => boolean): Promise<void> {
    this.announceEnd();
    await this.#stopAccepting();
    const deadlineMs = monotonicMs() + graceMs;
    const stillSince = new Map<Socket, { readonly bytes: number; readonly sinceMs: number }>();
    await new Promise<void>((resolve) => {
      const look = () => {
        const nowMs = monotonicMs();
        for (const socket of [...this.#connections, ...this.#handshaking.values()]) {
          if (nowMs >= deadlineMs) socket.destroy();
          else if (isTunnel(socket) || isAnswering(socket)) stillSince.delete(socket);
          else endIfStill(socket, nowMs, stillSince);
        }
        if (this.#connections.size + this.#handshaking.size > 0) return;
        clearInterval(timer);
        // Ends Node's own watch over its connections; there are none left to close.
        this.server.close(() => resolve());
      };
      const timer = setInterval(look, LOOK_EVERY_MS);
      look();
    });
  }

  /**
   * Closing a listening socket resets what waits in its queue, and the queue of a busy gate is never
   * empty for long. So: one place in the queue, everybody accepted, and then a moment in which nobody
   * is. Whoever comes in it finds the place taken; the kernel answers nothing, and the caller asks
   * again a second later, when it is refused or somebody else listens. The one who got the place is
   * accepted, and the socket closes in the same turn.
   */
  async #stopAccepting(): Promise<void> {
    const { server } = this;
    (server as Listening)._handle?.listen?.(0);
    await this.#untilNobodyWaits();
    await new Promise<void>((resolve) => {
      let holds = 0;
      let turns = 0;
      let isClosed = false;
      const close = () => {
        isClosed = true;
        server.off('connection', close);
        // Not http's own close, which also ends connections whose first request is on its way.
        NetServer.prototype.close.call(server);
        resolve();
      };
      server.prependListener('connection', close);
      const hold = () => {
        if (isClosed) return;
        // Whoever came in the last hold has been accepted by now, and this was closed.
        if (holds === HOLDS_MAX && turns === QUIET_TURNS) return close();
        if (turns === QUIET_TURNS) turns = 0;
        if (turns === 0) {
          holds++;
          Atomics.wait(HELD, 0, 0, HOLD_MS);
        }
        turns++;
        setImmediate(hold);
      };
      hold();
    });
  }

  async #untilNobodyWaits(): Promise<void> {
    const { server } = this;
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
export function askToClose(socket: Socket): void {
  const answer = (socket as HttpSocket)._httpMessage;
  if (answer && !answer.headersSent) answer.shouldKeepAlive = false;
}
