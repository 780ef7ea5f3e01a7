import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertAlike } from './alike.fixture.ts';
import { canonicalDecimal, compareDecimals, isMultiple, readDecimal } from './decimal.ts';
import { cutMembers, ExactNumber, type JsonBounds, readJson } from './index.ts';
import { readStrictly } from './read-json.ts';

const bounds: JsonBounds = { depthMax: 64, stringLengthMax: 1000, itemsMax: 1000 };
const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string, b = bounds) => readJson(bytes(text), b);

function refusal(input: string | Uint8Array, b = bounds) {
  const reading = readJson(typeof input === 'string' ? bytes(input) : input, b);
  assert.ok(!reading.ok, 'accepted');
  return `${reading.problem.rule} ${reading.problem.offset} ${reading.problem.pointer}`;
}

test('a body is refused with rule, byte offset and pointer', () => {
  const cases: [string | Uint8Array, string][] = [
    ['', 'syntax 0 '],
    ['{"a":1,}', 'syntax 7 /a'],
    ['[1 2]', 'syntax 3 /1'],
    ['[1,]', 'syntax 3 /1'],
    ['{"a" 1}', 'syntax 5 /a'],
    ["{'a':1}", 'syntax 1 /'],
    ['01', 'syntax 1 '],
    ['1.', 'syntax 1 '],
    ['+1', 'syntax 0 '],
    ['-', 'syntax 1 '],
    ['NaN', 'syntax 0 '],
    ['nul', 'syntax 0 '],
    ['"\u0001"', 'syntax 1 '],
    ['"\\x"', 'syntax 1 '],
    ['"\\u12g4"', 'syntax 1 '],
    ['"a', 'syntax 2 '],
    ['1 1', 'syntax 2 '],
    ['[1}', 'syntax 2 /1'],
    ['\u00a01', 'syntax 0 '],
    ['/**/1', 'syntax 0 '],
    ['{"é":1,"é":2}', 'duplicate-key 8 /é'],
    ['{"a":1,"a":1}', 'duplicate-key 7 /a'],
    ['{"a":1,"\\u0061":1}', 'duplicate-key 7 /a'],
    ['{"x":[{"a~/b":1,"a~/b":2}]}', 'duplicate-key 16 /x/0/a~0~1b'],
    ['{"__proto__":1,"__proto__":2}', 'duplicate-key 15 /__proto__'],
    ['{"constructor":1,"constructor":2}', 'duplicate-key 17 /constructor'],
    ['["\\ud800"]', 'encoding 1 /0'],
    ['["\\udc00\\ud800"]', 'encoding 1 /0'],
    ['{"\\udfff":1}', 'encoding 1 /'],
    ['\ufeff{}', 'encoding 0 '],
    [Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), 'encoding 1 '],
    [Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), 'encoding 1 '],
    [Uint8Array.of(0x22, 0xf5, 0x80, 0x80, 0x80, 0x22), 'encoding 1 '],
    [Uint8Array.of(0x5b, 0x22, 0xe2, 0x82), 'encoding 2 /0'],
    [Uint8Array.of(0xff, 0xfe), 'encoding 0 '],
    ['1e9999999999', 'number 0 '],
    [`[1,0.${'1'.repeat(3000)}]`, 'number 3 /1'],
    [`{"a":${'['.repeat(64)}`, 'depth 68 /a'.concat('/0'.repeat(63))],
    [`["${'x'.repeat(1001)}"]`, 'string-length 1 /0'],
    [`{"${'x'.repeat(1001)}":1}`, 'string-length 1 /'],
    [`[${'1,'.repeat(1000)}1]`, 'items 2001 /1000'],
  ];
  for (const [input, expected] of cases)
    assert.equal(refusal(input), expected, String(input).slice(0, 60));
});

test('nesting of 100,000 levels neither overflows the stack nor passes', () => {
  assert.match(refusal('['.repeat(100_000)), /^depth 64/);
  assert.match(refusal('{"a":'.repeat(100_000)), /^depth 320/);
  const deep = { ...bounds, depthMax: 200_000 };
  assert.ok(read('['.repeat(100_000) + ']'.repeat(100_000), deep).ok);
});

test('a number is ordinary exactly where the double carries its decimal value', () => {
  const ordinary: [string, number][] = [
    ['0.1', 0.1],
    ['1.0', 1],
    ['-0', -0],
    ['-0.0', -0],
    ['1E2', 100],
    ['100e-2', 1],
    ['9007199254740992', 2 ** 53],
    ['123456789012345678e0', Number.NaN],
    ['5e-324', 5e-324],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['0e999999999', 0],
  ];
  for (const [text, value] of ordinary) {
    const reading = read(`[${text}]`);
    assert.ok(reading.ok);
    const item = (reading.value as unknown[])[0];
    if (Number.isNaN(value)) assert.ok(item instanceof ExactNumber, text);
    else assert.ok(Object.is(item, value), text);
  }
  for (const text of ['9007199254740993', '1e400', '-1e400', '0.1000000000000000055', '1e-400']) {
    const reading = read(text);
    assert.ok(reading.ok && reading.value instanceof ExactNumber && reading.value.text === text);
  }
});

