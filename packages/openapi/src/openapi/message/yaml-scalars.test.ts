import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, string, withBody } from './bodies.fixture.ts';

const YAML = 'application/yaml';

const withYaml = (schema: object) => withBody({ [YAML]: { schema } });
const single = (schema: object) =>
  withYaml({ type: 'object', required: ['v'], properties: { v: schema } });

test('whatever a service makes of a plain scalar of YAML fits the schema, or it must be quoted', () => {
  const anything = { type: ['string', 'number', 'boolean', 'null'] };
  /** What it may be, all that it is taken for, and where something else is described. */
  const cases: readonly (readonly [text: string, readings: readonly unknown[]])[] = [
    ['10', [10]],
    ['010', [10, 8, '010']],
    ['0o10', [8, '0o10']],
    ['08', [8, '08']],
    ['0x1F', [31, '0x1F']],
    ['-0x1F', ['-0x1F', -31]],
    ['0X1F', ['0X1F', 31]],
    ['0b11', ['0b11', 3]],
    ['1_000', ['1_000', 1000]],
    ['1,000', ['1,000', 1000]],
    ['0,5', ['0,5', 5]],
    ['1e3', [1000, '1e3']],
    ['1.5e3', [1500, '1.5e3']],
    ['1.5e+3', [1500]],
    ['01.5', [1.5, '01.5']],
    ['-.5', [-0.5, '-.5']],
    ['.5', [0.5, '.5']],
    ['+1', [1, '+1']],
    ['1.', [1]],
    ['1.50', [1.5]],
    ['-0.5', [-0.5]],
    ['1:30', ['1:30', 90, 5400]],
    ['08:30', ['08:30', 510, 30_600]],
    ['1:30:00', ['1:30:00', 5400]],
    ['1:00.5', ['1:00.5', 60.5, 3630]],
    ['yes', ['yes', true]],
    ['Off', ['Off', false]],
    ['y', ['y', true]],
    ['True', [true, 'True']],
    ['FALSE', [false, 'FALSE']],
    ['true', [true]],
    ['null', [null]],
    ['Null', [null, 'Null']],
    ['tRUE', ['tRUE', true]],
    ['~', [null, '~']],
    ['NULL', [null, 'NULL']],
    ['nULL', ['nULL', null]],
    [
      '2026-11-30',
      [
        ...['2026-11-30', '2026-11-30T00:00:00.000Z', '2026-11-30T00:00:00Z'],
        ...[1_795_996_800, 1_795_996_800_000],
      ],
    ],
    [
      '2026-2-3 4:05:06.5 +2',
      [
        ...['2026-2-3 4:05:06.5 +2', '2026-02-03T02:05:06.500Z', '2026-02-03T02:05:06.5Z'],
        ...[1_770_084_306.5, 1_770_084_306_500],
      ],
    ],
    ['2026-11', ['2026-11']],
    ['2026-11-30 10:00', ['2026-11-30 10:00']],
    ['2026-11-30 to 2026-12-01', ['2026-11-30 to 2026-12-01']],
    ['1.2.3', ['1.2.3']],
    ['192.168.0.1', ['192.168.0.1']],
    ['1-2', ['1-2']],
    ['.', ['.', null]],
    ['e-7', ['e-7', null]],
    ['yes sir', ['yes sir']],
    ['Norway', ['Norway']],
  ];
  for (const [text, readings] of cases) {
    assert.equal(check(withYaml({ type: 'object' }), YAML, `v: ${text}`), '', text);
    assert.equal(check(single(anything), YAML, `v: ${text}`), '', text);
    assert.equal(check(single({ enum: readings }), YAML, `v: ${text}`), '', text);
    for (const [index, reading] of readings.entries()) {
      const found = check(single({ not: { const: reading } }), YAML, `v: ${text}`);
      assert.equal(found, index === 0 ? 'body /v not' : 'body /v yaml-plain', text);
    }
    const quoted = check(single(string), YAML, `v: '${text}'`);
    assert.equal(quoted, '', text);
  }
  for (const text of [
    '+-5',
    '0b-1',
    '0o+7',
    '.inf',
    '-.INF',
    '+.Inf',
    '.nan',
    '.NaN',
    `0${'7'.repeat(3_000)}`,
  ]) {
    assert.equal(check(single({}), YAML, `v: ${text}`), 'body /v yaml-plain', text);
  }
});

test('no word that some service reads as a text, which is true to it, stands for false or for nothing', () => {
  const flag = single({ type: 'boolean' });
  const nothing = single({ type: 'null' });
  for (const text of ['false', 'true']) assert.equal(check(flag, YAML, `v: ${text}`), '', text);
  for (const text of ['False', 'FALSE', 'True']) {
    assert.equal(check(flag, YAML, `v: ${text}`), 'body /v yaml-plain', text);
  }
  for (const text of ['null', '', '# none']) {
    assert.equal(check(nothing, YAML, `v: ${text}`), '', text);
  }
  for (const text of ['~', 'Null', 'NULL']) {
    assert.equal(check(nothing, YAML, `v: ${text}`), 'body /v yaml-plain', text);
  }
  for (const text of ['010', '+1', '.5', '0x1F', '0o7']) {
    assert.equal(check(single({ type: 'number' }), YAML, `v: ${text}`), 'body /v yaml-plain', text);
  }
});

