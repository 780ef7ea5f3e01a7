import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { formatKey } from '@poorter/engine';
import { type ProtectedCall, protectBy, type RefusedCall } from './index.ts';

/** What stands in a handler's reach of an allowed call, and in a log's of a refused one. */

const folder = mkdtempSync(join(tmpdir(), 'poorter-handlers-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const description = join(folder, 'things.json');
const responses = { 200: { description: 'ok' }, default: { description: 'an error' } };
const thing = {
  type: 'object',
  required: ['a'],
  properties: { id: { type: 'integer', readOnly: true }, a: { type: 'integer' } },
};
writeFileSync(
  description,
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Things', version: '1' },
    components: {
      securitySchemes: {
        header: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
        query: { type: 'apiKey', in: 'query', name: 'key' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'session' },
      },
    },
    security: [{ header: [] }, { query: [] }, { cookie: [] }],
    paths: {
      '/things': {
        get: {
          parameters: [{ name: 'page', in: 'query', schema: { type: 'integer' } }],
          responses,
        },
        put: {
          requestBody: { required: true, content: { 'application/octet-stream': {} } },
          responses,
        },
        post: {
          requestBody: { content: { 'application/json': { schema: thing } } },
          responses,
        },
      },
      '/open': { get: { security: [], responses } },
    },
  }),
);

const key = formatKey(new Uint8Array(32).fill(9));
const refusals: RefusedCall[] = [];
const guarded = protectBy({
  description,
  keys: [{ key, client: 'shop', scopes: ['read'], roles: ['teller'] }],
  refused: (call) => refusals.push(call),
  readsAroundFaults: true,
});
let seen: { readonly native: IncomingMessage; readonly call: ProtectedCall } | null = null;
const server = createServer((native, response) => {
  // As a handler in front may have done: what it read before must not stay.
  void [native.headers, native.headersDistinct, native.trailers];
  void guarded(native, response, (call) => {
    seen = { native, call };
    call.end();
    response.end();
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
  readonly trailers?: Record<string, string>;
}

function ask(path: string, { method = 'GET', headers = {}, body, trailers }: Sent = {}) {
  const { port } = server.address() as AddressInfo;
  seen = null;
  return new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => resolve(answer.resume()));
    if (trailers !== undefined) outgoing.addTrailers(trailers);
    outgoing.end(body);
  });
}

async function allowed(path: string, sent: Sent) {
  const { statusCode } = await ask(path, sent);
  assert.equal(statusCode, 200);
  assert.ok(seen !== null);
  return seen;
}

const json = { 'x-api-key': key, 'content-type': 'application/json' };

test('the length that a handler is told is that of the body it is given', async () => {
  for (const [body, text] of [
    ['{"id":123,"a":1}', '{"a":1}'],
    ['{"a":1}', '{"a":1}'],
  ] as const) {
    for (const headers of [json, { ...json, 'transfer-encoding': 'chunked' }]) {
      const { native, call } = await allowed('/things', { method: 'POST', headers, body });
      assert.equal(Buffer.from(call.body ?? []).toString(), text);
      assert.equal(native.headers['content-length'], String(text.length));
      assert.deepEqual(native.headersDistinct['content-length'], [String(text.length)]);
      assert.equal(native.headers['transfer-encoding'], undefined);
      const at = native.rawHeaders.indexOf('content-length');
      assert.equal(native.rawHeaders[at + 1], String(text.length));
      assert.equal(call.request.headers.get('content-length'), String(text.length));
    }
  }
});

test('a body of which only the type is described reaches the handler, within its bound', async () => {
  const headers = { 'x-api-key': key, 'content-type': 'application/octet-stream' };
  const { call } = await allowed('/things', { method: 'PUT', headers, body: 'any\0thing' });
  assert.equal(Buffer.from(call.body ?? []).toString(), 'any\0thing');
  const { statusCode } = await ask('/things', {
    ...{ method: 'PUT', body: 'x'.repeat(1_048_577) },
    headers: { ...headers, 'transfer-encoding': 'chunked' },
  });
  assert.equal(statusCode, 413);
  const { code, operation, principal } = refusals.at(-1) ?? assert.fail();
  assert.deepEqual([code, operation, principal?.client], ['body_too_large', 'PUT /things', 'shop']);
});

/** Of each family that the gate drops; shape.md and its tests have the rest. */
const CLAIMS = [
  ...['Poorter-Identity', 'Poorter_Identity', 'X-Forwarded-User', 'X-Real-IP', 'X_Real_IP'],
  ...['Remote-User', 'X-Auth-Request-Email', 'X-Client-Cert', 'X-SSL-Client-S-DN', 'X-User-Email_'],
  ...['X-HTTP-Method-Override', 'X-Original-URL', 'True-Client-IP', 'Cf-Access-Jwt-Assertion'],
];

