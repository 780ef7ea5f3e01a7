import { formatKey, hashCredential, KEY_SECRET_BYTES } from '@poorter/engine';
import { parseJsonText } from '@poorter/openapi/json';
import type { Transaction } from 'kysely';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, type ChangeTables, recordChange } from '../../state/changes/index.ts';
import {
  NotFoundError,
  type Page,
  type PageQuery,
  pageByAge,
  StaleVersionError,
  type StateWorld,
} from '../../state/index.ts';
import type { TombstoneLog } from '../../state/tombstones/index.ts';
import { type ClientTerms, takesAway } from './client-terms.ts';

export interface ClientTables extends ChangeTables {
  oauth_client: {
    id: string;
    /** JSON under its seal: names and addresses of those who answer for it stand there. */
    terms_sealed: string;
    secret_hash: string | null;
    former_hash: string | null;
    former_until: number | null;
    created_by: string | null;
    created_at: number;
    disabled_at: number | null;
    version: number;
  };
}

/** A client as it is kept. Times are milliseconds since the epoch. */
export interface StoredClient extends ClientTerms {
  readonly id: string;
  readonly createdBy: string | null;
  readonly createdAt: number;
  /** From then on nothing is given to it, and what it had is denied. */
  readonly disabledAt: number | null;
  /** Until when the secret before the present one is accepted. */
  readonly formerUntil: number | null;
  /** Counts the changes; the entity tag. */
  readonly version: number;
}

/** With its secret, where it has one: the only time that it is known. */
export interface IssuedClient {
  readonly client: StoredClient;
  readonly secret: string | null;
}

type Row = ClientTables['oauth_client'];
type Session = Transaction<ClientTables>;

const ID_BYTES = 12;
/** Members that stored terms of before do not have. */
const ADDED_LATER = {
  ...{ logoutNoticeUri: null, decisionNoticeUri: null, detailTypes: [] },
  ...{ idTokenAlgorithm: 'ES256', page: null },
} as const;
/** Clients whose terms are kept opened: each call of a client asks for them, and they seldom change. */
const OPENED_MAX = 1_000;
const NO_SECRET = { secret_hash: null, former_hash: null, former_until: null };

/** The applications that our own authorization server knows. */
export class ClientStore {
  readonly #database: Database<ClientTables>;
  readonly #ring: KeyRing;
  readonly #hashKey: Uint8Array;
  readonly #tombstones: TombstoneLog;
  readonly #world: StateWorld;
  /** What was opened last, by client: what is sealed as it was says what it said. */
  readonly #opened = new Map<string, { readonly sealed: string; readonly terms: ClientTerms }>();

  constructor(
    database: Database<ClientTables>,
    ring: KeyRing,
    tombstones: TombstoneLog,
    world: StateWorld,
  ) {
    this.#database = database;
    this.#ring = ring;
    this.#hashKey = ring.derive('client-secret-hash');
    this.#tombstones = tombstones;
    this.#world = world;
  }

  /** By which a client that is made next is known. */
  drawId(): string {
    return `client_${Buffer.from(this.#world.random(ID_BYTES)).toString('hex')}`;
  }

  async create(
    terms: ClientTerms,
    createdBy: string | null = null,
    id = this.drawId(),
  ): Promise<IssuedClient> {
    const secret = terms.authentication.method === 'secret' ? this.#drawSecret() : null;
    const row: Row = {
      ...{ id, terms_sealed: this.#seal(id, terms), created_by: createdBy },
      secret_hash: secret === null ? null : hashCredential(secret, this.#hashKey),
      ...{ former_hash: null, former_until: null, disabled_at: null, version: 1 },
      created_at: this.#world.now(),
    };
    await this.#change(async (session) => {
      await session.insertInto('oauth_client').values(row).execute();
      return id;
    });
    return { client: this.#clientOf(row), secret };
  }

  async show(id: string): Promise<StoredClient | undefined> {
    const row = await this.#row(this.#database.kysely, id);
    return row === undefined ? undefined : this.#clientOf(row);
  }

  /** Oldest first. Throws CursorError. */
  list(page: PageQuery = {}): Promise<Page<StoredClient>> {
    const query = this.#database.kysely.selectFrom('oauth_client').selectAll();
    return pageByAge(query, page, (row) => this.#clientOf(row));
  }

  /** Throws NotFoundError, StaleVersionError. A client that no longer has a secret loses it at once. */
  async replace(id: string, terms: ClientTerms, version?: number): Promise<StoredClient> {
    const row = await this.#update(id, version, (known) => {
      if (takesAway(this.#clientOf(known), terms)) this.#buryTerms(known);
      return {
        terms_sealed: this.#seal(id, terms),
        // One that begins to have a secret gets it by a rotation.
        ...(terms.authentication.method !== 'secret' && NO_SECRET),
      };
    });
    return this.#clientOf(row);
  }

  /** Another secret; the one before is accepted for `overlapMs` from then on. Throws NotFoundError. */
  async rotateSecret(id: string, overlapMs: number): Promise<IssuedClient> {
    const secret = this.#drawSecret();
    const row = await this.#update(id, undefined, (known) => {
      // The secret before ends: a backup that has it must not give it back.
      if (known.secret_hash !== null) this.#buryTerms(known);
      return {
        secret_hash: hashCredential(secret, this.#hashKey),
        former_hash: known.secret_hash,
        former_until: known.secret_hash === null ? null : this.#world.now() + overlapMs,
      };
    });
    return { client: this.#clientOf(row), secret };
  }

  /** Throws NotFoundError. Twice changes nothing. */
  async disable(id: string): Promise<StoredClient> {
    const at = this.#world.now();
    const row = await this.#update(id, undefined, (known) => {
      if (known.disabled_at !== null) return null;
      // Inside the transaction: what is committed has its tombstone.
      this.#tombstones.append([{ kind: 'client', id, at }]);
      return { disabled_at: at, ...NO_SECRET };
    });
    return this.#clientOf(row);
  }

