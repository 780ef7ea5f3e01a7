import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes, compile, describeApi, open } from './testing.fixture.ts';

const HEAD = `openapi: 3.1.1
info: { title: Test, version: '1' }
`;

const answer = { responses: { 200: { description: '' } } };

/** An operation of these lines, in YAML. */
function yaml(operation: string, rest = ''): string {
  const indented = operation.replaceAll(/^/gm, '      ');
  return `${HEAD}paths:\n  /x:\n    get:\n${indented}\n      responses: { 200: { description: ok } }\n${rest}`;
}

/** Each document, and the remarks on it. */
const documents: readonly (readonly [name: string, document: string, remarks: string[]])[] = [
  ['an empty text', '', ['error wrong-type 1:1']],
  ['a list', '[]', ['error wrong-type 1:1']],
  ['no version', 'info: {}', ['error no-version 1:1']],
  ['Swagger 2.0', "swagger: '2.0'", ['error unsupported-version 1:1']],
  ['a later version', 'openapi: 4.0.0', ['error unsupported-version 1:1']],
  ['no info', 'openapi: 3.1.0\npaths: {}', ['warning no-info 1:1', 'warning no-operations 2:1']],
  ['paths as a list', `${HEAD}paths: []`, ['error wrong-type 3:1']],
  ['no paths', `${HEAD}`, ['error wrong-type 1:1']],
  ['3.1 with components only', `${HEAD}components: {}`, ['warning no-operations 1:1']],
  ['tabs', `${HEAD}paths:\n\t/x: {}`, ['error unreadable-document 4:1']],
  ['broken YAML', `${HEAD}paths: {`, ['error unreadable-document 3:9']],
  ['broken JSON', '{\n"openapi": x}', ['error unreadable-document 2:12']],
  ['a key twice', `${HEAD}paths: {}\ninfo: {}`, ['error unreadable-document 4:1']],
  [
    'a key twice in JSON',
    '{"openapi":"3.1.0",\n "info":1,"info":2}',
    ['error unreadable-document 2:11'],
  ],
  ['two documents', `${HEAD}paths: {}\n---\nx: 1`, ['error unreadable-document 4:1']],
  [
    'OpenAPI 3.2',
    '{"openapi":"3.2.0","info":{},"paths":{}}',
    ['warning version-3.2 1:2', 'warning no-operations 1:30'],
  ],
  ['a byte order mark', `\uFEFF${HEAD}paths: {}`, ['warning no-operations 3:1']],
  ['paramaters', yaml('paramaters: []'), ['error misspelt-field 6:7']],
  [
    'respones',
    `${HEAD}paths: { /x: { get: { respones: {} } } }`,
    ['error misspelt-field 3:23', 'warning no-responses 3:16'],
  ],
  [
    'securitySchemas',
    yaml('', 'components: { securitySchemas: {} }'),
    ['error misspelt-field 8:15'],
  ],
  ['secuirty', yaml('secuirty: []'), ['error misspelt-field 6:7']],
  ['operationID', yaml('operationID: a'), ['warning unknown-field 6:7']],
  ['a stranger field', yaml('colour: a'), ['warning unknown-field 6:7']],
  ['somebody else’s extension', yaml('x-colour: a'), []],
  ['a misspelt extension', yaml('x-porter: a'), ['error unknown-extension 6:7']],
  [
    'an extension of ours that is none',
    yaml('x-poorter-limit: a'),
    ['error unknown-extension 6:7'],
  ],
  [
    'our extension elsewhere',
    yaml('parameters:\n- { name: a, in: query, schema: {}, x-poorter: {} }'),
    ['error misplaced-extension 7:43'],
  ],
  [
    'Swagger’s type in a parameter',
    yaml('parameters:\n- { name: a, in: query, type: string }'),
    ['warning read-as-meant 7:31'],
  ],
  [
    'in: body',
    yaml('parameters:\n- { name: a, in: body, schema: {} }'),
    ['error swagger-leftover 7:20'],
  ],
  [
    'in: querry',
    yaml('parameters:\n- { name: a, in: querry, schema: {} }'),
    ['error unknown-parameter-location 7:20'],
  ],
  [
    'a parameter twice',
    yaml(
      'parameters:\n- { name: a, in: query, schema: {} }\n- { name: a, in: query, schema: { type: string } }',
    ),
    ['error duplicate-parameter 8:9'],
  ],
  [
    'a header twice, in other case',
    yaml(
      'parameters:\n- { name: a, in: header, schema: {} }\n- { name: A, in: header, schema: { enum: [1] } }',
    ),
    ['error duplicate-parameter 8:9'],
  ],
  [
    'a style of another place',
    yaml('parameters:\n- { name: a, in: query, style: simple, schema: {} }'),
    ['error unknown-style 7:31'],
  ],
  [
    'schema and content',
    yaml('parameters:\n- { name: a, in: query, schema: {}, content: { a/b: {} } }'),
    ['error schema-and-content 7:9'],
  ],
  [
    'explode as text',
    yaml('parameters:\n- { name: a, in: query, explode: "true", schema: {} }'),
    ['warning read-as-meant 7:31'],
  ],
  [
    'a boolean required in a schema',
    yaml('parameters:\n- { name: a, in: query, schema: { required: true } }'),
    ['warning read-as-meant 7:41'],
  ],
  [
    'nullable in 3.1',
    yaml('parameters:\n- { name: a, in: query, schema: { type: string, nullable: true } }'),
    ['warning schema 7:55'],
  ],
  [
    'a reference to nowhere',
    yaml(
      'parameters:\n- $ref: "#/components/parameters/Idd"',
      'components: { parameters: { Id: { name: a, in: query, schema: {} } } }',
    ),
    ['error unresolvable-reference 7:9'],
  ],
  [
    'fields beside a reference',
    yaml(
      'parameters:\n- { $ref: "#/components/parameters/A", required: true }',
      'components: { parameters: { A: { name: a, in: query, schema: {} } } }',
    ),
    ['warning read-as-meant 7:46'],
  ],
  [
    'a parameter of a type nobody parses',
    yaml(
      'parameters:\n- { name: a, in: query, content: { application/xml: { schema: { type: object } } } }',
    ),
    ['error unenforceable-schema 7:42'],
  ],
  [
    'a schema reference to nowhere',
    yaml('parameters:\n- { name: a, in: query, schema: { $ref: "#/nowhere" } }'),
    ['error unresolvable-reference 7:41'],
  ],
  [
    'a reference to itself',
    yaml(
      'parameters:\n- $ref: "#/components/parameters/A"',
      'components:\n  parameters:\n    A: { $ref: "#/components/parameters/B" }\n    B: { $ref: "#/components/parameters/A" }',
    ),
    ['error cyclic-reference 7:9'],
  ],
  [
    'an unreadable file',
    yaml('parameters:\n- $ref: "https://example.com/a.yaml"'),
    ['error unresolvable-reference 7:9'],
  ],
  [
    'an unknown scheme',
    yaml(
      'security:\n- toke: []',
      'components: { securitySchemes: { token: { type: http, scheme: bearer } } }',
    ),
    ['error unknown-security-scheme 7:9'],
  ],
  ['security as an empty map', yaml('security: {}'), ['error wrong-type 6:7']],
  ['security: null', yaml('security:'), ['error wrong-type 6:7']],
  [
    'digest, used',
    yaml(
      'security: [{ d: [] }]',
      'components: { securitySchemes: { d: { type: http, scheme: digest } } }',
    ),
    ['error unenforceable-security-scheme 8:34'],
  ],
  [
    'digest, unused',
    yaml('', 'components: { securitySchemes: { d: { type: http, scheme: digest } } }'),
    ['warning unenforceable-security-scheme 8:34'],
  ],
  [
    'apiKey without name',
    yaml(
      'security: [{ d: [] }]',
      'components: { securitySchemes: { d: { type: apiKey, in: header } } }',
    ),
    ['error unenforceable-security-scheme 8:34'],
  ],
  [
    'OAuth without flows',
    yaml('security: [{ d: [] }]', 'components: { securitySchemes: { d: { type: oauth2 } } }'),
    ['warning oauth2-without-flows 8:34'],
  ],
  [
    'a scope nobody declared',
    yaml(
      'security: [{ d: [reed] }]',
      'components: { securitySchemes: { d: { type: oauth2, flows: { implicit: { scopes: { read: r } } } } } }',
    ),
    ['warning undeclared-scope 6:24'],
  ],
  [
    'an undeclared path parameter',
    `${HEAD}paths: { '/x/{id}': { get: { responses: {} } } }`,
    ['warning undeclared-path-parameter 3:23'],
  ],
  [
    'a path parameter that is not in the path',
    yaml('parameters:\n- { name: a, in: path, required: true, schema: {} }'),
    ['warning parameter-not-in-path 7:9'],
  ],
  [
    'a path parameter that may be missing',
    `${HEAD}paths: { '/x/{a}': { get: { parameters: [{ name: a, in: path, schema: {} }], responses: {} } } }`,
    ['warning path-parameter-not-required 3:42'],
  ],
  [
    'upper-case methods',
    `${HEAD}paths: { /x: { GET: { responses: {} } } }`,
    ['warning upper-case-method 3:16'],
  ],
  [
    'a path without slash',
    `${HEAD}paths: { x: { get: { responses: {} } } }`,
    ['warning read-as-meant 3:10'],
  ],
  [
    'braces that do not pair',
    `${HEAD}paths: { '/{x': { get: { responses: {} } } }`,
    ['error unreadable-path 3:10', 'warning no-operations 3:1'],
  ],
  [
    'parameters side by side',
    `${HEAD}paths: { '/{x}{y}': { get: { responses: {} } } }`,
    ['error unreadable-path 3:10', 'warning no-operations 3:1'],
  ],
  [
    'a status of no kind',
    `${HEAD}paths: { /x: { get: { responses: { ok: { description: '' } } } } }`,
    ['error unknown-status 3:36'],
  ],
  [
    'XML with a schema',
    yaml('requestBody: { content: { application/xml: { schema: { type: object } } } }'),
    ['warning body-of-safe-method 6:7', 'warning unenforceable-schema 6:52'],
  ],
  [
    'fields with nothing behind them',
    yaml('parameters:\nrequestBody:\nsummary:\ntags:'),
    ['warning empty-field 6:7', 'warning empty-field 7:7'],
  ],
  [
    'security with nothing behind it, and a flag',
    yaml('security:\nparameters:\n- { name: a, in: query, required: , schema: {} }'),
    ['error wrong-type 6:7', 'warning empty-field 8:31'],
  ],
  [
    'a server URL without scheme',
    yaml('servers: [{ url: api.example.com/v1 }, { url: "{scheme}://{host}/v1" }, { url: ../v1 }]'),
    ['warning relative-server 6:19'],
  ],
  [
    'deepObject for a text',
    yaml('parameters:\n- { name: a, in: query, style: deepObject, schema: { type: string } }'),
    ['warning deep-object-without-object 7:31'],
  ],
  [
    'a server variable without default',
    yaml('servers: [{ url: "/{v}" }]'),
    ['warning server-variable 6:19'],
  ],
  [
    'the same paths but for names',
    `${HEAD}paths:\n  /a/{x}: { get: { responses: {} } }\n  /a/{y}: { get: { responses: {} } }`,
    [
      'error ambiguous-operations 5:13',
      'warning undeclared-path-parameter 4:13',
      'warning undeclared-path-parameter 5:13',
    ],
  ],
  [
    'alias bombs',
    `${HEAD}a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]`,
    ['error unreadable-document 8:5'],
  ],
  ['an alias inside itself', `${HEAD}a: &a [*a]`, ['error unreadable-document 3:8']],
];

