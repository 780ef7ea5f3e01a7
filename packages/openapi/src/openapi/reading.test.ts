import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { openApi } from './index.ts';
import { answer, opened } from './reading.fixture.ts';
import {
  BOUNDS,
  compile,
  describeApi,
  headers,
  parts,
  readExtension,
  told,
} from './testing.fixture.ts';
import type { CompileApiOptions } from './types.ts';

/** How a description is read where its letter and its author differ, and the settings that choose. */

const Pet = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } };
const OBJECT = { $ref: '#/components/schemas/Pet' };

function withSchema(schema: unknown, version: string, options: Partial<CompileApiOptions> = {}) {
  const requestBody = { content: { 'application/json': { schema } } };
  const { operation, codes } = opened(
    {
      ...describeApi(
        { '/x': { post: { requestBody, ...answer } } },
        { components: { schemas: { Pet } } },
      ),
      openapi: version,
    },
    options,
  );
  const send = (value: unknown, ...more: string[]) =>
    operation.checkBody(
      headers('content-type', 'application/json', ...more),
      Buffer.from(JSON.stringify(value)),
      BOUNDS,
    );
  return { codes, send, check: (value: unknown) => told(send(value).violations) };
}

type Row = readonly [name: string, schema: object, accepted: unknown, refused: unknown];

const nullables: readonly Row[] = [
  ['beside an enum without null', { type: 'string', enum: ['a'] }, 'a', 'b'],
  ['beside an enum without type', { enum: ['a'] }, 'a', 'b'],
  ['beside $ref', OBJECT, { name: 'a' }, {}],
  ['beside allOf', { allOf: [OBJECT] }, { name: 'a' }, {}],
  ['beside type and allOf', { type: 'object', allOf: [OBJECT] }, { name: 'a' }, {}],
  ['beside oneOf', { oneOf: [OBJECT, { type: 'integer' }] }, 1, 'a'],
  ['beside anyOf', { anyOf: [OBJECT, { type: 'integer' }] }, 1, 'a'],
  ['beside not', { type: 'string', not: { enum: ['a'] } }, 'b', 'a'],
];

for (const version of ['3.0.4', '3.1.1']) {
  for (const [name, schema, accepted, refused] of nullables) {
    test(`${version}: a null that the author allows is not refused: nullable ${name}`, () => {
      const meant = withSchema({ ...schema, nullable: true }, version);
      assert.ok(meant.codes.includes('schema'));
      assert.equal(meant.check(null), '');
      assert.equal(meant.check(accepted), '');
      assert.notEqual(meant.check(refused), '');
    });

    test(`${version}: by the letter, nullable ${name} allows what the version says`, () => {
      const strict = withSchema({ ...schema, nullable: true }, version, { reading: 'strict' });
      const addsNull = version === '3.0.4' && name === 'beside not';
      assert.equal(strict.check(null) === '', addsNull, strict.check(null));
      assert.equal(strict.check(accepted), '');
    });
  }
}

test('what stands beside a $ref in OpenAPI 3.0 is enforced, and hidden by the letter', () => {
  const rows: readonly Row[] = [
    ['required', { ...OBJECT, required: ['age'] }, { name: 'a', age: 1 }, { name: 'a' }],
    ['minProperties', { ...OBJECT, minProperties: 2 }, { name: 'a', b: 1 }, { name: 'a' }],
    ['closed', { ...OBJECT, additionalProperties: false }, { name: 'a' }, { name: 'a', b: 1 }],
    [
      'closed with properties',
      { ...OBJECT, properties: { b: { type: 'integer' } }, additionalProperties: false },
      { name: 'a', b: 1 },
      { name: 'a', c: 1 },
    ],
  ];
  for (const [name, schema, accepted, refused] of rows) {
    const meant = withSchema(schema, '3.0.4');
    assert.ok(meant.codes.includes('schema'), name);
    assert.equal(meant.check(accepted), '', name);
    assert.notEqual(meant.check(refused), '', name);
    assert.equal(withSchema(schema, '3.0.4', { reading: 'strict' }).check(refused), '', name);
  }
});

