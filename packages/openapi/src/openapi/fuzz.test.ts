import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeaderFields } from '../header-fields/header-fields.ts';
import { openApi } from './index.ts';
import { BOUNDS, compile, describeApi, openOperation, parts } from './testing.fixture.ts';

const integer = { type: 'integer' };
const object = { type: 'object', properties: { R: integer, a: { type: 'array', items: integer } } };
const styles: readonly (readonly [place: string, styles: string[]])[] = [
  ['path', ['simple', 'label', 'matrix']],
  ['query', ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject']],
  ['header', ['simple']],
  ['cookie', ['form', 'cookie']],
];
const schemas = [
  integer,
  { type: 'array', items: { type: ['integer', 'string'] } },
  object,
  { anyOf: [object, integer, { type: 'array', items: { type: 'boolean' } }, { type: 'null' }] },
  { ...object, additionalProperties: { type: 'array', items: { type: 'number' } } },
  {},
];

const parameterOf = fc.constantFrom(...styles).chain(([place, names]) =>
  fc.record({
    in: fc.constant(place),
    name: fc.constant('p'),
    style: fc.constantFrom(...names),
    explode: fc.boolean(),
    schema: fc.constantFrom(...schemas),
  }),
);

/** Texts that look almost right. */
const wire = fc
  .array(
    fc.oneof(
      fc.constantFrom('p', 'R', 'a', '=', '&', ',', ';', '.', '|', '%', '%2C', '%20', '%FF', '+'),
      fc.constantFrom('[', ']', '%5B', '__proto__', 'constructor', '1', 'true', '{', '}', '"', ' '),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 25 },
  )
  .map((pieces) => pieces.join(''));

test('no request makes the parameter checks throw', () => {
  fc.assert(
    fc.property(parameterOf, fc.array(wire, { minLength: 8, maxLength: 8 }), (parameter, texts) => {
      const operation = openOperation(
        { parameters: [{ ...parameter, required: true }] },
        { path: parameter.in === 'path' ? '/x/{p}' : '/x' },
      );
      for (const text of texts) {
        const headers = new HeaderFields(['p', text, 'cookie', text, 'p', text]);
        const found = operation.checkParameters(
          parts({ pathValues: [text], query: text, headers }),
        );
        assert.ok(Array.isArray(found));
      }
    }),
    { numRuns: 150 },
  );
});

const bodies = openOperation({
  requestBody: {
    content: Object.fromEntries(
      [
        'application/json',
        'application/x-www-form-urlencoded',
        'multipart/form-data',
        'text/plain',
        '*/*',
      ].map((type) => [type, { schema: type === 'text/plain' ? integer : object }]),
    ),
  },
  responses: {
    default: {
      description: '',
      headers: { p: { schema: object } },
      content: { '*/*': { schema: object } },
    },
  },
});

const contentType = fc.oneof(
  fc.constantFrom(
    'application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=X',
    'text/plain; charset=utf-8',
    'application/problem+json',
  ),
  fc.string(),
);

const multipart = fc
  .array(
    fc.constantFrom(
      '--X',
      '\r\n',
      '\r\n\r\n',
      '--',
      'Content-Disposition: form-data; name="a"',
      'Content-Type: application/json',
      ';',
      '"',
      '\\',
      '1',
      '\n',
      'filename="b"',
      '{"a":1}',
      'name=R',
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join(''));

test('no bytes make the body and answer checks throw', () => {
  fc.assert(
    fc.property(
      contentType,
      fc.oneof(wire, multipart, fc.json(), fc.uint8Array({ maxLength: 200 })),
      fc.integer({ min: -1, max: 1000 }),
      (type, body, status) => {
        const bytes = typeof body === 'string' ? Buffer.from(body) : body;
        const headers = new HeaderFields(['content-type', type, 'p', type]);
        bodies.expectBody(headers, true);
        bodies.checkBody(headers, bytes, BOUNDS);
        bodies.expectAnswer(status, headers);
        bodies.checkAnswer(status, headers, bytes, BOUNDS, { findUndocumented: true });
      },
    ),
    { numRuns: 3000 },
  );
});

/** A sound description with one place replaced by anything. */
const sound = describeApi(
  {
    '/a/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: integer }],
      post: {
        operationId: 'a',
        security: [{ token: ['read'] }],
        'x-poorter': {},
        parameters: [{ $ref: '#/components/parameters/q' }],
        requestBody: {
          content: {
            'multipart/form-data': {
              schema: { $ref: '#/components/schemas/s' },
              encoding: { R: { contentType: 'a/b', headers: {} } },
            },
          },
        },
        responses: {
          200: {
            description: '',
            headers: { h: { schema: integer } },
            content: { 'application/json': { schema: { $ref: '#/components/schemas/s' } } },
          },
        },
      },
    },
  },
  {
    servers: [{ url: '/{v}', variables: { v: { default: 'v1' } } }],
    components: {
      parameters: {
        q: {
          name: 'q',
          in: 'query',
          style: 'deepObject',
          schema: { $ref: '#/components/schemas/s' },
        },
      },
      schemas: {
        s: { ...object, allOf: [{ $ref: '#/components/schemas/s2' }] },
        s2: { additionalProperties: { $ref: '#/components/schemas/s' } },
      },
      securitySchemes: { token: { type: 'oauth2', flows: { implicit: { scopes: { read: '' } } } } },
    },
  },
);

function placesOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  return [
    [...path],
    ...Object.entries(value).flatMap(([key, member]) => placesOf(member, [...path, key])),
  ];
}

