import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { openApi } from './index.ts';
import { BOUNDS, compile, describeApi, headers, parts, told } from './testing.fixture.ts';
import type { ApiCompilation, CompileApiOptions } from './types.ts';

/** Ways in which published descriptions are split into files, bundled and written. */

type Options = Partial<CompileApiOptions> & { files?: Readonly<Record<string, string>> };

const answer = { responses: { 200: { description: '' } } };

/** One operation that takes a body of this schema. */
function bodyApi(schema: unknown, rest: object = {}): object {
  const requestBody = { required: true, content: { 'application/json': { schema } } };
  return describeApi({ '/x': { post: { requestBody, ...answer } } }, rest);
}

function opened(document: unknown, options: Options = {}) {
  const compilation = compile(document, options);
  if (!compilation.ok) throw new Error(JSON.stringify(compilation.errors, null, 1));
  const api = openApi(structuredClone(compilation.api));
  const judge = (value: unknown, path = '/x', method = 'POST') => {
    const match = api.match(method, path);
    assert.ok(match.kind === 'operation', path);
    const bytes = Buffer.from(JSON.stringify(value));
    const type = headers('content-type', 'application/json');
    return told(match.operation.checkBody(type, bytes, BOUNDS).violations);
  };
  return { api, judge, warnings: compilation.warnings.map(({ code }) => code) };
}

function errorsOf(compilation: ApiCompilation): string[] {
  return compilation.ok ? [] : [...new Set(compilation.errors.map(({ code }) => code))];
}

const file = (name: string, value: unknown) => ({ [`file:///api/${name}`]: JSON.stringify(value) });

const member = (properties: unknown, rest: object = {}) => ({
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties,
  ...rest,
});

for (const openapi of ['3.0.3', '3.1.1']) {
  test(`${openapi}: properties that stand in another file are enforced, relative to that file`, () => {
    const files = {
      ...file('models/members.json', {
        id: { type: 'integer' },
        owner: { $ref: 'person.json' },
        self: { $ref: '#/id' },
        'a/b~c%20': { type: 'string', enum: ['v'] },
      }),
      ...file('models/person.json', { type: 'string', minLength: 2 }),
    };
    const schema = member({ $ref: 'models/members.json' });
    const { judge } = opened(bodyApi(schema, { openapi }), { files });
    assert.equal(judge({ id: 1, owner: 'Jo', self: 2, 'a/b~c%20': 'v' }), '');
    assert.equal(judge({ id: 'x' }), 'body /id type');
    assert.equal(judge({ id: 1, owner: 'J' }), 'body /owner minLength');
    assert.equal(judge({ id: 1, self: 'x' }), 'body /self type');
    assert.equal(judge({ id: 1, 'a/b~c%20': 'w' }), 'body /a~1b~0c%20 enum');
    assert.equal(judge({ id: 1, more: 1 }), 'body /more additionalProperties');
  });

  test(`${openapi}: properties of another component are enforced, through several references`, () => {
    const schemas = {
      Base: {
        properties: { id: { type: 'integer' }, name: { $ref: '#/components/schemas/Name' } },
      },
      Middle: { properties: { $ref: '#/components/schemas/Base/properties' } },
      Name: { type: 'string', maxLength: 3 },
    };
    const schema = member({
      $ref: '#/components/schemas/Middle/properties',
      own: { type: 'null' },
    });
    const { judge } = opened(bodyApi(schema, { openapi, components: { schemas } }));
    assert.equal(judge({ id: 1, name: 'abc', own: null }), '');
    assert.equal(judge({ id: 1, name: 'abcd' }), 'body /name maxLength');
    assert.equal(judge({ id: 1, own: 1 }), 'body /own type');
  });

  test(`${openapi}: lists, values and flags that stand elsewhere are enforced`, () => {
    const rows: [keyword: string, rest: object, value: unknown, fits: unknown, not: unknown][] = [
      ['required', {}, ['a'], { a: 1 }, {}],
      ['enum', {}, ['a', 2], 2, 'b'],
      ['type', {}, 'integer', 1, 'a'],
      ['minimum', {}, 5, 5, 4],
      ['maxLength', {}, 2, 'ab', 'abc'],
      ['pattern', {}, '^a', 'ab', 'b'],
      ['format', {}, 'date', '2024-02-29', '2023-02-29'],
      ['uniqueItems', { type: 'array', items: {} }, true, [1, 2], [1, 1]],
      ['oneOf', {}, [{ type: 'string' }, { type: 'integer' }], 1, true],
      ['anyOf', {}, [{ $ref: 'text.json' }, { type: 'integer' }], 'a', true],
      ['allOf', {}, [{ type: 'string' }, { minLength: 2 }], 'ab', 'a'],
      ['dependentRequired', {}, { a: ['b'] }, { a: 1, b: 1 }, { a: 1 }],
      ['patternProperties', {}, { '^a': { type: 'string' } }, { ab: 'x' }, { ab: 1 }],
    ];
    for (const [keyword, rest, value, fits, not] of rows) {
      const files = {
        ...file('p/part.json', { v: value }),
        ...file('p/text.json', { type: 'string' }),
      };
      const schema = { ...rest, [keyword]: { $ref: 'p/part.json#/v' } };
      const { judge } = opened(bodyApi(schema, { openapi }), { files });
      assert.equal(judge(fits), '', keyword);
      assert.notEqual(judge(not), '', keyword);
    }
  });

  test(`${openapi}: a keyword that refers to the schema around it is an error, and no circle`, () => {
    for (const keyword of ['type', 'required', 'enum', 'pattern', 'uniqueItems', 'nullable']) {
      for (const reference of ['#/components/schemas/S', '#/components/schemas/S/oneOf', '#']) {
        const S = { oneOf: [{ properties: { a: { [keyword]: { $ref: reference } } } }] };
        const schema = { $ref: '#/components/schemas/S' };
        const document = bodyApi(schema, { openapi, components: { schemas: { S } } });
        assert.deepEqual(errorsOf(compile(document)), ['wrong-type'], `${keyword} ${reference}`);
      }
    }
  });

  test(`${openapi}: a name, a place or a flag of a parameter may stand elsewhere`, () => {
    const parameter = {
      name: { $ref: 'part.json#/name' },
      in: { $ref: 'part.json#/in' },
      required: { $ref: 'part.json#/required' },
      schema: { type: 'integer' },
    };
    const document = describeApi(
      { '/x': { get: { parameters: [parameter], ...answer } } },
      { openapi },
    );
    const files = file('part.json', { name: 'q', in: 'query', required: true });
    const { api } = opened(document, { files });
    const check = (query: string) =>
      told(api.operations[0]?.checkParameters(parts({ query })) ?? []);
    assert.equal(check('q=1'), '');
    assert.equal(check('q=a'), 'query q type');
    assert.equal(check(''), 'query q required');
  });
}

