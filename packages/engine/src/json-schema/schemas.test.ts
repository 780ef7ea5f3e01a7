// biome-ignore-all lint/suspicious/noThenProperty: a keyword of JSON Schema
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExactNumber, type JsonValue } from '../json/index.ts';
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

const names = fc.constantFrom('a', 'b', 'ab', 'constructor', '__proto__', 'toString');
const values: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<JsonValue>(null, true, false, 0, 1, 1.5, -2, 'a', 'ab', '', '😀'),
    fc.constantFrom<JsonValue>(new ExactNumber('9007199254740993'), new ExactNumber('1e400')),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map((e) => fromEntries(e)),
  ),
})).value;

/** Object.fromEntries defines own members, `__proto__` among them. */
const fromEntries = <T>(entries: [string, T][]): { [name: string]: T } =>
  Object.fromEntries(entries);

const schemas: fc.Arbitrary<unknown> = fc
  .letrec<{ schema: unknown; object: object }>((tie) => {
    const some = tie('schema');
    const list = fc.array(some, { minLength: 1, maxLength: 3 });
    const map = fc.array(fc.tuple(names, some), { maxLength: 3 }).map((e) => fromEntries(e));
    const count = fc.nat(3);
    const number = fc.constantFrom(-2, 0, 1, 1.5, 3);
    return {
      schema: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        fc.boolean(),
        fc.constantFrom({ $ref: '#/$defs/x' }, { $dynamicRef: '#node' }, { type: 'object' }),
        tie('object'),
        tie('object'),
      ),
      object: fc
        .array(
          fc.oneof(
            fc.tuple(
              fc.constantFrom('type'),
              fc.constantFrom('object', 'array', 'string', ['number', 'null'], 'integer'),
            ),
            fc.tuple(fc.constantFrom('minimum', 'exclusiveMaximum'), number),
            fc.tuple(fc.constantFrom('multipleOf'), fc.constantFrom(1, 0.5, 0.01)),
            fc.tuple(
              fc.constantFrom(
                'minLength',
                'maxLength',
                'minItems',
                'maxItems',
                'minProperties',
                'maxProperties',
                'minContains',
                'maxContains',
              ),
              count,
            ),
            fc.tuple(fc.constantFrom('pattern'), fc.constantFrom('^a', 'b$', '^(a|ab)*$')),
            fc.tuple(fc.constantFrom('enum'), fc.array(values, { maxLength: 3 })),
            fc.tuple(fc.constantFrom('const'), values),
            fc.tuple(fc.constantFrom('uniqueItems'), fc.boolean()),
            fc.tuple(fc.constantFrom('required'), fc.uniqueArray(names, { maxLength: 2 })),
            fc.tuple(
              fc.constantFrom('dependentRequired'),
              names.map((n) => fromEntries([[n, ['a']]])),
            ),
            fc.tuple(fc.constantFrom('properties', 'dependentSchemas'), map),
            fc.tuple(
              fc.constantFrom('patternProperties'),
              some.map((s) => ({ '^a': s })),
            ),
            fc.tuple(fc.constantFrom('allOf', 'anyOf', 'oneOf', 'prefixItems'), list),
            fc.tuple(
              fc.constantFrom(
                'items',
                'contains',
                'additionalProperties',
                'propertyNames',
                'not',
                'if',
                'then',
                'else',
              ),
              some,
            ),
            fc.tuple(fc.constantFrom('unevaluatedItems', 'unevaluatedProperties'), some),
          ),
          { maxLength: 4 },
        )
        .map((entries) => fromEntries<unknown>(entries)),
    };
  })
  .object.map((schema) => ({
    ...schema,
    $dynamicAnchor: 'node',
    $defs: { x: { type: ['object', 'string'], properties: { a: { $dynamicRef: '#node' } } } },
  }));

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
      for (const pointer of undocumented(value)) assert.match(pointer, /^\//);
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
    { pointer: '/children/0/daat', rule: 'unevaluatedProperties', member: 'daat' },
  ]);
});

test('a violation carries an escaped pointer, the keyword and the member, at most violationsMax times', () => {
  const schema = {
    properties: { 'a/b~c': { items: { required: ['x'], properties: { y: { type: 'string' } } } } },
    additionalProperties: false,
  };
  const { validate } = validator(schema);
  assert.deepEqual(validate({ 'a/b~c': [{ x: 1 }, { y: 1 }], z: 1 }), [
    { pointer: '/a~1b~0c/1', rule: 'required', member: 'x' },
    { pointer: '/a~1b~0c/1/y', rule: 'type' },
    { pointer: '/z', rule: 'additionalProperties', member: 'z' },
  ]);
  const many = linkSchemas(compile({ items: false }), { violationsMax: 3 }).validator(
    `${ADDRESS}#`,
    'neither',
  );
  assert.equal(many.validate([1, 2, 3, 4, 5]).length, 3);
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
  const start = performance.now();
  assert.deepEqual(validate(nest({ a: 1 })), []);
  assert.deepEqual(validate(nest({})), [{ pointer: '', rule: 'oneOf' }]);
  assert.ok(performance.now() - start < 2000);
});

test('uniqueItems stays quick on a large array', () => {
  const { validate } = validator({ uniqueItems: true });
  const items = Array.from({ length: 50_000 }, (_, i) => ({ i, text: 'x' }));
  const start = performance.now();
  assert.deepEqual(validate(items), []);
  assert.ok(performance.now() - start < 2000);
});

test('a text too costly for its pattern does not pass, not even through not', () => {
  const pattern = 'foo.{0,2000}bar';
  const text = 'foo'.repeat(50_000);
  for (const schema of [{ pattern }, { not: { pattern } }, { anyOf: [{ pattern }, true] }]) {
    assert.deepEqual(validator(schema).validate(text), [{ pointer: '', rule: 'pattern-work' }]);
  }
});