function replaceAt(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string,
    unknown
  >;
  copy[key] = replaceAt(copy[key], rest, by);
  return copy;
}

const anything = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    '',
    [],
    {},
    'x',
    [null],
    { $ref: '#' },
    { $ref: '#/paths' },
    { $ref: 5 },
    { $ref: '#/components/schemas/s' },
    { $ref: 'x.yaml' },
    { $ref: '%' },
  ),
  fc.constantFrom<unknown>(
    'String',
    'yes',
    '-1',
    'Pet',
    '2xx',
    { $ref: 's' },
    { $ref: '#/definitions/s' },
    { $ref: '#/parameters/q' },
    { $recursiveRef: '#' },
    { type: 'Array', items: ['int', null, { type: 'any' }], minItems: '-1' },
    { type: ['Date', null], enum: 'a', required: 'yes', readonly: 'on' },
    { properties: { ['__proto__']: null, a: 'string' }, additional_properties: 'no' },
    { discriminator: 'kind', oneOf: { $ref: 's' }, dependencies: { a: 'b' } },
    { pattern: '(?i)\\A[[:alpha:]]\\Z', exclusiveMinimum: 'true', minimum: '1' },
    { name: 1, in: 'Query', type: 'array', collectionFormat: 'pipes', schema: { enum: 1 } },
    { Default: null, '2xx': { content: { '*, a/b': { type: 'Int' } } } },
    ['token'],
    { toString: 1, valueOf: 1 },
    { type: { toString: 1, valueOf: 1 }, enum: [1] },
    { in: 'query', name: 'a', type: { toString: 1, valueOf: 1 } },
    { type: 'oauth2', flows: { implicit: { scopes: [{ toString: 1, valueOf: 1 }] } } },
    { token: 'read' },
  ),
  fc.jsonValue(),
);

test('no description makes the compiler throw, and what compiles can be opened', () => {
  fc.assert(
    fc.property(fc.constantFrom(...placesOf(sound)), anything, (path, by) => {
      const compilation = compile(replaceAt(sound, path, by));
      if (!compilation.ok) {
        assert.ok(compilation.errors.length > 0);
        assert.ok(compilation.errors.every(({ line, column }) => line > 0 && column > 0));
        return;
      }
      const api = openApi(structuredClone(compilation.api));
      for (const operation of api.operations) {
        operation.checkParameters(parts({ pathValues: ['1'], query: 'q[R]=1' }));
        operation.checkBody(new HeaderFields([]), new Uint8Array(3), BOUNDS);
        operation.checkAnswer(200, new HeaderFields([]), new Uint8Array(3), BOUNDS, {
          findUndocumented: true,
        });
      }
    }),
    { numRuns: 1500 },
  );
});

test('no text makes the compiler throw', () => {
  const yamlish = fc
    .array(
      fc.constantFrom(
        'a',
        ': ',
        '\n',
        '  ',
        '- ',
        '{',
        '}',
        '[',
        ']',
        '&a ',
        '*a ',
        '<<',
        '"',
        "'",
        '|',
        '>',
        '!',
        '#',
        '?',
        '\t',
        'openapi: 3.1.0\n',
        'paths:',
        'info: {}\n',
        '---\n',
        '%',
      ),
      { maxLength: 40 },
    )
    .map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(fc.oneof(fc.string(), yamlish, fc.json()), (text) => void compile(text)),
    {
      numRuns: 2000,
    },
  );
});

test('nesting and size without end are refused, not suffered', () => {
  const deep = (open: string, close: string) => open.repeat(200_000) + close.repeat(200_000);
  for (const text of [
    deep('[', ']'),
    deep('{"a":', '}'),
    `{"openapi":${deep('[', ']')}}`,
    `a: ${deep('{a: ', '}')}`,
    '- '.repeat(50_000),
  ]) {
    const compilation = compile(text);
    assert.equal(compilation.ok, false);
  }
  const chain = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, index) => [
      `s${index}`,
      { allOf: [{ $ref: `#/components/schemas/s${index + 1}` }] },
    ]),
  );
  const long = describeApi(
    {
      '/a': {
        get: {
          parameters: [{ name: 'q', in: 'query', schema: { $ref: '#/components/schemas/s0' } }],
          responses: {},
        },
      },
    },
    { components: { schemas: { ...chain, s20000: integer } } },
  );
  compile(long);
});