test('a whole map or list that leads astray stops the start, and is never read as something else', () => {
  const schemas = {
    Pet: member({ id: { type: 'integer' } }),
    Wrap: { properties: { id: { type: 'integer' } } },
    Loop: { properties: { $ref: '#/components/schemas/Loop/properties' } },
    There: { properties: { $ref: '#/components/schemas/Back/properties' } },
    Back: { properties: { $ref: '#/components/schemas/There/properties' } },
  };
  const rows: [name: string, schema: object, code: string][] = [
    ['a schema', { properties: { $ref: '#/components/schemas/Pet' } }, 'wrong-type'],
    [
      'a schema of one keyword',
      { properties: { $ref: '#/components/schemas/Wrap' } },
      'wrong-type',
    ],
    ['a text', { properties: { $ref: '#/openapi' } }, 'wrong-type'],
    ['a list', { properties: { $ref: '#/servers' } }, 'wrong-type'],
    ['a map', { oneOf: { $ref: '#/components/schemas/Pet/properties' } }, 'wrong-type'],
    ['nowhere', { properties: { $ref: '#/components/nowhere' } }, 'unresolvable-reference'],
    ['no file', { required: { $ref: 'missing.json' } }, 'unresolvable-reference'],
    ['itself', { $ref: '#/components/schemas/Loop' }, 'cyclic-reference'],
    ['a circle', { $ref: '#/components/schemas/There' }, 'cyclic-reference'],
    ['no list of names', { required: { $ref: '#/info' } }, 'wrong-type'],
    [
      'a member described twice',
      { properties: { $ref: '#/components/schemas/Pet/properties', id: { type: 'string' } } },
      'fields-beside-reference',
    ],
  ];
  for (const [name, schema, code] of rows) {
    const document = bodyApi(schema, { components: { schemas }, servers: [{ url: '/' }] });
    assert.deepEqual(errorsOf(compile(document)), [code], name);
  }
});

test('a member called $ref is a member where a schema stands behind it', () => {
  const { judge } = opened(bodyApi({ properties: { $ref: { type: 'string' } } }));
  assert.equal(judge({ $ref: 'a' }), '');
  assert.equal(judge({ $ref: 1 }), 'body /$ref type');
  // In data, a reference is data.
  const data = opened(bodyApi({ const: { $ref: '#/info' } }));
  assert.equal(data.judge({ $ref: '#/info' }), '');
  assert.equal(data.judge({ title: 'Test', version: '1' }), 'body  const');
});