test('__proto__ is a member like any other', () => {
  for (const text of ['{"__proto__":{"isAdmin":true}}', '{"__proto__":{"big":9007199254740993}}']) {
    const reading = read(text);
    assert.ok(reading.ok);
    assert.equal(Object.getPrototypeOf(reading.value), Object.prototype);
    assert.deepEqual(Object.keys(reading.value as object), ['__proto__']);
  }
});

test('every valid document reads as JSON.parse reads it, by both halves', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.nat(3), (text, indent) => {
      const pretty = JSON.stringify(JSON.parse(text), null, indent);
      const reading = read(pretty);
      assertAlike(reading, readStrictly(pretty, bounds), pretty);
      assert.ok(reading.ok);
      assert.equal(JSON.stringify(reading.value), JSON.stringify(JSON.parse(pretty)));
    }),
  );
});

test('no input throws, and both halves judge alike', () => {
  const fragments = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '"\\u0061"',
      '\\',
      '1',
      '-',
      '1e400',
      '.5',
      'true',
    ],
    ...[' ', '\n', '"\\ud83d\\ude00"', '"\\ud83d"', 'null', '\u2028', '"__proto__":', '\ufeff'],
  );
  const soup = fc.array(fragments, { maxLength: 20 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(soup, (text) => assertAlike(read(text), readStrictly(text, bounds), text)),
    {
      numRuns: 2000,
    },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (raw) => {
      readJson(raw, bounds);
    }),
  );
});

test('cutMembers removes the members asked for and no other byte', () => {
  const cases: [string, string[], string][] = [
    ['{"a":1,"b":2,"c":3}', ['/a'], '{"b":2,"c":3}'],
    ['{"a":1,"b":2,"c":3}', ['/b'], '{"a":1,"c":3}'],
    ['{"a":1,"b":2,"c":3}', ['/c'], '{"a":1,"b":2}'],
    ['{"a":1,"b":2,"c":3}', ['/a', '/b'], '{"c":3}'],
    ['{"a":1,"b":2,"c":3}', ['/b', '/c'], '{"a":1}'],
    ['{"a":1,"b":2,"c":3}', ['/c', '/a'], '{"b":2}'],
    ['{"a":1,"b":2}', ['/a', '/b'], '{}'],
    ['{ "a" : 1 }', ['/a'], '{  }'],
    [
      '{\n  "a": 1,\n  "b": [1, {"x": 1, "y": "},"}]\n}',
      ['/a', '/b/1/x'],
      '{\n  "b": [1, {"y": "},"}]\n}',
    ],
    ['{"a":{"x":1},"b":2}', ['/a', '/a/x'], '{"b":2}'],
    ['{"a~/b":1,"\\u0061":2,"é":3}', ['/a~0~1b', '/a'], '{"é":3}'],
    ['[{"a":1},{"a":2}]', ['/1/a'], '[{"a":1},{}]'],
    ['{"a":1.0}', ['/b', '/a/b', ''], '{"a":1.0}'],
    ['{"":1,"a":{"":2}}', ['/a/'], '{"":1,"a":{}}'],
    ['17', ['/a'], '17'],
  ];
  for (const [input, pointers, expected] of cases) {
    assert.equal(Buffer.from(cutMembers(bytes(input), pointers)).toString(), expected, input);
  }
});

test('a cut document reads as the value without these members', () => {
  const object = fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'd/e', 'f~'),
    fc.oneof(fc.json({ maxDepth: 2 }).map((text) => JSON.parse(text))),
  );
  fc.assert(
    fc.property(
      object,
      fc.subarray(['a', 'b', 'c', 'd/e', 'f~']),
      fc.nat(2),
      (value, names, indent) => {
        const pointers = names.map((n) => `/${n.replaceAll('~', '~0').replaceAll('/', '~1')}`);
        const cut = cutMembers(bytes(JSON.stringify(value, null, indent)), pointers);
        for (const name of names) delete value[name];
        assert.deepEqual(
          JSON.parse(Buffer.from(cut).toString()),
          JSON.parse(JSON.stringify(value)),
        );
      },
    ),
  );
});

test('decimals compare and divide exactly at any size', () => {
  const d = (text: string) => readDecimal(text)!;
  assert.ok(isMultiple(d('0.0075'), d('0.0001')));
  assert.ok(!isMultiple(d('0.00751'), d('0.0001')));
  assert.ok(isMultiple(d('1e308'), d('0.5')));
  assert.ok(isMultiple(d('1e999999999'), d('7e-3')) === false);
  assert.ok(!isMultiple(d('1e-999999999'), d('7')));
  assert.ok(isMultiple(d('4.35'), d('0.01')));
  assert.ok(isMultiple(d('0'), d('3')));
  assert.equal(compareDecimals(d('9223372036854775807'), d('9223372036854775808')) < 0, true);
  assert.equal(compareDecimals(d('-1e400'), d('-1e399')) < 0, true);
  assert.equal(compareDecimals(d('12'), d('123')) < 0, true);
  assert.equal(compareDecimals(d('0.0'), d('-0')), 0);
  assert.equal(canonicalDecimal(d('1.00')), canonicalDecimal(d('10e-1')));
});
