import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pruneAll } from './index.ts';

test('what expires faster than one turn takes does not pile up, and others have turns in between', async () => {
  const left = [5_000, 0, 1_500];
  let turns = 0;
  const others = setInterval(() => {
    turns += 1;
  }, 1);
  const stores = left.map((_, number) => ({
    prune: async () => {
      const taken = Math.min(1_000, left[number] ?? 0);
      left[number] = (left[number] ?? 0) - taken;
      return taken;
    },
  }));
  await pruneAll(stores);
  clearInterval(others);
  assert.deepEqual(left, [0, 0, 0]);
  assert.ok(turns >= 5, `${turns}`);
});

test('a store that fails ends the round, and is not taken for one that has nothing left', async () => {
  const failing = { prune: () => Promise.reject(new Error('disk full')) };
  await assert.rejects(pruneAll([failing]), /disk full/);
});
