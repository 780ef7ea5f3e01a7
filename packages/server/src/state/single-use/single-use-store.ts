import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import type { StateWorld } from '../world.ts';

export interface SingleUseTables {
  single_use: {
    kind: string;
    token_index: string;
    expires_at: number;
    consumed_at: number | null;
  };
}

const PRUNED_AT_ONCE = 5_000;

/**
 * What may be used once: codes, enrolment links, proofs. Used up by one conditional statement: of
 * any number at once, one wins.
 */
export class SingleUseStore {
  readonly #database: Database<SingleUseTables>;
  readonly #ring: KeyRing;
  readonly #world: StateWorld;

  constructor(database: Database<SingleUseTables>, ring: KeyRing, world: StateWorld) {
    this.#database = database;
    this.#ring = ring;
    this.#world = world;
  }

  /** Makes it usable, once. */
  async issue(kind: string, token: string, expiresAt: number): Promise<void> {
    await this.#database.kysely
      .insertInto('single_use')
      .values({
        ...{ kind, token_index: this.#indexOf(kind, token) },
        ...{ expires_at: expiresAt, consumed_at: null },
      })
      .execute();
  }

  /** True for one caller: it was issued, has not expired and was not used. */
  async consume(kind: string, token: string): Promise<boolean> {
    const now = this.#world.now();
    const { numUpdatedRows } = await this.#database.kysely
      .updateTable('single_use')
      .set({ consumed_at: now })
      .where('kind', '=', kind)
      .where('token_index', '=', this.#indexOf(kind, token))
      .where('consumed_at', 'is', null)
      .where('expires_at', '>', now)
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  /** For what others issue, such as the `jti` of a proof: true for the first who shows it. */
  async claim(kind: string, token: string, expiresAt: number): Promise<boolean> {
    const now = this.#world.now();
    // What has expired is refused for its age; remembering it would be for nothing.
    if (!(expiresAt > now)) return false;
    const { numInsertedOrUpdatedRows } = await this.#database.kysely
      .insertInto('single_use')
      .values({
        ...{ kind, token_index: this.#indexOf(kind, token) },
        ...{ expires_at: expiresAt, consumed_at: now },
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n;
  }

  /** After a restore: what was used since the backup would be usable again, so nothing is. */
  async voidAll(): Promise<void> {
    await this.#database.kysely
      .updateTable('single_use')
      .set({ consumed_at: this.#world.now() })
      .where('consumed_at', 'is', null)
      .execute();
  }

  /** Forgets what has expired, a bounded number at once. Returns how many. */
  async prune(): Promise<number> {
    const { numDeletedRows } = await this.#database.kysely
      .deleteFrom('single_use')
      .where((where) =>
        where(
          where.refTuple('kind', 'token_index'),
          'in',
          where
            .selectFrom('single_use')
            .select(['kind', 'token_index'])
            .where('expires_at', '<=', this.#world.now())
            .limit(PRUNED_AT_ONCE)
            .$asTuple('kind', 'token_index'),
        ),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }

  #indexOf(kind: string, token: string): string {
    return this.#ring.blindIndex(`single use ${kind}`, token);
  }
}
