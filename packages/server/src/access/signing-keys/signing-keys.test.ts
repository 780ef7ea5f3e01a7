import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { importJWK, jwtVerify, SignJWT } from 'jose';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { type Lifetime, NOON, openGround } from '../../state/ground.fixture.ts';
import {
  SIGNING_ALGORITHMS,
  type SigningKey,
  SigningKeyStore,
  type SigningKeyTables,
  signingPlan,
} from './index.ts';

const MINUTE = 60_000;
const TERMS = { tokenLifeMs: 5 * MINUTE };

function key(id: string, activeAt: number, more: Partial<SigningKey> = {}): SigningKey {
  return {
    ...{ id, algorithm: 'ES256', publicJwk: {}, createdAt: 0, activeAt, revokedAt: null },
    ...more,
  };
}

const idsOf = (keys: Iterable<SigningKey>) => [...keys].map(({ id }) => id).toSorted();

test('a key is believed before it signs, signs until its successor does, and is believed as long as its tokens live', () => {
  const keys = [key('a', 0), key('b', 60 * MINUTE)];
  const at = (now: number) => {
    const { signing, published, changesAt } = signingPlan(keys, TERMS, now);
    return [signing.get('ES256')?.id, idsOf(published).join(''), changesAt];
  };
  assert.deepEqual(at(MINUTE), ['a', 'ab', 60 * MINUTE]);
  assert.deepEqual(at(60 * MINUTE), ['b', 'ab', 65 * MINUTE]);
  assert.deepEqual(at(65 * MINUTE), ['b', 'b', null]);
});

test('a revoked key is believed no more, and where no other has begun the next one signs at once', () => {
  const keys = [key('a', 0, { revokedAt: MINUTE }), key('b', 60 * MINUTE)];
  const { signing, published } = signingPlan(keys, TERMS, 2 * MINUTE);
  assert.deepEqual([signing.get('ES256')?.id, idsOf(published)], ['b', ['b']]);
  assert.equal(signingPlan([key('a', 0, { revokedAt: 1 })], TERMS, 2).signing.size, 0);
});

test('whatever keys there are, what signs is believed until the last token of it has ended', () => {
  const anyKey = fc.record({
    id: fc.string({ minLength: 1, maxLength: 4 }),
    algorithm: fc.constantFrom(...SIGNING_ALGORITHMS),
    activeAt: fc.integer({ min: 0, max: 1_000 }).map((minutes) => minutes * MINUTE),
    revokedAt: fc.option(fc.constant(0), { nil: null, freq: 5 }),
  });
  const anyKeys = fc.uniqueArray(anyKey, { selector: ({ id }) => id, maxLength: 8 });
  fc.assert(
    fc.property(anyKeys, fc.integer({ min: 0, max: 1_000 }), (made, minute) => {
      const keys = made.map(({ id, activeAt, ...more }) => key(id, activeAt, more));
      const now = minute * MINUTE;
      const { signing, changesAt } = signingPlan(keys, TERMS, now);
      for (const [algorithm, one] of signing) {
        assert.equal(one.algorithm, algorithm);
        assert.equal(one.revokedAt, null);
        // Signed at the last moment before anything changes, it must be believed to its end.
        const last = (changesAt ?? now + 1_000 * MINUTE) - 1;
        for (const later of [now, last, last + TERMS.tokenLifeMs - 1]) {
          const { published } = signingPlan(keys, TERMS, later);
          assert.ok(idsOf(published).includes(one.id), `${one.id} at ${later}`);
        }
      }
      const usable = new Set(keys.flatMap((one) => (one.revokedAt === null ? one.algorithm : [])));
      assert.deepEqual(new Set(signing.keys()), usable, 'somebody always signs');
      assert.ok(changesAt === null || changesAt > now);
    }),
    { numRuns: 2_000 },
  );
});

onEveryBackend('signing keys', ({ dialect, freshPlace }) => {
  const openStore = async (t: Lifetime) => {
    const ground = await openGround<SigningKeyTables>(t, freshPlace());
    const { database, ring, tombstones, world } = ground;
    return { ...ground, store: new SigningKeyStore(database, ring, tombstones, world) };
  };

  test('what the private half signs, the public half proves, and nobody else reads it', async (t) => {
    const { store, database } = await openStore(t);
    for (const algorithm of SIGNING_ALGORITHMS) {
      const made = await store.make(algorithm, NOON);
      assert.equal(made.publicJwk.d, undefined);
      const privateJwk = await store.open(made.id);
      const token = await new SignJWT({ sub: 'x' })
        .setProtectedHeader({ alg: algorithm, kid: made.id })
        .sign(await importJWK(privateJwk, algorithm));
      await jwtVerify(token, await importJWK(made.publicJwk, algorithm));
      if (dialect === 'sqlite' && database.place.kind === 'sqlite') {
        const { file } = database.place;
        const text = ['', '-wal'].map((end) => readFileSync(file + end, 'latin1')).join('');
        assert.ok(text.includes(String(made.publicJwk.x ?? made.publicJwk.n)));
        assert.ok(!text.includes(String(privateJwk.d)));
      }
    }
    assert.equal((await store.list()).length, SIGNING_ALGORITHMS.length);
  });

  test('a revoked key stays revoked over a restart and a restore, and its private half is gone', async (t) => {
    const { store, database, ring, tombstones, world } = await openStore(t);
    const { id } = await store.make('ES256', NOON);
    await store.revoke(id);
    await store.revoke(id);
    await assert.rejects(store.open(id), /there is no signing key/);
    assert.equal((await store.list())[0]?.revokedAt, NOON);
    // As a backup has it.
    await database.kysely.updateTable('signing_key').set({ revoked_at: null }).execute();
    const again = new SigningKeyStore(database, ring, tombstones, world);
    assert.equal(await again.replayTombstones(), 1);
    assert.equal(await again.replayTombstones(), 0);
    assert.equal((await again.list())[0]?.revokedAt, NOON);
    await assert.rejects(store.revoke('nobody'), /there is no signing key nobody/);
  });
});
