import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { readKeyFile, readKeyFileByItems, readWholeKeyFile } from './key-file.ts';
import { readPlainEntry } from './plain-entry.ts';

const hashOf = (number: number) => `sha256:${number.toString(16).padStart(64, '0')}`;

const name = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[A-Za-z][A-Za-z0-9 _.:-]{0,12}$/) },
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    ...['null', 'True', 'yes', '12', '1e3', '0x1f', '.inf', '~', '', 'a: b', 'a #b', 'a:', '- a'],
    ...[
      '&a b',
      '*a',
      '!t x',
      '? a',
      '| a',
      "it's",
      '"',
      'Müller & Söhne',
      '2026-01-31',
      'NO',
      '日本',
    ],
    ...[`poorter_${'a'.repeat(49)}`, '[a]', '{a: b}', 'a, b', '%', '@a', '`a', '\u2028', '\ufeff'],
  ),
);
const time = fc.constantFrom('2027-01-31', '2027-01-31T12:00:00Z', '2027-13-31', 'soon', '7');
const grants = fc.array(fc.oneof(name, fc.constantFrom('read', 'orders:write')), { maxLength: 3 });
type Entry = Readonly<Record<string, string | string[] | null>>;
const optional = { requiredKeys: ['id', 'name', 'hash'] as ('id' | 'name' | 'hash')[] };
const sound = fc.record(
  {
    id: fc.nat(10_000_000).map((number) => `key_${number}`),
    name: fc.stringMatching(/^[A-Z][a-z]{0,5}( [A-Za-z0-9&]{1,5})?$/),
    hash: fc.nat().map(hashOf),
    scopes: fc.subarray(['read', 'orders:write']),
    roles: fc.subarray(['teller', 'a/b']),
    created: fc.constant('2026-01-31T12:00:00Z'),
    expires: fc.option(fc.constant('2027-01-31')),
  },
  optional,
);
const odd = fc.record(
  {
    id: fc.oneof(name, fc.constantFrom('a', 'b c', '1')),
    name,
    hash: fc.oneof(fc.nat().map(hashOf), name),
    scopes: grants,
    roles: grants,
    created: time,
    expires: fc.option(time),
  },
  optional,
);
const entry = fc.oneof(
  { weight: 6, arbitrary: sound },
  { weight: 1, arbitrary: odd },
) as fc.Arbitrary<Entry>;

const quote = (text: string | null) => (text === null ? 'null' : JSON.stringify(text));
const bare = (text: string | null) => text ?? 'null';
const flow = (one: Entry, shown: (text: string | null) => string) =>
  `  - { ${Object.entries(one)
    .map(([key, value]) =>
      Array.isArray(value) ? `${key}: [${value.map(shown).join(', ')}]` : `${key}: ${shown(value)}`,
    )
    .join(', ')} }\n`;
const block = (one: Entry, shown: (text: string | null) => string) =>
  `  - ${Object.entries(one)
    .map(([key, value]) => {
      if (!Array.isArray(value)) return `${key}: ${shown(value)}\n`;
      return `${key}:\n${value.map((item) => `      - ${shown(item)}\n`).join('')}`;
    })
    .join('    ')}`;
const own = (one: Entry) => stringify({ keys: [one] }, { lineWidth: 0 }).slice('keys:\n'.length);
const remark = fc.constantFrom('', '', '', '\n', '  # of the bank\n', '# all\n', '      # deep\n');
const item = fc
  .tuple(
    entry,
    fc.constantFrom(
      own,
      (one: Entry) => flow(one, quote),
      (one: Entry) => flow(one, bare),
      (one: Entry) => block(one, quote),
      (one: Entry) => block(one, bare),
    ),
    remark,
  )
  .map(([one, write, after]) => write(one) + after);

const head = fc.constantFrom(
  'keys:\n',
  '# mine\n\nkeys: # all\n',
  'keys: \n',
  ' keys:\n',
  'kyes:\n',
);
const wholeFile = fc
  .tuple(head, fc.array(item, { minLength: 1, maxLength: 5 }))
  .map(([first, items]) => first + items.join(''));