test('the description chooses its reading before the configuration does', () => {
  const requestBody = {
    content: { 'application/json': { schema: { type: 'string', enum: ['a'], nullable: true } } },
  };
  const { operation } = opened({
    ...describeApi({ '/x': { post: { requestBody, ...answer } } }),
    'x-poorter': { reading: 'strict' },
  });
  const type = headers('content-type', 'application/json');
  assert.equal(
    told(operation.checkBody(type, Buffer.from('null'), BOUNDS).violations),
    'body  type; body  enum',
  );
  for (const key of ['reading', 'readOnlyMembers', 'formats']) {
    const values = { reading: 'strict', readOnlyMembers: 'refuse', formats: 'report' };
    const misplaced = { [key]: values[key as keyof typeof values] };
    const refused = compile(
      describeApi({ '/x': { post: { requestBody, ...answer, 'x-poorter': misplaced } } }),
      { readExtension },
    );
    assert.ok(!refused.ok && refused.errors.some(({ code }) => code === 'extension'), key);
  }
});

test('a format that is only reported never refuses, and is told', () => {
  const dated = {
    type: 'object',
    properties: {
      at: { type: 'string', format: 'date' },
      n: { type: 'integer', format: 'int32' },
      list: { type: 'array', items: { $ref: '#/components/schemas/Day' } },
      a: { type: 'integer' },
    },
  };
  const document = describeApi(
    {
      '/x': {
        post: {
          parameters: [{ name: 'd', in: 'query', schema: { type: 'string', format: 'date' } }],
          requestBody: { content: { 'application/json': { schema: dated } } },
          ...answer,
        },
      },
    },
    { components: { schemas: { Day: { type: 'string', format: 'date' } } } },
  );
  const type = headers('content-type', 'application/json');
  const { operation } = opened(document, { formats: 'report' });
  const send = (text: string) => operation.checkBody(type, Buffer.from(text), BOUNDS).violations;
  const found = send('{"at":"today","n":3000000000,"list":["2024-01-01","x"]}');
  assert.equal(told(found), 'body /at format; body /n format; body /list/1 format');
  assert.ok(found.every(({ isRemark }) => isRemark === true));
  assert.equal(told(send('{"at":"2024-01-01"}')), '');
  const broken = send('{"at":"today","a":"x"}');
  assert.equal(told(broken), 'body /a type');
  assert.ok(broken.every(({ isRemark }) => isRemark === undefined));
  const parameters = operation.checkParameters(parts({ query: 'd=x' }));
  assert.deepEqual(parameters, [
    { in: 'query', name: 'd', pointer: '', rule: 'format', isRemark: true },
  ]);
  const enforced = opened(document).operation.checkParameters(parts({ query: 'd=x' }));
  assert.deepEqual(enforced, [
    { in: 'query', name: 'd', pointer: '', rule: 'format', expected: 'date' },
  ]);
});

test('named tracking parameters pass, and no others', () => {
  const operations = {
    get: answer,
    put: { ...answer, 'x-poorter': { allowUndocumentedQuery: ['gclid'] } },
  };
  const { api } = opened(describeApi({ '/x': operations }), {
    allowUndocumentedQuery: ['utm_source', 'utm_medium'],
  });
  const [get, put] = api.operations;
  const check = (operation: typeof get, query: string) =>
    told(operation?.checkParameters(parts({ query })) ?? []);
  assert.equal(check(get, 'utm_source=a&utm_medium=b&utm_source=c'), '');
  assert.equal(check(get, 'utm_sourc=a'), 'query  undocumented');
  assert.equal(check(get, 'gclid=a'), 'query  undocumented');
  assert.equal(check(put, 'gclid=a'), '');
  assert.equal(check(put, 'utm_source=a'), 'query  undocumented');
});

test('an empty branch of oneOf is an empty object, not everything that fits no other', () => {
  const schema = { oneOf: [{}, OBJECT, { type: 'object', required: ['code'] }] };
  for (const version of ['3.0.4', '3.1.1']) {
    const meant = withSchema(schema, version);
    assert.equal(meant.check({}), '');
    assert.equal(meant.check({ name: 'a' }), '');
    assert.equal(meant.check({ code: 1 }), '');
    assert.notEqual(meant.check({ other: 1 }), '');
    assert.notEqual(meant.check(1), '');
    assert.ok(meant.codes.includes('schema'));
    assert.notEqual(withSchema(schema, version, { reading: 'strict' }).check({ name: 'a' }), '');
  }
});

