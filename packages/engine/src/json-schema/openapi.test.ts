import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '../json/index.ts';
import { processorMs } from '../processor-time.fixture.ts';
import { compileSchemas, type Dialect, type Direction, linkSchemas } from './index.ts';

const ADDRESS = 'file:///api.yaml';

function compile(schemas: Record<string, unknown>, dialect: Dialect, entry = 'Entry') {
  const documents = new Map<string, unknown>([
    [ADDRESS, { openapi: '3', components: { schemas } }],
  ]);
  const address = `${ADDRESS}#/components/schemas/${entry}`;
  const directions: Direction[] = ['request', 'response', 'neither'];
  const compiled = compileSchemas({
    documents,
    dialect,
    entries: directions.map((direction) => ({ address, direction })),
    assertFormats: true,
  });
  // Units cross process boundaries as plain data.
  const linked = linkSchemas(structuredClone(compiled));
  const judge = (value: unknown, direction: Direction = 'request') =>
    linked
      .validator(address, direction)
      .validate(value as JsonValue)
      .map(
        ({ pointer, rule, member }) =>
          `${pointer} ${rule}${member === undefined ? '' : ` ${member}`}`,
      );
  const undocumented = (value: unknown) =>
    linked.validator(address, 'response').undocumented(value as JsonValue);
  const notes = compiled.diagnostics.map(
    ({ severity, address: at, message, suggestion }) =>
      `${severity} ${at.slice(ADDRESS.length + '#/components/schemas'.length)}: ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`,
  );
  return { judge, undocumented, notes, compiled };
}

test('OpenAPI 3.0: nullable widens type and nothing else', () => {
  const cases: [unknown, unknown, string[]][] = [
    [{ type: 'string', nullable: true }, null, []],
    [{ type: 'string' }, null, [' type']],
    [{ nullable: true, enum: ['a'] }, null, [' enum']],
    [{ type: 'string', nullable: true, enum: ['a'] }, null, [' enum']],
    [{ type: 'string', nullable: true, enum: ['a', null] }, null, []],
    [{ nullable: true, allOf: [{ $ref: '#/components/schemas/Text' }] }, null, [' type']],
    [{ type: 'integer', minimum: 3, exclusiveMinimum: true }, 3, [' exclusiveMinimum']],
    [{ type: 'integer', minimum: 3, exclusiveMinimum: false }, 3, []],
    [{ type: 'integer', maximum: 3, exclusiveMaximum: true }, 4, [' exclusiveMaximum']],
    [{ $ref: '#/components/schemas/Text', maxLength: 1 }, 'abc', []],
    [{ type: ['string', 'integer'] }, 1.5, [' type']],
    [{ const: 1 }, 2, [' const']],
    [{ patternProperties: { '^a': false } }, { ab: 1 }, ['/ab patternProperties ab']],
  ];
  for (const [schema, value, expected] of cases) {
    const { judge } = compile({ Entry: schema, Text: { type: 'string' } }, 'openapi-3.0');
    assert.deepEqual(judge(value), expected, JSON.stringify(schema));
  }
});

test('OpenAPI 3.1 keeps siblings of $ref and ignores nullable aloud', () => {
  const { judge, notes } = compile(
    {
      Entry: { $ref: '#/components/schemas/Text', maxLength: 1, nullable: true },
      Text: { type: 'string' },
    },
    'openapi-3.1',
  );
  assert.deepEqual(judge('ab'), [' maxLength']);
  assert.deepEqual(judge(null), [' type']);
  assert.deepEqual(notes, [
    'warning /Entry/nullable: nullable has no effect in OpenAPI 3.1 (add "null" to type)',
  ]);
});

