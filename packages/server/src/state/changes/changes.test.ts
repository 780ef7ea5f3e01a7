import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { type Lifetime, NOON, openGround } from '../ground.fixture.ts';
import { CHANGE_LOCK, ChangeFeed, type ChangeTables, recordChange } from './index.ts';

onEveryBackend('changes', (backend) => {
  const fresh = async (t: Lifetime) => {
    const { database } = await openGround<ChangeTables>(t, backend.freshPlace());
    const change = (domain: 'key' | 'block', id: string) =>
      database.write((session) => recordChange(session, domain, id, NOON), CHANGE_LOCK);
    return { changes: new ChangeFeed(database), database, change };
  };

  test('every change has one number without gaps, in the order in which it became visible', async (t) => {
    const { changes, change } = await fresh(t);
    const reader = { sequence: 0, seen: [] as number[] };
    let isDone = false;
    const reading = (async () => {
      while (true) {
        const isLast = isDone;
        const found = await changes.changesSince(reader.sequence);
        assert.equal(found.isGap, false);
        reader.seen.push(...found.changes.map(({ sequence }) => sequence));
        reader.sequence = found.sequence;
        if (isLast) return;
      }
    })();
    const ids = Array.from({ length: 20 }, (_, index) => [`key_${index}`, `block_${index}`]);
    await Promise.all(
      ids.map(async ([key = '', block = '']) => {
        await change('key', key);
        await change('key', key);
        await change('block', block);
      }),
    );
    isDone = true;
    await reading;
    assert.deepEqual(
      reader.seen,
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    const all = await changes.changesSince(0);
    assert.deepEqual(new Set(all.changes.map(({ id }) => id)), new Set(ids.flat()));
    assert.equal((await changes.changesSince(0, 59)).hasMore, true);
    assert.equal((await changes.changesSince(60)).changes.length, 0);
    // A reader with a number from the future has read another database.
    assert.equal((await changes.changesSince(61)).isGap, true);
  });

  test('a reader who is further behind than is remembered is told to read everything', async (t) => {
    const { changes, change, database } = await fresh(t);
    for (let index = 0; index < 3; index += 1) await change('key', `key_${index}`);
    await database.kysely.deleteFrom('change').where('sequence', '<=', 2).execute();
    assert.deepEqual(await changes.changesSince(1), {
      ...{ changes: [], sequence: 3, isGap: true, hasMore: false },
    });
    assert.equal((await changes.changesSince(2)).changes.length, 1);
  });
});
