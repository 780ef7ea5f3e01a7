import type { Writable } from 'node:stream';
import type { Principal } from '@poorter/engine';
import type { LiveRights } from '@poorter/engine/live-rights';

interface Caller {
  readonly principal: Principal | null;
  readonly clientAddress: string;
}

/** By which the caller is reached: a socket, or an answer. */
type Stream = Pick<Writable, 'destroyed' | 'destroy' | 'once'>;

/** A call that goes on after it was let in. */
interface Ongoing extends Caller {
  /** By a key that can be taken back while running, and not by one of the configuration. */
  readonly isByLiveKey: boolean;
  readonly stream: Stream;
}

/**
 * Tunnels, and answers that stream: what lets them in is asked once, and they may last for hours. Each ends when its
 * token, its key or its grant is taken back, or its caller is blocked, before it is confirmed that this is in force.
 */
export class OngoingCalls {
  readonly #live: LiveRights;
  readonly #now: () => number;
  readonly #open = new Set<Ongoing>();

  constructor(live: LiveRights, now: () => number) {
    this.#live = live;
    this.#now = now;
  }

  /** Until the stream is closed. */
  hold({ principal, clientAddress }: Caller, stream: Stream): void {
    // Its caller may have left meanwhile: it closes no second time.
    if (stream.destroyed) return;
    const isByLiveKey = this.#live.keyOf(principal) !== undefined;
    const ongoing = { principal, clientAddress, isByLiveKey, stream };
    this.#open.add(ongoing);
    stream.once('close', () => this.#open.delete(ongoing));
    // It may have been taken back while the service was reached.
    if (!this.#mayGoOn(ongoing)) stream.destroy();
  }

  /** Rights have changed. */
  look(): void {
    for (const ongoing of this.#open) {
      if (this.#mayGoOn(ongoing)) continue;
      this.#open.delete(ongoing);
      ongoing.stream.destroy();
    }
  }

  #mayGoOn({ principal, clientAddress, isByLiveKey }: Ongoing): boolean {
    const now = this.#now();
    if (this.#live.blockOfAddress(clientAddress, now) !== undefined) return false;
    if (principal === null) return true;
    if (this.#live.blockOfPrincipal(principal, now) !== undefined) return false;
    if (this.#live.isDenied(principal)) return false;
    return !isByLiveKey || this.#live.keyOf(principal) !== undefined;
  }
}
