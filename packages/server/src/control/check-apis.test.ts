import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiSnapshot, checkExtension, compileApi } from '@poorter/engine';
import { configurationSchema } from '../configuration/schema.ts';
import { checkApis } from './check-apis.ts';

const NDJSON = { 'application/x-ndjson': {} };
const JSON_TYPE = { 'application/json': { schema: { type: 'object' } } };

function codes(operation: object, response: string): string[] {
  const description = {
    openapi: '3.1.0',
    info: { title: 'T', version: '1' },
    security: [],
    paths: { '/a': { post: operation } },
  };
  const result = compileApi(
    { uri: 'file:///a.json', text: JSON.stringify(description) },
    {
      read: () => {
        throw new Error('no other file');
      },
      checkExtension,
      strictProperties: false,
    },
  );
  assert.ok(result.ok);
  const configuration = configurationSchema.parse({
    apis: [{ spec: './a.json', upstream: 'http://127.0.0.1:9' }],
  });
  const api = { name: 'a', hosts: [], mode: 'enforce', response, compiled: result.api };
  const found = checkApis([api as unknown as ApiSnapshot], configuration, '/p.yaml', false);
  return found.map(({ code }) => code);
}

test('an answer that is a stream is not held back, and a request that is one does not stop the start', () => {
  const answers = (content: object) => ({ responses: { 200: { description: 'ok', content } } });
  const uploads = { requestBody: { content: NDJSON }, ...answers(JSON_TYPE) };
  for (const mode of ['redact', 'block']) {
    assert.deepEqual(codes(uploads, mode), []);
    assert.deepEqual(codes(answers(NDJSON), mode), ['blocked-stream']);
    assert.deepEqual(codes(answers({ 'text/event-stream': {} }), mode), ['blocked-stream']);
  }
  assert.deepEqual(codes(answers(NDJSON), 'report'), []);
  const open = { ...answers(NDJSON), 'x-poorter': { response: 'report' } };
  assert.deepEqual(codes(open, 'redact'), []);
});
