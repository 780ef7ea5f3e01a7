import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { migrate, openDatabase } from '../../platform/database/index.ts';
import { type Lifetime, NOON, openGround } from '../../state/ground.fixture.ts';
import { issuerMigrations } from '../artefacts/index.ts';
import { AttemptStore, type AttemptTables } from './attempt-store.ts';

const MINUTE = 60_000;

onEveryBackend('attempts', ({ freshPlace }) => {
  const open = async (t: Lifetime) => {
    const { ring, clock } = await openGround(t, freshPlace());
    const database = await openDatabase<AttemptTables>(freshPlace());
    t.after(() => database.close());
    await migrate(database, issuerMigrations(), () => clock.now);
    return { store: new AttemptStore(database, ring, () => clock.now), database, clock };
  };

  test('a few failures are free, each more doubles the wait, up to a quarter of an hour and never for ever', async (t) => {
    const { store, clock } = await open(t);
    const waits: number[] = [];
    for (let count = 1; count <= 25; count += 1) {
      const since = clock.now;
      while (!(await store.begin('griet'))) clock.now += 500;
      waits.push(clock.now - since);
    }
    assert.deepEqual(waits.slice(0, 9), [0, 0, 0, 0, 0, 1_000, 2_000, 4_000, 8_000]);
    assert.equal(Math.max(...waits), 15 * MINUTE);
    assert.equal(waits.at(-1), 15 * MINUTE);
    assert.equal(await store.begin('jan'), true, 'nobody else waits');
    await store.succeeded('griet');
    assert.equal(await store.begin('griet'), true);
  });

  test('a hundred at once are not a hundred guesses', async (t) => {
    const { store } = await open(t);
    const begun = await Promise.all(Array.from({ length: 100 }, () => store.begin('griet')));
    const let_in = begun.filter((isLetIn) => isLetIn).length;
    assert.ok(let_in >= 1 && let_in <= 5, `${let_in}`);
    for (let at = 0; at < 5; at += 1) await store.begin('griet');
    assert.equal(await store.begin('griet'), false);
  });

  test('what is over is forgotten, and nobody’s name stands in it', async (t) => {
    const { store, database, clock } = await open(t);
    for (let at = 0; at < 3; at += 1) await store.begin(`PLANTED ${at}`);
    for (let at = 0; at < 7; at += 1) await store.begin('many');
    const rows = await database.kysely.selectFrom('sign_in_failure').selectAll().execute();
    assert.doesNotMatch(JSON.stringify(rows), /PLANTED|many/);
    clock.now = NOON + 60 * MINUTE;
    assert.equal(await store.prune(), 3);
    clock.now += 24 * 60 * MINUTE;
    assert.equal(await store.begin('many'), true, 'counted anew');
    assert.equal(await store.begin('many'), true);
    clock.now += 60 * MINUTE;
    assert.equal(await store.prune(), 1);
  });
});
