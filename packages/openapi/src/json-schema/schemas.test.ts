// biome-ignore-all lint/suspicious/noThenProperty: a keyword of JSON Schema
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExactNumber, type JsonValue } from '../json/index.ts';
import { processorMs } from '../processor-time.fixture.ts';
import { fromEntries, schemas, values } from './arbitrary-schemas.fixture.ts';
import { compileSchemas, entryKey, linkSchemas } from './index.ts';
import { interpret } from './interpret.ts';
import { openWorld } from './link.ts';

const ADDRESS = 'test:///schema';

function compile(schema: unknown, more: Record<string, unknown> = {}) {
  return compileSchemas({
    documents: new Map([[ADDRESS, schema], ...Object.entries(more)]),
    dialect: 'json-schema-2020-12',
    entries: [{ address: `${ADDRESS}#`, direction: 'neither' }],
    assertFormats: true,
  });
}

const validator = (schema: unknown, more?: Record<string, unknown>) =>
  linkSchemas(compile(schema, more)).validator(`${ADDRESS}#`, 'neither');

/** Both halves must judge alike: the generated code, and the interpreter that explains. */
function differ(schema: unknown, value: JsonValue): string | undefined {
  const compiled = compile(schema);
  const unit = compiled.entries[entryKey({ address: `${ADDRESS}#`, direction: 'neither' })]!;
  const world = openWorld(compiled.units);
  const fast = world.check(unit, value);
  const slow = interpret(world, world.shape(unit), value);
  if (fast !== slow) return `generated ${fast}, interpreted ${slow}`;
  const explained = linkSchemas(compiled).validator(`${ADDRESS}#`, 'neither').validate(value);
  if (fast !== (explained.length === 0)) return `explained ${JSON.stringify(explained)}`;
  return explained[0]?.rule === 'schema' ? 'nothing explained' : undefined;
}

test('generated code and interpreter judge alike', () => {
  fc.assert(
    fc.property(schemas, fc.array(values, { minLength: 3, maxLength: 3 }), (schema, samples) => {
      for (const value of samples) assert.equal(differ(schema, value), undefined);
    }),
    { numRuns: 1500 },
  );
});

test('nothing an instance holds makes a validator throw or write outside its answer', () => {
  fc.assert(
    fc.property(schemas, values, (schema, value) => {
      const before = JSON.stringify(value);
      const { validate, undocumented } = validator(schema);
      assert.ok(validate(value).length <= 16);
      for (const pointer of undocumented(value)) assert.match(pointer, /^(?:\/|$)/);
      assert.equal(JSON.stringify(value), before);
    }),
    { numRuns: 300 },
  );
});

const d = (text: string) => new ExactNumber(text);
const own = (name: string, value: JsonValue) => fromEntries([[name, value]]);

