// biome-ignore-all lint/suspicious/noThenProperty: a keyword of JSON Schema
import { type Case, id, type Tree } from './case.fixture.ts';
import type { WeakeningKind } from './weakening.ts';

/** An operation that takes and answers bodies. */
const schema = { type: 'object', required: ['a'] };
const JSON_TYPE = 'application/json';
const described = {
  security: [{ key: [] }],
  parameters: [
    id,
    { name: 'q', in: 'query', required: true, schema: { type: 'integer' } },
    { name: 'x-a', in: 'header', required: true, schema: { type: 'integer' } },
    { name: 'c', in: 'cookie', schema: { type: 'integer' } },
  ],
  requestBody: { required: true, content: { [JSON_TYPE]: { schema } } },
  responses: { 200: { description: 'ok', content: { [JSON_TYPE]: { schema } } } },
};

function schemaCase(
  change: (operation: Tree, document: Tree) => void,
  kind: WeakeningKind = 'validation-loosened',
): Case {
  const put = (written: Tree, document: Tree) => {
    written.apis[0].response = 'block';
    document.paths['/described/{id}'] = { post: structuredClone(described) };
    return document.paths['/described/{id}'].post;
  };
  return {
    ...{ keys: ['apis[].spec'], was: put, kinds: [kind] },
    is: (written, document) => change(put(written, document), document),
  };
}

const OPEN_SCHEMAS: readonly Tree[] = [
  ...[
    undefined,
    {},
    true,
    { description: 'anything' },
    { allOf: [{}, true] },
    { anyOf: [{}, schema] },
  ],
  ...[{ additionalProperties: true }, { $ref: '#/components/schemas/Open' }],
];

/** They read as rules, and refuse nothing of what this one refuses. */
const CLOSED = {
  type: 'object',
  required: ['a'],
  properties: { a: {} },
  additionalProperties: false,
};
const EMPTY_RULES: readonly Tree[] = [
  { type: ['object', 'array', 'string', 'number', 'boolean', 'null'] },
  ...[{ not: false }, { not: { not: {} } }, { not: { enum: [] } }],
  ...[{ oneOf: [{}] }, { oneOf: [true, false] }, { anyOf: [CLOSED, { not: CLOSED }] }],
  ...[{ anyOf: [CLOSED, true] }, { allOf: [true] }, { allOf: [{ allOf: [{}] }] }],
  ...[{ properties: { a: {} } }, { patternProperties: { '^a': {} } }, { propertyNames: {} }],
  ...[{ propertyNames: { minLength: 0 } }, { additionalProperties: {} }, { required: [] }],
  ...[{ minProperties: 0 }, { minLength: 0 }, { minItems: 0 }, { pattern: '.*' }],
  ...[
    { uniqueItems: false },
    { items: {} },
    { prefixItems: [{}] },
    { unevaluatedProperties: true },
  ],
  ...[{ if: CLOSED }, { if: {}, then: {} }, { if: false, then: false }],
  ...[{ dependentSchemas: {} }, { dependentRequired: {} }, { contains: {}, minContains: 0 }],
  ...[{ contentMediaType: 'application/json' }, { contentEncoding: 'base64' }],
  ...[{ format: 'unknown' }, { deprecated: true }, { title: 'anything' }, { readOnly: false }],
  ...[{ $dynamicRef: '#/components/schemas/Open' }, { $defs: { a: false } }],
];

const ONE_ID = {
  ...{ type: 'object', required: ['id'], additionalProperties: false },
  properties: { id: { type: 'integer', minimum: 1 } },
};

/** Of a body that is parsed by nobody here. */
function unparsedCase(type: string, is: Tree | undefined): Case {
  const put = (schema: Tree | undefined) => (_: Tree, document: Tree) => {
    const content = { [type]: schema === undefined ? {} : { schema } };
    const post = { ...described, requestBody: { required: true, content } };
    document.paths['/described/{id}'] = { post: structuredClone(post) };
  };
  return { keys: ['apis[].spec'], was: put(ONE_ID), is: put(is), kinds: ['validation-loosened'] };
}

