import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readAnswer } from './read-answer.ts';

const read = (text: string) => readAnswer(Buffer.from(text));

test('a token is good where the answer says so by true, and by nothing like it', () => {
  assert.deepEqual(read('{"active":true,"sub":"a"}'), {
    isActive: true,
    claims: { active: true, sub: 'a' },
  });
  assert.deepEqual(read(' {"active":false,"sub":"a"}\n'), { isActive: false });
  for (const text of [
    ...[
      '{}',
      '[]',
      'true',
      'null',
      '"active"',
      '',
      'active=true',
      '{"active":1}',
      '{"active":null}',
    ],
    ...[
      '{"active":"true"}',
      '{"Active":true}',
      '{"active":[true]}',
      '{"active":{}}',
      '[{"active":true}]',
    ],
    // Two readers would see two answers.
    ...['{"active":false,"active":true}', '{"active":true,"active":false}', '{"active":true} x'],
    ...[
      '{"active":true,"sub":"a","sub":"b"}',
      '{"active":true,"\\u0061ctive":false}',
      '{"active":true,}',
    ],
    '\ufeff{"active":true}',
    '{"active":true,"__proto__":{"sub":"a"}}',
    '{"active":true,"constructor":{"prototype":{}}}',
    `{"active":true,"x":${'['.repeat(50)}${']'.repeat(50)}}`,
  ]) {
    assert.throws(() => read(text), /^Error: the answer /, text);
  }
  assert.throws(() => readAnswer(Buffer.from([0x7b, 0xff, 0x7d])), /^Error: the answer /);
  assert.deepEqual(read('{"active":true,"client_id":"constructor"}').isActive, true);
});

test('whatever an issuer sends, it is read as JSON has it or refused, and nothing of it is told', () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .dictionary(fc.string(), fc.jsonValue(), { maxKeys: 5 })
      .map((value) => Buffer.from(JSON.stringify({ ...value, active: true, marker: 'MARKER' }))),
  );
  fc.assert(
    fc.property(anything, (bytes) => {
      try {
        const said = readAnswer(bytes);
        const value = JSON.parse(bytes.toString()) as { active: unknown };
        assert.equal(said.isActive, value.active);
        if (said.isActive) assert.deepEqual(said.claims, value);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        assert.match((error as Error).message, /^the answer /);
        assert.doesNotMatch((error as Error).message, /MARKER/);
      }
    }),
    { numRuns: 1_000 },
  );
});
