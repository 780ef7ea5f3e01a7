import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import type { PersonalCopies } from '../personal-values/index.ts';
import type { StateWorld } from '../world.ts';

export interface IdempotencyTables {
  idempotent_answer: {
    key_index: string;
    request_hash: string;
    /** Null while the first request is under way. */
    answer_sealed: string | null;
    begun_at: number;
    /** Whose turn it is: an attempt that came too late cannot store its answer. */
    attempt: string;
  };
}

export type Idempotency =
  /** Do it, then `finish` or `abandon` with this attempt. */
  | { readonly kind: 'new'; readonly attempt: string }
  | { readonly kind: 'answered'; readonly answer: string }
  /** The same request is under way: 409, and the caller tries again. */
  | { readonly kind: 'under-way' }
  /** The key was used for another request: 422. */
  | { readonly kind: 'mismatch' };

/** Answers are given again for a day. */
const KEPT_MS = 24 * 3_600_000;
/** A request that takes longer died with its process. */
const UNDER_WAY_MS = 60_000;
const ANSWER_CHARS_MAX = 1_048_576;
const PRUNED_AT_ONCE = 1_000;
const ROWS_AT_ONCE = 500;
/** No request has this hash. */
const ERASED = 'erased';

/** One answer for each `Idempotency-Key` of an operator, however often it is sent. */
export class IdempotencyStore implements PersonalCopies {
  readonly tables = ['idempotent_answer'];
  readonly #database: Database<IdempotencyTables>;
  readonly #ring: KeyRing;
  readonly #world: StateWorld;

  constructor(database: Database<IdempotencyTables>, ring: KeyRing, world: StateWorld) {
    this.#database = database;
    this.#ring = ring;
    this.#world = world;
  }

  /** `key` names the operator, too; `request` is whatever makes two requests the same. */
  async begin(key: string, request: string): Promise<Idempotency> {
    const index = this.#indexOf(key);
    const hash = this.#ring.blindIndex('idempotent request', request);
    const now = this.#world.now();
    const attempt = Buffer.from(this.#world.random(9)).toString('base64url');
    const fresh = { request_hash: hash, answer_sealed: null, begun_at: now, attempt };
    // One statement: it is new, or what was there is too old to count.
    const { numInsertedOrUpdatedRows } = await this.#database.kysely
      .insertInto('idempotent_answer')
      .values({ key_index: index, ...fresh })
      .onConflict((conflict) =>
        conflict
          .column('key_index')
          .doUpdateSet(fresh)
          .where(({ and, or, eb }) =>
            or([
              eb('idempotent_answer.begun_at', '<=', now - KEPT_MS),
              and([
                eb('idempotent_answer.answer_sealed', 'is', null),
                eb('idempotent_answer.request_hash', '=', hash),
                eb('idempotent_answer.begun_at', '<=', now - UNDER_WAY_MS),
              ]),
            ]),
          ),
      )
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 1n) return { kind: 'new', attempt };
    const row = await this.#database.kysely
      .selectFrom('idempotent_answer')
      .selectAll()
      .where('key_index', '=', index)
      .executeTakeFirst();
    // Gone again: it was abandoned in between.
    if (row === undefined) return { kind: 'under-way' };
    if (row.request_hash !== hash) return { kind: 'mismatch' };
    if (row.answer_sealed === null) return { kind: 'under-way' };
    return { kind: 'answered', answer: this.#ring.open(place(index), row.answer_sealed) };
  }

  /** False: another attempt has taken over, and its answer is the one. */
  async finish(key: string, attempt: string, answer: string): Promise<boolean> {
    if (answer.length > ANSWER_CHARS_MAX) throw new RangeError('the answer is too long to keep');
    const index = this.#indexOf(key);
    const { numUpdatedRows } = await this.#database.kysely
      .updateTable('idempotent_answer')
      .set({ answer_sealed: this.#ring.seal(place(index), answer) })
      .where('key_index', '=', index)
      .where('attempt', '=', attempt)
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  /** Nothing was done: the same key may try again at once. */
  async abandon(key: string, attempt: string): Promise<void> {
    await this.#database.kysely
      .deleteFrom('idempotent_answer')
      .where('key_index', '=', this.#indexOf(key))
      .where('attempt', '=', attempt)
      .where('answer_sealed', 'is', null)
      .execute();
  }

  /** Forgets answers older than a day, a bounded number at once. Returns how many. */
  async prune(): Promise<number> {
    const before = this.#world.now() - KEPT_MS;
    const { numDeletedRows } = await this.#database.kysely
      .deleteFrom('idempotent_answer')
      .where('key_index', 'in', (inner) =>
        inner
          .selectFrom('idempotent_answer')
          .select('key_index')
          .where('begun_at', '<=', before)
          .limit(PRUNED_AT_ONCE),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }

  /** Whoever asks with the same key again hears that it was used for something else: nothing is done twice. */
  async eraseCopies(isCopy: (answer: string) => boolean): Promise<void> {
    let after = '';
    for (;;) {
      const rows = await this.#database.kysely
        .selectFrom('idempotent_answer')
        .select(['key_index', 'answer_sealed'])
        .where('answer_sealed', 'is not', null)
        .where('key_index', '>', after)
        .orderBy('key_index')
        .limit(ROWS_AT_ONCE)
        .execute();
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.key_index;
      const gone = rows.flatMap(({ key_index, answer_sealed }) => {
        const answer = this.#ring.open(place(key_index), answer_sealed ?? '');
        return isCopy(answer) ? [key_index] : [];
      });
      if (gone.length === 0) continue;
      await this.#database.kysely
        .updateTable('idempotent_answer')
        .set({ answer_sealed: null, request_hash: ERASED })
        .where('key_index', 'in', gone)
        .execute();
    }
  }

  #indexOf(key: string): string {
    return this.#ring.blindIndex('idempotency key', key);
  }
}

function place(row: string) {
  return { table: 'idempotent_answer', column: 'answer', row };
}