const FORM_TYPE = 'multipart/form-data';

/** Of a part that is a file, what `encoding` says. */
function partCase(was: Tree, is: Tree | undefined): Case {
  const put = (encoding: Tree | undefined) => (_: Tree, document: Tree) => {
    const file = { type: 'object', properties: { file: { type: 'string', format: 'binary' } } };
    const media = { schema: file, ...(encoding && { encoding: { file: encoding } }) };
    const post = { ...described, requestBody: { content: { [FORM_TYPE]: media } } };
    document.paths['/described/{id}'] = { post: structuredClone(post) };
  };
  return { keys: ['apis[].spec'], was: put(was), is: put(is), kinds: ['validation-loosened'] };
}

const partHeader = { 'x-part': { required: true, schema: { type: 'string' } } };

/** What takes its place may be written as nobody expects: that it asks for more is not to be seen then. */
export const emptyCases: readonly Case[] = EMPTY_RULES.flatMap((open) => {
  const put =
    (schema: Tree, place: 'body' | 'answer' | 'parameter') => (written: Tree, document: Tree) => {
      written.apis[0].response = 'block';
      Object.assign(document.components, { schemas: { Open: {} } });
      const post = structuredClone<Tree>(described);
      const content = { [JSON_TYPE]: { schema } };
      if (place === 'body') post.requestBody = { required: true, content };
      if (place === 'answer') post.responses[200] = { description: 'ok', content };
      if (place === 'parameter') post.parameters.push({ name: 'f', in: 'query', content });
      document.paths['/described/{id}'] = { post };
    };
  return (['body', 'answer', 'parameter'] as const).map(
    (place): Case => ({
      ...{ keys: ['apis[].spec'], was: put(CLOSED, place), is: put(open, place) },
      kinds: [place === 'answer' ? 'release-loosened' : 'validation-loosened'],
    }),
  );
});

/** What was cut out of answers, or refused there. */
function answerCase(response: 'redact' | 'block', open: Tree): Case {
  const listed = { type: 'object', properties: { id: { type: 'string' } } };
  const put = (schema: Tree) => (written: Tree, document: Tree) => {
    written.apis[0].response = response;
    const post = structuredClone<Tree>(described);
    post.responses[200] = { description: 'ok', content: { [JSON_TYPE]: { schema } } };
    document.paths['/described/{id}'] = { post };
  };
  return {
    ...{ keys: ['apis[].spec'], kinds: ['release-loosened'] },
    ...{ was: put(listed), is: put({ ...listed, ...open }) },
  };
}

/** Beside a strict body. */
function besideCase(type: string, schema: Tree): Case {
  const put = (more: Tree) => (_: Tree, document: Tree) => {
    const content = { [JSON_TYPE]: { schema: CLOSED }, ...more };
    const post = { ...described, requestBody: { required: true, content } };
    document.paths['/described/{id}'] = { post: structuredClone<Tree>(post) };
  };
  return {
    ...{ keys: ['apis[].spec'], kinds: ['validation-loosened'] },
    ...{ was: put({}), is: put({ [type]: { schema } }) },
  };
}

