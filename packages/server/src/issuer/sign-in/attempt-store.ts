import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';

export interface AttemptTables {
  sign_in_failure: {
    subject_index: string;
    failures: number;
    free_at: number;
    expires_at: number;
  };
}

/** Whoever mistypes is not kept waiting. RTS 2018/389 art. 4(3)(b): five, and then it takes time. */
const FREE = 5;
const DELAY_MS = 1_000;
const DELAY_MAX_MS = 900_000;
/** A few failures are forgotten soon, many after a day: what is kept of a flood of names is bounded by its speed. */
const FORGET_FEW_MS = 3_600_000;
const FORGET_MANY_MS = 86_400_000;
const PRUNED_AT_ONCE = 2_000;
/** Of those who come at the same moment. */
const TRIES = 5;

/**
 * How often somebody may try, by what they typed: each failure beyond the first few doubles the time until the next. Nobody
 * is ever locked out, and whether there is such an account makes no difference.
 */
export class AttemptStore {
  readonly #database: Database<AttemptTables>;
  readonly #ring: KeyRing;
  readonly #now: () => number;

  constructor(database: Database<AttemptTables>, ring: KeyRing, now: () => number) {
    this.#database = database;
    this.#ring = ring;
    this.#now = now;
  }

  /**
   * True: this one may be tried, and counts as failed until `succeeded` says otherwise. Counted before it is judged,
   * by one conditional statement: a hundred at once are not a hundred free ones.
   */
  async begin(subject: string): Promise<boolean> {
    const index = this.#indexOf(subject);
    const { kysely } = this.#database;
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const now = this.#now();
      const row = await kysely
        .selectFrom('sign_in_failure')
        .selectAll()
        .where('subject_index', '=', index)
        .executeTakeFirst();
      if (row === undefined) {
        const first = { failures: 1, free_at: now, expires_at: now + FORGET_FEW_MS };
        const { numInsertedOrUpdatedRows } = await kysely
          .insertInto('sign_in_failure')
          .values({ subject_index: index, ...first })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows === 1n) return true;
        continue;
      }
      const { failures, free_at: freeAt } = row;
      if (freeAt > now) return false;
      const isForgotten = row.expires_at <= now;
      const { numUpdatedRows } = await kysely
        .updateTable('sign_in_failure')
        .set(nextOf(isForgotten ? 0 : failures, now))
        .where('subject_index', '=', index)
        .where('failures', '=', failures)
        .where('free_at', '=', freeAt)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 1n) return true;
    }
    return false;
  }

  /** Whether the first few failures are used up, since the last success. */
  async isSpent(subject: string): Promise<boolean> {
    const row = await this.#database.kysely
      .selectFrom('sign_in_failure')
      .select('failures')
      .where('subject_index', '=', this.#indexOf(subject))
      .where('expires_at', '>', this.#now())
      .executeTakeFirst();
    return row !== undefined && row.failures >= FREE;
  }

  async succeeded(subject: string): Promise<void> {
    await this.#database.kysely
      .deleteFrom('sign_in_failure')
      .where('subject_index', '=', this.#indexOf(subject))
      .execute();
  }

  /** Forgets what is over, a bounded number at once. Returns how many. */
  async prune(): Promise<number> {
    const { numDeletedRows } = await this.#database.kysely
      .deleteFrom('sign_in_failure')
      .where(({ eb, selectFrom }) =>
        eb(
          'subject_index',
          'in',
          selectFrom('sign_in_failure')
            .select('subject_index')
            .where('expires_at', '<=', this.#now())
            .limit(PRUNED_AT_ONCE),
        ),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }

  #indexOf(subject: string): string {
    return this.#ring.blindIndex('sign-in failure', subject);
  }
}

function nextOf(failures: number, now: number) {
  const count = failures + 1;
  const beyond = count - FREE;
  const delay = beyond < 0 ? 0 : Math.min(DELAY_MAX_MS, DELAY_MS * 2 ** Math.min(beyond, 30));
  const kept = beyond < 0 ? FORGET_FEW_MS : FORGET_MANY_MS;
  return { failures: count, free_at: now + delay, expires_at: now + delay + kept };
}