test('a few references that bring in members without end stop the start', () => {
  const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`m${i}`, {}]));
  const users = Object.fromEntries(
    Array.from({ length: 200 }, (_, i) => [
      `u${i}`,
      { properties: { $ref: '#/components/schemas/many/properties' } },
    ]),
  );
  const compilation = compile(
    bodyApi(
      { allOf: Object.keys(users).map((name) => ({ $ref: `#/components/schemas/${name}` })) },
      {
        components: { schemas: { many: { properties: many }, ...users } },
      },
    ),
  );
  assert.deepEqual(errorsOf(compilation), ['too-large']);
});

test('a few references to one long list stop the start before they fill the memory', () => {
  const list = Array.from({ length: 2_000 }, (_, i) => `m${i}`);
  const allOf = Array.from({ length: 200 }, () => ({ required: { $ref: '#/components/x-names' } }));
  const compilation = compile(bodyApi({ allOf }, { components: { 'x-names': list } }));
  assert.deepEqual(errorsOf(compilation), ['too-large']);
});

test('a discriminator knows alternatives by name where the list of them stands elsewhere', () => {
  const kind = (name: string) => ({
    type: 'object',
    required: ['kind', name],
    properties: { kind: { type: 'string' }, [name]: {} },
  });
  const schemas = { Cat: kind('purrs'), Dog: kind('barks') };
  const list = [
    { $ref: 'main.yaml#/components/schemas/Cat' },
    { $ref: 'main.yaml#/components/schemas/Dog' },
  ];
  const schema = { oneOf: { $ref: 'kinds.json' }, discriminator: { propertyName: 'kind' } };
  const { judge } = opened(bodyApi(schema, { components: { schemas } }), {
    files: file('kinds.json', list),
  });
  assert.equal(judge({ kind: 'Cat', purrs: 1 }), '');
  assert.match(judge({ kind: 'Cat', barks: 1 }), /required/);
  assert.match(judge({ kind: 'Cow', purrs: 1 }), /discriminator/);
});

test('a mapping that a bundle left behind names the alternative of its name', () => {
  const kind = (name: string) => ({
    type: 'object',
    required: ['kind', name],
    properties: { kind: { type: 'string' }, [name]: {} },
  });
  const schemas = { action_start: kind('at'), action_stop: kind('why') };
  const schema = (mapping: object) => ({
    anyOf: [
      { $ref: '#/components/schemas/action_start' },
      { $ref: '#/components/schemas/action_stop' },
    ],
    discriminator: { propertyName: 'kind', mapping },
  });
  const left = { start: 'models/actions.yml#/action_start', stop: 'models/action_stop.yml' };
  const { judge, warnings } = opened(bodyApi(schema(left), { components: { schemas } }));
  assert.ok(warnings.includes('read-as-meant'));
  assert.equal(judge({ kind: 'start', at: 1 }), '');
  assert.equal(judge({ kind: 'stop', why: 1 }), '');
  assert.match(judge({ kind: 'stop', at: 1 }), /required/);
  assert.match(judge({ kind: 'pause', at: 1 }), /discriminator/);
  for (const [mapping, reading] of [
    [{ start: 'models/actions.yml#/action_pause' }, 'meant'],
    [{ start: '#/components/schemas/action_pause' }, 'meant'],
    [left, 'strict'],
  ] as const) {
    const compilation = compile(bodyApi(schema(mapping), { components: { schemas } }), { reading });
    assert.deepEqual(errorsOf(compilation), ['unresolvable-reference']);
  }
});

test('a file that only an attempt missed is missed again by the reference that needs it', () => {
  const schemas = { Cat: { required: ['kind'], properties: { kind: {} } } };
  const schema = {
    properties: {
      pet: {
        oneOf: [{ $ref: '#/components/schemas/Cat' }],
        discriminator: { propertyName: 'kind', mapping: { c: 'models/Cat.yml' } },
      },
      other: { $ref: 'models/Cat.yml' },
    },
  };
  for (const properties of [
    schema.properties,
    Object.fromEntries(Object.entries(schema.properties).reverse()),
  ]) {
    const compilation = compile(bodyApi({ properties }, { components: { schemas } }));
    assert.deepEqual(errorsOf(compilation), ['unresolvable-reference']);
  }
});

