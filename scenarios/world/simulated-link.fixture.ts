import { EventEmitter } from 'node:events';
import type { LinkConnections, LinkSocket } from '../../packages/server/src/platform/link/index.ts';
import { type Runner, Wire } from './simulated-machine.fixture.ts';

const WIRE_MS = 200;
const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

/** Where control listens, as far as it does. */
export class SimulatedNetwork {
  #listening: { readonly runner: Runner; readonly connections: LinkConnections } | null = null;
  readonly #cables = new Set<Cable>();

  listen(runner: Runner, connections: LinkConnections): void {
    this.#listening = { runner, connections };
  }

  unlisten(runner: Runner): void {
    if (this.#listening?.runner === runner) this.#listening = null;
  }

  /** `cut`: of the machine that calls, as it is at any moment. */
  connect(client: Runner, name: string, cut: Cut): LinkSocket {
    const socket = new SimulatedSocket(client);
    client.soon(WIRE_MS, () => this.#opened(client, socket, name, cut));
    return socket as unknown as LinkSocket;
  }

  /** What is cut or mended from now on. */
  changed(): void {
    for (const cable of this.#cables) cable.follow();
  }

  #opened(client: Runner, socket: SimulatedSocket, name: string, cut: Cut): void {
    if (socket.readyState !== CONNECTING) return;
    const listening = this.#listening;
    if (listening === null || listening.runner.isDead || cut.toControl || cut.toGateway) {
      return socket.fail();
    }
    const { runner, connections } = listening;
    const atControl = new SimulatedSocket(runner);
    const cable: Cable = {
      follow: () => {
        toControl.isCut = cut.toControl;
        toGateway.isCut = cut.toGateway;
      },
    };
    const toControl = new Wire<Said>(runner, WIRE_MS, (said) => atControl.hear(said));
    const toGateway = new Wire<Said>(client, WIRE_MS, (said) => socket.hear(said));
    const forget = () => this.#cables.delete(cable);
    this.#cables.add(cable);
    socket.open(toControl, forget);
    atControl.open(toGateway, forget);
    toControl.put({ event: 'accept' });
    atControl.once('accept', () => {
      if (listening === this.#listening) connections.add(atControl as unknown as LinkSocket, name);
      else atControl.terminate();
    });
    socket.emit('open');
  }
}

/** Each direction of the way between a gateway's machine and control. */
export interface Cut {
  toControl: boolean;
  toGateway: boolean;
}

interface Cable {
  readonly follow: () => void;
}

interface Said {
  readonly event: 'accept' | 'message' | 'ping' | 'pong' | 'closed';
  readonly data?: string;
}

/** A WebSocket, as far as the link uses one: pings are answered by it, and the kernel closes those of the dead. */
class SimulatedSocket extends EventEmitter {
  readonly bufferedAmount = 0;
  readyState = CONNECTING;
  readonly #owner: Runner;
  #wire: Wire<Said> | null = null;
  #forget: () => void = () => undefined;

  constructor(owner: Runner) {
    super();
    this.#owner = owner;
    owner.onEnd(() => this.#endOfOwner());
  }

  open(wire: Wire<Said>, forget: () => void): void {
    this.#wire = wire;
    this.#forget = forget;
    this.readyState = OPEN;
  }

  fail(): void {
    this.readyState = CLOSED;
    this.emit('error', new Error('refused'));
    this.emit('close');
  }

  send(data: string, _options?: unknown, sent?: () => void): void {
    if (this.readyState === OPEN) this.#wire?.put({ event: 'message', data });
    sent?.();
  }

  ping(): void {
    if (this.readyState === OPEN) this.#wire?.put({ event: 'ping' });
  }

  close(): void {
    this.terminate();
  }

  terminate(): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.#wire?.put({ event: 'closed' });
    this.#forget();
    this.#owner.soon(1, () => this.emit('close'));
  }

  hear({ event, data }: Said): void {
    if (this.readyState !== OPEN) return;
    if (event === 'closed') return this.terminate();
    if (event === 'ping') this.#wire?.put({ event: 'pong' });
    this.emit(event, data, false);
  }

  #endOfOwner(): void {
    if (this.readyState === OPEN) this.#wire?.put({ event: 'closed' });
    this.readyState = CLOSED;
    this.#forget();
  }
}
