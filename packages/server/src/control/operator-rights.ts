import { LiveRights } from '@poorter/engine';
import type { OperatorStore } from '../access/operators/index.ts';

/** Operators' credentials, as the gate in front of the admin API knows them. */
export class OperatorRights {
  readonly live = new LiveRights();
  readonly #operators: OperatorStore;
  #stamp = '';

  constructor(operators: OperatorStore) {
    this.#operators = operators;
  }

  /** Takes over what others have changed, if they have. */
  async look(): Promise<void> {
    if ((await this.#operators.stamp()) !== this.#stamp) await this.refresh();
  }

  /** Takes over what is stored now. */
  async refresh(): Promise<void> {
    // Before the rows are read: what changes meanwhile is seen at the next look.
    const stamp = await this.#operators.stamp();
    const credentials = await this.#operators.credentials();
    const keys = credentials.map(({ id, name, roles, expiresAt, hash }) => ({
      ...{ id, name, hash, roles, scopes: [] },
      expiresAt: expiresAt === null ? null : expiresAt / 1000,
    }));
    const keyHashKey = Buffer.from(this.#operators.hashKey).toString('hex');
    this.live.take({ type: 'live', state: { sequence: 0, keyHashKey, keys, blocks: [] } });
    this.#stamp = stamp;
  }
}
