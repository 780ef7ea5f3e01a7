import { hashCredential } from '@poorter/engine';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, type ChangeTables } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';
import { portions, type TombstoneLog } from '../../state/tombstones/index.ts';

export interface RegistrationTables extends ChangeTables {
  client_registration: {
    client_id: string;
    invitation_id: string;
    token_hash: string | null;
    registered_at: number;
    first_used_at: number | null;
    ended_at: number | null;
  };
}

/** A client that registered itself. Times are milliseconds since the epoch. */
export interface StoredRegistration {
  readonly clientId: string;
  readonly invitationId: string;
  readonly registeredAt: number;
}

const UNUSED_AT_ONCE = 50;
const PRUNED_AT_ONCE = 1_000;
const DAY_MS = 86_400_000;

/** Clients that registered themselves (RFC 7591), and by what each changes and ends itself (RFC 7592). */
export class RegistrationStore {
  readonly #database: Database<RegistrationTables>;
  readonly #hashKey: Uint8Array;
  readonly #tombstones: TombstoneLog;
  readonly #world: Pick<StateWorld, 'now'>;

  constructor(
    database: Database<RegistrationTables>,
    ring: KeyRing,
    tombstones: TombstoneLog,
    world: Pick<StateWorld, 'now'>,
  ) {
    this.#database = database;
    this.#hashKey = ring.derive('client-registration-hash');
    this.#tombstones = tombstones;
    this.#world = world;
  }

  async keep(clientId: string, invitationId: string): Promise<void> {
    const row = this.#rowOf(clientId, invitationId);
    await this.#database.kysely.insertInto('client_registration').values(row).execute();
  }

  /** False: as many have come of the same already as may; those that ended within a day count. */
  async keepWithin(clientId: string, invitationId: string, clientsMax: number): Promise<boolean> {
    return this.#database.write(async (session) => {
      const { count } = await session
        .selectFrom('client_registration')
        .select((all) => all.fn.countAll<number>().as('count'))
        .where('invitation_id', '=', invitationId)
        .executeTakeFirstOrThrow();
      if (Number(count) >= clientsMax) return false;
      await session
        .insertInto('client_registration')
        .values(this.#rowOf(clientId, invitationId))
        .execute();
      return true;
    }, CHANGE_LOCK);
  }

  /** From now on it shows this. */
  async showsToken(clientId: string, token: string): Promise<void> {
    await this.#database.kysely
      .updateTable('client_registration')
      .set({ token_hash: this.#hash(token) })
      .where('client_id', '=', clientId)
      .where('ended_at', 'is', null)
      .execute();
  }

  /** Undefined: it is nobody's, any more. */
  async findByToken(token: string): Promise<StoredRegistration | undefined> {
    const row = await this.#database.kysely
      .selectFrom('client_registration')
      .selectAll()
      .where('token_hash', '=', this.#hash(token))
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return {
      ...{ clientId: row.client_id, invitationId: row.invitation_id },
      registeredAt: row.registered_at,
    };
  }

  /** For one caller: whoever comes second with the same changes nothing. */
  async spend(token: string): Promise<boolean> {
    const hash = this.#hash(token);
    return this.#database.write(async (session) => {
      const { numUpdatedRows } = await session
        .updateTable('client_registration')
        .set({ token_hash: null })
        .where('token_hash', '=', hash)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows !== 1n) return false;
      // Inside the transaction: what is committed has its tombstone.
      this.#tombstones.append([{ kind: 'registration-token', id: hash, at: this.#world.now() }]);
      return true;
    }, CHANGE_LOCK);
  }

  /** Repeats after a restore what was shown, and who manages itself no more. Returns how many did so again. */
  async replayTombstones(): Promise<number> {
    let ended = 0;
    const buried = this.#tombstones.read();
    for (const [wanted, column] of [
      ['registration-token', 'token_hash'],
      ['registration', 'client_id'],
    ] as const) {
      const ids = buried.filter(({ kind }) => kind === wanted).map(({ id }) => id);
      for (const portion of portions(ids)) {
        const { numUpdatedRows } = await this.#database.kysely
          .updateTable('client_registration')
          .set({ token_hash: null })
          .where(column, 'in', portion)
          .where('token_hash', 'is not', null)
          .executeTakeFirstOrThrow();
        ended += Number(numUpdatedRows);
      }
    }
    return ended;
  }

  /** It was given a token: it is not one of those that nobody needs. */
  async wasUsed(clientId: string): Promise<void> {
    await this.#database.kysely
      .updateTable('client_registration')
      .set({ first_used_at: this.#world.now() })
      .where('client_id', '=', clientId)
      .where('first_used_at', 'is', null)
      .execute();
  }

  /** Some of those that registered so long ago and never were given a token. */
  async unusedSince(before: number): Promise<string[]> {
    const rows = await this.#database.kysely
      .selectFrom('client_registration')
      .select('client_id')
      .where('first_used_at', 'is', null)
      .where('ended_at', 'is', null)
      .where('registered_at', '<=', before)
      .limit(UNUSED_AT_ONCE)
      .execute();
    return rows.map(({ client_id }) => client_id);
  }

  /** It has ended: nothing is shown for it any more. */
  async end(clientId: string): Promise<void> {
    await this.#database.kysely
      .updateTable('client_registration')
      .set({ token_hash: null, ended_at: this.#world.now() })
      .where('client_id', '=', clientId)
      .execute();
  }

  /** Forgets those that ended a day ago, a bounded number at once. Returns how many. */
  async prune(): Promise<number> {
    const { numDeletedRows } = await this.#database.kysely
      .deleteFrom('client_registration')
      .where(({ eb, selectFrom }) =>
        eb(
          'client_id',
          'in',
          selectFrom('client_registration')
            .select('client_id')
            .where('ended_at', '<=', this.#world.now() - DAY_MS)
            .limit(PRUNED_AT_ONCE),
        ),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }

  /** It manages itself no more: an operator has taken it over. */
  async forget(clientId: string): Promise<void> {
    await this.#database.write(async (session) => {
      this.#tombstones.append([{ kind: 'registration', id: clientId, at: this.#world.now() }]);
      await session.deleteFrom('client_registration').where('client_id', '=', clientId).execute();
    }, CHANGE_LOCK);
  }

  #rowOf(clientId: string, invitationId: string) {
    return {
      ...{ client_id: clientId, invitation_id: invitationId, token_hash: null },
      ...{ registered_at: this.#world.now(), first_used_at: null, ended_at: null },
    };
  }

  #hash(token: string): string {
    return hashCredential(token, this.#hashKey);
  }
}