for (const [name, document, expected] of documents) {
  test(`remarks: ${name}`, () => {
    assert.deepEqual(codes(compile(document)), expected);
  });
}

test('suggestions name the nearest', () => {
  const compilation = compile(yaml('paramaters: []'));
  assert.ok(!compilation.ok);
  assert.equal(compilation.errors[0]?.suggestion, "did you mean 'parameters'?");
  assert.equal(compilation.errors[0]?.file, 'file:///api/main.yaml');
});

test('YAML and JSON give the same remarks at the same lines', () => {
  const document = describeApi({
    '/a': { get: { paramaters: [1, { b: 2 }], responses: { ok: {} } } },
  });
  const json = JSON.stringify(document, null, 2);
  assert.deepEqual(
    codes(compile(json)),
    codes(compile(`# YAML\n${json}`)).map((line) => {
      const [severity, code, place = ''] = line.split(' ');
      const [row, column] = place.split(':');
      return `${severity} ${code} ${Number(row) - 1}:${column}`;
    }),
  );
});

test('anchors, merge keys and unquoted status codes are understood', () => {
  const api = open(`${HEAD}
x-shared: &shared { responses: { 200: { description: ok } } }
paths:
  /a: { get: { <<: *shared, summary: one } }
  /b: { get: *shared }
`);
  assert.deepEqual(
    api.operations.map(({ compiled }) => compiled.summary),
    ['one', ''],
  );
  assert.equal(
    api.operations[0]?.expectAnswer(200, {
      get: () => undefined,
      has: () => false,
      all: () => [],
    } as never).kind,
    'validate',
  );
});