test('what Connection names is hidden from the handler as from the decision', async () => {
  const headers = { 'x-api-key': key, 'x-tier': '99', connection: 'close, x-tier' };
  const { native, call } = await allowed('/things', { headers });
  assert.equal(native.headers['x-tier'], undefined);
  assert.ok(!native.rawHeaders.includes('99'));
  assert.equal(call.request.headers.get('x-tier'), undefined);
});

test('a handler cannot trust what a stranger wrote of itself, nor lose a credential to a log', async () => {
  const claims = Object.fromEntries(CLAIMS.map((name) => [name, 'forged-claim']));
  const headers = {
    ...{ ...claims, 'x-api-key': key, cookie: 'session=forged-claim; theme=dark' },
    ...{ 'x-mine': '1', forwarded: 'for=forged-claim', 'accept-encoding': 'gzip' },
    ...{ connection: 'close' },
  };
  const { native, call } = await allowed('/things?page=1', { headers });
  const { port } = server.address() as AddressInfo;
  const expected = {
    host: `127.0.0.1:${port}`,
    'x-forwarded-host': `127.0.0.1:${port}`,
    ...{ cookie: 'theme=dark', 'x-mine': '1', 'accept-encoding': 'gzip' },
    ...{ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-request-id': call.id },
  };
  assert.deepEqual({ ...native.headers }, expected);
  const distinct = Object.entries(native.headersDistinct).map(([name, all]) => [
    name,
    all?.join('|'),
  ]);
  assert.deepEqual(Object.fromEntries(distinct), expected);
  for (const reach of [native.rawHeaders, native, call, call.request.headers.flat]) {
    const text = inspect(reach, { depth: 12, showHidden: true, maxArrayLength: null });
    assert.ok(!text.includes('forged-claim'), text);
    assert.ok(!text.includes(key), text);
  }
});

test('a credential in the target or in a cookie does not reach the handler', async () => {
  const { native, call } = await allowed(`/things?page=1&key=${key}`, {});
  assert.equal(native.url, '/things?page=1');
  assert.equal(call.request.query, 'page=1');
  const { native: other } = await allowed('/things', { headers: { cookie: `session=${key}` } });
  assert.equal(other.headers.cookie, undefined);
});

test('fields behind the body are no way around', async () => {
  const { native } = await allowed('/things', {
    method: 'POST',
    headers: { ...json, 'transfer-encoding': 'chunked' },
    body: '{"a":1}',
    trailers: { 'x-forwarded-user': 'forged-claim' },
  });
  assert.deepEqual({ ...native.trailers }, {});
  assert.deepEqual({ ...native.trailersDistinct }, {});
  assert.deepEqual(native.rawTrailers, []);
});

test('a handler is told who called, and of an open operation that nobody is known', async () => {
  const { call } = await allowed('/things', { headers: { 'x-api-key': key } });
  const { kind, client, subject, scopes, roles } = call.principal ?? assert.fail();
  assert.deepEqual(
    { kind, client, subject, scopes, roles },
    { kind: 'key', client: 'shop', subject: null, scopes: ['read'], roles: ['teller'] },
  );
  assert.equal((await allowed('/open', {})).call.principal, null);
});

test('whoever logs a refusal whole leaks no credential and no value', async () => {
  const secret = 'do-not-log-me';
  const sent: [string, Sent, string][] = [
    [`/things?page=${secret}`, { headers: { 'x-api-key': key } }, 'request_invalid'],
    [`/things?key=${secret}`, {}, 'credentials_invalid'],
    [`/nowhere/${secret}`, { headers: { 'x-api-key': key } }, 'no_such_operation'],
    ['/things', { headers: { 'x-api-key': secret, 'x-more': key } }, 'credentials_invalid'],
    ['/things', { method: 'POST', headers: json, body: `{"a":"${secret}"}` }, 'request_invalid'],
    ['/things', { headers: { 'x-api-key': [key, secret] } }, 'credentials_invalid'],
  ];
  for (const [path, more, code] of sent) {
    await ask(path, more);
    const call = refusals.at(-1);
    assert.equal(call?.code, code);
    const text = `${inspect(call, { depth: 12, showHidden: true })} ${JSON.stringify(call)}`;
    assert.ok(!text.includes(secret) && !text.includes(key), text);
    assert.ok(text.includes('127.0.0.1'));
  }
});
