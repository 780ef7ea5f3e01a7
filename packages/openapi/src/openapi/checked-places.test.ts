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
  const { checked, unchecked } = checkedPlaces(operation, compilation.api);
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
});
