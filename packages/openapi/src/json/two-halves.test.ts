import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { ExactNumber, type JsonBounds, readJson, readJsonDocument } from './index.ts';
import { hasEscapedName } from './parse-json-text.ts';
import { readStrictly } from './read-json.ts';
import { parseStrictly } from './strict-parser.ts';

/** Small, so that random documents reach them. */
const BOUNDS: JsonBounds = { depthMax: 5, stringLengthMax: 12, itemsMax: 4 };

const digits = fc.oneof(
  fc.constantFrom(
    '0',
    '1',
    '9',
    '10',
    '00',
    '123456789012345',
    '1234567890123456',
    '9007199254740993',
  ),
  fc.constantFrom('0'.repeat(20), '1'.repeat(101), `1${'0'.repeat(40)}`),
  fc.nat(99).map(String),
);
const exponent = fc
  .tuple(
    fc.constantFrom('e', 'E'),
    fc.constantFrom('', '+', '-'),
    fc.oneof(
      digits,
      fc.constantFrom(
        '400',
        '999999999',
        '9999999999',
        '0000000000001',
        '00000000000000',
        '308',
        '324',
      ),
    ),
  )
  .map((parts) => parts.join(''));
const number = fc
  .tuple(
    fc.constantFrom('', '', '-', '+', '--'),
    digits,
    fc.oneof(
      fc.constant(''),
      digits.map((all) => `.${all}`),
      fc.constant('.'),
    ),
    fc.oneof(fc.constant(''), exponent, fc.constant('e')),
  )
  .map((parts) => parts.join(''));

const unit = fc.constantFrom(
  ...[
    'a',
    'b',
    'é',
    '😀',
    '\\u0061',
    '\\ud83d\\ude00',
    '\\ud83d',
    '\\ude00',
    '\\uD800\\u0041',
    '\\n',
    '\\"',
  ],
  ...[
    '\\\\',
    '\\/',
    '\\x',
    '\\u12',
    '\t',
    '\u007f',
    '\u2028',
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '\\u0000',
  ],
);
const string = fc.array(unit, { maxLength: 5 }).map((units) => `"${units.join('')}"`);
const name = fc.oneof(
  fc.constantFrom('"a"', '"b"', '"\\u0061"', '"__proto__"', '"1"', '"constructor"', '"\\ud800"'),
  string,
);
const space = fc.constantFrom('', '', '', ' ', '\n', '\t\r', '\u00a0', '\ufeff', '\u000b');

const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    number,
    string,
    fc.constantFrom('true', 'false', 'null', 'nul', 'True', 'NaN', '', '/**/1'),
    fc
      .array(fc.tuple(space, tie('value')), { maxLength: 5 })
      .map((items) => `[${items.map((parts) => parts.join('')).join(',')}]`),
    fc
      .array(fc.tuple(name, space, tie('value')), { maxLength: 5 })
      .map(
        (members) => `{${members.map(([key, blank, item]) => `${key}${blank}:${item}`).join(',')}}`,
      ),
    fc
      .tuple(tie('value'), fc.nat(8))
      .map(([inner, depth]) => '['.repeat(depth) + inner + ']'.repeat(depth)),
  ),
}));
const document = fc
  .tuple(space, value, space, fc.constantFrom('', '', '', '', ',', '}', '1'))
  .map((parts) => parts.join(''))
  // A lone surrogate has no bytes; that is what escapes are for.
  .filter((text) => text.isWellFormed());

test('no document is accepted by one half of the reader and refused by the other', () => {
  fc.assert(
    fc.property(document, (text) => {
      assert.deepEqual(readJson(Buffer.from(text), BOUNDS), readStrictly(text, BOUNDS), text);
    }),
    { numRuns: 20_000 },
  );
});

test('a document is accepted and refused as a body is, but for a surrogate that stands alone', () => {
  fc.assert(
    fc.property(document, (text) => {
      const reading = readJsonDocument(text, BOUNDS);
      assert.deepEqual(reading, parseStrictly(text, BOUNDS, 'document'), text);
      const body = readStrictly(text, BOUNDS);
      if (body.ok) assert.ok(reading.ok && isDeepStrictEqual(reading.value, body.value), text);
      else if (body.problem.rule !== 'encoding') {
        const { rule, pointer } = body.problem;
        assert.ok(!reading.ok, text);
        assert.deepEqual([reading.rule, reading.pointer], [rule, pointer], text);
      }
    }),
    { numRuns: 10_000 },
  );
});

const WIDE: JsonBounds = { depthMax: 1000, stringLengthMax: 1e6, itemsMax: 1e6 };
/** What a reader that means one thing only refuses, and JSON.parse does not. */
const OURS_ALONE = ['duplicate-key', 'encoding', 'number'];

test('what is accepted is what JSON.parse reads, and what it refuses is refused', () => {
  fc.assert(
    fc.property(document, (text) => {
      const reading = readJson(Buffer.from(text), WIDE);
      let expected: unknown;
      try {
        // Every runtime reads a name rightly that is spelled without a backslash.
        const plain = withoutEscapedNames(text);
        if (hasEscapedName(plain)) return;
        expected = JSON.parse(plain);
      } catch {
        assert.equal(reading.ok, false, text);
        return;
      }
      if (reading.ok) assert.deepEqual(asDoubles(reading.value), expected, text);
      else assert.ok(OURS_ALONE.includes(reading.problem.rule), `${reading.problem.rule}: ${text}`);
    }),
    { numRuns: 10_000 },
  );
});

function withoutEscapedNames(text: string): string {
  return text.replaceAll(/"((?:[^"\\]|\\.)*)"(?=[ \n\t\r]*:)/gs, (spelled, inside: string) => {
    const plain = inside
      .replaceAll(/\\u([0-9a-f]{4})/gi, (whole, hex: string) => {
        const code = Number.parseInt(hex, 16);
        return code >= 32 ? String.fromCharCode(code) : whole;
      })
      .replaceAll('\\/', '/');
    return plain.includes('\\') ? spelled : `"${plain}"`;
  });
}

function asDoubles(value: unknown): unknown {
  if (value instanceof ExactNumber) return Number(value.text);
  if (Array.isArray(value)) return value.map(asDoubles);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asDoubles(item)]));
}

test('a zero whose exponent is an attack is refused like any such number', () => {
  for (const text of ['0e9999999999', '-0E-9999999999', '0.0e+12345678901', '[0e99999999999999]']) {
    const reading = readJson(Buffer.from(text), WIDE);
    assert.ok(!reading.ok && reading.problem.rule === 'number', text);
  }
  for (const text of ['0e999999999', '0e0000000000001', '-0E-000000000000', '1e0000000000002']) {
    assert.ok(readJson(Buffer.from(text), WIDE).ok, text);
  }
});
