import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { answer, opened } from './reading.fixture.ts';
import { BOUNDS, describeApi, headers, parts, told } from './testing.fixture.ts';
import type { CompileApiOptions } from './types.ts';

const withId = {
  type: 'object',
  required: ['id', 'a'],
  minProperties: 1,
  properties: {
    id: { type: 'integer', readOnly: true },
    a: { type: 'integer' },
    inner: { type: 'object', properties: { at: { readOnly: true }, b: {} } },
    list: { type: 'array', items: { $ref: '#/components/schemas/Item' } },
  },
};
const Item = { properties: { id: { readOnly: true }, n: { type: 'integer' } } };

function withReadOnly(schema: object, options: Partial<CompileApiOptions> = {}) {
  const requestBody = {
    content: {
      'application/json': { schema },
      'application/x-www-form-urlencoded': { schema },
    },
  };
  const { operation } = opened(
    describeApi(
      { '/x': { post: { requestBody, ...answer } } },
      { components: { schemas: { Item } } },
    ),
    options,
  );
  return (text: string, ...fields: string[]) => {
    const type = fields.includes('content-type') ? [] : ['content-type', 'application/json'];
    const found = operation.checkBody(headers(...type, ...fields), Buffer.from(text), BOUNDS);
    if (found.violations.length > 0) return told(found.violations);
    return found.cut === undefined ? text : Buffer.from(found.cut).toString();
  };
}

test('a readOnly member that a caller sends back never reaches the service', () => {
  const send = withReadOnly(withId);
  assert.equal(send('{"a":1}'), '{"a":1}');
  assert.equal(send('{"id":5,"a":1}'), '{"a":1}');
  assert.equal(send('{"id":"no number","a":1}'), '{"a":1}');
  assert.equal(
    send('{ "a":1, "inner": {"at":1,"b":2}, "list":[{"id":1,"n":2},{"n":3},{"id":4}] }'),
    '{ "a":1, "inner": {"b":2}, "list":[{"n":2},{"n":3},{}] }',
  );
  assert.equal(send('{"id":5,"a":"x"}'), 'body /a type');
});

test('a readOnly member is found through references, combinations and patterns', () => {
  const readOnly = { properties: { id: { readOnly: true } } };
  for (const schema of [
    { allOf: [readOnly, { properties: { a: {} } }] },
    { oneOf: [{ ...readOnly, required: ['a'] }, { required: ['z'] }] },
    { anyOf: [readOnly] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    { if: { required: ['a'] }, then: readOnly },
    { patternProperties: { '^id$': { readOnly: true } } },
    { properties: { a: {} }, additionalProperties: { readOnly: true } },
    { properties: { id: { allOf: [{ readOnly: true }] } } },
  ]) {
    assert.equal(withReadOnly(schema)('{"id":5,"a":1}'), '{"a":1}', JSON.stringify(schema));
  }
});

test('what is left after the cut must be valid itself', () => {
  const schema = { minProperties: 1, properties: { id: { readOnly: true }, a: {} } };
  assert.equal(withReadOnly(schema)('{"id":5}'), 'body  minProperties');
});

test('bytes that a digest vouches for are not cut but refused', () => {
  const send = withReadOnly(withId);
  for (const name of ['content-digest', 'digest', 'content-md5', 'repr-digest']) {
    assert.equal(send('{"id":5,"a":1}', name, 'sha-256=:x:'), 'body  readOnly', name);
    assert.equal(send('{"a":1}', name, 'sha-256=:x:'), '{"a":1}', name);
  }
});

test('where nothing can be cut, a readOnly member is refused', () => {
  const send = withReadOnly({ properties: { id: { readOnly: true }, a: { type: 'integer' } } });
  const form = ['content-type', 'application/x-www-form-urlencoded'];
  assert.equal(send('a=1', ...form), 'a=1');
  assert.equal(send('id=5&a=1', ...form), 'body /id readOnly');
  const parameter = {
    name: 'f',
    in: 'query',
    content: { 'application/json': { schema: { properties: { id: { readOnly: true } } } } },
  };
  const { operation } = opened(
    describeApi({ '/x': { get: { parameters: [parameter], ...answer } } }),
  );
  const query = `f=${encodeURIComponent('{"id":1}')}`;
  assert.equal(told(operation.checkParameters(parts({ query }))), 'query f/id readOnly');
});

test('readOnlyMembers: refuse refuses them', () => {
  const send = withReadOnly(withId, { readOnlyMembers: 'refuse' });
  assert.equal(send('{"id":5,"a":1}'), 'body /id readOnly');
});
