import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { GrowingBytes } from './growing-bytes.ts';

const piece = fc.uint8Array({ maxLength: 40_000 }).map((bytes) => Buffer.from(bytes));

test('pieces come out as one, and weigh no more than was reserved', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }),
      fc.boolean(),
      fc.boolean(),
      async (pieces, isAnnounced, ownsPieces) => {
        const whole = Buffer.concat(pieces);
        const bytes = new GrowingBytes(isAnnounced ? whole.length : 0, { ownsPieces });
        let reserved = 0;
        for (const one of pieces) {
          const weight = bytes.weightWith(one);
          assert.ok(weight >= reserved);
          reserved = weight;
          bytes.push(one);
          // What is given back is gone by the next turn.
          await turn();
        }
        assert.ok(reserved >= whole.length);
        const mostOnce = whole.length + Math.max(4_096, Math.min(whole.length, 65_536));
        assert.ok(reserved <= (isAnnounced ? whole.length : 2 * mostOnce));
        const given = bytes.whole;
        await turn();
        assert.deepEqual(given, whole);
        if (!ownsPieces) assert.deepEqual(Buffer.concat(pieces), whole);
      },
    ),
    { numRuns: 200 },
  );
});

test('a piece is read by whoever brought it until the turn ends, then its memory returns', async () => {
  const bytes = new GrowingBytes(300_000, { ownsPieces: true });
  const first = Buffer.alloc(100_000, 1);
  bytes.push(first);
  assert.equal(first[99_999], 1);
  await turn();
  assert.equal(first.length, 0);
  const shared = Buffer.from(new ArrayBuffer(200_000), 0, 100_000);
  bytes.push(shared);
  await turn();
  assert.equal(shared.length, 100_000, 'a buffer with other users is left alone');
  assert.equal(bytes.whole.length, 200_000);
});

test('a body that was announced and has not come takes no memory', () => {
  const before = process.memoryUsage.rss();
  const bodies = Array.from({ length: 200 }, () => {
    const bytes = new GrowingBytes(4_000_000, { ownsPieces: true });
    const first = Buffer.from('{');
    assert.equal(bytes.weightWith(first), 65_536);
    bytes.push(first);
    return bytes;
  });
  assert.ok(process.memoryUsage.rss() - before < 200 * 65_536);
  assert.equal(bodies.length, 200);
});

test('a single piece is not copied', () => {
  for (const announced of [0, 2]) {
    const only = Buffer.from('{}');
    const bytes = new GrowingBytes(announced, { ownsPieces: true });
    bytes.push(only);
    assert.equal(bytes.whole.buffer, only.buffer);
  }
});

test('a body in small pieces reserves at most one segment more than it is, twice', () => {
  const bytes = new GrowingBytes(0, { ownsPieces: true });
  const one = Buffer.alloc(1);
  for (let length = 1; length <= 200_000; length++) {
    const weight = bytes.weightWith(one);
    bytes.push(one);
    assert.ok(weight >= length && weight < 2 * (length + 65_536));
  }
  assert.equal(bytes.whole.length, 200_000);
});
