import { parseJsonText } from '@poorter/openapi/json';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, type ChangeTables, recordChange } from '../../state/changes/index.ts';
import { NotFoundError, type StateWorld } from '../../state/index.ts';
import type { TombstoneLog } from '../../state/tombstones/index.ts';

export interface SigningKeyTables extends ChangeTables {
  signing_key: {
    id: string;
    algorithm: string;
    public_jwk: string;
    private_sealed: string;
    created_at: number;
    active_at: number;
    revoked_at: number | null;
  };
}

/** RS256: for ID tokens of applications that know nothing else, and never for access tokens. */
export const SIGNING_ALGORITHMS = ['ES256', 'EdDSA', 'RS256'] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/** Without its private half. Times are milliseconds since the epoch. */
export interface SigningKey {
  /** The `kid` of what it signs. */
  readonly id: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicJwk: JWK;
  readonly createdAt: number;
  /** Published before, used from then on. */
  readonly activeAt: number;
  /** Nothing that it signed is believed from then on. */
  readonly revokedAt: number | null;
}

type Row = SigningKeyTables['signing_key'];

/** What lies further back is in no plan. */
const KEYS_MAX = 200;
const ID_BYTES = 12;
/** As FAPI 2.0 §5.4 asks at least; good for as long as a key signs. */
const RSA_BITS = 2048;

/** What our own authorization server signs tokens with. Private halves are sealed, and leave by `open` alone. */
export class SigningKeyStore {
  readonly #database: Database<SigningKeyTables>;
  readonly #ring: KeyRing;
  readonly #tombstones: TombstoneLog;
  readonly #world: StateWorld;

  constructor(
    database: Database<SigningKeyTables>,
    ring: KeyRing,
    tombstones: TombstoneLog,
    world: StateWorld,
  ) {
    this.#database = database;
    this.#ring = ring;
    this.#tombstones = tombstones;
    this.#world = world;
  }

  /** It signs from `activeAt` on. */
  async make(algorithm: SigningAlgorithm, activeAt: number): Promise<SigningKey> {
    // An RSA key takes a tenth of a second or more, on a thread of the runtime's.
    const { privateKey, publicKey } = await generateKeyPair(algorithm, {
      ...{ extractable: true, modulusLength: RSA_BITS },
    });
    const id = Buffer.from(this.#world.random(ID_BYTES)).toString('base64url');
    const named = { kid: id, alg: algorithm, use: 'sig' };
    const publicJwk = { ...(await exportJWK(publicKey)), ...named };
    const privateJwk = { ...(await exportJWK(privateKey)), ...named };
    const row: Row = {
      ...{ id, algorithm, created_at: this.#world.now(), active_at: activeAt, revoked_at: null },
      public_jwk: JSON.stringify(publicJwk),
      private_sealed: this.#ring.seal(place(id), JSON.stringify(privateJwk)),
    };
    await this.#database.write(async (session) => {
      await session.insertInto('signing_key').values(row).execute();
      await recordChange(session, 'signing-key', id, row.created_at);
    }, CHANGE_LOCK);
    return keyOf(row);
  }

  /** The newest, youngest first. */
  async list(): Promise<SigningKey[]> {
    const rows = await this.#database.kysely
      .selectFrom('signing_key')
      .selectAll()
      .orderBy('active_at', 'desc')
      .orderBy('id')
      .limit(KEYS_MAX)
      .execute();
    return rows.map(keyOf);
  }

  /** The private half, to sign with. Throws NotFoundError, also for one that was revoked. */
  async open(id: string): Promise<JWK> {
    const row = await this.#database.kysely
      .selectFrom('signing_key')
      .select('private_sealed')
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    if (row === undefined) throw new NotFoundError(`there is no signing key ${id}`);
    return parseJsonText(this.#ring.open(place(id), row.private_sealed)) as JWK;
  }

  /** Throws NotFoundError. Revoking twice changes nothing. */
  async revoke(id: string): Promise<void> {
    const at = this.#world.now();
    const isThere = await this.#database.write(async (session) => {
      if (await markRevoked(session, id, at)) {
        // Inside the transaction: a revocation that is committed has its tombstone.
        this.#tombstones.append([{ kind: 'signing-key', id, at }]);
        return true;
      }
      const row = await session
        .selectFrom('signing_key')
        .select('id')
        .where('id', '=', id)
        .executeTakeFirst();
      return row !== undefined;
    }, CHANGE_LOCK);
    if (!isThere) throw new NotFoundError(`there is no signing key ${id}`);
  }

  /** After a restore: what was taken back since the backup would be believed again, so nothing is. */
  async revokeAll(): Promise<void> {
    for (const { id, revokedAt } of await this.list())
      if (revokedAt === null) await this.revoke(id);
  }

  /** Repeats the revocations of the tombstones after a restore. Returns how many were missing. */
  async replayTombstones(): Promise<number> {
    let revoked = 0;
    for (const { kind, id, at } of this.#tombstones.read()) {
      if (kind !== 'signing-key') continue;
      const isNew = await this.#database.write(
        (session) => markRevoked(session, id, at),
        CHANGE_LOCK,
      );
      if (isNew) revoked += 1;
    }
    return revoked;
  }
}

async function markRevoked(
  session: Parameters<Parameters<Database<SigningKeyTables>['write']>[0]>[0],
  id: string,
  at: number,
): Promise<boolean> {
  const { numUpdatedRows } = await session
    .updateTable('signing_key')
    // Its private half is of no use any more, to nobody.
    .set({ revoked_at: at, private_sealed: '' })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) return false;
  await recordChange(session, 'signing-key', id, at);
  return true;
}

function keyOf(row: Row): SigningKey {
  return {
    id: row.id,
    algorithm: row.algorithm as SigningAlgorithm,
    publicJwk: parseJsonText(row.public_jwk) as JWK,
    createdAt: row.created_at,
    activeAt: row.active_at,
    revokedAt: row.revoked_at,
  };
}

function place(row: string) {
  return { table: 'signing_key', column: 'private', row };
}
