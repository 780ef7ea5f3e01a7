import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectorUnderPressure } from './collect-garbage.ts';

test('however hard the memory is pressed, the thread is stopped at most twice a second', (t) => {
  const before = globalThis.gc;
  let nowMs = 1_000;
  const collectedAtMs: number[] = [];
  t.after(() => {
    globalThis.gc = before;
  });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  globalThis.gc = (async () => {
    collectedAtMs.push(nowMs);
  }) as unknown as NonNullable<typeof gc>;
  const ask = collectorUnderPressure(() => nowMs);
  for (let passed = 0; passed <= 1_600; passed += 5) {
    for (let count = 0; count < 100; count++) ask();
    nowMs += 5;
    t.mock.timers.tick(5);
  }
  assert.equal(collectedAtMs.length, 4);
  for (const [index, atMs] of collectedAtMs.entries()) {
    if (index > 0)
      assert.ok(atMs - (collectedAtMs[index - 1] as number) >= 500, `${collectedAtMs}`);
  }
});
