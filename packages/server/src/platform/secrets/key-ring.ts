import { createHmac, hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import type { Database } from '../database/index.ts';
import { openUnder, type SealedPlace, type SealingKey, sealUnder } from './envelope.ts';
import { type MasterKeyProvider, WrongMasterKeyError } from './master-key-provider.ts';
import { KEY_BYTES, openBytes, sealBytes, unambiguous } from './sealed-bytes.ts';

/** The tables that hold wrapped keys. */
export interface KeyRingTables {
  key_encryption_key: {
    /** There is one row. */
    singleton: number;
    id: string;
    /** Who wrapped it, for people. */
    provider: string;
    wrapped: string;
    wrapped_at: number;
  };
  data_key: { id: string; purpose: string; wrapped: string; created_at: number };
}

/** What the values of a database are sealed, looked up and derived with. Lives in control alone. */
export interface KeyRing {
  seal(place: SealedPlace, plain: string | Uint8Array): string;
  /** Throws SealBrokenError. */
  open(place: SealedPlace, sealed: string): string;
  openBytes(place: SealedPlace, sealed: string): Buffer;
  /** The same value has the same index within a purpose; without the key it says nothing. */
  blindIndex(purpose: string, value: string): string;
  /** A key for one purpose, to be handed to others: it leads back to no other. */
  derive(purpose: string): Buffer;
  /** For keys that stand in rows of their own. */
  wrapKey(kind: string, id: string, key: Uint8Array): string;
  unwrapKey(kind: string, id: string, wrapped: string): Buffer;
  /** For a thread of the same process: it goes on with these keys, whatever wraps them by now. */
  handOver(): HandedRing;
}

/** Keys as they are, unwrapped. Goes to threads of control and nowhere else. */
export interface HandedRing {
  readonly top: SealingKey;
  readonly keys: ReadonlyMap<Purpose, SealingKey>;
}

const PURPOSES = ['columns', 'blind-index', 'derivation'] as const;
type Purpose = (typeof PURPOSES)[number];

/**
 * Opens the keys of a database with the master key; the first start makes them. Throws
 * WrongMasterKeyError, having changed nothing, when another master key wrapped them.
 */
export async function openKeyRing<Tables extends KeyRingTables>(
  opened: Database<Tables>,
  provider: MasterKeyProvider,
  now: () => number,
): Promise<KeyRing> {
  const database = opened.as<KeyRingTables>();
  const top = await keyEncryptionKey(database, provider, now);
  const keys = new Map<Purpose, SealingKey>();
  for (const purpose of PURPOSES) keys.set(purpose, await dataKey(database, top, purpose, now));
  return ringOf(top, keys as ReadonlyMap<Purpose, SealingKey>);
}

/**
 * Wraps the one key-encryption key with another master key (or with the newest version of the same).
 * One row changes: before its commit the old master key opens the database, after it the new one.
 * Programs that run go on with what they have unwrapped.
 */
export async function rotateMasterKey<Tables extends KeyRingTables>(
  opened: Database<Tables>,
  from: MasterKeyProvider,
  to: MasterKeyProvider,
  now: () => number,
): Promise<void> {
  const database = opened.as<KeyRingTables>();
  const row = await readTop(database);
  if (row === undefined)
    throw new Error('the database has no keys yet: there is nothing to rotate');
  const key = await unwrapTop(row, from);
  const wrapped = await to.wrap(key, contextOf(row.id));
  // A key that nobody can unwrap must not replace one that somebody can.
  const again = await to.unwrap(wrapped, contextOf(row.id));
  if (!key.equals(again)) throw new Error(`${to.id} does not give back what it wrapped`);
  const changed = await database.kysely
    .updateTable('key_encryption_key')
    .set({ provider: to.id, wrapped: text(wrapped), wrapped_at: now() })
    .where('id', '=', row.id)
    .where('wrapped', '=', row.wrapped)
    .executeTakeFirst();
  if (changed.numUpdatedRows !== 1n) {
    throw new Error('another rotation of the master key came first; nothing was changed');
  }
  // What the old master key opens shall not stay in the files.
  await database.scrub('key_encryption_key');
}

/** Throws unless this master key opens the keys of the database. Makes and changes nothing. */
export async function checkMasterKey<Tables extends KeyRingTables>(
  opened: Database<Tables>,
  provider: MasterKeyProvider,
): Promise<void> {
  const row = await readTop(opened.as<KeyRingTables>());
  if (row === undefined) throw new Error('the database has no keys yet');
  await unwrapTop(row, provider);
}

/** The same, of a row that was read elsewhere. */
export async function checkWrappedKey(
  row: Readonly<Record<string, unknown>>,
  provider: MasterKeyProvider,
): Promise<void> {
  await unwrapTop(row as unknown as TopRow, provider);
}

/** Throws unless it gives back what it wraps. Nothing of it is kept. */
export async function tryMasterKey(provider: MasterKeyProvider): Promise<void> {
  const plain = randomBytes(KEY_BYTES);
  const context = contextOf(randomUUID());
  const again = await provider.unwrap(await provider.wrap(plain, context), context);
  if (!plain.equals(again)) throw new Error(`${provider.id} does not give back what it wrapped`);
}

type TopRow = KeyRingTables['key_encryption_key'];

function readTop(database: Database<KeyRingTables>): Promise<TopRow | undefined> {
  return database.kysely.selectFrom('key_encryption_key').selectAll().executeTakeFirst();
}

async function keyEncryptionKey(
  database: Database<KeyRingTables>,
  provider: MasterKeyProvider,
  now: () => number,
): Promise<SealingKey> {
  const known = await readTop(database);
  if (known === undefined) {
    const id = randomUUID();
    const wrapped = await provider.wrap(randomBytes(KEY_BYTES), contextOf(id));
    await database.kysely
      .insertInto('key_encryption_key')
      .values({
        ...{ singleton: 1, id, provider: provider.id },
        ...{ wrapped: text(wrapped), wrapped_at: now() },
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  // Read again: of two that start at once on an empty database, one has made it.
  const row = known ?? ((await readTop(database)) as TopRow);
  return { id: row.id, bytes: await unwrapTop(row, provider) };
}

async function unwrapTop(row: TopRow, provider: MasterKeyProvider): Promise<Buffer> {
  try {
    const key = await provider.unwrap(Buffer.from(row.wrapped, 'base64'), contextOf(row.id));
    if (key.length !== KEY_BYTES) throw new WrongMasterKeyError(`${provider.id} gave no key`);
    return Buffer.from(key);
  } catch (cause) {
    if (!(cause instanceof WrongMasterKeyError)) throw cause;
    throw new WrongMasterKeyError(
      `the master key ${provider.id} does not open this database: its keys were wrapped by ` +
        `${row.provider} on ${new Date(row.wrapped_at).toISOString()}. Nothing was changed`,
      { cause },
    );
  }
}

async function dataKey(
  database: Database<KeyRingTables>,
  top: SealingKey,
  purpose: Purpose,
  now: () => number,
): Promise<SealingKey> {
  const read = () =>
    database.kysely
      .selectFrom('data_key')
      .selectAll()
      .where('purpose', '=', purpose)
      .executeTakeFirst();
  const known = await read();
  if (known === undefined) {
    const id = randomBytes(6).toString('base64url');
    const wrapped = wrapUnder(top, 'data_key', `${id} ${purpose}`, randomBytes(KEY_BYTES));
    await database.kysely
      .insertInto('data_key')
      .values({ id, purpose, wrapped, created_at: now() })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  const row = known ?? ((await read()) as KeyRingTables['data_key']);
  const bytes = unwrapUnder(top, 'data_key', `${row.id} ${purpose}`, row.wrapped);
  return { id: row.id, bytes };
}

/** In the thread that was given them. */
export function ringFrom({ top, keys }: HandedRing): KeyRing {
  return ringOf(top, keys);
}

function ringOf(top: SealingKey, keys: ReadonlyMap<Purpose, SealingKey>): KeyRing {
  const keyFor = (purpose: Purpose) => keys.get(purpose) as SealingKey;
  const columns = keyFor('columns');
  const keyOf = (id: string) => (id === columns.id ? columns : undefined);
  return {
    seal: (place, plain) => sealUnder(columns, place, plain),
    open: (place, sealed) => openUnder(keyOf, place, sealed).toString('utf8'),
    openBytes: (place, sealed) => openUnder(keyOf, place, sealed),
    blindIndex: (purpose, value) =>
      createHmac('sha256', keyFor('blind-index').bytes)
        .update(unambiguous(['poorter blind index', purpose, value]))
        .digest('base64url'),
    derive: (purpose) => derived(keyFor('derivation').bytes, purpose),
    wrapKey: (kind, id, key) => wrapUnder(top, kind, id, key),
    unwrapKey: (kind, id, wrapped) => unwrapUnder(top, kind, id, wrapped),
    handOver: () => ({ top, keys }),
  };
}

function derived(key: Uint8Array, purpose: string): Buffer {
  const label = unambiguous(['poorter derived key', purpose]);
  return Buffer.from(hkdfSync('sha256', key, new Uint8Array(), label, KEY_BYTES));
}

function wrapUnder(top: SealingKey, kind: string, id: string, key: Uint8Array): string {
  return sealBytes(top.bytes, key, ['poorter wrapped key', top.id, kind, id]).toString('base64');
}

function unwrapUnder(top: SealingKey, kind: string, id: string, wrapped: string): Buffer {
  const bytes = Buffer.from(wrapped, 'base64');
  return openBytes(top.bytes, bytes, ['poorter wrapped key', top.id, kind, id]);
}

function contextOf(id: string): string {
  return `poorter key-encryption key ${id}`;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
