import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ExactNumber,
  type JsonBounds,
  type JsonValue,
  placesOfMembers,
  readJsonDocument,
} from './index.ts';

const BOUNDS: JsonBounds = { depthMax: 300_000, stringLengthMax: 1e6, itemsMax: 1e6 };

function read(text: string): JsonValue {
  const reading = readJsonDocument(text, BOUNDS);
  assert.ok(reading.ok, text);
  return reading.value;
}

/** The value that begins here: the reader says where it expects nothing more. */
function readFrom(text: string, start: number): JsonValue {
  const rest = text.slice(start);
  const reading = readJsonDocument(rest, BOUNDS);
  if (reading.ok) return reading.value;
  assert.equal(reading.expected, 'end', rest);
  return read(rest.slice(0, reading.at));
}

const escaped = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');

function* members(value: JsonValue, pointer = ''): Generator<[pointer: string, value: JsonValue]> {
  yield [pointer, value];
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return;
  for (const [name, member] of Object.entries(value)) {
    yield* members(member as JsonValue, `${pointer}/${escaped(name)}`);
  }
}

/** As different hands write them: any space between, any character as an escape. */
const space = fc.constantFrom('', '', '', ' ', '\n', '\r\n', '\r', '\t', ' \n  ');
const character = fc.constantFrom(
  ...[
    'a',
    'b',
    '0',
    '/',
    '~',
    '~1',
    'é',
    '😀',
    '\u2028',
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '\\\\',
    '\\"',
  ],
  ...['\\u0061', '\\/', '\\n', '\\ud83d\\ude00', '\\ud800', '__proto__', 'constructor'],
);
const quoted = fc.array(character, { maxLength: 4 }).map((parts) => `"${parts.join('')}"`);
const scalar = fc.oneof(
  quoted,
  fc.constantFrom('0', '-1.5', '1e-7', '9007199254740993', '1e400', 'true', 'false', 'null'),
);
const { text: anyText } = fc.letrec<{ text: string }>((tie) => {
  const inner = fc.tuple(space, tie('text'), space).map((parts) => parts.join(''));
  const member = fc.tuple(space, quoted, space, inner);
  return {
    text: fc.oneof(
      { depthSize: 'medium' },
      scalar,
      fc
        .tuple(space, fc.array(inner, { maxLength: 4 }))
        .map(([blank, items]) => (items.length === 0 ? `[${blank}]` : `[${items.join(',')}]`)),
      fc
        .tuple(
          space,
          fc.uniqueArray(member, {
            maxLength: 4,
            selector: ([, name]) => JSON.parse(`[${name}]`)[0],
          }),
        )
        .map(([blank, parts]) =>
          parts.length === 0
            ? `{${blank}}`
            : `{${parts.map(([before, name, after, value]) => `${before}${name}${after}:${value}`).join(',')}}`,
        ),
    ),
  };
});
const document = fc.tuple(space, anyText, space).map((parts) => parts.join(''));

test('what stands at the place of a member is its name and its value', () => {
  fc.assert(
    fc.property(document, (text) => {
      const all = [...members(read(text))];
      const places = placesOfMembers(
        text,
        all.map(([pointer]) => pointer),
      );
      for (const [index, [pointer, value]] of all.entries()) {
        const place = places[index]!;
        assert.deepEqual(readFrom(text, place.value), value, `${text} ${pointer}`);
        if (place.name === place.value) continue;
        const name = readFrom(text, place.name);
        assert.equal(escaped(String(name)), pointer.slice(pointer.lastIndexOf('/') + 1));
        assert.match(text.slice(place.name, place.value), /:\s*$/);
      }
    }),
    { numRuns: 3_000 },
  );
});

test('a place is the same whether it is asked for alone, among all, or twice', () => {
  fc.assert(
    fc.property(document, fc.nat(), (text, choice) => {
      const pointers = [...members(read(text))].map(([pointer]) => pointer);
      const all = placesOfMembers(text, pointers);
      const index = choice % pointers.length;
      const one = pointers[index]!;
      assert.deepEqual(placesOfMembers(text, [one]), [all[index]]);
      assert.deepEqual(
        placesOfMembers(text, [one, '/none', one]).filter((_, at) => at !== 1),
        [all[index], all[index]],
      );
    }),
    { numRuns: 1_000 },
  );
});

test('of a member that is not there, the place is the nearest above it', () => {
  const text = '\n{"a": [10, {"b/c": 1}], "d": null}';
  const cases: [pointer: string, stands: string][] = [
    ['', '{"a"'],
    ['/a', '"a"'],
    ['/a/1/b~1c', '"b/c"'],
    ['/a/1/b~1c/e', '"b/c"'],
    ['/a/1/none', '{"b/c"'],
    ['/a/01', '"a"'],
    ['/a/2', '"a"'],
    ['/a/-', '"a"'],
    ['/a/length', '"a"'],
    ['/d/e/f', '"d"'],
    ['/none', '{"a"'],
    ['/constructor', '{"a"'],
  ];
  for (const [pointer, stands] of cases) {
    const [place] = placesOfMembers(text, [pointer]);
    assert.ok(text.startsWith(stands, place!.name), `${pointer}: ${text.slice(place!.name)}`);
  }
  assert.deepEqual(placesOfMembers(' 17', ['/a', '']), [
    { name: 1, value: 1 },
    { name: 1, value: 1 },
  ]);
});

test('a member at 100,000 levels is found, and passed by, without a stack', () => {
  const depth = 100_000;
  const lists = `{"a":${'['.repeat(depth)}1${']'.repeat(depth)},"b":2}`;
  const [deep, after] = placesOfMembers(lists, [`/a${'/0'.repeat(depth)}`, '/b']);
  assert.equal(lists[deep!.value], '1');
  assert.equal(lists[after!.value], '2');
  const objects = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const [last] = placesOfMembers(objects, ['/a'.repeat(depth)]);
  assert.equal(objects[last!.value], '1');
});