test('readOnly is kept out of requests, writeOnly out of answers, neither is missed', () => {
  const schemas = {
    Entry: {
      allOf: [{ $ref: '#/components/schemas/Base' }, { required: ['id', 'secret', 'name'] }],
      properties: { extra: { allOf: [{ $ref: '#/components/schemas/Stamp' }] } },
    },
    Base: {
      type: 'object',
      required: ['id', 'secret'],
      properties: {
        id: { $ref: '#/components/schemas/Stamp' },
        secret: { type: 'string', writeOnly: true },
        name: { type: 'string' },
      },
    },
    Stamp: { type: 'string', readOnly: true },
  };
  for (const dialect of ['openapi-3.0', 'openapi-3.1'] as const) {
    const { judge } = compile(schemas, dialect);
    assert.deepEqual(judge({ name: 'n', secret: 's' }, 'request'), []);
    assert.deepEqual(judge({ name: 'n', id: 'i' }, 'response'), []);
    assert.deepEqual(judge({ id: 'i', secret: 's', name: 'n', extra: 'x' }, 'request'), [
      '/extra readOnly extra',
      '/id readOnly id',
    ]);
    assert.deepEqual(judge({ id: 'i', secret: 's', name: 'n' }, 'response'), [
      '/secret writeOnly secret',
    ]);
    assert.deepEqual(judge({}, 'request'), [
      ' required secret',
      ' required secret',
      ' required name',
    ]);
    assert.deepEqual(judge({ name: 'n' }, 'neither'), [
      ' required id',
      ' required secret',
      ' required id',
      ' required secret',
    ]);
  }
});

test('a schema without direction is compiled once for both', () => {
  const { compiled } = compile({ Entry: { type: 'object', properties: { a: {} } } }, 'openapi-3.1');
  assert.equal(compiled.units.length, 1);
});

const kinds = {
  Cat: {
    type: 'object',
    required: ['kind', 'lives'],
    properties: { kind: { type: 'string' }, lives: { type: 'integer' } },
  },
  Dog: {
    type: 'object',
    required: ['kind'],
    properties: { kind: { type: 'string' }, bark: { type: 'string' } },
  },
};

test('discriminator beside oneOf: the named alternative must hold', () => {
  const mapping = { feline: '#/components/schemas/Cat', hound: 'Dog' };
  const Entry = {
    oneOf: [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }],
    discriminator: { propertyName: 'kind', mapping },
  };
  const { judge } = compile({ ...kinds, Entry }, 'openapi-3.1');
  assert.deepEqual(judge({ kind: 'hound', bark: 'w' }), []);
  assert.deepEqual(judge({ kind: 'Dog', bark: 'w' }), []);
  assert.deepEqual(judge({ kind: 'Dog', bark: 1, lives: 9 }), ['/bark type']);
  assert.deepEqual(judge({ kind: 'feline', bark: 'w' }), [' required lives']);
  assert.deepEqual(judge({ kind: 'Fish' }), ['/kind discriminator kind']);
  assert.deepEqual(judge({ kind: 'toString' }), ['/kind discriminator kind']);
  assert.deepEqual(judge({ kind: 1 }).slice(0, 1), ['/kind discriminator kind']);
  assert.deepEqual(judge({ bark: 'w' }), [' discriminator kind', ' oneOf']);
  // Both alternatives hold, and oneOf still means one.
  assert.deepEqual(judge({ kind: 'Cat', lives: 9 }), [' oneOf']);
});

