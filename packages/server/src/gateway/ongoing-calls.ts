import type { Principal } from '@poorter/engine';
import type { LiveRights } from '@poorter/engine/live-rights';

/** A call that goes on after it was let in. */
interface Ongoing {
  readonly principal: Principal | null;
  readonly clientAddress: string;
  /** By a key that can be taken back while running, and not by one of the configuration. */
  readonly isByLiveKey: boolean;
  readonly end: () => void;
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

  /** Until the function that it returns is called. */
  hold({ principal, clientAddress, end }: Omit<Ongoing, 'isByLiveKey'>): () => void {
    const isByLiveKey = this.#live.keyOf(principal) !== undefined;
    const ongoing = { principal, clientAddress, isByLiveKey, end };
    this.#open.add(ongoing);
    // It may have been taken back while the service was reached.
    if (!this.#mayGoOn(ongoing)) end();
    return () => void this.#open.delete(ongoing);
  }

  /** Rights have changed. */
  look(): void {
    for (const ongoing of this.#open) {
      if (this.#mayGoOn(ongoing)) continue;
      this.#open.delete(ongoing);
      ongoing.end();
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