test('the same parameter twice is one, and required where either says so', () => {
  const session = {
    name: 'Session-ID',
    in: 'header',
    description: 'one',
    schema: { type: 'integer' },
  };
  const again = { ...session, name: 'session-id', description: 'two', required: true };
  for (const parameters of [
    [session, again],
    [again, session],
  ]) {
    const { api, warnings } = opened(describeApi({ '/x': { get: { parameters, ...answer } } }));
    assert.ok(warnings.includes('read-as-meant'));
    const check = (...flat: string[]) =>
      told(api.operations[0]?.checkParameters(parts({ headers: headers(...flat) })) ?? []);
    assert.equal(check('session-id', '1'), '');
    assert.match(check('session-id', 'a'), /type/);
    assert.match(check(), /required/);
  }
  const flagged = [session, { ...again, required: { $ref: '#/x-yes' } }];
  const byReference = opened(
    describeApi({ '/x': { get: { parameters: flagged, ...answer } } }, { 'x-yes': true }),
  );
  assert.match(told(byReference.api.operations[0]?.checkParameters(parts()) ?? []), /required/);
  for (const other of [{ schema: { type: 'string' } }, { explode: true }, { 'x-check': 1 }]) {
    const parameters = [session, { ...again, ...other }];
    const compilation = compile(describeApi({ '/x': { get: { parameters, ...answer } } }));
    assert.deepEqual(errorsOf(compilation), ['duplicate-parameter']);
  }
});

test('paths that only names of parameters tell apart stop the start', () => {
  const byName = (name: string) => ({
    [`/pets/{${name}}`]: {
      get: { parameters: [{ name, in: 'path', required: true, schema: {} }], ...answer },
    },
  });
  const paths = { ...byName('id'), ...byName('name') };
  for (const reading of ['meant', 'strict'] as const) {
    const compilation = compile(describeApi(paths), { reading });
    assert.deepEqual(errorsOf(compilation), ['ambiguous-operations'], reading);
  }
});

test('operations that only a fragment tells apart are not one where one of them opens a tunnel', () => {
  const tunnel = { responses: { 101: { description: 'a tunnel' } } };
  const paths = { '/pets#all': { get: answer }, '/pets#live': { get: tunnel } };
  assert.deepEqual(errorsOf(compile(describeApi(paths))), ['ambiguous-operations']);
});

test('a key that is no media type lets nothing pass', () => {
  const schema = { type: 'integer' };
  const content = {
    'application/json': { schema },
    examples: {},
    '': { schema: {} },
    JSON: { schema: {} },
  };
  const responses = { 200: { description: '', content: { xls: { schema: {} } } } };
  const { api, warnings } = opened(
    describeApi({ '/x': { post: { requestBody: { content }, responses } } }),
  );
  assert.ok(warnings.includes('unknown-media-type'));
  const [operation] = api.operations;
  const check = (type: string, body: string) =>
    told(
      operation?.checkBody(headers('content-type', type), Buffer.from(body), BOUNDS).violations ??
        [],
    );
  assert.equal(check('application/json', '1'), '');
  assert.equal(check('application/json', '"a"'), 'body  type');
  for (const type of ['', 'JSON', 'json', 'examples', 'text/plain', 'application/xls'])
    assert.match(check(type, '1'), /content-type/, type);
  for (const type of ['xls', 'application/xls', 'text/plain'])
    assert.equal(operation?.expectAnswer(200, headers('content-type', type)).kind, 'undocumented');
  // What the author wrote for JSON must not be lost to what the range lets pass.
  const ranged = { applicationjson: { schema }, '*/*': { schema: {} } };
  const compilation = compile(
    describeApi({ '/x': { post: { requestBody: { content: ranged }, ...answer } } }),
  );
  assert.deepEqual(errorsOf(compilation), ['unknown-media-type']);
});

test('a comma before a parameter of a media type is read as the semicolon it was meant to be', () => {
  const schema = { type: 'integer' };
  for (const text of ['application/json, charset=utf-8', 'application/json; utf-8']) {
    const content = { [text]: { schema } };
    const { judge, warnings } = opened(
      describeApi({ '/x': { post: { requestBody: { content }, ...answer } } }),
    );
    assert.ok(warnings.includes('read-as-meant'), text);
    assert.equal(judge(1), '');
    assert.equal(judge('a'), 'body  type');
  }
});

test('an operation that stands in another file says so', () => {
  const item = { get: answer };
  const paths = { '/x': { $ref: 'paths.json#/x' }, '/y': { get: answer } };
  const { api } = opened(describeApi(paths), { files: file('paths.json', { x: item }) });
  assert.deepEqual(
    api.operations.map(({ compiled }) => compiled.file),
    ['file:///api/paths.json', 'file:///api/main.yaml'],
  );
});
