import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { openApi } from './index.ts';
import { BOUNDS, compile, describeApi, headers, parts, told } from './testing.fixture.ts';

/** What authors write, the code of the warning, and what passes and does not. */

const answer = { responses: { 200: { description: '' } } };
const pet = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } };
const cat = { allOf: [{ $ref: '#/components/schemas/animal' }], required: ['purrs'] };

type SchemaRow = readonly [
  name: string,
  schema: unknown,
  accepted: unknown,
  refused: unknown,
  version?: '3.0.4' | '3.1.1',
  code?: string,
];

const schemaRows: readonly SchemaRow[] = [
  ['a quoted bound', { minimum: '1' }, 1, 0],
  ['a quoted bound of many digits', { maximum: '9007199254740993.5' }, 9007199254740992, 1e17],
  ['a quoted length', { maxLength: '2' }, 'ab', 'abc'],
  ['a quoted step', { multipleOf: '0.5' }, 1.5, 1.2],
  ['a quoted flag', { type: 'string', nullable: 'true' }, null, 1, '3.0.4'],
  ['a flag of YAML 1.1', { type: 'array', uniqueItems: 'yes' }, [1], [1, 1]],
  ['readOnly in quotes', { properties: { a: { readOnly: 'true' } } }, {}, { a: 1 }],
  ['a prohibition in quotes', { properties: {}, additionalProperties: 'false' }, {}, { a: 1 }],
  ['a negative minimum', { type: 'string', minLength: -1 }, '', 1],
  ['a negative minimum in quotes', { type: 'array', minItems: '-1' }, [], 1],
  ['a keyword with nothing behind it', { type: 'string', maxLength: null, allOf: [] }, 'ab', 1],
  ['a property with nothing behind it', { ...pet, properties: { name: null } }, { name: 1 }, {}],
  ['a property that is a type', { properties: { a: 'integer' } }, { a: 1 }, { a: 'b' }],
  ['items that are a type', { type: 'array', items: 'string' }, ['a'], [1]],
  ['type: String', { type: 'String' }, 'a', 1],
  ['type: Integer', { type: 'Integer' }, 1, 1.5],
  ['type: Boolean', { type: 'Boolean' }, true, 'true'],
  ['type: Object', { type: 'Object' }, {}, []],
  ['type: Array', { type: 'Array' }, [], {}],
  ['type: int', { type: 'int' }, 1, 1.5],
  ['type: int32', { type: 'int32' }, 1, 2147483648],
  ['type: int64', { type: 'int64' }, 2147483648, 1e30],
  ['type: long', { type: 'long' }, 2147483648, 1e30],
  ['type: float', { type: 'float' }, 1.5, '1'],
  ['type: double', { type: 'double' }, 1.5, '1'],
  ['type: decimal', { type: 'decimal' }, 1.5, '1'],
  ['type: bool', { type: 'bool' }, true, 1],
  ['type: str', { type: 'str' }, 'a', 1],
  ['type: uuid', { type: 'uuid' }, '6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'a'],
  ['type: date', { type: 'date' }, '2024-02-29', '2023-02-29'],
  ['type: datetime', { type: 'datetime' }, '2024-02-29T00:00:00Z', '2024-02-29'],
  ['type: date-time', { type: 'date-time' }, '2024-02-29T00:00:00Z', '2024-02-29'],
  ['type: email', { type: 'email' }, 'a@b.example', 'a'],
  ['type: file', { type: 'file' }, 'a', 1],
  ['type: dict', { type: 'dict' }, {}, 1],
  ['type: map', { type: 'map' }, {}, 1],
  ['type: list', { type: 'list' }, [], 1],
  ['type: any', { type: 'any', not: { const: 1 } }, 'a', 1],
  ['a list of such types', { type: ['Int', null] }, null, 'a'],
  ['an author’s own format', { type: 'date', format: 'date-time' }, '2024-02-29T00:00:00Z', 'a'],
  ['required: a name', { required: 'a' }, { a: 1 }, {}],
  ['required: numbers', { required: [1] }, { 1: 1 }, {}],
  ['a discriminator with nothing behind it', { discriminator: null, type: 'object' }, {}, 1],
  ['enum: a value', { enum: 'a' }, 'a', 'b'],
  ['numbers for texts', { type: 'string', enum: [1, true] }, '1', 1],
  ['texts for numbers', { type: 'integer', enum: ['1', '2'] }, 1, '1'],
  ['allOf: a schema', { allOf: { type: 'string' } }, 'a', 1],
  ['oneOf: a schema', { oneOf: { type: 'string' } }, 'a', 1],
  ['maxlength', { maxlength: 2 }, 'ab', 'abc'],
  ['additional_properties', { additional_properties: false, properties: {} }, {}, { a: 1 }],
  ['readonly', { properties: { a: { readonly: true } } }, {}, { a: 1 }],
  ['min_items in quotes', { min_items: '1' }, [1], []],
  ['a bare name', { $ref: 'Pet' }, { name: 'a' }, {}],
  ['a reference without slash', { $ref: '#components/schemas/Pet' }, { name: 'a' }, {}],
  ['a reference without sign', { $ref: '/components/schemas/Pet' }, { name: 'a' }, {}],
  ['a reference into definitions', { $ref: '#/definitions/Pet' }, { name: 'a' }, {}],
  [
    'a discriminator that is a name',
    { oneOf: [{ $ref: '#/components/schemas/Pet' }], discriminator: 'name' },
    { name: 'Pet' },
    { name: 'Dog' },
  ],
  [
    'a fault in a component that only a discriminator reaches',
    { $ref: '#/components/schemas/animal' },
    { kind: 'cat', purrs: 1 },
    { kind: 'cat', purrs: 'a' },
  ],
  ['an exclusive flag in 3.1', { minimum: 3, exclusiveMinimum: true }, 4, 3, '3.1.1', 'schema'],
  ['an exclusive flag of false', { maximum: 3, exclusiveMaximum: false }, 3, 4, '3.1.1', 'schema'],
  ['an exclusive flag in quotes', { maximum: 3, exclusiveMaximum: 'true' }, 2, 3],
  ['a number where 3.0 has a flag', { exclusiveMinimum: '3' }, 4, 3, '3.0.4'],
  ['items: a list, in 3.0', { items: [{ type: 'string' }] }, ['a'], [1], '3.0.4', 'schema'],
  [
    'items: a list, in 3.1',
    { items: [{}], additionalItems: false },
    [1],
    [1, 2],
    '3.1.1',
    'schema',
  ],
  ['dependencies', { dependencies: { a: ['b'] } }, { a: 1, b: 1 }, { a: 1 }, '3.1.1', 'schema'],
  [
    'dependencies on a schema',
    { dependencies: { a: { $ref: '#/components/schemas/Pet' } } },
    { a: 1, name: 'a' },
    { a: 1 },
    '3.0.4',
    'schema',
  ],
  [
    '$recursiveRef',
    {
      $id: 'https://x.example/list',
      properties: { next: { $recursiveRef: '#' }, n: { type: 'null' } },
    },
    { next: { n: null } },
    { next: { n: 1 } },
    '3.1.1',
    'schema',
  ],
  ['a pattern of Python', { pattern: '\\A(?P<a>a)\\Z' }, 'a', 'ab', '3.1.1', 'schema'],
  ['a pattern between slashes', { pattern: '/^a$/i' }, 'A', 'b', '3.0.4', 'schema'],
];

for (const [
  name,
  schema,
  accepted,
  refused,
  version = '3.1.1',
  code = 'read-as-meant',
] of schemaRows) {
  test(`a schema is enforced as it was meant: ${name}`, () => {
    const { operation, codes } = opened({
      ...describeApi(
        {
          '/x': {
            post: { requestBody: { content: { 'application/json': { schema } } }, ...answer },
          },
        },
        {
          components: {
            schemas: {
              Pet: pet,
              animal: { type: 'object', discriminator: { propertyName: 'kind' } },
              cat: { ...cat, properties: { purrs: { type: 'Int' } } },
            },
          },
        },
      ),
      openapi: version,
    });
    assert.ok(codes.includes(code), codes.join());
    const check = (value: unknown) =>
      told(
        operation.checkBody(
          headers('content-type', 'application/json'),
          Buffer.from(JSON.stringify(value)),
          BOUNDS,
        ).violations,
      );
    assert.equal(check(accepted), '');
    assert.notEqual(check(refused), '');
  });
}

type ParameterRow = readonly [name: string, parameter: object, accepted: string, refused: string];

const parameterRows: readonly ParameterRow[] = [
  ['type without schema', { in: 'query', type: 'integer', minimum: 1 }, 'a=1', 'a=0'],
  ['enum without schema', { in: 'query', type: 'string', enum: ['b'] }, 'a=b', 'a=c'],
  ['format without schema', { in: 'query', type: 'string', format: 'date' }, 'a=2024-01-01', 'a=1'],
  ['commas', { in: 'query', type: 'array', items: { type: 'integer' } }, 'a=1,2', 'a=1,b'],
  [
    'multi',
    { in: 'query', type: 'array', items: { type: 'integer' }, collectionFormat: 'multi' },
    'a=1&a=2',
    'a=1,2',
  ],
  [
    'pipes',
    { in: 'query', type: 'array', items: { type: 'integer' }, collectionFormat: 'pipes' },
    'a=1%7C2',
    'a=1,2',
  ],
  ['type beside schema', { in: 'query', schema: { maximum: 3 }, type: 'integer' }, 'a=3', 'a=b'],
  ['enum beside schema', { in: 'query', schema: { type: 'string' }, enum: ['b'] }, 'a=b', 'a=c'],
  ['in: Query', { in: 'Query', schema: { type: 'integer' } }, 'a=1', 'a=b'],
  ['required in quotes', { in: 'query', required: 'true', schema: {} }, 'a=1', ''],
  ['required: yes', { in: 'query', required: 'yes', schema: {} }, 'a=1', ''],
  [
    'explode in quotes',
    { in: 'query', explode: 'false', schema: { type: 'array', items: { type: 'integer' } } },
    'a=1,2',
    'a=1&a=2',
  ],
  ['style: Form', { in: 'query', style: 'Form', schema: { type: 'integer' } }, 'a=1', 'a=b'],
  ['a number for a name', { name: 1, in: 'query', schema: { type: 'integer' } }, '1=1', '1=a'],
];

for (const [name, parameter, accepted, refused] of parameterRows) {
  test(`a parameter is enforced as it was meant: ${name}`, () => {
    const { operation, codes } = opened(
      describeApi({ '/x': { get: { parameters: [{ name: 'a', ...parameter }], ...answer } } }),
    );
    assert.ok(codes.includes('read-as-meant'), codes.join());
    const check = (query: string) => told(operation.checkParameters(parts({ query })));
    assert.equal(check(accepted), '');
    assert.notEqual(check(refused), '');
  });
}

test('a single parameter or server where a list belongs is that list', () => {
  const { operation, api, codes } = opened(
    describeApi(
      { '/x': { get: { parameters: { name: 'a', in: 'query', type: 'integer' }, ...answer } } },
      { servers: { url: 'https://x.example/v1' } },
    ),
  );
  assert.deepEqual([...new Set(codes)], ['read-as-meant']);
  assert.equal(api.match('GET', '/v1/x').kind, 'operation');
  assert.equal(api.match('GET', '/x').kind, 'no-such-path');
  assert.equal(told(operation.checkParameters(parts({ query: 'a=1' }))), '');
  assert.equal(told(operation.checkParameters(parts({ query: 'a=b' }))), 'query a type');
});

test('servers that are bare addresses, and scopes that are bare names, are read', () => {
  const flows = { implicit: { scopes: ['read'] } };
  const { api, codes } = opened(
    describeApi(
      { '/x': { get: { security: [{ oauth: ['read'] }], ...answer } } },
      {
        servers: ['https://x.example/v1'],
        components: { securitySchemes: { oauth: { type: 'oauth2', flows } } },
      },
    ),
  );
  assert.deepEqual([...new Set(codes)], ['read-as-meant']);
  assert.equal(api.match('GET', '/v1/x').kind, 'operation');
});

test('a path parameter named almost as its template is that parameter', () => {
  for (const name of ['userid', '{userId}', ':userId', 'user_id']) {
    const { operation, codes } = opened(
      describeApi({
        '/x/{userId}': {
          get: { parameters: [{ name, in: 'path', required: true, type: 'integer' }], ...answer },
        },
      }),
    );
    assert.deepEqual([...new Set(codes)], ['read-as-meant'], name);
    assert.equal(told(operation.checkParameters(parts({ pathValues: ['1'] }))), '');
    assert.equal(told(operation.checkParameters(parts({ pathValues: ['a'] }))), 'path userId type');
  }
});

test('Swagger’s references to parameters and answers reach the components', () => {
  const { operation, codes } = opened(
    describeApi(
      {
        '/x': {
          get: {
            parameters: [{ $ref: '#/parameters/q' }],
            responses: { Default: { $ref: '#/responses/r' } },
          },
        },
      },
      {
        components: {
          parameters: { q: { name: 'q', in: 'query', schema: { type: 'integer' } } },
          responses: { r: { description: '', headers: { h: { type: 'integer' } } } },
        },
      },
    ),
  );
  assert.deepEqual([...new Set(codes)], ['read-as-meant']);
  assert.equal(told(operation.checkParameters(parts({ query: 'q=1' }))), '');
  assert.equal(told(operation.checkParameters(parts({ query: 'q=a' }))), 'query q type');
  const check = (h: string) =>
    told(
      operation.checkAnswer(200, headers('h', h), Buffer.from(''), BOUNDS, {
        findUndocumented: false,
      }).violations,
    );
  assert.equal(check('1'), '');
  assert.equal(check('a'), 'header h type');
});

test('answers and media types with slips are enforced', () => {
  const { operation, codes } = opened(
    describeApi({
      '/x': {
        get: {
          responses: {
            '2xx': { description: '', content: { 'Application/JSON': { type: 'integer' } } },
            404: null,
            '5XX': {
              description: '',
              content: { 'application/json, text/json': { schema: null } },
            },
          },
        },
      },
    }),
  );
  assert.deepEqual([...new Set(codes)].sort(), ['empty-field', 'read-as-meant']);
  const check = (status: number, body: string, type = 'application/json') =>
    told(
      operation.checkAnswer(status, headers('content-type', type), Buffer.from(body), BOUNDS, {
        findUndocumented: false,
      }).violations,
    );
  assert.equal(check(200, '1'), '');
  assert.equal(check(200, '"a"'), 'body  type');
  assert.equal(check(500, '1', 'text/json'), '');
  assert.equal(check(500, '1', 'text/plain'), 'content-type  undocumented');
  assert.equal(operation.expectAnswer(404, headers('content-type', 'a/b')).kind, 'undocumented');
});

test('a path without slash is served as if it had one', () => {
  const { api, codes } = opened(describeApi({ 'x/{a}': { get: answer } }));
  assert.ok(codes.includes('read-as-meant'));
  assert.equal(api.match('GET', '/x/1').kind, 'operation');
  assert.equal(api.match('GET', 'x/1').kind, 'no-such-path');
  const twice = compile(describeApi({ x: { get: answer }, '/x': { get: answer } }));
  assert.deepEqual(errorsOf(twice), ['ambiguous-operations']);
});

const securitySchemes = {
  key: { type: 'APIKEY', in: 'Header', name: 'k' },
  token: { type: 'http', scheme: 'Bearer' },
  basic: { type: 'basic' },
  oauth: { type: 'OAuth2', flows: { implicit: { scopes: { read: '' } } } },
};

test('a requirement with slips is required all the same', () => {
  const rows: readonly (readonly [security: unknown, expected: unknown])[] = [
    [{ key: [] }, [{ key: [] }]],
    [{ key: [], token: [] }, [{ key: [], token: [] }]],
    [
      ['key', 'token'],
      [{ key: [] }, { token: [] }],
    ],
    ['key', [{ key: [] }]],
    [[{ key: null }], [{ key: [] }]],
    [[{ basic: {} }], [{ basic: [] }]],
    [[{ oauth: 'read' }], [{ oauth: ['read'] }]],
  ];
  for (const [security, expected] of rows) {
    const { operation, codes, api } = opened(
      describeApi({ '/x': { get: { security, ...answer } } }, { components: { securitySchemes } }),
    );
    assert.deepEqual(operation.compiled.security, expected);
    assert.deepEqual([...new Set(codes)], ['read-as-meant']);
    assert.deepEqual(api.compiled.securitySchemes, {
      key: { type: 'apiKey', in: 'header', name: 'k' },
      token: { type: 'http', scheme: 'bearer' },
      basic: { type: 'http', scheme: 'basic' },
      oauth: { type: 'oauth2' },
    });
  }
});

test('descriptions without the parts that only people read are served', () => {
  const rows: readonly (readonly [document: object, codes: string[]])[] = [
    [{ openapi: '3.0.4', info: { version: 1 }, paths: { '/x': { get: answer } } }, []],
    [{ openapi: '3.0.4', info: { title: null }, paths: { '/x': { get: answer } } }, []],
    [{ openapi: '3.0.4', paths: { '/x': { get: answer } } }, ['no-info']],
    [{ openapi: '3.1.1', info: {}, webhooks: {} }, ['no-operations']],
    [{ openapi: '3.0.4', info: {}, paths: null }, ['empty-field', 'no-operations']],
    [
      { openapi: '3.0.4', info: {}, components: null, tags: [], paths: { '/x': { get: answer } } },
      ['empty-field'],
    ],
  ];
  for (const [document, expected] of rows) {
    const compilation = compile(document);
    assert.deepEqual(errorsOf(compilation), []);
    assert.deepEqual(compilation.warnings.map(({ code }) => code).sort(), expected);
  }
});

test('what could be read two ways, or would enforce less, still stops the start', () => {
  const inParameter = (schema: unknown) => ({ parameters: [{ name: 'a', in: 'query', schema }] });
  const rows: readonly (readonly [operation: object, code: string])[] = [
    [inParameter({ minLength: 'abc' }), 'schema'],
    [inParameter({ maxLength: -1 }), 'schema'],
    [inParameter({ maximum: '1,000' }), 'schema'],
    [inParameter({ type: 'byte' }), 'schema'],
    [inParameter({ type: null }), 'schema'],
    [inParameter({ additionalProperties: null }), 'wrong-type'],
    [inParameter({ required: 'a,b' }), 'schema'],
    [inParameter({ enum: 'a,b' }), 'schema'],
    [inParameter({ oneOf: [] }), 'schema'],
    [inParameter({ readOnly: 'maybe' }), 'wrong-type'],
    [inParameter({ pattern: 'a++' }), 'schema'],
    [inParameter({ pattern: '\\Qa\\E' }), 'schema'],
    [inParameter({ dependencies: { a: [] }, dependentRequired: {} }), 'schema'],
    [inParameter({ $ref: 'pet' }), 'unresolvable-reference'],
    [inParameter({ $ref: '#/components/schemas/Pet/' }), 'unresolvable-reference'],
    [inParameter({ $ref: '#' }), 'unresolvable-reference'],
    [inParameter({ $ref: '#/components/schemas' }), 'unresolvable-reference'],
    [inParameter({ $ref: '#/components/securitySchemes/key' }), 'unresolvable-reference'],
    [inParameter({ $ref: '#/paths' }), 'unresolvable-reference'],
    [inParameter({ $recursiveRef: '#' }), 'unresolvable-reference'],
    [{ parameters: [{ name: 'a', in: 'body', type: 'string' }] }, 'swagger-leftover'],
    [{ parameters: [{ name: 'a', in: 'formData', type: 'string' }] }, 'swagger-leftover'],
    [{ parameters: [{ name: 'a', in: 'query', required: 'maybe', schema: {} }] }, 'wrong-type'],
    [
      { parameters: [{ name: 'a', in: 'query', type: 'array', collectionFormat: 'tsv' }] },
      'swagger-leftover',
    ],
    [{ security: {} }, 'wrong-type'],
    [{ security: null }, 'wrong-type'],
    [{ security: [null] }, 'wrong-type'],
    [{ security: ['nobody'] }, 'unknown-security-scheme'],
    [{ security: { KEY: [] } }, 'unknown-security-scheme'],
    [{ responses: { default: {}, Default: {} } }, 'unknown-status'],
  ];
  for (const [operation, code] of rows) {
    const document = describeApi(
      { '/x': { get: { ...answer, ...operation } } },
      { components: { securitySchemes, schemas: { Pet: pet } } },
    );
    assert.ok(errorsOf(compile(document)).includes(code), JSON.stringify(operation));
  }
});

test('a query in a path is better described as parameters', () => {
  const compilation = compile(describeApi({ '/x?a={b}': { get: answer } }));
  assert.ok(!compilation.ok);
  assert.match(compilation.errors[0]?.suggestion ?? '', /query parameters/);
});

function opened(document: object) {
  const compilation = compile(document, { readOnlyMembers: 'refuse' });
  assert.deepEqual(errorsOf(compilation), [], JSON.stringify(compilation));
  assert.ok(compilation.ok);
  const api = openApi(structuredClone(compilation.api));
  const [operation] = api.operations;
  assert.ok(operation !== undefined);
  return { api, operation, codes: compilation.warnings.map(({ code }) => code) };
}

function errorsOf(compilation: ReturnType<typeof compile>): string[] {
  return compilation.ok ? [] : compilation.errors.map(({ code }) => code);
}
