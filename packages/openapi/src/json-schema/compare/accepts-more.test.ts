// biome-ignore-all lint/suspicious/noThenProperty: a keyword of JSON Schema
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExactNumber, type JsonValue } from '../../json/index.ts';
import { compiled, told } from './compared.fixture.ts';

test('a member called __proto__ that may be more is told like any other', () => {
  const schema = (maximum: number): unknown =>
    JSON.parse(
      `{"type":"object","properties":{"__proto__":{"type":"integer","maximum":${maximum}}}}`,
    );
  assert.deepEqual(told(schema(100), schema(1_000)), ['/__proto__: maximum 1000, was 100']);
});

const LOOSER: readonly [old: unknown, next: unknown, told: readonly string[]][] = [
  [
    { type: 'integer', maximum: 100 },
    { type: 'integer', maximum: 1000 },
    ['maximum 1000, was 100'],
  ],
  [{ type: 'integer', maximum: 100 }, { type: 'integer' }, ['maximum gone, was 100']],
  [
    { type: 'number', exclusiveMinimum: 0 },
    { type: 'number', minimum: 0 },
    ['minimum 0, was 0 (exclusive)'],
  ],
  [{ type: 'integer' }, { type: 'number' }, ['type number, too']],
  [
    { type: 'integer', multipleOf: 10 },
    { type: 'integer', multipleOf: 5 },
    ['multipleOf 5, was 10'],
  ],
  [{ type: 'string', maxLength: 5 }, { type: 'string', maxLength: 6 }, ['maxLength 6, was 5']],
  [{ type: 'string', minLength: 1 }, { type: 'string' }, ['minLength gone, was 1']],
  [{ type: 'string', pattern: '^a$' }, { type: 'string', pattern: '^.*$' }, ['another pattern']],
  [{ type: 'string', pattern: '^a$' }, { type: 'string' }, ['pattern gone']],
  [{ type: 'string', format: 'uuid' }, { type: 'string' }, ['format gone, was uuid']],
  [
    { type: 'string', enum: ['a', 'b'] },
    { type: 'string', enum: ['a', 'b', 'c', 'd'] },
    ['enum with "c" and 1 more'],
  ],
  [{ type: 'string', enum: ['a'] }, { type: 'string' }, ['enum gone']],
  [{ const: 1 }, { enum: [1, 2] }, ['enum with 2']],
  [{ type: 'integer', maximum: 5 }, { enum: [4, 6] }, ['enum with 6']],
  [{ type: 'string' }, { type: ['string', 'null'] }, ['type null, too']],
  [{ type: 'array', maxItems: 3 }, { type: 'array', maxItems: 4 }, ['maxItems 4, was 3']],
  [{ type: 'array', uniqueItems: true }, { type: 'array' }, ['uniqueItems gone']],
  [
    { type: 'array', items: { type: 'string', maxLength: 2 } },
    { type: 'array', items: { type: 'string' } },
    ['/*: maxLength gone, was 2'],
  ],
  [
    { type: 'array', items: { type: 'string' } },
    { type: 'array' },
    ['/*: type null, boolean, object, array, number, too'],
  ],
  [
    { prefixItems: [{ type: 'string' }] },
    { prefixItems: [{ type: ['string', 'null'] }] },
    ['/0: type null, too'],
  ],
  [
    { type: 'object', properties: { a: { type: 'integer', maximum: 1 } } },
    { type: 'object', properties: { a: { type: 'integer', maximum: 2 } } },
    ['/a: maximum 2, was 1'],
  ],
  [
    { type: 'object', properties: { 'a/b': { type: 'integer' } } },
    { type: 'object', properties: {} },
    ['/a~1b: type null, boolean, object, array, number, string, too'],
  ],
  [{ required: ['a', 'b'] }, { required: ['b'] }, ['/a: not required']],
  [{ additionalProperties: false }, {}, ['/*: what was refused passes']],
  [
    { additionalProperties: { type: 'string' } },
    { additionalProperties: true },
    ['/*: type null, boolean, object, array, number, too'],
  ],
  [
    { unevaluatedProperties: false, properties: { a: true } },
    { properties: { a: true } },
    ['/*: what was refused passes'],
  ],
  [{ maxProperties: 3 }, {}, ['maxProperties gone, was 3']],
  [{ propertyNames: { maxLength: 3 } }, {}, ['propertyNames gone']],
  [{ not: { type: 'string' } }, { not: { type: 'string', maxLength: 1 } }, ['another not']],
  [{ if: { type: 'string' }, then: { maxLength: 1 } }, {}, ['if gone']],
  [{ dependentRequired: { a: ['b'] } }, {}, ['dependentRequired gone']],
  [{ contains: { type: 'string' } }, { contains: {} }, ['another contains']],
  [{ patternProperties: { '^x': false } }, {}, ['patternProperties gone']],
  [
    { oneOf: [{ type: 'string', maxLength: 2 }, { type: 'integer' }] },
    { oneOf: [{ type: 'integer' }, { type: 'string', maxLength: 3 }] },
    ['another alternative'],
  ],
  [
    { anyOf: [{ type: 'string', maxLength: 2 }, { type: 'integer' }] },
    { anyOf: [{ type: 'string', maxLength: 3 }, { type: 'integer' }] },
    ['maxLength 3, was 2'],
  ],
  [
    { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    { anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'boolean' }] },
    ['another alternative of anyOf'],
  ],
  [{ oneOf: [{ type: 'string' }, { type: 'integer' }] }, {}, ['oneOf gone']],
  [false, true, ['what was refused passes']],
  [
    { allOf: [{ maxLength: 1 }, { minLength: 1 }] },
    { allOf: [{ minLength: 1 }] },
    ['maxLength gone, was 1'],
  ],
  [
    {
      $ref: '#/x',
      defs: { x: { type: 'object', properties: { x: { $ref: '#/x' }, n: { maximum: 1 } } } },
    },
    {
      $ref: '#/y',
      defs: { y: { type: 'object', properties: { x: { $ref: '#/y' }, n: { maximum: 2 } } } },
    },
    ['/x/n: maximum 2, was 1', '/n: maximum 2, was 1'],
  ],
];

