import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GrowingBytes } from './growing-bytes.ts';

test('pieces come out as one, and the caller’s buffers stay as they were', () => {
  const piece = fc.uint8Array({ maxLength: 40_000 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(100_000), (pieces, expected) => {
      const bytes = new GrowingBytes(expected);
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
      assert.ok(reserved <= Math.max(16_384, 2 * whole.length));
    }),
    { numRuns: 200 },
  );
});

test('a single piece is not copied', () => {
  const piece = Buffer.from('{}');
  const bytes = new GrowingBytes(2);
  bytes.push(piece);
  assert.equal(bytes.whole.buffer, piece.buffer);
});

test('growth stops at what was announced', () => {
  const bytes = new GrowingBytes(1_048_576);
  const piece = Buffer.alloc(1_024);
  let most = 0;
  for (let count = 0; count < 1_024; count++) {
    most = Math.max(most, bytes.capacityWith(piece));
    bytes.push(piece);
  }
  assert.equal(most, 1_048_576);
});