export const schemaCases: readonly Case[] = [
  ...(['redact', 'block'] as const).flatMap((response) =>
    [
      ...[{ additionalProperties: {} }, { additionalProperties: true }],
      ...[{ patternProperties: { '': {} } }, { unevaluatedProperties: true }],
      ...[{ properties: {} }, { allOf: [{ additionalProperties: {} }] }],
    ].map((open) => answerCase(response, open)),
  ),
  besideCase('application/merge-patch+json', { type: 'object' }),
  besideCase('application/x-www-form-urlencoded', { type: 'object' }),
  besideCase('text/plain', { type: 'string' }),
  partCase({ contentType: 'image/png' }, undefined),
  partCase({ contentType: 'image/png' }, {}),
  partCase({ contentType: 'image/png' }, { contentType: 'image/png, text/html' }),
  partCase({ contentType: 'image/png' }, { contentType: 'image/*' }),
  partCase({ headers: partHeader }, {}),
  ...OPEN_SCHEMAS.flatMap((open) => {
    const say = (document: Tree) => Object.assign(document.components, { schemas: { Open: {} } });
    const media = open === undefined ? {} : { schema: open };
    return [
      schemaCase(({ requestBody }, document) => {
        say(document);
        requestBody.content[JSON_TYPE] = media;
      }),
      schemaCase((operation, document) => {
        say(document);
        operation.responses[200].content[JSON_TYPE] = media;
      }, 'release-loosened'),
      ...[0, 1, 2, 3].map((index) =>
        schemaCase(({ parameters }, document) => {
          say(document);
          parameters[index] = { ...parameters[index], schema: open ?? {} };
        }),
      ),
    ];
  }),
  ...[
    '*/*',
    'application/*',
    'application/octet-stream',
    'text/plain',
    'application/x-www-form-urlencoded',
  ].flatMap((range) => [
    schemaCase(({ requestBody }) => Object.assign(requestBody.content, { [range]: {} })),
    schemaCase(({ requestBody }) => Object.assign(requestBody, { content: { [range]: {} } })),
    schemaCase(({ responses: { 200: answer } }) => {
      answer.content[range] = {};
    }, 'release-loosened'),
  ]),
  schemaCase(({ responses: answers }) => {
    answers.default = { description: 'any', content: { [JSON_TYPE]: {} } };
  }, 'release-loosened'),
  schemaCase(({ responses: answers }) => {
    answers['2XX'] = { description: 'any', content: { [JSON_TYPE]: {} } };
    delete answers[200];
  }, 'release-loosened'),
  schemaCase(({ requestBody }) => {
    requestBody.required = false;
  }),
  ...[1, 2].flatMap((index) => [
    schemaCase(({ parameters }) => {
      parameters[index].required = false;
    }),
  ]),
  schemaCase(({ parameters }) => parameters.push({ name: 'more', in: 'query', schema: {} })),
  ...[2, 3].map((index) => schemaCase(({ parameters }) => parameters.splice(index, 1))),
  // Written as several pairs, an object takes whatever nobody describes.
  ...[
    { schema: { type: 'object' } },
    { schema: { type: ['object', 'null'] }, explode: true },
    { schema: { type: 'object', additionalProperties: { type: 'string' } }, style: 'form' },
    { schema: { allOf: [{ type: 'object', maxProperties: 3 }] } },
  ].map((more) =>
    schemaCase(({ parameters }) => parameters.push({ name: 'filter', in: 'query', ...more })),
  ),
  // What passes as text, and is held against its schema where it is JSON.
  ...['text/plain', 'text/csv', 'application/octet-stream'].flatMap((type) => [
    unparsedCase(type, { type: 'object', required: [] }),
    unparsedCase(type, { ...ONE_ID, properties: { id: { type: 'integer' } } }),
    unparsedCase(type, { ...ONE_ID, additionalProperties: true }),
    unparsedCase(type, { type: 'string', format: 'binary' }),
    unparsedCase(type, {}),
    unparsedCase(type, undefined),
  ]),
  // What a schema accepts more than the one before it, wherever it stands.
  schemaCase(({ parameters }) => {
    parameters[1].schema = { type: 'number' };
  }),
  schemaCase(({ parameters }) => {
    parameters[2].schema = { type: ['integer', 'null'] };
  }),
  schemaCase(({ requestBody }) => {
    requestBody.content[JSON_TYPE].schema = { type: 'object' };
  }),
  schemaCase((operation, document) => {
    document.components.schemas = { Named: { type: 'object', required: [] } };
    operation.requestBody.content[JSON_TYPE].schema = { $ref: '#/components/schemas/Named' };
  }),
  schemaCase(({ responses: answers }) => {
    answers[200].content[JSON_TYPE].schema = { type: ['object', 'array'], required: ['a'] };
  }, 'release-loosened'),
  schemaCase(({ responses: answers }) => {
    answers['2XX'] = {
      description: 'any',
      content: { 'application/*': { schema: { type: 'object' } } },
    };
    delete answers[200];
  }, 'release-loosened'),
];