test('a schema that accepts more than the one before it is told, with the place', () => {
  for (const [old, next, expected] of LOOSER) {
    const found = told(old, next);
    if (expected[0] === 'another alternative') assert.notDeepEqual(found, [], JSON.stringify(next));
    else assert.deepEqual(found, expected, JSON.stringify([old, next]));
  }
});

const tighter = LOOSER.filter(([, next]) => {
  // These are neither narrower nor wider.
  const text = JSON.stringify(next);
  return !/"pattern"|"contains"|"enum":\[4|"oneOf":\[\{"type":"integer/.test(text);
});

test('a schema that accepts less is not', () => {
  for (const [old, next] of tighter) {
    if (JSON.stringify(next).includes('"not"')) continue;
    assert.deepEqual(told(next, old), [], JSON.stringify([next, old]));
  }
});

const SAME: readonly (readonly unknown[])[] = [
  [
    { type: 'object', required: ['a'], properties: { a: { type: 'string', maxLength: 3 } } },
    {
      properties: { a: { maxLength: 3, type: 'string' } },
      required: ['a', 'a'],
      type: 'object',
      title: 'x',
      description: 'y',
    },
    {
      allOf: [
        { type: 'object' },
        { required: ['a'] },
        { properties: { a: { allOf: [{ type: 'string' }, { maxLength: 3 }] } } },
      ],
    },
    {
      $ref: '#/x',
      defs: {
        x: { type: 'object', required: ['a'], properties: { a: { $ref: '#/y' } } },
        y: { type: 'string', maxLength: 3 },
      },
    },
    {
      anyOf: [
        { type: 'object', required: ['a'], properties: { a: { type: 'string', maxLength: 3 } } },
      ],
    },
  ],
  [
    { type: 'integer', minimum: 1 },
    { type: 'integer', exclusiveMinimum: 0 },
    { type: 'integer', minimum: 1, exclusiveMinimum: 0.5 },
  ],
  [{ const: 'a' }, { enum: ['a'] }, { enum: ['a', 'b'], const: 'a' }],
  [
    { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    { anyOf: [{ type: 'integer' }, { type: 'string' }] },
    { type: ['integer', 'string'] },
  ],
  [{ minLength: 0, minItems: 0, minProperties: 0 }, {}, true],
  [
    { oneOf: [{ $ref: '#/x' }, { type: 'integer' }], defs: { x: { type: 'string' } } },
    { oneOf: [{ type: 'integer' }, { $ref: '#/y' }], defs: { y: { type: 'string' } } },
  ],
  [
    { not: { $ref: '#/x' }, defs: { x: { type: 'string' } } },
    { not: { $ref: '#/y' }, defs: { y: { type: 'string' }, a: {} } },
  ],
];

test('one schema written in several ways is told neither way', () => {
  for (const forms of SAME) {
    for (const old of forms) {
      for (const next of forms) assert.deepEqual(told(old, next), [], JSON.stringify([old, next]));
    }
  }
});

test('members that may be sent although they were cut or refused are told; new ones that are described are not', () => {
  const withId = (more: object) => ({
    type: 'object',
    properties: { id: { type: 'string', ...more } },
  });
  const request = { direction: 'request' } as const;
  assert.deepEqual(told(withId({ readOnly: true }), withId({}), request), [
    '/id: what was refused passes',
  ]);
  assert.deepEqual(told(withId({}), withId({ readOnly: true }), request), []);
  assert.deepEqual(told(withId({ writeOnly: true }), withId({}), { direction: 'response' }), [
    '/id: what was refused passes',
  ]);
  assert.deepEqual(told(withId({ writeOnly: true }), withId({}), request), []);
  const closed = { type: 'object', additionalProperties: false, properties: { a: true } };
  assert.deepEqual(told(closed, { ...closed, properties: { a: true, b: { type: 'string' } } }), []);
  // Where what nobody documents is refused, it does not matter that a schema is open.
  const open = { type: 'object', properties: { a: true } };
  assert.deepEqual(told(closed, open, { isClosed: true }), []);
  assert.deepEqual(told(closed, open), ['/*: what was refused passes']);
  assert.deepEqual(
    told({ ...open, properties: { a: true, b: { type: 'string' } } }, open, { isClosed: true }),
    [],
  );
});

test('what OpenAPI 3.0 says in its own words is compared as it is meant', () => {
  const manner = { dialect: 'openapi-3.0' } as const;
  assert.deepEqual(told({ type: 'string' }, { type: 'string', nullable: true }, manner), [
    'type null, too',
  ]);
  assert.deepEqual(told({ type: 'string', nullable: true }, { type: 'string' }, manner), []);
  assert.deepEqual(
    told(
      { type: 'string', nullable: true, maxLength: 1 },
      { type: 'string', nullable: true, maxLength: 2 },
      manner,
    ),
    ['maxLength 2, was 1'],
  );
  assert.deepEqual(
    told(
      { type: 'number', minimum: 0, exclusiveMinimum: true },
      { type: 'number', minimum: 0 },
      manner,
    ),
    ['minimum 0, was 0 (exclusive)'],
  );
});

test('numbers that no double carries are compared by the value that is written', () => {
  const exact = (text: string) => new ExactNumber(text);
  const most = (maximum: unknown) => ({ type: 'integer', maximum });
  assert.deepEqual(told(most(exact('9223372036854775806')), most(exact('9223372036854775807'))), [
    'maximum 9223372036854775807, was 9223372036854775806',
  ]);
  assert.deepEqual(
    told(most(exact('9223372036854775807')), most(exact('9223372036854775806'))),
    [],
  );
  const below = { type: 'integer', exclusiveMaximum: exact('9223372036854775808') };
  assert.deepEqual(told(most(exact('9223372036854775807')), below), []);
  assert.deepEqual(told(most(exact('9223372036854775806')), below), [
    'maximum 9223372036854775807, was 9223372036854775806',
  ]);
  const one = { const: exact('9007199254740993') };
  assert.deepEqual(told(one, { enum: [exact('9007199254740993'), 9007199254740992] }), [
    'enum with 9007199254740992',
  ]);
  assert.deepEqual(told({ const: exact('1e400') }, { const: exact('10e399') }), []);
  assert.deepEqual(told({ type: 'integer' }, { const: exact('9007199254740992.5') }), [
    'enum with 9007199254740992.5',
  ]);
  const step = (multipleOf: unknown) => ({ type: 'integer', multipleOf });
  assert.deepEqual(told(step(exact('9007199254740993')), step(exact('18014398509481986'))), []);
  assert.deepEqual(told(step(exact('9007199254740993')), step(exact('18014398509481984'))), [
    'multipleOf 18014398509481984, was 9007199254740993',
  ]);
});

/** Each lists the same members: one that is described newly is not told. */
const schemas = fc.letrec<{ schema: object; whole: object }>((tie) => {
  const some = tie('schema');
  const count = fc.nat(2);
  const type = fc.constantFrom('null', 'boolean', 'object', 'array', 'number', 'string', 'integer');
  /** In one schema of so many. */
  const inOneOf = <T>(many: number, arbitrary: fc.Arbitrary<T>) =>
    fc.oneof({ arbitrary: fc.constant(undefined), weight: many - 1 }, { arbitrary, weight: 1 });
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => inOneOf(3, arbitrary);
  const list = fc.array(some, { minLength: 1, maxLength: 3 });
  return {
    schema: fc.oneof(
      { maxDepth: 2 },
      type.map((name) => ({ type: name, properties: { a: {}, b: {} } })),
      tie('whole'),
    ),
    whole: fc
      .record({
        type: maybe(fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 }))),
        enum: inOneOf(
          8,
          fc.array(fc.constantFrom<JsonValue>(null, 0, 1, 1.5, 'a', 'ab', [], {}), {
            minLength: 1,
            maxLength: 3,
          }),
        ),
        minimum: maybe(count),
        exclusiveMaximum: maybe(count),
        multipleOf: maybe(fc.constantFrom(0.5, 1, 2)),
        maxLength: maybe(count),
        pattern: inOneOf(6, fc.constantFrom('^a', 'b$')),
        minItems: maybe(count),
        uniqueItems: maybe(fc.boolean()),
        items: maybe(some),
        required: maybe(fc.subarray(['a', 'b'])),
        properties: fc.record({
          a: fc.oneof(fc.constant({}), some),
          b: fc.oneof(fc.constant({}), some),
        }),
        additionalProperties: maybe(fc.oneof(fc.boolean(), some)),
        maxProperties: maybe(count),
        patternProperties: inOneOf(6, fc.dictionary(fc.constantFrom('^a', 'c', ''), some)),
        unevaluatedProperties: inOneOf(6, fc.oneof(fc.constant(false), some)),
        unevaluatedItems: inOneOf(6, fc.oneof(fc.constant(false), some)),
        contains: inOneOf(8, some),
        allOf: maybe(list),
        anyOf: maybe(list),
        oneOf: maybe(list),
        not: inOneOf(6, some),
      })
      .map((schema) => JSON.parse(JSON.stringify(schema))),
  };
}).whole;

const values = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<JsonValue>(null, true, 0, 1, 1.5, 2, -1, '', 'a', 'ab', 'b', [], {}),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), {
      maxKeys: 3,
    }) as fc.Arbitrary<JsonValue>,
  ),
})).value;