test('oneOf branches that some value fits twice, and discriminators in a parent alone, are told', () => {
  const schemas = {
    Pet,
    Named: { type: 'object', required: ['name'], properties: { name: {}, age: {} } },
    Base: { type: 'object', required: ['kind'], discriminator: { propertyName: 'kind' } },
    Child: { allOf: [{ $ref: '#/components/schemas/Base' }] },
  };
  const warned = (schema: object) => {
    const requestBody = { content: { 'application/json': { schema } } };
    const compilation = compile(
      describeApi({ '/x': { post: { requestBody, ...answer } } }, { components: { schemas } }),
    );
    assert.ok(compilation.ok);
    return compilation.warnings.map(({ message }) => message).join();
  };
  const named = { $ref: '#/components/schemas/Named' };
  for (const oneOf of [
    [OBJECT, named],
    [{ type: 'integer' }, { type: 'number' }],
    [{ type: 'string' }, { type: 'string', minLength: 3 }],
    [{ properties: { a: {} } }, { properties: { b: {} } }],
    [{ enum: ['a', 'b'] }, { enum: ['b', 'a'] }],
  ]) {
    assert.match(warned({ oneOf }), /fit both branch \d and branch \d/, JSON.stringify(oneOf));
  }
  for (const oneOf of [
    [OBJECT, { type: 'integer' }],
    [OBJECT, { type: 'object', required: ['other'] }],
    [{ enum: ['a'] }, { enum: ['b'] }],
  ]) {
    assert.doesNotMatch(warned({ oneOf }), /fit both/, JSON.stringify(oneOf));
  }
  assert.match(warned({ $ref: '#/components/schemas/Base' }), /stands in the parent alone/);
});

test('an object whose discriminator names an alternative is not refused because another fits, too', () => {
  const kind = { type: 'string' };
  const schemas = {
    Cat: {
      type: 'object',
      required: ['kind'],
      properties: { kind, lives: { type: 'integer', maximum: 9 } },
    },
    Dog: { type: 'object', required: ['kind', 'bark'], properties: { kind, bark: {} } },
  };
  const list = [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }];
  const mapping = { hound: '#/components/schemas/Dog' };
  for (const discriminator of [{ propertyName: 'kind' }, { propertyName: 'kind', mapping }]) {
    const requestBody = {
      content: { 'application/json': { schema: { oneOf: list, discriminator } } },
    };
    const document = describeApi(
      { '/x': { post: { requestBody, ...answer } } },
      { components: { schemas } },
    );
    const judge = (value: unknown, options = {}) =>
      told(
        opened(document, options).operation.checkBody(
          headers('content-type', 'application/json'),
          Buffer.from(JSON.stringify(value)),
          BOUNDS,
        ).violations,
      );
    assert.equal(judge({ kind: 'Dog', bark: 'w' }), '');
    assert.equal(judge({ kind: 'Cat', lives: 9 }), '');
    if ('mapping' in discriminator) assert.equal(judge({ kind: 'hound', bark: 'w' }), '');
    // The one that was named must hold, and what it lacks is all that is told.
    assert.equal(judge({ kind: 'Dog', lives: 9 }), 'body  required');
    assert.equal(judge({ kind: 'Cat', lives: 10 }), 'body /lives maximum');
    assert.match(judge({ kind: 'Fish', bark: 'w' }), /discriminator/);
    assert.match(judge({ kind: 1, bark: 'w' }), /discriminator/);
    // Without the member nobody has chosen.
    assert.notEqual(judge({ bark: 'w' }), '');
    // Members of the others document nothing.
    const strict = { strictProperties: true };
    assert.match(judge({ kind: 'Dog', bark: 'w', lives: 9 }, strict), /undocumented/);
    assert.equal(judge({ kind: 'Dog', bark: 'w' }, strict), '');
    assert.match(judge({ kind: 'Dog', bark: 'w' }, { reading: 'strict' }), /oneOf/);
  }
});

