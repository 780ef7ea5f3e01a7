import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiSnapshot } from '@poorter/engine';
import { readExtension } from '@poorter/engine/configuration';
import { compileApi } from '@poorter/openapi';
import { configurationSchema } from '../../configuration/schema.ts';
import { checkApis } from './check-apis.ts';

const NDJSON = { 'application/x-ndjson': {} };
const JSON_TYPE = { 'application/json': { schema: { type: 'object' } } };

function compiled(paths: object): ApiSnapshot['compiled'] {
  const description = {
    openapi: '3.1.0',
    info: { title: 'T', version: '1' },
    security: [],
    paths,
  };
  const result = compileApi(
    { uri: 'file:///a.json', text: JSON.stringify(description) },
    {
      read: () => {
        throw new Error('no other file');
      },
      readExtension,
      strictProperties: false,
    },
  );
  assert.ok(result.ok);
  return result.api;
}

function check(apis: readonly object[]) {
  const configuration = configurationSchema.parse({
    apis: [{ spec: './a.json', upstream: 'http://127.0.0.1:9' }],
  });
  return checkApis(apis as ApiSnapshot[], configuration, '/p.yaml', false);
}

function codes(operation: object, response: string): string[] {
  const api = { name: 'a', hosts: [], mode: 'enforce', response };
  const found = check([{ ...api, compiled: compiled({ '/a': { post: operation } }) }]);
  return found.map(({ code }) => code);
}

test('no operation is hidden by an earlier API: by its method, or as HEAD by a GET', () => {
  const answers = { responses: { 200: { description: 'ok' } } };
  const overlaps = (...sides: readonly [path: string, methods: string, hosts?: string[]][]) => {
    const apis = sides.map(([path, methods, hosts = []], index) => {
      const operations = methods.split(' ').map((method) => [method, answers]);
      const paths = { [path]: Object.fromEntries(operations) };
      return { name: `api${index}`, hosts, mode: 'enforce', compiled: compiled(paths) };
    });
    return check(apis)
      .filter(({ code }) => code === 'ambiguous-operations')
      .map(({ message }) => message);
  };
  const [hidden, ...others] = overlaps(['/a/{id}', 'get'], ['/a/{name}', 'head']);
  assert.equal(
    hidden,
    "HEAD /a/{name} is also an operation of the API 'api0', as GET of 'api0' answers HEAD",
  );
  assert.deepEqual(others, []);
  assert.equal(overlaps(['/a', 'head'], ['/a', 'get']).length, 1);
  assert.equal(overlaps(['/a', 'get'], ['/a', 'get']).length, 1);
  assert.equal(overlaps(['/a', 'get head'], ['/a', 'head'], ['/a', 'post']).length, 1);
  assert.deepEqual(overlaps(['/a', 'get', ['a.example']], ['/a', 'head', ['b.example']]), []);
  assert.deepEqual(overlaps(['/a', 'post'], ['/a', 'head'], ['/b', 'get']), []);
});

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

test('an operation that asks who signed in takes a token that somebody issues, or is refused', () => {
  const schemes = {
    key: { type: 'apiKey', in: 'header', name: 'X-Key' },
    jwt: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    any: { type: 'http', scheme: 'bearer', bearerFormat: 'anything' },
  };
  const judged = (security: object[], issuers: object[] = [], isTrial = false) => {
    const stepUp = { maxAgeSeconds: 60 };
    const get = { security, 'x-poorter': { stepUp }, responses: { 200: { description: 'ok' } } };
    const found = compileApi(
      {
        uri: 'file:///a.json',
        text: JSON.stringify({
          ...{ openapi: '3.1.0', info: { title: 'T', version: '1' }, paths: { '/a': { get } } },
          components: { securitySchemes: schemes },
        }),
      },
      { read: () => '', readExtension, strictProperties: false },
    );
    assert.ok(found.ok);
    const configuration = configurationSchema.parse({
      apis: [{ spec: './a.json', upstream: 'http://127.0.0.1:9' }],
      trust: { issuers },
    });
    const api = { name: 'a', hosts: [], mode: 'enforce', compiled: found.api };
    return checkApis([api] as unknown as ApiSnapshot[], configuration, '/p.yaml', isTrial)
      .filter(({ code }) => code === 'step-up-without-token')
      .map(({ file, line }) => `${file}:${line}`);
  };
  const trusted = [{ issuer: 'https://login.example', audience: 'api' }];
  const isRefused = ['file:///a.json:1'];
  assert.deepEqual(judged([{ key: [] }], trusted), isRefused);
  assert.deepEqual(judged([], trusted), isRefused, 'nobody is asked');
  assert.deepEqual(judged([{ any: [] }]), isRefused, 'it takes keys alone');
  assert.deepEqual(judged([{ any: [] }], trusted), []);
  assert.deepEqual(judged([{ key: [] }, { jwt: [] }], trusted), []);
  assert.deepEqual(judged([{ key: [], jwt: [] }], trusted), []);
  assert.deepEqual(judged([{ any: [] }], [], true), [], 'a trial issues them');
});

test('what is compared with its body is not left to hosts that see none, without a word', () => {
  const permit = { type: 'payment_initiation', match: { '/instructedAmount/amount': '/amount' } };
  const post = {
    security: [{ jwt: [] }],
    'x-poorter': { permit },
    requestBody: { required: true, content: JSON_TYPE },
    responses: { 200: { description: 'ok' } },
  };
  const found = compileApi(
    {
      uri: 'file:///a.json',
      text: JSON.stringify({
        ...{ openapi: '3.1.0', info: { title: 'T', version: '1' }, paths: { '/a': { post } } },
        components: { securitySchemes: { jwt: { type: 'http', scheme: 'bearer' } } },
      }),
    },
    { read: () => '', readExtension, strictProperties: false },
  );
  assert.ok(found.ok);
  const api = { name: 'a', hosts: [], mode: 'enforce', compiled: found.api };
  const judged = (more: object) => {
    const configuration = configurationSchema.parse({
      apis: [{ spec: './a.json', upstream: 'http://127.0.0.1:9' }],
      trust: { issuers: [{ issuer: 'https://login.example', audience: 'api' }] },
      ...more,
    });
    return checkApis([api] as unknown as ApiSnapshot[], configuration, '/p.yaml', false)
      .filter(({ code }) => code === 'approval-unseen')
      .map(({ severity, line }) => `${severity}:${line}`);
  };
  const forwardAuth = [{ address: '127.0.0.1:9000', for: 'nginx', allowUnseenBodies: true }];
  assert.deepEqual(judged({}), []);
  assert.deepEqual(judged({ forwardAuth, listen: [] }), ['error:1'], 'nobody could call it');
  const listen = [{ address: '127.0.0.1:8080' }];
  assert.deepEqual(
    judged({ forwardAuth, listen }),
    ['warning:1'],
    'by a listener it can be called',
  );
});
