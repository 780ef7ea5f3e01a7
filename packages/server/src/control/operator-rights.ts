import { LiveRights } from '@poorter/engine';
import type { OperatorStore } from '../access/operators/index.ts';
import type { ChangeFeed } from '../state/changes/index.ts';

/** Operators' credentials, as the gate in front of the admin API knows them. */
export class OperatorRights {
  readonly live = new LiveRights();
  readonly #operators: Pick<OperatorStore, 'credentials' | 'hashKey'>;
  readonly #changes: Pick<ChangeFeed, 'latest' | 'changesSince'>;
  /** Where it stands in the change feed. */
  #sequence = -1;
  /** One reading at a time: one that began before a revocation must not be taken over after it. */
  #reading: Promise<void> = Promise.resolve();

  constructor(
    operators: Pick<OperatorStore, 'credentials' | 'hashKey'>,
    changes: Pick<ChangeFeed, 'latest' | 'changesSince'>,
  ) {
    this.#operators = operators;
    this.#changes = changes;
  }

  /** Takes over what others have changed, if they have. */
  look(): Promise<void> {
    return this.#next(async () => {
      for (;;) {
        const since = await this.#changes.changesSince(this.#sequence);
        const isChanged = since.changes.some(({ domain }) => domain === 'operator');
        if (since.isGap || isChanged) return this.#readAll();
        this.#sequence = since.sequence;
        if (!since.hasMore) return;
      }
    });
  }

  /** Takes over what is stored now. */
  refresh(): Promise<void> {
    return this.#next(() => this.#readAll());
  }

  #next(work: () => Promise<void>): Promise<void> {
    const next = this.#reading.then(work);
    // One that failed must not hold up the ones that follow.
    this.#reading = next.catch(() => undefined);
    return next;
  }

  async #readAll(): Promise<void> {
    // Before the rows are read: what changes meanwhile is seen at the next look.
    const sequence = await this.#changes.latest();
    const credentials = await this.#operators.credentials();
    const keys = credentials.map(({ id, name, roles, expiresAt, hash }) => ({
      ...{ id, name, hash, roles, scopes: [] },
      expiresAt: expiresAt === null ? null : expiresAt / 1000,
    }));
    const keyHashKey = Buffer.from(this.#operators.hashKey).toString('hex');
    this.live.take({ type: 'live', state: { sequence: 0, keyHashKey, keys, blocks: [] } });
    this.#sequence = sequence;
  }
}
