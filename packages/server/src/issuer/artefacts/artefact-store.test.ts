import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { migrate, openDatabase } from '../../platform/database/index.ts';
import { freshDirectory, type Lifetime, NOON, openGround } from '../../state/ground.fixture.ts';
import { pruneAll } from '../../state/index.ts';
import { SingleUseStore, type SingleUseTables } from '../../state/single-use/index.ts';
import { type Artefact, ArtefactStore, type ArtefactTables, issuerMigrations } from './index.ts';

const MINUTE = 60_000;
const ROUNDS = 20;
const TRIES = 100;

onEveryBackend('artefacts', ({ dialect, freshPlace }) => {
  const openStore = async (t: Lifetime, handles = 1) => {
    const { ring, clock, world } = await openGround<object>(t, freshPlace());
    const place = freshPlace();
    const stores = [];
    const once = [];
    for (let opened = 0; opened < handles; opened += 1) {
      const database = await openDatabase<ArtefactTables & SingleUseTables>(place);
      t.after(() => database.close());
      await migrate(database, issuerMigrations(), Date.now);
      stores.push(new ArtefactStore(database.as<ArtefactTables>(), ring, () => clock.now));
      once.push(new SingleUseStore(database.as<SingleUseTables>(), ring, world));
    }
    return { store: stores[0] as ArtefactStore, stores, once, clock, place };
  };
  /** A place for tables as the first version had them. */
  const openBefore = async (t: Lifetime) => {
    const { ring, clock } = await openGround<object>(t, freshPlace());
    const folder = freshDirectory(t);
    mkdirSync(join(folder, dialect));
    const file = join(dialect, '0001-issuer.sql');
    cpSync(join(issuerMigrations().directory, file), join(folder, file));
    return { ring, clock, folder, place: freshPlace() };
  };
  const code = (more: Partial<Artefact> = {}): Artefact => ({
    payload: { kind: 'AuthorizationCode', text: 'é' },
    expiresAt: NOON + MINUTE,
    ...more,
  });

  test('what was put is found until it ends, by its own kind alone', async (t) => {
    const { store, clock } = await openStore(t);
    await store.put('Code', 'a', code({ second: 'uid-1' }));
    const found = { payload: { kind: 'AuthorizationCode', text: 'é' }, consumedAt: null };
    assert.deepEqual(await store.find('Code', 'a'), found);
    assert.deepEqual(await store.findBySecond('Code', 'uid-1'), found);
    for (const [kind, id] of [
      ['Code', 'b'],
      ['Session', 'a'],
      ['Code', 'uid-1'],
    ] as const) {
      assert.equal(await store.find(kind, id), undefined, `${kind} ${id}`);
    }
    assert.equal(await store.findBySecond('Session', 'uid-1'), undefined);
    clock.now += MINUTE;
    assert.equal(await store.find('Code', 'a'), undefined);
    assert.equal(await store.findBySecond('Code', 'uid-1'), undefined);
    assert.equal(await store.consume('Code', 'a'), false, 'its time is over');
  });

  test('what an older version left is there under the tables of this one', async (t) => {
    const { ring, clock, place, folder } = await openBefore(t);
    const database = await openDatabase<ArtefactTables>(place);
    t.after(() => database.close());
    const before = issuerMigrations();
    await migrate(database, { ...before, directory: folder }, Date.now);
    const store = new ArtefactStore(database, ring, () => clock.now);
    for (const id of ['a', 'b']) await store.put('Code', id, code({ second: `uid-${id}` }));
    await store.consume('Code', 'b');
    assert.deepEqual(await migrate(database, before, Date.now), { from: 1, to: 2 });
    assert.equal((await store.find('Code', 'a'))?.consumedAt, null);
    assert.equal((await store.findBySecond('Code', 'uid-b'))?.consumedAt, clock.now);
    await assert.rejects(store.put('Code', 'c', code({ second: 'uid-a' })), /UNIQUE|unique/);
  });

  test('of one person and one kind everything is listed that has not ended, and nobody else’s', async (t) => {
    const { store, clock } = await openStore(t);
    const of = (account: string, uid: string, expiresAt = NOON + 2 * MINUTE) =>
      ({ payload: { uid }, account, expiresAt, second: uid }) as const;
    await store.put('Session', 'a', of('account_1', 'one'));
    await store.put('Session', 'b', of('account_1', 'two', NOON + MINUTE));
    await store.put('Session', 'c', of('account_2', 'three'));
    await store.put('Code', 'd', { ...of('account_1', 'four') });
    const list = async () =>
      (await store.listOfAccount('Session', 'account_1')).map(({ uid }) => uid).toSorted();
    assert.deepEqual(await list(), ['one', 'two']);
    clock.now += MINUTE;
    assert.deepEqual(await list(), ['one']);
    await store.remove('Session', 'a');
    assert.deepEqual(await list(), []);
  });

  test('of a hundred who consume it at once one may, in every round, over two connections', async (t) => {
    const { stores, clock } = await openStore(t, 2);
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = `code-${round}`;
      await stores[0]?.put('Code', id, code());
      const tries = Array.from({ length: TRIES }, (_, at) => stores[at % 2]?.consume('Code', id));
      const won = (await Promise.all(tries)).filter((isMine) => isMine === true);
      assert.equal(won.length, 1, id);
      assert.equal((await stores[1]?.find('Code', id))?.consumedAt, clock.now);
    }
  });

  test('of a hundred who show the same proof at once one is the first, in every round', async (t) => {
    const { once, clock } = await openStore(t, 2);
    for (let round = 0; round < ROUNDS; round += 1) {
      const proof = `proof-${round}`;
      const tries = Array.from({ length: TRIES }, (_, at) =>
        once[at % 2]?.claim('dpop', proof, clock.now + MINUTE),
      );
      assert.equal((await Promise.all(tries)).filter((isFirst) => isFirst === true).length, 1);
    }
    assert.equal(await once[0]?.claim('assertion', 'proof-0', clock.now + 1), true);
    assert.equal(await once[0]?.claim('dpop', 'late', clock.now), false, 'over already');
    assert.equal(await once[0]?.claim('dpop', 'odd', Number.NaN), false);
  });

  test('what was consumed stays so when it is saved again', async (t) => {
    const { store } = await openStore(t);
    await store.put('RefreshToken', 'r', code());
    assert.equal(await store.consume('RefreshToken', 'r'), true);
    await store.put('RefreshToken', 'r', code({ payload: { later: true } }));
    const again = await store.find('RefreshToken', 'r');
    assert.deepEqual(again, { payload: { later: true }, consumedAt: NOON });
    assert.equal(await store.consume('RefreshToken', 'r'), false);
  });

  test('with a grant goes what came from it, with a person what is theirs, and nothing else', async (t) => {
    const { store } = await openStore(t);
    await store.put('Code', 'a', code({ grant: 'g1', account: 'ann' }));
    await store.put('RefreshToken', 'b', code({ grant: 'g1', account: 'ann' }));
    await store.put('RefreshToken', 'c', code({ grant: 'g2', account: 'ann' }));
    await store.put('Session', 'd', code({ account: 'bob' }));
    await store.removeGrant('g1');
    const left = async () => {
      const all = [
        await store.find('Code', 'a'),
        await store.find('RefreshToken', 'b'),
        await store.find('RefreshToken', 'c'),
        await store.find('Session', 'd'),
      ];
      return all.map((one) => one !== undefined);
    };
    assert.deepEqual(await left(), [false, false, true, true]);
    await store.removeAccount('ann');
    assert.deepEqual(await left(), [false, false, false, true]);
    await store.remove('Session', 'd');
    assert.deepEqual(await left(), [false, false, false, false]);
  });

  test('what has ended is forgotten, and what has not stays', async (t) => {
    const { store, clock } = await openStore(t);
    await store.put('Code', 'a', code());
    await store.put('Code', 'b', code({ expiresAt: NOON + 2 * MINUTE }));
    clock.now += MINUTE;
    assert.equal(await store.prune(), 1);
    assert.equal(await store.prune(), 0);
    assert.notEqual(await store.find('Code', 'b'), undefined);
  });

  test('what comes faster than one turn forgets does not pile up', async (t) => {
    const { store, once, clock } = await openStore(t);
    for (let at = 0; at < 2_100; at += 1) await store.put('Code', `code ${at}`, code());
    await once[0]?.claim('dpop', 'x', NOON + MINUTE);
    clock.now += MINUTE;
    assert.equal(await store.prune(), 2_000);
    await pruneAll([store, ...once]);
    assert.deepEqual([await store.prune(), await once[0]?.prune()], [0, 0]);
  });

  if (dialect === 'sqlite') {
    test('neither what opens something nor what it holds stands in the file', async (t) => {
      const { store, once, place } = await openStore(t);
      const planted = { code: 'PLANTED-CODE-1', user: 'PLANTED-USER', account: 'PLANTED-ACCOUNT' };
      await store.put(
        'Code',
        planted.code,
        code({
          payload: { user: planted.user, jti: planted.code },
          ...{ grant: 'PLANTED-GRANT', account: planted.account, second: 'PLANTED-SECOND' },
        }),
      );
      await once[0]?.claim('dpop', 'PLANTED-PROOF', NOON + MINUTE);
      assert.ok(place.kind === 'sqlite');
      const text = ['', '-wal'].map((end) => readFileSync(place.file + end, 'latin1')).join('');
      assert.ok(text.includes('artefact'));
      assert.doesNotMatch(text, /PLANTED/);
    });
  }
});
