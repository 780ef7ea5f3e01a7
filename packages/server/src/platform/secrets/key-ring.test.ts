import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { onEveryBackend } from '../database/backends.fixture.ts';
import { type DatabasePlace, openDatabase } from '../database/index.ts';
import {
  type KeyRingTables,
  type MasterKeyProvider,
  openKeyRing,
  openMasterKey,
  rotateMasterKey,
  SealBrokenError,
  WrongMasterKeyError,
} from './index.ts';
import { openBytes, sealBytes, unambiguous } from './sealed-bytes.ts';

const TABLES = `
CREATE TABLE key_encryption_key (singleton integer PRIMARY KEY, id text NOT NULL,
  provider text NOT NULL, wrapped text NOT NULL, wrapped_at bigint NOT NULL);
CREATE TABLE data_key (id text PRIMARY KEY, purpose text NOT NULL UNIQUE,
  wrapped text NOT NULL, created_at bigint NOT NULL);`;

function freshMasterKey(name = 'KEY'): MasterKeyProvider {
  return openMasterKey(`env:${name}`, {
    ...{ dataDirectory: '/', baseDirectory: '/', notify: () => {} },
    environment: { [name]: randomBytes(32).toString('hex') },
  });
}

onEveryBackend('key ring', ({ freshPlace }) => {
  type Life = { after(work: () => unknown): void };
  const open = async (t: Life, place: DatabasePlace) => {
    const database = await openDatabase<KeyRingTables>(place);
    t.after(() => database.close());
    return database;
  };
  const prepared = async (t: Life) => {
    const place = freshPlace();
    if (place.kind === 'postgres') {
      const { default: pg } = await import('pg');
      const client = new pg.Client({ connectionString: place.url });
      await client.connect();
      await client.query(`CREATE SCHEMA ${place.schema}`);
      await client.end();
    }
    const database = await open(t, place);
    await database.write((transaction) => database.runScript(transaction, TABLES));
    return database;
  };
  const place = { table: 'api_key', column: 'owner', row: 'key_1' };

  test('what one start sealed the next opens; indexes and derived keys stay the same', async (t) => {
    const database = await prepared(t);
    const master = freshMasterKey();
    const ring = await openKeyRing(database, master, Date.now);
    const again = await openKeyRing(await open(t, database.place), master, Date.now);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string(), async (value, purpose) => {
        assert.equal(again.open(place, ring.seal(place, value)), value);
        assert.equal(again.blindIndex(purpose, value), ring.blindIndex(purpose, value));
        assert.deepEqual(again.derive(purpose), ring.derive(purpose));
      }),
    );
    assert.notEqual(ring.seal(place, 'x'), ring.seal(place, 'x'));
    assert.notEqual(ring.blindIndex('a', 'bc'), ring.blindIndex('ab', 'c'));
    assert.notDeepEqual(ring.derive('a'), ring.derive('b'));
  });

  test('programs that start at once on an empty database have the same keys', async (t) => {
    const database = await prepared(t);
    const master = freshMasterKey();
    const databases = await Promise.all(Array.from({ length: 5 }, () => open(t, database.place)));
    const rings = await Promise.all(databases.map((one) => openKeyRing(one, master, Date.now)));
    assert.equal(new Set(rings.map((ring) => ring.derive('x').toString('hex'))).size, 1);
    assert.equal(rings[4]!.open(place, rings[0]!.seal(place, 'value')), 'value');
  });

  test('a value that was altered or moved is refused, and the process lives', async (t) => {
    const database = await prepared(t);
    const ring = await openKeyRing(database, freshMasterKey(), Date.now);
    const other = await openKeyRing(await prepared(t), freshMasterKey(), Date.now);
    const sealed = ring.seal(place, 'griet@example.test');
    for (const moved of [
      { ...place, row: 'key_2' },
      { ...place, column: 'name' },
      { table: 'api_keyo', column: 'wner', row: 'key_1' },
    ]) {
      assert.throws(() => ring.open(moved, sealed), SealBrokenError);
    }
    assert.throws(() => other.open(place, sealed), SealBrokenError);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom(...'Aa0_-.'), (at, character) => {
        const altered = sealed.slice(0, at) + character + sealed.slice(at + 1);
        const isSame = altered === sealed || decoded(altered) === decoded(sealed);
        if (isSame) assert.equal(ring.open(place, altered), 'griet@example.test');
        else assert.throws(() => ring.open(place, altered), SealBrokenError);
        assert.throws(() => ring.open(place, sealed.slice(0, at)), SealBrokenError);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.throws(() => ring.open(place, text), SealBrokenError);
      }),
    );
    assert.equal(ring.open(place, sealed), 'griet@example.test');
  });

  test('another master key is refused with both names, and changes nothing', async (t) => {
    const database = await prepared(t);
    const master = freshMasterKey('RIGHT');
    const ring = await openKeyRing(database, master, Date.now);
    const before = await database.kysely.selectFrom('key_encryption_key').selectAll().execute();
    await assert.rejects(openKeyRing(database, freshMasterKey('OTHER'), Date.now), (error) => {
      assert.ok(error instanceof WrongMasterKeyError);
      assert.match(error.message, /env:OTHER does not open.*wrapped by env:RIGHT on 20/);
      return true;
    });
    await assert.rejects(
      rotateMasterKey(database, freshMasterKey('OTHER'), master, Date.now),
      WrongMasterKeyError,
    );
    const rows = await database.kysely.selectFrom('key_encryption_key').selectAll().execute();
    assert.deepEqual(rows, before);
    assert.deepEqual((await openKeyRing(database, master, Date.now)).derive('x'), ring.derive('x'));
  });

  test('a rotation changes one row; who runs goes on, who starts needs the new key', async (t) => {
    const database = await prepared(t);
    const [old, next] = [freshMasterKey('OLD'), freshMasterKey('NEXT')];
    const running = await openKeyRing(database, old, Date.now);
    const sealed = running.seal(place, 'value');
    const dataKeys = await database.kysely.selectFrom('data_key').selectAll().execute();
    await rotateMasterKey(database, old, next, Date.now);
    assert.deepEqual(await database.kysely.selectFrom('data_key').selectAll().execute(), dataKeys);
    const started = await openKeyRing(await open(t, database.place), next, Date.now);
    assert.equal(started.open(place, running.seal(place, 'later')), 'later');
    assert.equal(started.open(place, sealed), 'value');
    await assert.rejects(openKeyRing(database, old, Date.now), /wrapped by env:NEXT/);
  });

  test('a rotation to a key that does not give back what it wrapped changes nothing', async (t) => {
    const database = await prepared(t);
    const old = freshMasterKey('OLD');
    await openKeyRing(database, old, Date.now);
    const broken: MasterKeyProvider = {
      ...{ id: 'broken', isElsewhere: false },
      wrap: async () => new Uint8Array(60),
      unwrap: async () => new Uint8Array(32),
    };
    await assert.rejects(rotateMasterKey(database, old, broken, Date.now), /does not give back/);
    const failing = { ...broken, wrap: () => Promise.reject(new Error('away')) };
    await assert.rejects(rotateMasterKey(database, old, failing, Date.now), /away/);
    assert.ok(await openKeyRing(database, old, Date.now));
  });

  test('of two rotations at once one is made, and the database opens with its key', async (t) => {
    const database = await prepared(t);
    const old = freshMasterKey('OLD');
    await openKeyRing(database, old, Date.now);
    const next = [freshMasterKey('A'), freshMasterKey('B')];
    const done = await Promise.allSettled(
      next.map((to) => rotateMasterKey(database, old, to, Date.now)),
    );
    const winners = next.filter((_, index) => done[index]!.status === 'fulfilled');
    assert.equal(winners.length, 1);
    assert.ok(await openKeyRing(database, winners[0]!, Date.now));
  });
});