  /** Of a client that made itself: nothing is left of it. Twice changes nothing. */
  async remove(id: string): Promise<void> {
    const at = this.#world.now();
    await this.#database.write(async (session) => {
      const gone = await session
        .deleteFrom('oauth_client')
        .where('id', '=', id)
        .returning('id')
        .executeTakeFirst();
      if (gone === undefined) return;
      // Inside the transaction: what is committed has its tombstone.
      this.#tombstones.append([{ kind: 'client', id, at }]);
      await recordChange(session, 'client', id, at);
    }, CHANGE_LOCK);
  }

  /** Whether this is its secret, or the one before within its time. */
  async isSecret(id: string, secret: string): Promise<boolean> {
    const row = await this.#row(this.#database.kysely, id);
    if (row === undefined || row.disabled_at !== null) return false;
    // Hashes of secrets that nobody can guess: how long comparing them takes says nothing.
    const hash = hashCredential(secret, this.#hashKey);
    if (row.secret_hash === hash) return true;
    return row.former_hash === hash && (row.former_until ?? 0) > this.#world.now();
  }

  /** Repeats what was taken away after a restore. Returns how many clients had it again. */
  async replayTombstones(): Promise<number> {
    let ended = 0;
    for (const { kind, id, at, version } of this.#tombstones.read()) {
      if (kind !== 'client' && kind !== 'client-terms') continue;
      const isNew = await this.#database.write(async (session) => {
        const row = await this.#row(session, id);
        if (row === undefined || row.disabled_at !== null) return false;
        // Terms of before may allow what was taken away since: somebody must look at them again.
        if (kind === 'client-terms' && row.version >= (version ?? 0)) return false;
        await this.#write(session, row, { disabled_at: at, ...NO_SECRET });
        return true;
      }, CHANGE_LOCK);
      if (isNew) ended += 1;
    }
    return ended;
  }

  /** Inside the transaction: what is committed has its tombstone. */
  #buryTerms({ id, version }: Row): void {
    const at = this.#world.now();
    this.#tombstones.append([{ kind: 'client-terms', id, at, version: version + 1 }]);
  }

  #drawSecret(): string {
    return formatKey(this.#world.random(KEY_SECRET_BYTES));
  }

  async #change(work: (session: Session) => Promise<string>): Promise<void> {
    await this.#database.write(async (session) => {
      await recordChange(session, 'client', await work(session), this.#world.now());
    }, CHANGE_LOCK);
  }

  /** `change` null: it stays as it is. */
  async #update(
    id: string,
    version: number | undefined,
    change: (known: Row) => Partial<Row> | null,
  ): Promise<Row> {
    return this.#database.write(async (session) => {
      const known = await this.#row(session, id);
      if (known === undefined) throw new NotFoundError(`there is no client ${id}`);
      if (version !== undefined && version !== known.version) {
        throw new StaleVersionError(known.version);
      }
      const changed = change(known);
      return changed === null ? known : this.#write(session, known, changed);
    }, CHANGE_LOCK);
  }

  async #write(session: Session, known: Row, changed: Partial<Row>): Promise<Row> {
    const row = { ...known, ...changed, version: known.version + 1 };
    const { id, ...columns } = row;
    await session.updateTable('oauth_client').set(columns).where('id', '=', id).execute();
    await recordChange(session, 'client', id, this.#world.now());
    return row;
  }

  #row(session: Pick<Session, 'selectFrom'>, id: string): Promise<Row | undefined> {
    return session.selectFrom('oauth_client').selectAll().where('id', '=', id).executeTakeFirst();
  }

  #seal(id: string, terms: ClientTerms): string {
    return this.#ring.seal(place(id), JSON.stringify(terms));
  }

  #open({ id, terms_sealed: sealed }: Row): ClientTerms {
    const known = this.#opened.get(id);
    if (known?.sealed === sealed) return known.terms;
    const terms = frozen(parseJsonText(this.#ring.open(place(id), sealed))) as ClientTerms;
    this.#opened.delete(id);
    this.#opened.set(id, { sealed, terms });
    if (this.#opened.size > OPENED_MAX) {
      this.#opened.delete(this.#opened.keys().next().value as string);
    }
    return terms;
  }

  #clientOf(row: Row): StoredClient {
    return {
      ...ADDED_LATER,
      ...this.#open(row),
      ...{ id: row.id, createdBy: row.created_by, createdAt: row.created_at },
      ...{ disabledAt: row.disabled_at, formerUntil: row.former_until, version: row.version },
    };
  }
}

function place(row: string) {
  return { table: 'oauth_client', column: 'terms', row };
}

/** Whoever is given it is given what others are given. */
function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
