import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GrowingBytes } from './growing-bytes.ts';

test('pieces come out as one, and the caller’s buffers stay as they were', () => {
  const piece = fc.uint8Array({ maxLength: 40_000 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const bytes = new GrowingBytes();
      const copies = pieces.map((one) => Buffer.from(one));
      let reserved = 0;
      for (const one of pieces) {
        const capacity = bytes.capacityWith(one);
        assert.ok(capacity >= reserved);
        reserved = capacity;
        bytes.push(one);
      }
      const whole = Buffer.concat(copies);
      assert.deepEqual(bytes.whole, whole);
      assert.deepEqual(pieces, copies);
      assert.ok(reserved <= whole.length + Math.max(4_096, Math.min(whole.length, 65_536)));
    }),
    { numRuns: 200 },
  );
});

test('a single piece is not copied', () => {
  const piece = Buffer.from('{}');
  const bytes = new GrowingBytes();
  bytes.push(piece);
  assert.equal(bytes.whole.buffer, piece.buffer);
});

test('a body in small pieces reserves at most one segment more than it is', () => {
  const bytes = new GrowingBytes();
  const piece = Buffer.alloc(1);
  for (let length = 1; length <= 200_000; length++) {
    const capacity = bytes.capacityWith(piece);
    bytes.push(piece);
    assert.ok(capacity >= length && capacity < length + 65_536);
  }
  assert.equal(bytes.whole.length, 200_000);
});