test('discriminator in a parent: the child it names must hold, without going round', () => {
  const schemas = {
    Pet: {
      type: 'object',
      required: ['kind'],
      properties: { kind: { type: 'string' } },
      discriminator: { propertyName: 'kind', mapping: { kitty: 'Cat' } },
    },
    Cat: { allOf: [{ $ref: '#/components/schemas/Pet' }, { required: ['lives'] }] },
    Puma: { allOf: [{ $ref: '#/components/schemas/Cat' }, { required: ['range'] }] },
    Stone: { type: 'object' },
    Entry: { type: 'array', items: { $ref: '#/components/schemas/Pet' } },
  };
  for (const dialect of ['openapi-3.0', 'openapi-3.1'] as const) {
    const { judge, notes } = compile(schemas, dialect);
    assert.deepEqual(notes, []);
    assert.deepEqual(
      judge([{ kind: 'Pet' }, { kind: 'Cat', lives: 9 }, { kind: 'kitty', lives: 9 }]),
      [],
    );
    assert.deepEqual(judge([{ kind: 'Cat' }]), ['/0 required lives']);
    assert.deepEqual(judge([{ kind: 'Puma', lives: 9 }]), ['/0 required range']);
    assert.deepEqual(judge([{ kind: 'Stone' }]), ['/0/kind discriminator kind']);
    assert.deepEqual(judge([{}]), ['/0 required kind', '/0 discriminator kind']);
  }
  const direct = compile(schemas, 'openapi-3.1', 'Cat');
  assert.deepEqual(direct.judge({ kind: 'Puma', lives: 9, range: 1 }), []);
  assert.notDeepEqual(direct.judge({ kind: 'Puma', lives: 9 }), []);
});

