import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { addressKey } from '@poorter/engine';

interface Place {
  readonly socket: Socket;
  /** Calls under way on it. */
  calls: number;
}

/**
 * A bounded number of connections, of which no address can keep the others out: when all places are
 * taken, whoever holds most of them gives one up, an idle one first. Alone, an address may have all.
 */
export class FairPlaces {
  readonly #max: number;
  /** By address, oldest first. */
  readonly #places = new Map<string, Map<string, Place>>();
  /** Of the connections that have asked something, also through TLS: names are slow to ask for. */
  readonly #asked = new WeakMap<Socket, Place>();
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#come(socket));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const place = this.#placeOf(request.socket);
      if (place === undefined) return;
      place.calls += 1;
      response.once('close', () => {
        place.calls -= 1;
      });
    });
  }

  #placeOf(socket: Socket): Place | undefined {
    const known = this.#asked.get(socket);
    if (known !== undefined) return known;
    const place = this.#places.get(addressOf(socket))?.get(nameOf(socket));
    if (place !== undefined) this.#asked.set(socket, place);
    return place;
  }

  #come(socket: Socket): void {
    const address = addressOf(socket);
    const own = this.#places.get(address) ?? new Map<string, Place>();
    if (this.#taken >= this.#max && !this.#makeRoom(address, own)) {
      socket.destroy();
      return;
    }
    const name = nameOf(socket);
    this.#places.set(address, own.set(name, { socket, calls: 0 }));
    this.#taken += 1;
    socket.once('close', () => this.#leave(address, name, socket));
  }

  /** False: whoever comes has as many as anybody, and all of them are busy. */
  #makeRoom(address: string, own: ReadonlyMap<string, Place>): boolean {
    let fullest: [string, ReadonlyMap<string, Place>] = [address, own];
    for (const entry of this.#places) if (entry[1].size > fullest[1].size) fullest = entry;
    const [holder, places] = fullest;
    const idle = [...places].find(([, { calls }]) => calls === 0);
    const [oldest] = places;
    // One of its own that is busy is not given up for another of its own.
    const given = idle ?? (holder === address ? undefined : oldest);
    if (given === undefined) return false;
    const [name, { socket }] = given;
    this.#leave(holder, name, socket);
    socket.destroy();
    return true;
  }

  #leave(address: string, name: string, socket: Socket): void {
    const places = this.#places.get(address);
    if (places?.get(name)?.socket !== socket) return;
    places.delete(name);
    if (places.size === 0) this.#places.delete(address);
    this.#taken -= 1;
  }
}

function addressOf(socket: Socket): string {
  return addressKey(socket.remoteAddress ?? '');
}

/** The same for a connection and for the TLS in it. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
