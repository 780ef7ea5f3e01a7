import { parseJsonText } from '@poorter/openapi/json';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';

export interface ArtefactTables {
  artefact: {
    kind: string;
    id_index: string;
    payload_sealed: string;
    grant_index: string | null;
    account_index: string | null;
    second_index: string | null;
    expires_at: number;
    consumed_at: number | null;
  };
}

/** Something that was handed out, and what it is found by. */
export interface Artefact {
  /** Plain data. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** What it goes with. */
  readonly grant?: string;
  /** Whose it is. */
  readonly account?: string;
  /** What else it is found by, within its kind. */
  readonly second?: string;
}

export interface FoundArtefact {
  readonly payload: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch; null: it can still be consumed. */
  readonly consumedAt: number | null;
}

type Row = ArtefactTables['artefact'];

const PRUNED_AT_ONCE = 2_000;
const LISTED_MAX = 1_000;

/**
 * Sessions, codes, refresh tokens, requests on their way: whatever the protocol hands out and must know again.
 * Whoever reads the database can use none of it: it is found by keyed hashes, and sealed.
 */
export class ArtefactStore {
  readonly #database: Database<ArtefactTables>;
  readonly #ring: KeyRing;
  readonly #now: () => number;

  constructor(database: Database<ArtefactTables>, ring: KeyRing, now: () => number) {
    this.#database = database;
    this.#ring = ring;
    this.#now = now;
  }

  /** Makes it, or puts it in the place of what had its id. What was consumed stays consumed. */
  async put(kind: string, id: string, artefact: Artefact): Promise<void> {
    const { grant, account, second } = artefact;
    const idIndex = this.#indexOf(kind, id);
    const row: Row = {
      ...{ kind, id_index: idIndex, expires_at: artefact.expiresAt, consumed_at: null },
      payload_sealed: this.#ring.seal(place(kind, idIndex), JSON.stringify(artefact.payload)),
      grant_index: grant === undefined ? null : this.#indexOf('grant', grant),
      account_index: account === undefined ? null : this.#indexOf('account', account),
      second_index: second === undefined ? null : this.#indexOf(`${kind} second`, second),
    };
    const { kind: _, id_index: __, consumed_at: ___, ...changed } = row;
    await this.#database.kysely
      .insertInto('artefact')
      .values(row)
      .onConflict((conflict) => conflict.columns(['kind', 'id_index']).doUpdateSet(changed))
      .execute();
  }

  /** Undefined: there is none, or it has expired. */
  find(kind: string, id: string): Promise<FoundArtefact | undefined> {
    return this.#find(kind, 'id_index', this.#indexOf(kind, id));
  }

  findBySecond(kind: string, second: string): Promise<FoundArtefact | undefined> {
    return this.#find(kind, 'second_index', this.#indexOf(`${kind} second`, second));
  }

  /** Of one kind, everything of one person that has not expired. */
  async listOfAccount(kind: string, account: string): Promise<FoundArtefact['payload'][]> {
    const rows = await this.#database.kysely
      .selectFrom('artefact')
      .select(['id_index', 'payload_sealed'])
      .where('account_index', '=', this.#indexOf('account', account))
      .where('kind', '=', kind)
      .where('expires_at', '>', this.#now())
      .limit(LISTED_MAX)
      .execute();
    return rows.map(
      ({ id_index: id, payload_sealed: sealed }) =>
        parseJsonText(this.#ring.open(place(kind, id), sealed)) as FoundArtefact['payload'],
    );
  }

  /** How many of one kind go with it and can still be consumed; nobody counts beyond `max`. */
  async countOfGrant(kind: string, grant: string, max: number): Promise<number> {
    const rows = await this.#database.kysely
      .selectFrom('artefact')
      .select('id_index')
      .where('grant_index', '=', this.#indexOf('grant', grant))
      .where('kind', '=', kind)
      .where('consumed_at', 'is', null)
      .where('expires_at', '>', this.#now())
      .limit(max)
      .execute();
    return rows.length;
  }

  /** True for one caller: it was there, had not expired and was not consumed. */
  async consume(kind: string, id: string): Promise<boolean> {
    const now = this.#now();
    const { numUpdatedRows } = await this.#database.kysely
      .updateTable('artefact')
      .set({ consumed_at: now })
      .where('kind', '=', kind)
      .where('id_index', '=', this.#indexOf(kind, id))
      .where('consumed_at', 'is', null)
      .where('expires_at', '>', now)
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  /**
   * It ends at this moment. False: it is gone, or over. What somebody removes meanwhile stays removed, which `put` would
   * bring back.
   */
  async endAt(kind: string, id: string, expiresAt: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#database.kysely
      .updateTable('artefact')
      .set({ expires_at: expiresAt })
      .where('kind', '=', kind)
      .where('id_index', '=', this.#indexOf(kind, id))
      .where('consumed_at', 'is', null)
      .where('expires_at', '>', this.#now())
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  async remove(kind: string, id: string): Promise<void> {
    await this.#database.kysely
      .deleteFrom('artefact')
      .where('kind', '=', kind)
      .where('id_index', '=', this.#indexOf(kind, id))
      .execute();
  }

  /** Everything that goes with it. */
  async removeGrant(grant: string): Promise<void> {
    await this.#database.kysely
      .deleteFrom('artefact')
      .where('grant_index', '=', this.#indexOf('grant', grant))
      .execute();
  }

  /** Everything of one person. */
  async removeAccount(account: string): Promise<void> {
    await this.#database.kysely
      .deleteFrom('artefact')
      .where('account_index', '=', this.#indexOf('account', account))
      .execute();
  }

  /** Forgets what has expired, a bounded number at once. Returns how many. */
  async prune(): Promise<number> {
    const { numDeletedRows } = await this.#database.kysely
      .deleteFrom('artefact')
      .where((where) =>
        where(
          where.refTuple('kind', 'id_index'),
          'in',
          where
            .selectFrom('artefact')
            .select(['kind', 'id_index'])
            .where('expires_at', '<=', this.#now())
            .limit(PRUNED_AT_ONCE)
            .$asTuple('kind', 'id_index'),
        ),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }

  async #find(
    kind: string,
    column: 'id_index' | 'second_index',
    index: string,
  ): Promise<FoundArtefact | undefined> {
    const row = await this.#database.kysely
      .selectFrom('artefact')
      .select(['id_index', 'payload_sealed', 'consumed_at'])
      .where('kind', '=', kind)
      .where(column, '=', index)
      .where('expires_at', '>', this.#now())
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const text = this.#ring.open(place(kind, row.id_index), row.payload_sealed);
    return {
      payload: parseJsonText(text) as FoundArtefact['payload'],
      consumedAt: row.consumed_at,
    };
  }

  #indexOf(purpose: string, value: string): string {
    return this.#ring.blindIndex(`artefact ${purpose}`, value);
  }
}

function place(kind: string, idIndex: string) {
  return { table: 'artefact', column: 'payload', row: `${kind} ${idIndex}` };
}
