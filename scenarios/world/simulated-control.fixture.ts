import type { LiveMessage } from '@poorter/engine';
import { GatewayBook } from '../../packages/server/src/control/gateway-book.ts';
import { RemoteGateways } from '../../packages/server/src/control/remote-gateways.ts';
import type { RuntimeSnapshot } from '../../packages/server/src/messages/between-processes.ts';
import type { LinkEnd, LinkServerOptions } from '../../packages/server/src/platform/link/index.ts';
import { realWorld } from '../../packages/server/src/platform/world/index.ts';
import {
  CLOSED,
  type Connection,
  type Dice,
  Machine,
  type Say,
  SILENT_MAX_MS,
  type Time,
} from './simulated-machine.fixture.ts';

/** The process that holds the store: the real book and the real link desk, over simulated wires. */
export class Control {
  readonly machine: Machine;
  readonly #time: Time;
  readonly #dice: Dice;
  /** What survives it. */
  #file: string | null = null;
  sequence = 1;
  staleMs: number;
  #snapshotVersion = 1;
  isStopped = false;
  #desk: RemoteGateways | null = null;
  #book: GatewayBook | null = null;
  #on: LinkServerOptions['on'] | null = null;
  connections = new Set<Connection>();
  #waitedFor: number[] = [];
  /** Every revocation up to this one was said to be everywhere. */
  everywhere = 0;

  constructor(time: Time, dice: Dice, staleMs: number) {
    this.#time = time;
    this.#dice = dice;
    this.machine = new Machine(time, dice);
    this.staleMs = staleMs;
  }

  get isUp(): boolean {
    return this.#desk !== null;
  }

  start(): void {
    const book = new GatewayBook({
      read: () => this.#file,
      write: (text) => {
        this.#file = text;
      },
      now: this.machine.monotonicMs,
    });
    book.open([], this.staleMs);
    this.#book = book;
    this.#desk = new RemoteGateways({
      book,
      liveNow: () => this.#whole(),
      report: () => undefined,
      mirror: null,
      world: realWorld,
      trouble: () => undefined,
      openServer: ({ on }) => {
        this.#on = on;
        return { listen: async () => 'somewhere', close: () => undefined, renew: () => undefined };
      },
    });
    this.#desk.snapshot(this.#snapshot());
    const link = { address: '127.0.0.1:1', gateways: ['a'] };
    void this.#desk.apply(link as never, { certificate: '', key: '', authorities: [] });
  }

  /** Killed: what it knew is gone, and its sockets are closed by the kernel, if anybody hears it. */
  kill(): void {
    // Timers of connections that never said hello.
    for (const connection of [...this.connections]) this.#close(connection);
    this.#desk = null;
    this.#book = null;
    this.#on = null;
    this.#waitedFor = [];
  }

  revoke(): void {
    this.sequence += 1;
    this.#waitedFor.push(this.sequence);
    this.#desk?.send(this.#change());
  }

  changeStaleness(staleMs: number): void {
    this.staleMs = staleMs;
    this.#snapshotVersion += 1;
    this.#desk?.snapshot(this.#snapshot());
  }

  accept(connection: Connection, name: string): void {
    this.connections.add(connection);
    // One connection a name, as the real server has it.
    for (const other of this.connections) {
      if (other !== connection && other.end?.name === name) this.#close(other);
    }
    const end: LinkEnd = {
      name,
      send: (message) => {
        const dueAt = this.#time.now + 1 + this.#dice(200);
        connection.toGateway.put(structuredClone(message) as Say, dueAt);
        return true;
      },
      close: () => this.#close(connection),
    };
    connection.end = end;
    this.#on?.open(end);
  }

  run(): void {
    if (this.#desk === null || this.isStopped || this.machine.isAsleep) return;
    const now = this.machine.monotonicMs();
    for (const connection of [...this.connections]) {
      let message = connection.toControl.take(this.#time.now);
      while (message !== undefined && connection.isOpenAtControl) {
        connection.controlHeardAt = now;
        if (message === CLOSED) this.#close(connection);
        else this.#on?.message(connection.end as LinkEnd, message);
        message = connection.toControl.take(this.#time.now);
      }
      if (now - connection.controlHeardAt > SILENT_MAX_MS) this.#close(connection);
    }
    this.#waitedFor = this.#waitedFor.filter((sequence) => {
      if ((this.#book as GatewayBook).missing(sequence).length > 0) return true;
      this.everywhere = Math.max(this.everywhere, sequence);
      return false;
    });
  }

  #close(connection: Connection): void {
    if (!connection.isOpenAtControl) return;
    connection.isOpenAtControl = false;
    this.connections.delete(connection);
    connection.toGateway.put(CLOSED, this.#time.now + this.#dice(100));
    this.#on?.close(connection.end as LinkEnd);
  }

  #snapshot(): RuntimeSnapshot {
    const gate = { version: this.#snapshotVersion, staleAfterMs: this.staleMs };
    return { gate } as unknown as RuntimeSnapshot;
  }

  #whole() {
    const state = { sequence: this.sequence, keyHashKey: null, keys: [], blocks: [] };
    return { type: 'live' as const, state };
  }

  #change(): LiveMessage {
    const nothing = { put: [], removed: [] };
    const change = { sequence: this.sequence, keys: nothing, blocks: nothing };
    return { type: 'live-change', change };
  }
}