test('references cross files, with escapes, and resolve against the file they stand in', () => {
  const read: string[] = [];
  const files: Record<string, string> = {
    'file:///api/paths/a.yaml':
      'get: { parameters: [{ $ref: "../shared.yaml#/p/a~1b%20c~0" }], responses: { 200: { $ref: "../shared.yaml#/r" } } }',
    'file:///api/shared.yaml':
      'p: { "a/b c~": { name: n, in: query, schema: { $ref: "#/s" } } }\ns: { type: integer }\nr: { description: ok, content: { application/json: { schema: { $ref: "deep/s.json" } } } }',
    'file:///api/deep/s.json':
      '{ "type": "object", "properties": { "self": { "$ref": "#" }, "n": { "$ref": "../shared.yaml#/s" } } }',
  };
  const compilation = compile(`${HEAD}paths: { /a: { $ref: paths/a.yaml } }`, {
    read: (uri) => {
      read.push(uri);
      return files[uri] as string;
    },
  });
  assert.deepEqual(codes(compilation), []);
  assert.deepEqual(read, Object.keys(files));
});

test('files that name themselves by $id still refer to each other by file', () => {
  const files = {
    'file:///api/a.json':
      '{ "$id": "https://x.example/a", "type": "object", "properties": { "b": { "$ref": "b.json" } } }',
    'file:///api/b.json': '{ "$id": "https://elsewhere.example/b", "type": "integer" }',
  };
  const parameters = [{ name: 'a', in: 'query', schema: { $ref: 'a.json' } }];
  const document = describeApi({ '/a': { get: { parameters, ...answer } } });
  assert.deepEqual(codes(compile(document, { files })), []);
  const strict = { ...document, openapi: '3.0.4' };
  assert.deepEqual(
    codes(compile(strict, { files })).filter((code) => code.startsWith('error')),
    [],
  );
});

