import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { onFaultyRuntime } from '../../../../openapi/src/json/faulty-parse.fixture.ts';
import { decodeMessage, encodeInPieces, encodeMessage } from './link-codec.ts';

test('a message arrives as it was sent, bytes included', () => {
  const bytes = fc.uint8Array({ maxLength: 50 });
  const value = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      bytes,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tie('tree'), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
    ),
  })).tree;
  fc.assert(
    fc.property(value, (sent) => {
      const got = decodeMessage(encodeMessage({ sent })) as { sent: unknown };
      assert.deepEqual(got.sent, sent);
      assert.equal([...encodeInPieces({ sent })].join(''), encodeMessage({ sent }));
    }),
  );
});

test('a Buffer and a view into shared memory arrive as their bytes', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(8), 2, 3);
  shared.set([1, 2, 3]);
  const got = decodeMessage(encodeMessage({ a: Buffer.from('abc'), b: shared })) as {
    a: Uint8Array;
    b: Uint8Array;
  };
  assert.deepEqual([...got.a], [97, 98, 99]);
  assert.deepEqual([...got.b], [1, 2, 3]);
});

test('whatever text comes, it is read or refused as a whole', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        decodeMessage(text);
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
      }
    }),
  );
});

test('members of a message keep their names, however they are spelled', async () => {
  const sent = { headers: { '\\u0061': 1, '"': new Uint8Array([1]), '\n': [{ '/\\': 2 }] } };
  await onFaultyRuntime(() => assert.deepEqual(decodeMessage(encodeMessage(sent)), sent));
});

test('a large message is spelled in pieces, none of which takes long', () => {
  const key = (index: number) => ({ id: `poorter_${index}`, scopes: ['read'], expiresAt: null });
  const message = {
    ...{ type: 'live', nothing: undefined, empty: [{}, [], new Uint8Array()] },
    keys: Array.from({ length: 5_001 }, (_, index) => key(index)),
    apis: [{ packed: { bytes: Buffer.alloc(1_000_000, 'ab') }, more: [undefined, null] }],
  };
  const pieces = [...encodeInPieces(message)];
  assert.ok(pieces.length > 10);
  for (const piece of pieces) assert.ok(piece.length < 300_000, `${piece.length}`);
  assert.equal(pieces.join(''), encodeMessage(message));
});
