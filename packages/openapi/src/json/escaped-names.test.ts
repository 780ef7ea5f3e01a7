import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { onFaultyRuntime } from './faulty-parse.fixture.ts';
import { cutMembers, parseJsonText, readJson } from './index.ts';
import { hasEscapedName } from './parse-json-text.ts';

const BOUNDS = { depthMax: 64, stringLengthMax: 1000, itemsMax: 1000 };
const read = (text: string) => readJson(Buffer.from(text), BOUNDS);

/** What a stranger sends first: on such a runtime it decides how later texts are read. */
const POISON = [
  '{"amount":1,"\\\\u0061":0}',
  '{"h":[],"\\\\":0}',
  '{"a":0,"\\\\n":1}',
  '{"x":{},"\\\\\\\\":0}',
];

function poison(): void {
  for (const text of POISON) {
    for (let round = 0; round < 4; round++) {
      JSON.parse(text);
      read(text);
      parseJsonText(text);
    }
  }
}

const CASES: readonly (readonly [text: string, value: unknown])[] = [
  ['{"amount":1,"\\u0061mounts":-1000000}', { amount: 1, amounts: -1000000 }],
  ['{"\\u0061mount":-1000000}', { amount: -1000000 }],
  ['{"a":0,"\\n":1}', { a: 0, '\n': 1 }],
  ['{"h":1,"\\"":2}', { h: 1, '"': 2 }],
  ['{"x":{"\\/":[{"\\u00e9" \n\t: 1}]},"y":"\\/"}', { x: { '/': [{ é: 1 }] }, y: '/' }],
  ['{"a":"\\\\","b\\\\":"\\""}', { a: '\\', 'b\\': '"' }],
];

test('a stranger who prepared the parser does not decide how another body is read', async () => {
  poison();
  const check = () => {
    for (const [text, value] of CASES) {
      assert.deepEqual(read(text), { ok: true, value }, text);
      assert.deepEqual(parseJsonText(text), value, text);
    }
  };
  check();
  await onFaultyRuntime(check);
});

test('a second spelling of a name is a second member on every runtime', async () => {
  await onFaultyRuntime(() => {
    poison();
    const reading = read('{"amount":1,"\\u0061mount":-1000000}');
    assert.deepEqual(reading, {
      ok: false,
      problem: { rule: 'duplicate-key', offset: 12, pointer: '/amount' },
    });
    assert.deepEqual(parseJsonText('{"amount":1,"\\u0061mount":-1000000}'), { amount: -1000000 });
    const cut = cutMembers(Buffer.from('{"\\u0061":1,"b":2}'), ['/a']);
    assert.equal(Buffer.from(cut).toString(), '{"b":2}');
  });
});

test('names without a backslash are read natively, and rightly, after any preparation', () => {
  const name = fc.constantFrom('a', 'b', 'amount', 'u0061', 'x', 'é', '__proto__', '1');
  const escaped = fc.constantFrom('\\\\', '\\"', '\\n', '\\u0061', '\\\\u0061', '\\/', '\\b');
  const object = (names: fc.Arbitrary<string>) =>
    fc.uniqueArray(names, { minLength: 1, maxLength: 4 }).map((all) => {
      const members = all.map((one, at) => `"${one}":${at % 2 === 0 ? at : '"\\\\u0061"'}`);
      return `{${members.join(',')}}`;
    });
  fc.assert(
    fc.property(object(fc.oneof(name, escaped)), object(name), (first, second) => {
      JSON.parse(first);
      assert.deepEqual(
        Object.keys(JSON.parse(second) as object).length,
        second.split(':').length - 1,
      );
      const reading = read(second);
      assert.ok(reading.ok);
      for (const one of Object.keys(reading.value as object))
        assert.ok(second.includes(`"${one}"`));
    }),
    { numRuns: 3000 },
  );
});

test('parseJsonText reads whatever JSON.parse reads, and refuses what it refuses', () => {
  const parts = fc.constantFrom(
    ...['{', '}', '[', ']', ',', ':', '"a"', '"\\u0061"', '"\\ud800"', '"__proto__":', '\\', '"'],
    ...['1', '-0', '1e400', '0e9999999999', '9007199254740993', '.5', '01', 'true', 'nul', 'null'],
    ...[' ', '\n', '\u00a0', '\ufeff', '\u2028', '"\\x"', '"\u0001"', '"\\/":', '"a":1,"a":2'],
  );
  const soup = fc.array(parts, { maxLength: 14 }).map((all) => all.join(''));
  // One escaped name, so that it is our own parser that reads.
  const texts = fc.oneof(
    soup,
    soup.map((text) => `{"\\u0065":${text}}`),
    fc.json().map((text) => text.replaceAll('\\', '/')),
  );
  // The same document without an escaped name, which every runtime reads rightly.
  const plain = (text: string) =>
    text
      .replaceAll('"\\u0065"', '"e"')
      .replaceAll('"\\u0061"', '"a"')
      .replaceAll('"\\/"', '"/"')
      .replaceAll('"\\ud800"', '"\ud800"');
  fc.assert(
    fc.property(texts, (text) => {
      let expected: unknown;
      try {
        expected = JSON.parse(plain(text));
      } catch {
        assert.throws(() => parseJsonText(text), SyntaxError, text);
        return;
      }
      assert.deepEqual(parseJsonText(text), expected, text);
    }),
    { numRuns: 5000 },
  );
});

test('deep nesting below an escaped name neither overflows the stack nor changes', () => {
  const deep = `{"\\u0061":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  assert.ok(Array.isArray((parseJsonText(deep) as { a: unknown }).a));
});

test('an escaped name is told from an escaped value', () => {
  const yes = ['{"\\u0061":1}', '{"a":"\\n","b\\n" : 1}', '[{"x":[],"\\\\"\t:1}]', '{"\\"":"\\""}'];
  const no = [
    '{"a":"\\u0061"}',
    '["\\":"]',
    '{"a":"\\":\\"","b":":"}',
    '{"a:":"\\\\"}',
    '"\\n"',
    '',
  ];
  for (const text of yes) assert.equal(hasEscapedName(text), true, text);
  for (const text of no) assert.equal(hasEscapedName(text), false, text);
});