test('a fault in another file is told at that file', () => {
  const compilation = compile(`${HEAD}paths: { /a: { $ref: a.yaml } }`, {
    files: { 'file:///api/a.yaml': '\nget: { paramaters: [], responses: {} }' },
  });
  assert.ok(!compilation.ok);
  const [error] = compilation.errors;
  assert.deepEqual([error?.file, error?.line, error?.column], ['file:///api/a.yaml', 2, 8]);
});

test('bare file names work as addresses', () => {
  // compile() fixes its own address, so this asks directly.
  const compilation = compile(`${HEAD}paths: { /a: { $ref: missing.yaml } }`);
  assert.ok(!compilation.ok);
  assert.match(compilation.errors[0]?.message ?? '', /no file file:\/\/\/api\/missing.yaml/);
});

test('security: undeclared, open, alternatives and anonymous are kept apart', () => {
  const securitySchemes = {
    token: { type: 'http', scheme: 'Bearer' },
    key: { type: 'apiKey', in: 'query', name: 'k' },
    oauth: { type: 'oauth2', flows: { clientCredentials: { scopes: { read: '' } } } },
    oidc: { type: 'openIdConnect', openIdConnectUrl: 'https://id.example' },
    tls: { type: 'mutualTLS' },
    unused: { type: 'http', scheme: 'hoba' },
  };
  const paths = {
    '/open': { get: { security: [], ...answer } },
    '/either': { get: { security: [{ token: [], tls: [] }, { oauth: ['read'] }, {}], ...answer } },
    '/inherits': { get: answer },
  };
  const undeclared = open(describeApi({ '/a': { get: answer } }));
  assert.equal(undeclared.operations[0]?.compiled.security, null);
  const api = open(
    describeApi(paths, { security: [{ key: [] }], components: { securitySchemes } }),
  );
  assert.deepEqual(
    api.operations.map(({ compiled }) => compiled.security),
    [[], [{ token: [], tls: [] }, { oauth: ['read'] }, {}], [{ key: [] }]],
  );
  assert.deepEqual(api.compiled.securitySchemes, {
    token: { type: 'http', scheme: 'bearer' },
    key: { type: 'apiKey', in: 'query', name: 'k' },
    oauth: { type: 'oauth2' },
    oidc: { type: 'openIdConnect', openIdConnectUrl: 'https://id.example' },
    tls: { type: 'mutualTLS' },
  });
});

test('what scopes are for is kept where it is said, in whichever flow', () => {
  const flows = {
    implicit: { scopes: { read: '', write: 'Change what is yours', toString: 7 } },
    clientCredentials: { scopes: { read: ' Look at it ' } },
  };
  const api = open(
    describeApi(
      { '/a': { get: { security: [{ oauth: ['read', 'write'] }], ...answer } } },
      { components: { securitySchemes: { oauth: { type: 'oauth2', flows } } } },
    ),
  );
  assert.deepEqual(api.compiled.securitySchemes['oauth'], {
    type: 'oauth2',
    scopeTexts: { read: 'Look at it', write: 'Change what is yours' },
  });
});

