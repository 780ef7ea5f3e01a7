import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkedPlaces } from './index.ts';
import { compile, describeApi } from './testing.fixture.ts';

test('no answer is said to be checked whose content nobody looks at', () => {
  const schema = { type: 'object', required: ['id'], properties: { id: { type: 'string' } } };
  const types = ['application/json', 'application/yaml', 'application/x-ndjson', 'text/csv'];
  const content = Object.fromEntries(types.map((type) => [type, { schema }]));
  const compilation = compile(
    describeApi({
      '/x': {
        post: {
          requestBody: { content },
          responses: { 200: { description: '', content } },
        },
      },
    }),
  );
  assert.ok(compilation.ok);
  const [operation] = compilation.api.operations;
  assert.ok(operation);
  const { checked, unchecked, heldAsJson, schemas } = checkedPlaces(operation, compilation.api);
  assert.deepEqual(
    checked.map(({ in: where, name }) => `${where} ${name}`),
    [
      'body application/json',
      'body application/yaml',
      'body application/x-ndjson',
      'answer application/json',
    ],
  );
  assert.deepEqual(
    unchecked.map(({ in: where, name }) => `${where} ${name}`),
    ['body text/csv', 'answer application/yaml', 'answer application/x-ndjson', 'answer text/csv'],
  );
  assert.deepEqual(heldAsJson, [{ in: 'body', name: 'text/csv' }], 'of requests alone');
  assert.ok(schemas.some((place) => place.in === 'body' && place.name === 'text/csv'));
  assert.ok(!schemas.some((place) => place.in === 'answer' && place.name === 'text/csv'));
});

test('what is held against a schema only where it is JSON is told by its schema, and as text that passes', () => {
  const schema = { type: 'object', required: ['id'] };
  const binary = { type: 'string', format: 'binary' };
  const content = {
    'text/plain': { schema },
    'application/octet-stream': { schema },
    'image/png': { schema: binary },
    'application/jwt': { schema },
    'application/x-any': { schema: {} },
  };
  const compilation = compile(
    describeApi({ '/x': { post: { requestBody: { content }, responses: {} } } }),
  );
  assert.ok(compilation.ok);
  const [operation] = compilation.api.operations;
  assert.ok(operation);
  const places = checkedPlaces(operation, compilation.api);
  const held = ['text/plain', 'application/octet-stream'];
  assert.deepEqual(places.checked, []);
  assert.deepEqual(
    places.unchecked.map(({ name }) => name),
    Object.keys(content),
  );
  assert.deepEqual(
    places.heldAsJson?.map(({ name }) => name),
    held,
  );
  assert.deepEqual(
    places.schemas.map(({ name }) => name),
    held,
  );
});
