import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PlainCounters } from '../../engine/src/policies/limit/plain-counters.fixture.ts';
import { ProcessCounters } from './process-counters.ts';

const rate = { requests: 3, perMs: 60_000, burst: 3 };

test('counts as the counting in a map does, call by call', () => {
  const step = fc.record({
    verb: fc.constantFrom('take', 'peek', 'count', 'lease', 'release'),
    key: fc.constantFrom('a', 'b'),
    afterMs: fc.integer({ min: 0, max: 40_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const [ours, plain] = [new ProcessCounters(), new PlainCounters()];
      let nowMs = 1_000_000;
      let held = 0;
      for (const { verb, key, afterMs } of steps) {
        nowMs += afterMs;
        const window = Math.ceil(nowMs / 60_000) * 60_000 + 1;
        if (verb === 'lease') {
          const got = ours.lease(key, 2);
          assert.equal(got, plain.lease(key, 2));
          held += got && key === 'a' ? 1 : 0;
        } else if (verb === 'release') {
          if (held === 0) continue;
          held -= 1;
          ours.release('a');
          plain.release('a');
        } else if (verb === 'count') {
          const of = (one: ProcessCounters | PlainCounters) =>
            one.count(`q${key}`, 4, window, nowMs);
          assert.deepEqual(of(ours), of(plain));
        } else {
          const of = (one: ProcessCounters | PlainCounters) => one[verb](`r${key}`, rate, nowMs);
          assert.deepEqual(of(ours), of(plain));
        }
      }
    }),
  );
});

test('a flood of names is bounded, and frees nobody who is at the limit and calls on', () => {
  const counters = new ProcessCounters(1_000);
  let nowMs = 0;
  let passed = 0;
  for (let at = 0; at < 3; at++) passed += counters.take('busy', rate, nowMs).allowed ? 1 : 0;
  for (let at = 0; at < 20_000; at++) {
    nowMs += 1;
    counters.take(`stranger ${at}`, rate, nowMs);
    if (at % 500 === 0) passed += counters.take('busy', rate, nowMs).allowed ? 1 : 0;
  }
  // Three a minute, over a third of one.
  assert.ok(passed <= 4, `${passed} passed`);
  assert.equal(counters.size, 1_000);
});
