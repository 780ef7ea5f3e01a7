import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectorUnderPressure } from './collect-garbage.ts';

test('however hard the memory is pressed, the thread is stopped at most twice a second', async (t) => {
  const before = globalThis.gc;
  let collections = 0;
  t.after(() => {
    globalThis.gc = before;
  });
  globalThis.gc = (async () => {
    collections++;
  }) as unknown as NonNullable<typeof gc>;
  const ask = collectorUnderPressure(performance.now.bind(performance));
  const startedAt = performance.now();
  while (performance.now() - startedAt < 700) {
    for (let count = 0; count < 100; count++) ask();
    await sleep(5);
  }
  assert.equal(collections, 2);
});