const piece = fc.oneof(
  fc.constantFrom(
    ...['\n', '  - ', ' ', '  ', '- ', '"', "'", '{', '}', '[', ']', ',', ':', ': ', '#', ' #'],
    ...[
      '&x ',
      '*x',
      '!t ',
      '!!binary ',
      '|\n',
      '>\n',
      '---\n',
      '...\n',
      '\t',
      '\r\n',
      '? ',
      '<<: ',
    ],
    ...['null', 'keys:\n', 'scopes:\n', 'id: a\n', '%YAML 1.1\n', '\\', '\u0085', '  -\n', '~'],
  ),
  fc.string({ maxLength: 3 }),
);
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat(6),
  piece,
});
const mutated = fc
  .tuple(wholeFile, fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([text, mutations]) =>
    mutations.reduce((changed, { at, cut, piece: added }) => {
      const place = Math.floor(at * changed.length);
      return changed.slice(0, place) + added + changed.slice(place + cut);
    }, text),
  );

const numRuns = Number(process.env['KEY_FILE_RUNS'] ?? 3_000);

test('read item by item, a file says what it says as a whole, faults and their places included', () => {
  const seen = { apart: 0, good: 0, faulty: 0 };
  for (const texts of [wholeFile, mutated]) {
    fc.assert(
      fc.property(texts, (text) => {
        const byItems = readKeyFileByItems('keys.yaml', text);
        if (byItems === null) return;
        seen.apart += 1;
        if (byItems.diagnostics.length === 0) seen.good += 1;
        else seen.faulty += 1;
        assert.deepEqual(byItems, readWholeKeyFile('keys.yaml', text));
      }),
      { numRuns },
    );
  }
  assert.ok(seen.good > numRuns / 20 && seen.faulty > numRuns / 20, JSON.stringify(seen));
});

test('an entry that is read without the YAML parser is what the parser reads', () => {
  let plain = 0;
  const texts = fc.oneof(
    item,
    fc.tuple(item, mutation).map(([text, { at, cut, piece: added }]) => {
      const place = Math.floor(at * text.length);
      return text.slice(0, place) + added + text.slice(place + cut);
    }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      if (!text.startsWith('  - ') || /[\t\r\u0085]/.test(text)) return;
      const value = readPlainEntry(text, 2);
      if (value === null) return;
      plain += 1;
      assert.deepEqual(value, (parse(`keys:\n${text}`) as { keys: unknown[] }).keys[0]);
    }),
    { numRuns },
  );
  assert.ok(plain > numRuns / 20, `${plain} were plain`);
});

test('a large file with one mistake is read as quickly, and the mistake is at its place', () => {
  const entries = Array.from({ length: 2_000 }, (_, index) => ({
    id: `key_${index}`,
    name: `Shop ${index}`,
    hash: hashOf(index),
    scopes: ['read'],
    roles: [],
    created: '2026-06-01T12:00:00Z',
    expires: null,
  }));
  const text = stringify({ keys: entries }, { lineWidth: 0 });
  assert.equal(readKeyFile('keys.yaml', text).keys.length, 2_000);
  const wrong = text.replace('name: Shop 1234\n', 'nmae: Shop 1234\n');
  const { keys, diagnostics } = readKeyFileByItems('keys.yaml', wrong) ?? {};
  assert.deepEqual(keys, []);
  const line = wrong.slice(0, wrong.indexOf('nmae')).split('\n').length;
  assert.deepEqual(
    diagnostics?.map((one) => [one.code, one.line, one.column]),
    [
      ['invalid', line - 1, 5],
      ['unknown-member', line, 11],
    ],
  );
});

test('more keys than are read are told without reading them', () => {
  const text = `keys:\n${'  - { id: a }\n'.repeat(100_001)}`;
  const { keys, diagnostics } = readKeyFile('keys.yaml', text);
  assert.deepEqual(keys, []);
  assert.equal(diagnostics.length, 1);
  assert.equal(diagnostics[0]?.code, 'too-many-keys');
});