test('values are judged as the standard says', () => {
  const cases: [schema: unknown, valid: JsonValue[], invalid: JsonValue[]][] = [
    [true, [null], []],
    [false, [], [null, {}]],
    [
      { type: 'integer' },
      [1, 1e300, d('9007199254740993'), d('1e400')],
      [1.5, '1', d('0.10000000000000000001')],
    ],
    [{ type: 'number' }, [1, d('1e400')], ['1', null]],
    [{ type: 'object' }, [{}], [[], null, d('1e400')]],
    [{ const: 1 }, [1, d('1.0')], [true, '1']],
    [{ const: 0 }, [0, -0], [false, null]],
    [{ const: false }, [false], [0]],
    [
      { const: { a: [1, { b: null }] } },
      [{ a: [1, { b: null }] }],
      [{ a: [1, { b: 0 }] }, { a: [1] }],
    ],
    [{ const: d('9007199254740993') }, [d('9007199254740993')], [9007199254740992]],
    [{ enum: [] }, [], [null]],
    [{ enum: [[0], { a: 1 }] }, [[0], { a: 1 }], [[false], {}, 0]],
    [{ enum: own('__proto__', 1) && [own('__proto__', 1)] }, [own('__proto__', 1)], [{}]],
    [
      { minimum: d('9223372036854775807') },
      [d('9223372036854775807')],
      [d('9223372036854775806'), 1],
    ],
    [{ exclusiveMinimum: 0 }, [5e-324, d('1e-400')], [0, -0, d('-1e-400')]],
    [{ maximum: 1 }, [1, d('0.99999999999999999999')], [d('1.00000000000000000001')]],
    [{ multipleOf: 0.01 }, [0.01, 4.35, 1.1, 19.99, 1e300], [0.001, 4.355]],
    [{ multipleOf: 0.0001 }, [0.0075], [0.00751]],
    [{ multipleOf: 0.5 }, [1e308, d('1e400')], [0.25]],
    [{ multipleOf: 3 }, [9, d('9007199254740993')], [10, d('9007199254740994'), 1.5]],
    [{ minLength: 2, maxLength: 2 }, ['ab', '😀😀', 'é😀'], ['😀', 'abc', '😀😀😀', '']],
    [{ pattern: 'b' }, ['abc', 1], ['ac']],
    [{ pattern: '^.$' }, ['😀'], ['\n', 'ab']],
    [{ pattern: '^\\p{L}+$' }, ['Grüße'], ['a1']],
    [
      { required: ['constructor', '__proto__'] },
      [{ constructor: 1, ['__proto__']: 1 }],
      [{}, { constructor: 1 }],
    ],
    [
      { properties: { toString: false, constructor: { type: 'number' } } },
      [{}, { constructor: 1 }],
      [{ toString: 1 }, { constructor: 'x' }],
    ],
    [
      { properties: own('__proto__', { type: 'string' } as never), additionalProperties: false },
      [{}, own('__proto__', 'x')],
      [own('__proto__', 1), { a: 1 }],
    ],
    [
      { additionalProperties: false, patternProperties: { '^x-': { type: 'number' } } },
      [{ 'x-a': 1 }],
      [{ 'x-a': '' }, { y: 1 }],
    ],
    [{ propertyNames: { maxLength: 2 } }, [{ ab: 1 }], [{ abc: 1 }]],
    [{ dependentRequired: { a: ['b'] } }, [{ a: 1, b: 1 }, {}], [{ a: 1 }]],
    [{ dependentSchemas: { a: { required: ['b'] } } }, [{ a: 1, b: 1 }, {}], [{ a: 1 }]],
    [{ dependencies: { a: ['b'], c: false } }, [{ a: 1, b: 1 }, {}], [{ a: 1 }, { c: 1 }]],
    [
      { uniqueItems: true },
      [
        [1, '1', true, [1], { a: 1 }, d('1e400')],
        [[0], [false]],
      ],
      [
        [1, 1],
        [0, -0],
        [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
        [d('1e400'), d('10e399')],
        [[1], [1]],
      ],
    ],
    [
      { contains: { const: 1 }, minContains: 2, maxContains: 3 },
      [
        [1, 1],
        [1, 0, 1, 1],
      ],
      [[1], [1, 1, 1, 1], []],
    ],
    [{ contains: false, minContains: 0 }, [[], [1]], []],
    [{ minContains: 5 }, [[]], []],
    [
      { prefixItems: [{ type: 'string' }], items: { type: 'number' } },
      [[], ['a'], ['a', 1]],
      [[1], ['a', 'b']],
    ],
    [{ if: { type: 'number' }, then: { minimum: 1 }, else: { minLength: 1 } }, [1, 'a'], [0, '']],
    [{ then: false }, [1], []],
    [{ oneOf: [{ type: 'integer' }, { minimum: 2 }] }, [1, 2.5], [3, 1.5]],
    [{ not: {} }, [], [1]],
    [
      { $defs: { a: { $anchor: 'x', type: 'string' } }, $ref: '#x', minLength: 2 },
      ['ab'],
      [1, 'a'],
    ],
    [
      {
        $id: 'http://h/a/',
        $defs: { s: { $id: 'b/', $defs: { i: { $id: 'c', type: 'null' } } } },
        $ref: 'b/c',
      },
      [null],
      [1],
    ],
    [
      {
        $id: 'http://h/root',
        $ref: 'http://h/root#/$defs/a%25b~1c',
        $defs: { 'a%b/c': { type: 'null' } },
      },
      [null],
      [1],
    ],
    [
      {
        $ref: '#/$defs/n',
        $defs: { n: { properties: { next: { $ref: '#/$defs/n' } }, additionalProperties: false } },
      },
      [{ next: { next: {} } }],
      [{ next: { x: 1 } }],
    ],
    [
      { enum: [{ $id: 'http://h/x', type: 'string' }], $defs: { n: { $ref: '#/enum/0' } } },
      [{ $id: 'http://h/x', type: 'string' }],
      ['a'],
    ],
    [
      {
        properties: { a: true },
        allOf: [{ properties: { b: true } }],
        unevaluatedProperties: false,
      },
      [{ a: 1, b: 1 }],
      [{ c: 1 }],
    ],
    [
      {
        anyOf: [{ properties: { a: { const: 1 } }, required: ['a'] }, { properties: { b: true } }],
        unevaluatedProperties: false,
      },
      [{ a: 1, b: 1 }, { b: 1 }],
      [{ a: 2 }],
    ],
    [
      {
        if: { properties: { k: { const: 1 } }, required: ['k'] },
        then: { properties: { a: true } },
        unevaluatedProperties: false,
      },
      [{ k: 1, a: 1 }],
      [{ k: 2 }, { a: 1 }],
    ],
    [{ not: { properties: { a: false } }, unevaluatedProperties: false }, [], [{ a: 1 }, {}]],
    [
      { contains: { type: 'string' }, unevaluatedItems: { type: 'number' } },
      [['a', 1]],
      [['a', null], [1]],
    ],
    [{ prefixItems: [true], unevaluatedItems: false }, [[1]], [[1, 2]]],
    [{ items: true, unevaluatedItems: false }, [[1, 2]], []],
    [
      { $ref: 'https://json-schema.org/draft/2020-12/schema' },
      [true, { type: 'string' }, { properties: { a: { minLength: 1 } } }],
      [1, { type: 'strin' }, { properties: { a: { minLength: -1 } } }],
    ],
  ];
  for (const [schema, valid, invalid] of cases) {
    const { validate } = validator(schema);
    const told = JSON.stringify(schema);
    for (const value of valid) {
      assert.deepEqual(validate(value), [], `${told} on ${JSON.stringify(value)}`);
      assert.equal(differ(schema, value), undefined, told);
    }
    for (const value of invalid) {
      assert.notDeepEqual(validate(value), [], `${told} on ${JSON.stringify(value)}`);
      assert.equal(differ(schema, value), undefined, told);
    }
  }
});

test('$dynamicRef reaches the outermost bearer of the anchor', () => {
  const tree = {
    $id: 'http://h/tree',
    $dynamicAnchor: 'node',
    type: 'object',
    properties: { data: true, children: { type: 'array', items: { $dynamicRef: '#node' } } },
  };
  const strict = {
    $id: 'http://h/strict',
    $dynamicAnchor: 'node',
    $ref: 'tree',
    unevaluatedProperties: false,
  };
  const { validate } = validator(strict, { 'http://h/tree': tree });
  assert.deepEqual(validate({ children: [{ data: 1 }] }), []);
  assert.deepEqual(validate({ children: [{ daat: 1 }] }), [
    {
      ...{ pointer: '/children/0/daat', rule: 'unevaluatedProperties', member: 'daat' },
      expected: 'no member of this name',
    },
  ]);
});

test('a violation carries an escaped pointer, the keyword and the member, at most violationsMax times', () => {
  const schema = {
    properties: { 'a/b~c': { items: { required: ['x'], properties: { y: { type: 'string' } } } } },
    additionalProperties: false,
  };
  const { validate } = validator(schema);
  assert.deepEqual(validate({ 'a/b~c': [{ x: 1 }, { y: 1 }], z: 1 }), [
    { pointer: '/a~1b~0c/1', rule: 'required', member: 'x', expected: 'the member "x"' },
    { pointer: '/a~1b~0c/1/y', rule: 'type', expected: 'string' },
    {
      ...{ pointer: '/z', rule: 'additionalProperties', member: 'z' },
      expected: 'no member of this name',
    },
  ]);
  const many = linkSchemas(compile({ items: false }), { violationsMax: 3 }).validator(
    `${ADDRESS}#`,
    'neither',
  );
  assert.equal(many.validate([1, 2, 3, 4, 5]).length, 3);
});

test('a violation says what was expected, in words of the schema and never of the value', () => {
  const expectedOf = (schema: object, value: unknown) =>
    validator(schema)
      .validate(value as never)
      .map(({ expected }) => expected);
  for (const [schema, value, words] of [
    [{ type: ['integer', 'null'] }, 'secret', 'null or integer'],
    [{ enum: ['EUR', 'USD'] }, 'secret', 'one of "EUR", "USD"'],
    [{ const: 7 }, 8, '7'],
    [{ type: 'string', format: 'date' }, 'secret', 'date'],
    [{ minimum: 3 }, 2, 'at least 3'],
    [{ exclusiveMaximum: 3 }, 3, 'less than 3'],
    [{ multipleOf: 0.5 }, 0.3, 'a multiple of 0.5'],
    [{ minLength: 1 }, '', 'at least 1 character'],
    [{ maxItems: 2 }, [1, 2, 3], 'at most 2 items'],
  ] as const) {
    assert.deepEqual(expectedOf(schema, value), [words]);
  }
  const cards = {
    oneOf: [
      { properties: { kind: { const: 'iban' } }, required: ['kind', 'iban'] },
      { properties: { kind: { const: 'card' } }, required: ['kind', 'number', 'expiry'] },
    ],
  };
  const [words] = expectedOf(cards, { kind: 'card', number: 'secret' });
  assert.equal(
    words,
    'exactly one of 2 alternatives; nearest is alternative 2: the member "expiry"',
  );
});

/** A value of each kind that no sentence of ours could hold by chance. */
const SECRET = 'zq9secretzq9';

test('whatever keyword is broken, the violation names what it wanted, and nothing of the value', () => {
  const object = { [`m${SECRET}`]: SECRET };
  const swept: readonly (readonly [
    rule: string,
    schema: unknown,
    value: unknown,
    words: RegExp,
  ])[] = [
    ['false', false, SECRET, /no value at all/],
    ['type', { type: 'boolean' }, SECRET, /^boolean$/],
    ['type', { type: ['array', 'null'] }, SECRET, /null or array/],
    ['enum', { enum: ['EUR', 2, null] }, SECRET, /"EUR", 2, null/],
    ['const', { const: { a: 1 } }, SECRET, /"a"/],
    ['format', { type: 'string', format: 'uuid' }, SECRET, /uuid/],
    ['pattern', { pattern: '^[0-9]{4}$' }, SECRET, /\^\[0-9\]\{4\}\$/],
    // Run as an automaton.
    ['pattern', { pattern: '^(?:(?:[0-9]+)+)+$' }, SECRET, /text matching the pattern/],
    ['minLength', { minLength: 40 }, SECRET, /at least 40 characters/],
    ['maxLength', { maxLength: 4 }, SECRET, /at most 4 characters/],
    ['minimum', { minimum: 500_000 }, 424_242, /at least 500000/],
    ['maximum', { maximum: 7 }, 424_242, /at most 7/],
    ['exclusiveMinimum', { exclusiveMinimum: 500_000 }, 424_242, /more than 500000/],
    ['exclusiveMaximum', { exclusiveMaximum: 7 }, 424_242, /less than 7/],
    ['multipleOf', { multipleOf: 5 }, 424_242, /a multiple of 5/],
    ['minItems', { minItems: 3 }, [SECRET], /at least 3 items/],
    ['maxItems', { maxItems: 1 }, [SECRET, SECRET], /at most 1 item/],
    ['uniqueItems', { uniqueItems: true }, [SECRET, SECRET], /differ/],
    ['items', { items: false }, [SECRET], /no item at this place/],
    ['items', { prefixItems: [{}], items: false }, [SECRET, SECRET], /no item at this place/],
    ['prefixItems', { prefixItems: [false] }, [SECRET], /no item at this place/],
    ['contains', { contains: { const: 1 } }, [SECRET], /at least 1 item .*contains/],
    ['minContains', { contains: { const: 1 }, minContains: 2 }, [SECRET], /at least 2 items/],
    ['maxContains', { contains: {}, maxContains: 1 }, [SECRET, SECRET], /at most 1 item/],
    ['minProperties', { minProperties: 3 }, object, /at least 3 members/],
    ['maxProperties', { maxProperties: 0 }, object, /at most 0 members/],
    ['required', { required: ['iban'] }, object, /the member "iban"/],
    [
      'dependentRequired',
      { dependentRequired: { m: ['iban'] } },
      { m: SECRET },
      /the member "iban"/,
    ],
    ['properties', { properties: { a: false } }, { a: SECRET }, /no member of this name/],
    [
      'patternProperties',
      { patternProperties: { a: false } },
      { a: SECRET },
      /no member of this name/,
    ],
    [
      'additionalProperties',
      { additionalProperties: false },
      { a: SECRET },
      /no member of this name/,
    ],
    [
      'unevaluatedProperties',
      { unevaluatedProperties: false },
      { a: SECRET },
      /no member of this name/,
    ],
    ['unevaluatedItems', { unevaluatedItems: false }, [SECRET], /no item at this place/],
    [
      'propertyNames',
      { propertyNames: { maxLength: 3 } },
      { longer: SECRET },
      /names .* at most 3 characters/,
    ],
    ['not', { not: { type: 'string' } }, SECRET, /not/],
    [
      'anyOf',
      { anyOf: [{ required: ['b', 'c'] }, { required: ['a'] }] },
      object,
      /one of 2 alternatives; nearest is alternative 2: the member "a"/,
    ],
    [
      'oneOf',
      { oneOf: [{ type: 'boolean' }, { enum: [1] }] },
      SECRET,
      /exactly one of 2 alternatives; nearest/,
    ],
    ['oneOf', { oneOf: [{}, {}] }, SECRET, /exactly one of 2 alternatives; more than one fits/],
    ['type', { if: {}, then: { type: 'null' } }, SECRET, /^null$/],
    ['type', { if: false, else: { type: 'null' } }, SECRET, /^null$/],
    ['type', { allOf: [{ type: 'null' }] }, SECRET, /^null$/],
    ['required', { dependentSchemas: { m: { required: ['iban'] } } }, { m: SECRET }, /"iban"/],
    ['type', { $ref: '#/$defs/a', $defs: { a: { type: 'null' } } }, SECRET, /^null$/],
  ];
  for (const [rule, schema, value, words] of swept) {
    const found = validator(schema).validate(value as JsonValue);
    const what = JSON.stringify(schema);
    const one = found.find((violation) => violation.rule === rule);
    assert.ok(one, `${what}: ${JSON.stringify(found)}`);
    for (const { expected } of found) {
      assert.ok(expected !== undefined && expected !== '', `${what}: ${JSON.stringify(found)}`);
      assert.ok(!expected.includes(SECRET) && !expected.includes('424242'), `${what}: ${expected}`);
    }
    assert.match(one.expected ?? '', words, what);
  }
});

test('text of a schema never becomes code', () => {
  const hostile = [
    '"];globalThis.stolen=1;//',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the attack itself
    '${globalThis.stolen=1}',
    "');globalThis.stolen=1;('",
    '\u2028globalThis.stolen=1//\u2029',
    '*/globalThis.stolen=1/*',
    '</script>',
    '\\");globalThis.stolen=1//',
    '__proto__',
    'constructor',
  ];
  for (const text of hostile) {
    const schema = {
      properties: own(text, {
        const: text,
        pattern: RegExp.escape(text),
        format: text,
      } as never),
      required: [text],
      enum: [own(text, text)],
      patternProperties: own(RegExp.escape(text), true),
      dependentRequired: own(text, [text]),
      $defs: own(text, { $id: `http://h/${encodeURIComponent(text)}` } as never),
      [text]: text,
      minLength: text,
      $comment: text,
    };
    const { validate } = validator(schema);
    assert.deepEqual(validate(own(text, text)), [], text);
    assert.notDeepEqual(validate(own(`${text} `, text)), []);
    const numbers = validator({
      minimum: '1;globalThis.stolen=1',
      multipleOf: text,
      maxItems: [text],
    });
    numbers.validate(1);
    assert.equal('stolen' in globalThis, false);
  }
});

test('an ill-typed number never reaches the source', () => {
  const evil = { toString: () => 'globalThis.stolen=1', valueOf: () => 1 };
  const { units, diagnostics } = compile({
    minimum: evil,
    maxLength: evil,
    multipleOf: Number.NaN,
    maximum: Infinity,
  });
  assert.equal(diagnostics.filter((note) => note.severity === 'error').length, 4);
  assert.ok(units.every((unit) => !unit.includes('stolen')));
});

test('a value nested deeper than the stack is a violation, not a crash', () => {
  const { validate, undocumented } = validator({ properties: { a: { $ref: '#' } } });
  const nest = (depth: number) => {
    let value: JsonValue = { b: 1 };
    for (let i = 0; i < depth; i++) value = { a: value };
    return value;
  };
  assert.deepEqual(validate(nest(1000)), []);
  assert.equal(undocumented(nest(1000)).length, 1);
  assert.deepEqual(validate(nest(200_000)), [{ pointer: '', rule: 'depth' }]);
  assert.deepEqual(undocumented(nest(200_000)), ['/a']);
});

test('a recursive schema with many ways back takes time in proportion to the value', () => {
  const branch = (name: string) => ({ properties: { next: { $ref: '#' } }, required: [name] });
  const { validate } = validator({
    type: 'object',
    oneOf: [branch('a'), branch('b'), branch('c')],
  });
  const nest = (inner: JsonValue) => {
    let value = inner;
    for (let i = 0; i < 300; i++) value = { a: 1, next: value };
    return value;
  };
  const usedMs = processorMs(() => {
    assert.deepEqual(validate(nest({ a: 1 })), []);
    assert.deepEqual(
      validate(nest({})).map(({ pointer, rule }) => ({ pointer, rule })),
      [{ pointer: '', rule: 'oneOf' }],
    );
  });
  assert.ok(usedMs < 2000, `${usedMs}`);
});

test('uniqueItems stays quick on a large array', () => {
  const { validate } = validator({ uniqueItems: true });
  const items = Array.from({ length: 50_000 }, (_, i) => ({ i, text: 'x' }));
  const usedMs = processorMs(() => assert.deepEqual(validate(items), []));
  assert.ok(usedMs < 2000, `${usedMs}`);
});

test('a text too costly for its pattern does not pass, not even through not', () => {
  const pattern = 'foo.{0,2000}bar';
  const text = 'foo'.repeat(50_000);
  for (const schema of [{ pattern }, { not: { pattern } }, { anyOf: [{ pattern }, true] }]) {
    assert.deepEqual(validator(schema).validate(text), [{ pointer: '', rule: 'pattern-work' }]);
  }
});