test('no day or time that does not exist passes as a text that some service reads as another day', () => {
  const due = single({ type: 'string' });
  for (const text of [
    ...['2026-13-45', '2026-02-30', '2026-00-10', '2026-1-0', '0000-01-01', '0050-01-01'],
    ...['2026-02-14T25:00:00Z', '2026-02-14 10:60:00', '2026-02-14T10:00:60Z'],
    ...[
      '2026-02-14T10:00:00+24:00',
      '2026-02-14t1:00:00 -5:60',
      `2026-02-14T10:00:00.${'1'.repeat(10)}`,
    ],
  ]) {
    assert.equal(check(single({}), YAML, `v: ${text}`), 'body /v yaml-plain', text);
    assert.equal(check(due, YAML, `v: ${text}`), 'body /v yaml-plain', text);
    assert.equal(check(due, YAML, `v: '${text}'`), '', text);
  }
});

test('a plain date passes where a date is described, and where a text is, not as the number it is to some', () => {
  const date = { type: 'string', format: 'date' };
  const time = { type: 'string', format: 'date-time' };
  const plain = 'v: 2026-02-14';
  assert.equal(check(single(date), YAML, plain), '');
  assert.equal(check(single({ format: 'date' }), YAML, plain), '');
  assert.equal(check(single(time), YAML, 'v: 2026-02-14T10:00:00.123456+01:00'), '');
  assert.equal(
    check(single({ type: 'array', items: date }), YAML, 'v:\n- 2026-02-14\n- "2026-02-15"'),
    '',
  );
  assert.equal(
    check(single({ type: 'object', additionalProperties: date }), YAML, 'v: {a/b: 2026-02-14}'),
    '',
  );
  assert.equal(check(single(date), YAML, 'v: 2026-2-14'), 'body /v format');
  for (const schema of [
    ...[{ type: 'string' }, { type: 'string', maxLength: 10 }, { enum: ['2026-02-14'] }],
    ...[{ const: '2026-02-14' }, { type: ['string', 'number'], pattern: '^[-0-9]*$' }],
    { type: ['string', 'integer'], maximum: 100 },
  ]) {
    assert.equal(check(single(schema), YAML, plain), 'body /v yaml-plain', JSON.stringify(schema));
    assert.equal(check(single(schema), YAML, 'v: "2026-02-14"'), '', JSON.stringify(schema));
  }
  // A date that is described carries no other past its schema.
  const both = withYaml({ type: 'object', properties: { due: date, note: { type: 'string' } } });
  assert.equal(check(both, YAML, 'due: 2026-02-14\nnote: "2026-02-14"'), '');
  assert.equal(check(both, YAML, 'due: 2026-02-14\nnote: 2026-02-14'), 'body /note yaml-plain');
  // Of two kinds, the one is described and the other is not.
  const kinds = single({
    oneOf: [
      { type: 'object', required: ['k', 'd'], properties: { k: { const: 'a' }, d: date } },
      {
        ...{ type: 'object', required: ['k', 'd'] },
        properties: { k: { const: 'b' }, d: { type: 'string', not: { const: '-' } } },
      },
    ],
  });
  assert.equal(check(kinds, YAML, 'v: {k: b, d: "2026-02-14"}'), '');
  assert.match(check(kinds, YAML, 'v: {k: b, d: 2026-02-14}'), /yaml-plain$/);
  // Whether it is told of several dates at a time, or of many.
  const rows = single({ type: 'array', items: { type: 'object', properties: { due: date } } });
  const lines = (count: number) => `v:\n${'- due: 2026-02-14\n'.repeat(count)}`;
  assert.equal(check(rows, YAML, lines(200)), '');
  assert.match(check(rows, YAML, lines(400)), /yaml-plain$/);
});

test('a number of YAML is held against its bounds as it is written, not as a double has it', () => {
  const operation = single({ type: ['integer', 'string'], maximum: 9_007_199_254_740_992 });
  for (const text of ['9007199254740992', '0x20000000000000', '+9007199254740992']) {
    assert.equal(check(operation, YAML, `v: ${text}`), '', text);
  }
  for (const text of ['9007199254740993', '0x20000000000001']) {
    assert.equal(check(operation, YAML, `v: ${text}`), 'body /v maximum', text);
  }
  // Of seventeen octal digits and one: only who reads it in base eight finds it too large.
  assert.equal(check(operation, YAML, 'v: 0400000000000000000'), 'body /v maximum');
  assert.equal(check(single({ type: 'number', multipleOf: 0.01 }), YAML, 'v: 0.07'), '');
});

test('a block scalar that ends with the body has the end of its line or not: both must fit', () => {
  const exact = (text: string) => single({ const: text });
  assert.equal(check(exact('x\n'), YAML, 'v: |\n  x\n'), '');
  assert.equal(check(exact('x\n'), YAML, 'v: |\n  x'), 'body /v yaml-plain');
  assert.equal(check(exact('x'), YAML, 'v: |-\n  x'), '');
  assert.equal(check(single(string), YAML, 'v: |\n  x'), '');
});
