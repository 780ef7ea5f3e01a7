import { formatKey, hashCredential, KEY_SECRET_BYTES } from '@poorter/engine';
import { parseJsonText } from '@poorter/openapi/json';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, type ChangeTables } from '../../state/changes/index.ts';
import {
  NotFoundError,
  type Page,
  type PageQuery,
  pageByAge,
  type StateWorld,
} from '../../state/index.ts';
import type { TombstoneLog } from '../../state/tombstones/index.ts';
import type { ClientFlow, ClientProfile } from './client-terms.ts';

export interface InvitationTables extends ChangeTables {
  client_invitation: {
    id: string;
    token_hash: string;
    terms_sealed: string;
    clients_left: number;
    created_by: string | null;
    created_at: number;
    expires_at: number;
    ended_at: number | null;
  };
}

/** What whoever registers by it is at most. */
export interface InvitationTerms {
  /** For whom it was made. */
  readonly name: string;
  readonly profile: ClientProfile;
  readonly flows: readonly ClientFlow[];
  readonly scopes: readonly string[];
  readonly detailTypes: readonly string[];
}

/** Times are milliseconds since the epoch. */
export interface StoredInvitation extends InvitationTerms {
  readonly id: string;
  /** So many clients can still come of it. */
  readonly clientsLeft: number;
  readonly createdBy: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** An operator ended it. */
  readonly endedAt: number | null;
}

export interface InvitationWish {
  readonly terms: InvitationTerms;
  readonly clients: number;
  readonly expiresAt: number;
  readonly createdBy: string | null;
}

/** With its token: the only time that it is known. */
export interface IssuedInvitation {
  readonly invitation: StoredInvitation;
  readonly token: string;
}

type Row = InvitationTables['client_invitation'];

const ID_BYTES = 12;

/** Initial access tokens (RFC 7591 §1.2): by which somebody registers clients who is no operator. */
export class InvitationStore {
  readonly #database: Database<InvitationTables>;
  readonly #ring: KeyRing;
  readonly #hashKey: Uint8Array;
  readonly #tombstones: TombstoneLog;
  readonly #world: StateWorld;

  constructor(
    database: Database<InvitationTables>,
    ring: KeyRing,
    tombstones: TombstoneLog,
    world: StateWorld,
  ) {
    this.#database = database;
    this.#ring = ring;
    this.#hashKey = ring.derive('client-invitation-hash');
    this.#tombstones = tombstones;
    this.#world = world;
  }

  async create({ terms, clients, ...rest }: InvitationWish): Promise<IssuedInvitation> {
    const id = `invitation_${Buffer.from(this.#world.random(ID_BYTES)).toString('hex')}`;
    const token = formatKey(this.#world.random(KEY_SECRET_BYTES));
    const row: Row = {
      ...{ id, token_hash: hashCredential(token, this.#hashKey), clients_left: clients },
      terms_sealed: this.#ring.seal(place(id), JSON.stringify(terms)),
      ...{ created_by: rest.createdBy, created_at: this.#world.now() },
      ...{ expires_at: rest.expiresAt, ended_at: null },
    };
    await this.#database.kysely.insertInto('client_invitation').values(row).execute();
    return { invitation: this.#invitationOf(row), token };
  }

  async show(id: string): Promise<StoredInvitation | undefined> {
    const row = await this.#database.kysely
      .selectFrom('client_invitation')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? undefined : this.#invitationOf(row);
  }

  /** Undefined: nothing comes of it, any more. */
  async findByToken(token: string): Promise<StoredInvitation | undefined> {
    const row = await this.#database.kysely
      .selectFrom('client_invitation')
      .selectAll()
      .where('token_hash', '=', hashCredential(token, this.#hashKey))
      .where('expires_at', '>', this.#world.now())
      .where('ended_at', 'is', null)
      .where('clients_left', '>', 0)
      .executeTakeFirst();
    return row === undefined ? undefined : this.#invitationOf(row);
  }

  /** Oldest first. Throws CursorError. */
  list(page: PageQuery = {}): Promise<Page<StoredInvitation>> {
    const query = this.#database.kysely.selectFrom('client_invitation').selectAll();
    return pageByAge(query, page, (row) => this.#invitationOf(row));
  }

  /** One client comes of it. False: it has ended, is over, or as many came of it as may. */
  async take(id: string): Promise<boolean> {
    return this.#database.write(async (session) => {
      const now = this.#world.now();
      const taken = await session
        .updateTable('client_invitation')
        .set(({ eb }) => ({ clients_left: eb('clients_left', '-', 1) }))
        .where('id', '=', id)
        .where('clients_left', '>', 0)
        .where('expires_at', '>', now)
        .where('ended_at', 'is', null)
        .returning('clients_left')
        .executeTakeFirst();
      // Inside the transaction: what is used up is so after a restore, too.
      if (Number(taken?.clients_left) === 0) this.#bury(id, now);
      return taken !== undefined;
    }, CHANGE_LOCK);
  }

  /** Throws NotFoundError. Twice changes nothing. What came of it stays. */
  async end(id: string): Promise<StoredInvitation> {
    return this.#database.write(async (session) => {
      const now = this.#world.now();
      const known = await session
        .selectFrom('client_invitation')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      if (known === undefined) throw new NotFoundError(`there is no invitation ${id}`);
      if (known.ended_at !== null) return this.#invitationOf(known);
      // Inside the transaction: what is committed has its tombstone.
      this.#bury(id, now);
      await session
        .updateTable('client_invitation')
        .set({ ended_at: now })
        .where('id', '=', id)
        .execute();
      return this.#invitationOf({ ...known, ended_at: now });
    }, CHANGE_LOCK);
  }

  /** Repeats what was ended or used up after a restore. Returns how many were good again. */
  async replayTombstones(): Promise<number> {
    let ended = 0;
    for (const { kind, id, at } of this.#tombstones.read()) {
      if (kind !== 'client-invitation') continue;
      const { numUpdatedRows } = await this.#database.kysely
        .updateTable('client_invitation')
        .set({ ended_at: at })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .where('clients_left', '>', 0)
        .executeTakeFirstOrThrow();
      ended += Number(numUpdatedRows);
    }
    return ended;
  }

  #bury(id: string, at: number): void {
    this.#tombstones.append([{ kind: 'client-invitation', id, at }]);
  }

  #invitationOf(row: Row): StoredInvitation {
    const text = this.#ring.open(place(row.id), row.terms_sealed);
    return {
      ...(parseJsonText(text) as InvitationTerms),
      ...{ id: row.id, clientsLeft: row.clients_left, createdBy: row.created_by },
      ...{ createdAt: row.created_at, expiresAt: row.expires_at, endedAt: row.ended_at },
    };
  }
}

function place(row: string) {
  return { table: 'client_invitation', column: 'terms', row };
}
