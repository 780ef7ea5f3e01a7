import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CallerStanding, hasRoom } from './overload.ts';

/** Who goes first, first. */
const ORDER: readonly CallerStanding[] = ['anonymous', 'over-limit', 'in-good-standing'];

test('strangers go at seven tenths, the greedy at nine, everyone at ten', () => {
  const most = (standing: CallerStanding) => {
    let calls = 0;
    while (hasRoom(standing, calls + 1, 100)) calls++;
    return calls;
  };
  assert.deepEqual(ORDER.map(most), [70, 90, 100]);
  assert.equal(most('unknown'), 100);
});

test('one call at a time is served to anyone, however small the capacity', () => {
  for (const standing of ORDER) assert.ok(hasRoom(standing, 1, 1));
});

test('a count that is not a number has no room', () => {
  assert.equal(hasRoom('in-good-standing', Number.NaN, 100), false);
  assert.equal(hasRoom('in-good-standing', 1, Number.NaN), false);
});

test('nobody of lesser standing is let in where somebody of better standing is not', () => {
  fc.assert(
    fc.property(fc.nat(3_000), fc.integer({ min: 1, max: 2_500 }), (inFlight, capacity) => {
      const room = ORDER.map((standing) => hasRoom(standing, inFlight, capacity));
      assert.deepEqual(room, [...room].sort());
      if (inFlight > Math.max(1, capacity)) assert.ok(!room.includes(true));
    }),
  );
});
