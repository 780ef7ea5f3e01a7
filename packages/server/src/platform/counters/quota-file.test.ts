import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounterMemory, exportQuotas, importQuotas, SharedCounters } from './index.ts';

const noon = Date.UTC(2026, 5, 1, 12);
const midnight = Date.UTC(2026, 5, 2);

function filled(entries: number, subjects: number): Uint8Array {
  const memory = createCounterMemory({ entries, threads: 1, seed: [1, 2] });
  const counters = new SharedCounters(memory, 0);
  for (let index = 0; index < subjects; index += 1) {
    counters.count(`subject ${index}`, 1, midnight, noon);
    counters.take(`subject ${index}`, { requests: 1, perMs: 1000, burst: 1 }, noon);
  }
  return exportQuotas(memory);
}

test('a quota used up before a restart is used up after it, in a table of any size', () => {
  for (const entries of [16, 512, 4096]) {
    const memory = createCounterMemory({ entries, threads: 1, seed: [7, 8] });
    const result = importQuotas(memory, filled(1024, 200));
    assert.deepEqual(result, { ok: true, restored: 200 });
    const counters = new SharedCounters(memory, 0);
    for (let index = 0; index < 200; index += 1) {
      assert.equal(counters.count(`subject ${index}`, 1, midnight, noon + 1).allowed, false);
    }
    assert.equal(counters.count('subject 1', 1, midnight + 86_400_000, midnight).allowed, true);
  }
});

test('an overflowing table is restored as full as it was', () => {
  const memory = createCounterMemory({ entries: 16, threads: 1, seed: [7, 8] });
  assert.equal(importQuotas(memory, filled(16, 40)).ok, true);
  const counters = new SharedCounters(memory, 0);
  for (let index = 0; index < 40; index += 1) {
    assert.equal(counters.count(`subject ${index}`, 1, midnight, noon + 1).allowed, false);
  }
});

test('bytes with any one bit changed, or cut anywhere, start empty and say why', () => {
  const good = filled(64, 3);
  for (let at = 0; at < good.length; at += 1) {
    const flipped = good.slice();
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
    for (const bytes of [flipped, good.slice(0, at)]) {
      const memory = createCounterMemory({ entries: 64, threads: 1, seed: [7, 8] });
      assert.equal(importQuotas(memory, bytes).ok, false);
      const counters = new SharedCounters(memory, 0);
      assert.ok(counters.count('subject 0', 1, midnight, noon).allowed);
    }
  }
});

test('a table that already counts is not overwritten', () => {
  const memory = createCounterMemory({ entries: 64, threads: 1, seed: [7, 8] });
  new SharedCounters(memory, 0).count('a', 1, midnight, noon);
  assert.deepEqual(importQuotas(memory, filled(64, 3)), { ok: false, reason: 'in-use' });
});

test('windows end when the wall clock says so, whatever clock each life counts by', () => {
  const bootedAt = noon - 5_000;
  const first = createCounterMemory({ entries: 64, threads: 1, seed: [1, 2] });
  new SharedCounters(first, 0, (nowMs) => nowMs - bootedAt).count('a', 1, midnight, noon);
  // After a restart of the machine its steady clock begins anew.
  const rebootedAt = noon + 1_000;
  const second = createCounterMemory({ entries: 64, threads: 1, seed: [3, 4] });
  assert.ok(importQuotas(second, exportQuotas(first, bootedAt), rebootedAt).ok);
  const counters = new SharedCounters(second, 0, (nowMs) => nowMs - rebootedAt);
  assert.equal(counters.count('a', 1, midnight, midnight - 1).allowed, false);
  assert.equal(counters.count('a', 1, midnight + 86_400_000, midnight).allowed, true);
});

test('a table that nobody counted in is saved and read back', () => {
  const empty = createCounterMemory({ entries: 64, threads: 1, seed: [1, 2] });
  const memory = createCounterMemory({ entries: 64, threads: 1, seed: [3, 4] });
  assert.deepEqual(importQuotas(memory, exportQuotas(empty, noon), noon), {
    ok: true,
    restored: 0,
  });
  assert.equal(new SharedCounters(memory, 0).count('a', 1, midnight, noon).allowed, true);
});
