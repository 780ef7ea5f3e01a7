import { LiveRights } from '@poorter/engine';
import type { AccountStore } from '../access/accounts/index.ts';
import type { OperatorCredential, OperatorStore } from '../access/operators/index.ts';
import type { ChangeFeed } from '../state/changes/index.ts';

/** Operators' credentials, as the gate in front of the admin API knows them. */
export class OperatorRights {
  readonly live = new LiveRights();
  readonly #operators: Pick<OperatorStore, 'credentials' | 'hashKey'>;
  readonly #changes: Pick<ChangeFeed, 'latest' | 'changesSince'>;
  readonly #accounts: Pick<AccountStore, 'stands'>;
  readonly #hasIssuer: () => boolean;
  /** Some of them are people with an account, with which they end. */
  #hasPeople = false;
  /** Where it stands in the change feed. */
  #sequence = -1;
  /** One reading at a time: one that began before a revocation must not be taken over after it. */
  #reading: Promise<void> = Promise.resolve();

  constructor(
    operators: Pick<OperatorStore, 'credentials' | 'hashKey'>,
    accounts: Pick<AccountStore, 'stands'>,
    changes: Pick<ChangeFeed, 'latest' | 'changesSince'>,
    /** Where nobody can sign in, nobody is an operator by having signed in. */
    hasIssuer: () => boolean,
  ) {
    this.#hasIssuer = hasIssuer;
    this.#operators = operators;
    this.#accounts = accounts;
    this.#changes = changes;
  }

  /** Takes over what others have changed, if they have. */
  look(): Promise<void> {
    return this.#next(async () => {
      for (;;) {
        const since = await this.#changes.changesSince(this.#sequence);
        const isChanged = since.changes.some(
          ({ domain }) => domain === 'operator' || (domain === 'account' && this.#hasPeople),
        );
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
    this.#hasPeople = credentials.some(({ accountId }) => accountId !== null);
    const standing = await this.#standing(credentials);
    const keys = standing.map(({ id, name, roles, expiresAt, hash }) => ({
      ...{ id, name, hash, roles, scopes: [] },
      expiresAt: expiresAt === null ? null : expiresAt / 1000,
    }));
    const keyHashKey = Buffer.from(this.#operators.hashKey).toString('hex');
    this.live.take({ type: 'live', state: { sequence: 0, keyHashKey, keys, blocks: [] } });
    this.#sequence = sequence;
  }

  async #standing(credentials: readonly OperatorCredential[]): Promise<OperatorCredential[]> {
    const standing: OperatorCredential[] = [];
    for (const one of credentials) {
      const { accountId, createdAt } = one;
      const isIn =
        accountId === null ||
        (this.#hasIssuer() && (await this.#accounts.stands(accountId, createdAt)));
      if (isIn) standing.push(one);
    }
    return standing;
  }
}
