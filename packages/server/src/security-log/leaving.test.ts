import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallerLeftError } from '../state/index.ts';
import { findCall } from './find-call.ts';
import { fill, NODE, openWorld } from './log.fixture.ts';
import { LogReader } from './log-reader.ts';
import { searchLog } from './search.ts';

test('a query stops at the next bundle when nobody waits for it, however many there are', async (t) => {
  const world = await openWorld();
  t.after(() => world.close());
  await fill(world, 2_000);
  for (const stopAt of [1, 2, 5]) {
    let asked = 0;
    const reader = new LogReader(world.database.kysely, NODE, () => {
      asked += 1;
      if (asked === stopAt) throw new CallerLeftError();
      assert.ok(asked < stopAt, 'nothing is read after that');
    });
    const query = { reported: true, limit: 10 };
    await assert.rejects(
      searchLog(reader, NODE, world.keys, query, world.clock.now),
      CallerLeftError,
    );
    asked = 0;
    const call = `${'0'.repeat(16)}-00000000`;
    await assert.rejects(findCall(reader, NODE, world.keys, call), CallerLeftError);
  }
});