test('x-poorter merges from root over path to operation, and its faults have lines', () => {
  const document = describeApi(
    { '/a': { 'x-poorter': { b: 2, c: 2 }, get: { 'x-poorter': { c: 3 }, ...answer } } },
    { 'x-poorter': { a: 1, b: 1 } },
  );
  assert.deepEqual(open(document).operations[0]?.compiled.settings, { a: 1, b: 2, c: 3 });
  const refused = compile(JSON.stringify(document, null, 1), {
    readExtension: (value) =>
      Object.hasOwn(value, 'c')
        ? { problems: [{ pointer: '/c', message: 'no such key' }] }
        : { value },
  });
  assert.equal(codes(refused).filter((line) => line.startsWith('error extension')).length, 2);
});

test('operation ids stay unique', () => {
  const api = open(
    describeApi({
      '/a': { get: { operationId: 'x', ...answer } },
      '/b': { get: { operationId: 'x', ...answer }, put: answer },
    }),
  );
  assert.deepEqual(
    api.operations.map(({ compiled }) => compiled.id),
    ['x', 'x (GET /b)', 'PUT /b'],
  );
});

test('webhooks, callbacks and links enforce nothing here', () => {
  const compilation = compile(
    describeApi(
      {
        '/a': {
          get: {
            callbacks: { a: { $ref: '#/nowhere' } },
            responses: { 200: { description: '', links: { a: { $ref: '#/nowhere' } } } },
          },
        },
      },
      { webhooks: { w: { $ref: '#/nowhere' } } },
    ),
  );
  assert.deepEqual(codes(compilation), []);
});

test('prototype names are ordinary names', () => {
  const document = `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{
    "/__proto__/{constructor}":{"get":{"operationId":"__proto__","parameters":[
      {"name":"constructor","in":"path","required":true,"schema":{"$ref":"#/components/schemas/__proto__"}},
      {"name":"__proto__","in":"query","schema":{"type":"integer"}}],
      "security":[{"__proto__":[]}],"responses":{"200":{"description":""}}}}},
    "components":{"schemas":{"__proto__":{"type":"integer"}},"securitySchemes":{"__proto__":{"type":"mutualTLS"}}}}`;
  const api = open(document);
  const match = api.match('GET', '/__proto__/5');
  assert.equal(match.kind, 'operation');
  assert.deepEqual(Object.keys(api.compiled.securitySchemes), ['__proto__']);
  for (const missing of ['constructor', 'toString', '__proto__']) {
    const refused = compile(
      describeApi(
        { '/a': { get: { parameters: [{ $ref: `#/components/${missing}` }], ...answer } } },
        { components: {} },
      ),
    );
    assert.deepEqual(
      codes(refused).map((line) => line.split(' ')[1]),
      ['unresolvable-reference'],
      missing,
    );
  }
});

test('what should protect under a name that is two slips from x-poorter stops the start', () => {
  const slips = ['x-portter', 'x-prooter', 'x-poroter', 'x-pooretr', 'x-oprter', 'X-POOTRE'];
  for (const name of slips) {
    const remarks = codes(compile(yaml(`${name}: { mode: enforce }`)));
    assert.deepEqual(remarks, ['error unknown-extension 6:7'], name);
  }
  for (const name of ['x-router', 'x-port', 'x-order', 'x-pointer', 'x-poster', 'x-internal']) {
    assert.deepEqual(codes(compile(yaml(`${name}: { a: 1 }`))), [], name);
  }
});

test('whoever mends a description sees all that is wrong at once, and each fault once', () => {
  const schema = { type: 'object', properties: { a: { type: 'strng' }, b: { pattern: '(' } } };
  const compilation = compile(
    describeApi({
      '/x': {
        get: { parameters: [{ in: 'query' }], responses: {} },
        post: { requestBody: { content: { 'application/json': { schema } } }, responses: {} },
        put: {
          requestBody: { content: { 'application/json': { schema: { $ref: '#/nowhere' } } } },
          responses: {},
        },
      },
    }),
  );
  const errors = compilation.ok ? [] : compilation.errors.map(({ message }) => message);
  assert.equal(errors.filter((text) => /strng/.test(text)).length, 1, errors.join('\n'));
  assert.ok(
    errors.some((text) => /name/.test(text)),
    'the parameter without a name',
  );
  assert.equal(errors.filter((text) => /nowhere/.test(text)).length, 1, errors.join('\n'));
  assert.ok(
    errors.some((text) => /pattern|regular expression/.test(text)),
    errors.join('\n'),
  );
});