test('members no schema documents are found wherever they hide', () => {
  const schemas = {
    Entry: {
      allOf: [{ $ref: '#/components/schemas/Base' }],
      properties: {
        owner: {
          oneOf: [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Person' }],
        },
        list: { type: 'array', items: { $ref: '#/components/schemas/Base' } },
        free: { type: 'object' },
        map: {
          type: 'object',
          properties: { a: {} },
          additionalProperties: { $ref: '#/components/schemas/Base' },
        },
        open: { type: 'object', properties: { a: {} }, additionalProperties: true },
        tags: { type: 'object', properties: { a: {} }, patternProperties: { '^x-': {} } },
      },
    },
    Base: { type: 'object', properties: { id: { type: 'integer' } } },
    Person: {
      type: 'object',
      required: ['name'],
      properties: { name: {} },
      not: { required: ['lives'] },
    },
    ...kinds,
  };
  const { undocumented } = compile(schemas, 'openapi-3.1');
  const cases: [unknown, string[]][] = [
    [{ id: 1, owner: { name: 'n' } }, []],
    [{ id: 1, password: 'p', 'a/b~': 1 }, ['/password', '/a~1b~0']],
    [{ owner: { name: 'n', iban: 'x' } }, ['/owner/iban']],
    [{ owner: { kind: 'k', lives: 1, name: 'n' } }, ['/owner/name']],
    [{ owner: { nonsense: 1, name: 'n', lives: 'x', kind: 0 } }, ['/owner/nonsense']],
    [{ list: [{ id: 1 }, { id: 1, x: { y: 1 } }] }, ['/list/1/x']],
    [{ free: { any: { thing: 1 } } }, []],
    [{ map: { a: 1, b: { id: 1, z: 1 } } }, ['/map/b/z']],
    [{ open: { z: 1 } }, []],
    [{ tags: { 'x-1': 1, y: 1 } }, ['/tags/y']],
    [{ ['__proto__']: 1, constructor: 1 }, ['/__proto__', '/constructor']],
    [[{ x: 1 }], ['']],
    ['text', ['']],
  ];
  for (const [value, expected] of cases) {
    assert.deepEqual(undocumented(value), expected, JSON.stringify(value));
  }
});

test('a fault in a schema is told with its address and what was meant', () => {
  const cases: [unknown, string][] = [
    [{ type: 'strin' }, 'error /Entry/type: there is no type "strin" (did you mean "string"?)'],
    [{ type: 'int' }, 'error /Entry/type: there is no type "int" (did you mean "integer"?)'],
    [
      { minLength: '3' },
      'error /Entry/minLength: minLength must be a whole number, 0 or more (write 3 without quotes)',
    ],
    [{ minLength: -1 }, 'error /Entry/minLength: minLength must be a whole number, 0 or more'],
    [{ required: 'x' }, 'error /Entry/required: required must be a list of names'],
    [
      { properties: { a: { required: true } } },
      "warning /Entry/properties/a/required: required beside a property has no effect (list the name in the parent's required)",
    ],
    [{ enum: [] }, 'warning /Entry/enum: an empty enum allows no value at all'],
    [
      { $ref: '#/components/schemas/Pett' },
      'error /Entry/$ref: $ref "#/components/schemas/Pett" leads nowhere (did you mean "#/components/schemas/Pet"?)',
    ],
    [
      { $ref: '#/components/schemas/Entry' },
      'error /Entry: this schema refers back to itself without going deeper into the value',
    ],
    [
      { allOf: [{ $ref: '#/components/schemas/Loop' }] },
      'error /Loop: this schema refers back to itself without going deeper into the value',
    ],
    [
      { requierd: ['a'] },
      'warning /Entry/requierd: unknown keyword "requierd" is ignored (did you mean "required"?)',
    ],
    [
      { pattern: '(a)\\1' },
      'error /Entry/pattern: the pattern refers back to a group, which no linear-time engine can check',
    ],
    [
      { pattern: '[a' },
      'error /Entry/pattern: the pattern is not a regular expression of ECMA-262',
    ],
    [
      { pattern: '^[\\w-\\.]+$' },
      'warning /Entry/pattern: the pattern is not valid in Unicode mode; it is read as browsers read it without (write "^[\\\\w\\\\x2d\\\\.]+$")',
    ],
    [
      { items: [{}] },
      'warning /Entry/items: items is one schema; a list of them is read as prefixItems (use prefixItems)',
    ],
    [
      { properties: { a: 'string' } },
      'error /Entry/properties/a: this must be a schema: an object, true or false',
    ],
    [{ required: null }, 'warning /Entry/required: required is empty (leave it out)'],
    [
      { pattern: '/^a$/' },
      'warning /Entry/pattern: the pattern stands between slashes, which are read as delimiters (write "^a$")',
    ],
    [{ multipleOf: 0 }, 'error /Entry/multipleOf: multipleOf must be a number above 0'],
  ];
  for (const [Entry, expected] of cases) {
    const Loop = { anyOf: [{ $ref: '#/components/schemas/Entry' }] };
    const { notes } = compile({ Entry, Pet: {}, Loop }, 'openapi-3.1');
    assert.ok(notes.includes(expected), `${expected}\n${notes.join('\n')}`);
  }
});

test('a $ref may lead anywhere a schema stands', () => {
  const documents = new Map<string, unknown>([
    [
      ADDRESS,
      {
        paths: { '/a': { get: { schema: { type: 'integer' } } } },
        Entry: { $ref: '#/paths/~1a/get/schema' },
      },
    ],
    ['file:///other.yaml', { deep: { $ref: 'api.yaml#/Entry' } }],
  ]);
  const address = 'file:///other.yaml#/deep';
  const compiled = compileSchemas({
    documents,
    dialect: 'openapi-3.0',
    entries: [{ address, direction: 'request' }],
    assertFormats: true,
  });
  assert.deepEqual(compiled.diagnostics, []);
  const { validate } = linkSchemas(compiled).validator(address, 'request');
  assert.deepEqual(validate(1), []);
  assert.equal(validate('1').length, 1);
});

test('discriminator beside anyOf: the named alternative must hold, null may pass beside it', () => {
  const Entry = {
    anyOf: [
      { $ref: '#/components/schemas/Cat' },
      { $ref: '#/components/schemas/Dog' },
      { type: 'null' },
    ],
    discriminator: { propertyName: 'kind' },
  };
  const { judge } = compile({ ...kinds, Entry }, 'openapi-3.1');
  assert.deepEqual(judge(null), []);
  assert.deepEqual(judge({ kind: 'Dog' }), []);
  assert.deepEqual(judge(1), [' anyOf']);
  // A valid Dog, but it calls itself a Cat.
  assert.deepEqual(judge({ kind: 'Cat' }), [' required lives']);
});

test('a discriminator that names nothing is told and not enforced', () => {
  const Entry = { oneOf: [{ type: 'object' }], discriminator: { propertyName: 'kind' } };
  const { judge, notes } = compile({ Entry }, 'openapi-3.0');
  assert.deepEqual(judge({}), []);
  assert.deepEqual(notes, [
    'warning /Entry/discriminator: discriminator names no schema, so it is not enforced',
  ]);
});

test('schemas of old drafts keep their meaning, with a warning', () => {
  const $schema = 'http://json-schema.org/draft-07/schema#';
  const cases: [unknown, unknown, string[]][] = [
    [{ $schema, items: [{ type: 'string' }], additionalItems: false }, ['a', 1], ['/1 items']],
    [
      { $schema, dependencies: { a: ['b'], c: { required: ['d'] } } },
      { a: 1, c: 1 },
      [' dependentRequired b', ' required d'],
    ],
    [
      { $schema, $ref: '#/definitions/n', type: 'null', definitions: { n: { type: 'integer' } } },
      1,
      [],
    ],
    [
      { $schema: 'http://json-schema.org/draft-04/schema#', minimum: 1, exclusiveMinimum: true },
      1,
      [' exclusiveMinimum'],
    ],
  ];
  for (const [schema, value, expected] of cases) {
    const document = schema as object;
    const documents = new Map<string, unknown>([['file:///old.json', document]]);
    const address = 'file:///old.json#';
    const compiled = compileSchemas({
      documents,
      dialect: 'openapi-3.1',
      entries: [{ address, direction: 'request' }],
      assertFormats: true,
    });
    const told = compiled.diagnostics.map(({ severity }) => severity);
    assert.ok(told.every((severity) => severity === 'warning'));
    const found = linkSchemas(compiled)
      .validator(address, 'request')
      .validate(value as JsonValue);
    assert.deepEqual(
      found.map(({ pointer, rule, member }) => `${pointer} ${rule}${member ? ` ${member}` : ''}`),
      expected,
    );
  }
});

test('an $id has no say in OpenAPI 3.0, and moves the base in 3.1', () => {
  const Entry = {
    $id: 'https://elsewhere.example/x',
    properties: { a: { $ref: '#/components/schemas/Text' } },
  };
  const old = compile({ Entry, Text: { type: 'string' } }, 'openapi-3.0');
  assert.deepEqual(old.judge({ a: 1 }), ['/a type']);
  const { notes } = compile({ Entry, Text: { type: 'string' } }, 'openapi-3.1');
  assert.ok(notes.some((note) => note.includes('leads nowhere')));
});

test('documents that contain themselves neither hang nor pass', () => {
  const loop: Record<string, unknown> = { type: 'object', properties: {} };
  (loop.properties as Record<string, unknown>).self = loop;
  const { judge, notes } = compile({ Entry: loop }, 'openapi-3.0');
  assert.ok(notes.some((note) => note.startsWith('error')));
  assert.deepEqual(judge({ self: {} }), []);
});

test('discriminators that multiply beyond bounds are refused', () => {
  const schemas: Record<string, unknown> = {};
  const all = Array.from({ length: 18 }, (_, i) => ({ $ref: `#/components/schemas/P${i}` }));
  for (let i = 0; i < 18; i++) {
    schemas[`P${i}`] = { properties: { k: {} }, discriminator: { propertyName: `k${i}` } };
  }
  schemas.Entry = { allOf: all };
  schemas.Other = { allOf: all };
  let notes: readonly string[] = [];
  const usedMs = processorMs(() => {
    ({ notes } = compile(schemas, 'openapi-3.0'));
  });
  assert.ok(usedMs < 20_000, `${usedMs}`);
  assert.ok(notes.length === 0 || notes.some((note) => note.startsWith('error')));
});