test('an object without the member of a discriminator is held against oneOf alone', () => {
  const schema = {
    oneOf: [OBJECT, { $ref: '#/components/schemas/Pet2' }],
    discriminator: { propertyName: 'kind' },
  };
  const Pet2 = { type: 'object', required: ['code'], properties: { code: { type: 'integer' } } };
  const document = (reading: 'meant' | 'strict') => {
    const requestBody = { content: { 'application/json': { schema } } };
    const { operation } = opened(
      describeApi(
        { '/x': { post: { requestBody, ...answer } } },
        { components: { schemas: { Pet, Pet2 } } },
      ),
      { reading },
    );
    return (value: unknown) =>
      told(
        operation.checkBody(
          headers('content-type', 'application/json'),
          Buffer.from(JSON.stringify(value)),
          BOUNDS,
        ).violations,
      );
  };
  const meant = document('meant');
  assert.equal(meant({ name: 'a' }), '');
  assert.equal(meant({ name: 'a', kind: 'Pet' }), '');
  assert.notEqual(meant({ name: 'a', kind: 'Pet2' }), '');
  assert.notEqual(meant({ name: 'a', kind: 'Other' }), '');
  assert.notEqual(meant({}), '');
  assert.notEqual(document('strict')({ name: 'a' }), '');
});

test('a server variable without default stands for any text', () => {
  const parameters = [{ name: 'tenant', in: 'path', required: true, schema: { type: 'integer' } }];
  const { api, codes } = opened(
    describeApi(
      { '/pay/{tenant}': { get: { parameters, ...answer } } },
      { servers: [{ url: 'https://{host}/{tenant}/v1' }] },
    ),
  );
  assert.deepEqual(codes, ['server-variable']);
  const match = api.match('GET', '/acme/v1/pay/5');
  assert.ok(match.kind === 'operation');
  const { operation, pathValues } = match;
  assert.equal(told(operation.checkParameters(parts({ pathValues }))), '');
  assert.equal(
    told(operation.checkParameters(parts({ pathValues: ['acme', 'x'] }))),
    'path tenant type',
  );
  assert.equal(api.match('GET', '/v1/pay/5').kind, 'no-such-path');
});

test('a property or parameter that says it is required is required', () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'integer', required: true }, b: { required: false } },
  };
  const { check, codes } = withSchema(schema, '3.0.4');
  assert.ok(codes.includes('read-as-meant'));
  assert.equal(check({ a: 1 }), '');
  assert.equal(check({}), 'body  required');
  const parameters = [{ name: 'q', in: 'query', schema: { type: 'integer', required: true } }];
  const { operation } = opened(describeApi({ '/x': { get: { parameters, ...answer } } }));
  assert.equal(told(operation.checkParameters(parts())), 'query q required');
});

test('a credential described as a header of an open operation is asked for', () => {
  const parameters = [{ name: 'Authorization', in: 'header', required: true, schema: {} }];
  const get = { parameters, ...answer };
  const open = opened(describeApi({ '/x': { get: { ...get, security: [] } } })).operation;
  assert.equal(told(open.checkParameters(parts())), 'header Authorization required');
  // Where a scheme asks for it, OpenAPI ignores such a parameter.
  const guarded = opened(
    describeApi(
      { '/x': { get: { ...get, security: [{ t: [] }] } } },
      { components: { securitySchemes: { t: { type: 'http', scheme: 'bearer' } } } },
    ),
  ).operation;
  assert.equal(told(guarded.checkParameters(parts())), '');
});

test('an operation that is never served does not load in silence', () => {
  const answer = { responses: { 200: { description: '' } } };
  const item = { get: answer, trace: answer, additionalOperations: { CONNECT: answer } };
  const compilation = compile(describeApi({ '/x': item }, { openapi: '3.2.0' }));
  assert.ok(compilation.ok);
  const found = compilation.warnings.filter(({ code }) => code === 'method-not-served');
  assert.equal(found.length, 2);
  const match = openApi(compilation.api).match('PUT', '/x');
  assert.deepEqual(match, { kind: 'method-not-allowed', allow: ['GET', 'HEAD'] });
});