/** The last digit of base64 has bits that mean nothing. */
function decoded(envelope: string): string {
  const [version, key, text, ...rest] = envelope.split('.');
  return [version, key, Buffer.from(text ?? '', 'base64url').toString('hex'), ...rest].join('.');
}

test('of many seals under one key no two have the same nonce', () => {
  const key = randomBytes(32);
  const nonces = new Set<string>();
  for (let count = 0; count < 2_000; count++) {
    const sealed = sealBytes(key, Buffer.from('x'), ['place']);
    nonces.add(sealed.toString('hex', 0, 12));
    assert.equal(openBytes(key, sealed, ['place']).toString(), 'x');
  }
  assert.equal(nonces.size, 2_000);
});

test('what an earlier version sealed opens, and no two lists of names are the same bytes', () => {
  // AES-256-GCM over 'kept', key of zeros, nonce of zeros, associated with ['a', 'bc', 'é'].
  const lengths = '0000000161' + '000000026263' + '00000002c3a9';
  assert.equal(unambiguous(['a', 'bc', 'é']).toString('hex'), lengths);
  const cipher = createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12));
  cipher.setAAD(Buffer.from(lengths, 'hex'));
  const sealed = Buffer.concat([
    Buffer.alloc(12),
    cipher.update('kept'),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  assert.equal(openBytes(Buffer.alloc(32), sealed, ['a', 'bc', 'é']).toString(), 'kept');
  const list = fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 });
  fc.assert(
    fc.property(list, list, (one, other) => {
      const isSame = unambiguous(one).equals(unambiguous(other));
      const texts = (parts: string[]) => JSON.stringify(parts.map((p) => p.toWellFormed()));
      assert.equal(isSame, texts(one) === texts(other));
    }),
  );
});