/** One keyword of a schema, or of one within, taken away or replaced by that of another. */
function mutated(schema: unknown, other: unknown, steps: readonly number[]): unknown {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema;
  const members = schema as Record<string, unknown>;
  const names = Object.keys(members);
  const [step = 0, ...rest] = steps;
  const name = names[step % Math.max(1, names.length)];
  if (name === undefined) return schema;
  const value = members[name];
  if (name === 'properties') {
    const map = value as Record<string, unknown>;
    return { ...members, properties: { ...map, a: mutated(map['a'], other, rest) } };
  }
  if (rest.length > 0 && typeof value === 'object' && !Array.isArray(value)) {
    return { ...members, [name]: mutated(value, other, rest) };
  }
  const { [name]: _, ...others } = members;
  const replacement = (other as Record<string, unknown>)[name];
  return replacement === undefined ? others : { ...others, [name]: replacement };
}

test('what leads to a choice, by a reference or as the only alternative, does not hide that it takes more', () => {
  const around: ((choice: object) => object)[] = [
    (choice) => ({ oneOf: [choice] }),
    (choice) => ({ anyOf: [{ oneOf: [choice] }] }),
    (choice) => ({ allOf: [choice] }),
    (choice) => ({ allOf: [{ allOf: [choice] }], title: 'x' }),
    (choice) => ({ $ref: '#/s/$defs/a', $defs: { a: choice } }),
    (choice) => ({
      $ref: '#/s/$defs/b',
      $defs: { a: choice, b: { allOf: [{ $ref: '#/s/$defs/a' }] } },
    }),
    (choice) => ({
      $ref: '#/s/$defs/b',
      $defs: { a: choice, b: { oneOf: [{ $ref: '#/s/$defs/a' }] } },
    }),
    (choice) => ({ properties: { m: { oneOf: [choice] } } }),
  ];
  const few = [{ type: 'null' }, { type: 'string', maxLength: 5 }];
  for (const keyword of ['anyOf', 'oneOf']) {
    for (const wrap of around) {
      for (const [old, next] of [
        [[few[0]], [few[0], { type: 'number' }]],
        [few, [...few, { type: 'number' }]],
        [few, [few[0], { type: 'string' }]],
      ]) {
        const [before, after] = [wrap({ [keyword]: old }), wrap({ [keyword]: next })];
        assert.notDeepEqual(told(before, after), [], JSON.stringify([before, after]));
        assert.deepEqual(told(after, before), [], JSON.stringify([after, before]));
        assert.deepEqual(told(after, structuredClone(after)), []);
      }
    }
  }
});

test('where nothing is told, whatever the later schema accepts the earlier one accepted', () => {
  let silent = 0;
  fc.assert(
    fc.property(
      schemas,
      schemas,
      fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.array(values, { minLength: 20, maxLength: 40 }),
      (old, other, steps, isMutated, instances) => {
        const next = isMutated ? mutated(old, other, steps) : other;
        if (told(old, next).length > 0) return;
        silent += 1;
        const [before, after] = [compiled(old), compiled(next)];
        for (const value of instances) {
          const isMore = after.accepts(value) && !before.accepts(value);
          assert.ok(!isMore, `${JSON.stringify(value)} passes ${JSON.stringify(next)}`);
        }
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(silent > 20, `${silent} pairs were compared with nothing to tell`);
});
