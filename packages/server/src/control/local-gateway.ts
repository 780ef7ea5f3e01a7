import type { FromGateway } from '../messages/between-processes.ts';
import type { LiveFeed } from './live-feed.ts';

const NAME = 'local';

/** The gateway of this machine, as far as a revocation waits for it. */
export class LocalGateway {
  readonly #live: LiveFeed;
  #hasConfirmed = false;

  constructor(live: LiveFeed) {
    this.#live = live;
  }

  up(): void {
    this.#live.gatewayUp(NAME);
  }

  down(): void {
    // One that never confirmed may have waited for a predecessor, which may serve still.
    if (this.#hasConfirmed) this.#live.gatewayDown(NAME);
    else this.#live.gatewayUp(NAME);
  }

  heard(report: FromGateway): void {
    if (report.type !== 'live-applied') return;
    this.#hasConfirmed = true;
    this.#live.confirmed(NAME, report.sequence);
  }
}
