import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
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

test('a fragment in a path is left out: callers do not send it', () => {
  const { api, codes } = opened(
    describeApi({ '/a#get': { get: answer }, '/a#put': { put: answer } }),
  );
  assert.deepEqual([...new Set(codes)], ['read-as-meant']);
  assert.equal(api.match('GET', '/a').kind, 'operation');
  assert.equal(api.match('PUT', '/a').kind, 'operation');
});

/** One method on one path, described three times. */
const actions = {
  '/a': variantOf('base', { type: 'object', required: ['name'] }),
  '/a#lock': variantOf('lock', {
    type: 'object',
    required: ['lock'],
    additionalProperties: false,
    properties: { lock: {} },
  }),
  '/a#raw': {
    put: {
      parameters: [{ name: 'raw', in: 'query', required: true, schema: { type: 'integer' } }],
      requestBody: { content: { 'text/plain': { schema: { type: 'string', maxLength: 3 } } } },
      responses: { 202: { description: '' } },
    },
  },
};

function variantOf(action: string, schema: object) {
  const parameters = [{ name: 'action', in: 'query', required: true, schema: { enum: [action] } }];
  return {
    put: { parameters, requestBody: { content: { 'application/json': { schema } } }, ...answer },
  };
}

test('operations that only a fragment tells apart are one: a call must fit one of them whole', () => {
  const { api, operation } = opened(describeApi(actions));
  assert.equal(api.operations.length, 1);
  const call = (query: string, type: string, text: string) => {
    const fields = headers('content-type', type);
    const violations = operation.checkParameters(parts({ query, headers: fields }));
    if (violations.length > 0) return told(violations);
    const expected = operation.expectBody(fields, true);
    if (expected.kind === 'unsupported') return expected.violation.rule;
    return told(operation.checkBody(fields, Buffer.from(text), BOUNDS).violations);
  };
  const json = 'application/json';
  assert.equal(call('action=base', json, '{"name":1}'), '');
  assert.equal(call('action=lock', json, '{"lock":1}'), '');
  assert.equal(call('raw=1', 'text/plain', 'abc'), '');
  // The query of one with the body of another fits none.
  assert.equal(call('action=base', json, '{"lock":1}'), 'body  required');
  assert.equal(
    call('action=lock', json, '{"name":1}'),
    'body  required; body /name additionalProperties',
  );
  assert.equal(call('raw=1', json, '{"name":1}'), 'content-type');
  assert.equal(call('raw=1', 'text/plain', 'abcd'), 'body  maxLength');
  assert.equal(call('action=steal', json, '{"name":1}'), 'query action enum');
  assert.equal(operation.expectAnswer(202, headers()).kind, 'validate');
  assert.equal(operation.expectAnswer(404, headers()).kind, 'undocumented');
});

test('operations that only a fragment tells apart must be guarded alike', () => {
  for (const guard of [{ security: [] }, { 'x-poorter': { mode: 'observe' } }]) {
    const raw = actions['/a#raw'].put;
    const refused = compile(
      describeApi(
        { ...actions, '/a#raw': { put: { ...raw, ...guard } } },
        {
          security: [{ key: [] }],
          components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'k' } } },
        },
      ),
      { readExtension },
    );
    assert.ok(!refused.ok, JSON.stringify(guard));
    assert.deepEqual(
      [...new Set(refused.errors.map(({ code }) => code))],
      ['ambiguous-operations'],
    );
  }
  const twice = compile(describeApi({ '/a/{x}': { get: answer }, '/a/{y}': { get: answer } }));
  assert.ok(!twice.ok && twice.errors.some(({ code }) => code === 'ambiguous-operations'));
});
