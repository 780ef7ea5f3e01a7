import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { call, codeOf, sendRaw } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';

/** RFC 9110 §9.3.2: HEAD is GET without the content, and asks for no more rights and no fewer. */

const schema = { type: 'object', required: ['id'] };
const ok = { 200: { description: 'ok', content: { 'application/json': { schema } } } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Things', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key' } } },
  security: [{ key: [] }],
  'x-poorter': { response: 'block' },
  paths: {
    '/things': {
      get: {
        operationId: 'list',
        parameters: [{ name: 'page', in: 'query', schema: { type: 'integer' } }],
        responses: ok,
      },
      post: { responses: ok },
    },
    '/limited': {
      get: { 'x-poorter': { limit: { requests: 2, per: 'hour' } }, responses: ok },
    },
    '/own': {
      get: { responses: ok },
      head: { operationId: 'own', security: [], responses: { 200: { description: 'ok' } } },
    },
    '/sink': { post: { responses: ok } },
    '/traced': { get: { responses: ok }, trace: { responses: ok } },
  },
};

const service = await startService({ after }, (response, { method }) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '8' });
  response.end(method === 'HEAD' ? undefined : '{"id":1}');
});
const poorter = await startPoorter(
  { after },
  {
    description,
    upstream: service.url,
    threads: 1,
    configuration: {
      trust: { proxies: ['127.0.0.1/32'] },
      forwardAuth: [{ address: '127.0.0.1:0', for: 'traefik' }],
    },
  },
);
const key = await poorter.createKey('reader');
const head = (path: string, headers: Record<string, string> = { 'x-key': key }) =>
  call(`${poorter.url}${path}`, { method: 'HEAD', headers });

test('HEAD is forwarded as HEAD and answered with the head that GET has', async () => {
  const answer = await head('/things');
  assert.equal(answer.status, 200);
  assert.equal(answer.text, '');
  assert.equal(answer.headers['content-length'], '8');
  assert.equal(service.last().method, 'HEAD');
  const records = await poorter.records();
  assert.equal(records.at(-1)?.operation, 'list');
  assert.equal(records.at(-1)?.method, 'HEAD');
});

test('no byte of content follows the head of an answer to HEAD, refusals included', async () => {
  for (const target of ['/things', '/nowhere', '/sink', '/things?page=x']) {
    const text = await sendRaw(
      poorter.port,
      `HEAD ${target} HTTP/1.1\r\nHost: a\r\nX-Key: ${key}\r\nConnection: close\r\n\r\n`,
      2_000,
    );
    assert.match(text, /\r\n\r\n$/, target);
    assert.equal(text.indexOf('\r\n\r\n'), text.length - 4, target);
  }
});

test('nor where the request could not be read: what follows would be taken for another answer', async () => {
  const long = 'x'.repeat(70_000);
  const refusals = [
    ['HEAD', `/things HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n`, 400],
    ['head', `/things HTTP/1.1\r\nHost: a\r\n\r\n`, 400],
    ['HEAD', `/things HTTP/9.9\r\nHost: a\r\n\r\n`, 400],
    ['HEAD', `/things?${long} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
    ['HEAD', `/things HTTP/1.1\r\nHost: a\r\nx-long: ${long}\r\n\r\n`, 431],
  ] as const;
  for (const [method, rest, status] of refusals) {
    const shown = `${method} ${rest.slice(0, 60)}`;
    const bodiless = await sendRaw(poorter.port, `${method} ${rest}`, 2_000);
    assert.ok(bodiless.startsWith(`HTTP/1.1 ${status} `), `${shown}: ${bodiless}`);
    assert.equal(bodiless.indexOf('\r\n\r\n'), bodiless.length - 4, shown);
    const asGet = await sendRaw(poorter.port, `GET ${rest}`, 2_000);
    if (method === 'HEAD') assert.match(asGet, /\r\n\r\n\{.*"status":4/s, `GET: ${shown}`);
  }
});

test('HEAD is authorised, validated and limited as GET is, from the same allowance', async () => {
  assert.equal((await head('/things', {})).status, 401);
  assert.equal((await head('/things?page=x')).status, 400);
  assert.equal((await head('/limited')).status, 200);
  const limited = await call(`${poorter.url}/limited`, { headers: { 'x-key': key } });
  assert.equal(limited.status, 200);
  assert.equal((await head('/limited')).status, 429);
});

test('a described HEAD is decided as it is described', async () => {
  assert.equal((await head('/own', {})).status, 200);
  assert.equal((await call(`${poorter.url}/own`)).status, 401);
});

test('Allow names HEAD where it is served, and only there', async () => {
  const allowed = async (path: string, method: string) => {
    const answer = await call(`${poorter.url}${path}`, { method, headers: { 'x-key': key } });
    assert.equal(answer.status, 405);
    return answer.headers.allow;
  };
  assert.equal(await allowed('/things', 'DELETE'), 'GET, HEAD, POST');
  assert.equal(await allowed('/own', 'DELETE'), 'GET, HEAD');
  assert.equal(await allowed('/sink', 'HEAD'), 'POST');
});

test('TRACE and CONNECT are refused with what is allowed, and are allowed nowhere', async () => {
  const ask = async (path: string, method: string) => {
    const lines = [`${method} ${path} HTTP/1.1`, 'host: a.example:80', `x-key: ${key}`];
    const text = await sendRaw(
      Number(new URL(poorter.url).port),
      `${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`,
    );
    const [, status] = /^HTTP\/1\.1 (\d+)/.exec(text) ?? [];
    return [status, /^allow: *(.*?)\r?$/im.exec(text)?.[1]];
  };
  assert.deepEqual(await ask('/traced', 'PUT'), ['405', 'GET, HEAD']);
  assert.deepEqual(await ask('/traced', 'TRACE'), ['405', 'GET, HEAD']);
  assert.deepEqual(await ask('/things', 'TRACE'), ['405', 'GET, HEAD, POST']);
  assert.deepEqual(await ask('/nowhere', 'TRACE'), ['404', undefined]);
  assert.deepEqual(await ask('a.example:80', 'CONNECT'), ['405', '']);
});

test('forward-auth decides HEAD alike', async () => {
  const ask = (target: string, headers: Record<string, string> = {}) =>
    call(`http://${poorter.addresses[1]}/`, {
      headers: { 'x-forwarded-method': 'HEAD', 'x-forwarded-uri': target, ...headers },
    });
  assert.equal((await ask('/things', { 'x-key': key })).status, 200);
  assert.equal((await ask('/things')).status, 401);
  assert.equal(codeOf(await ask('/sink', { 'x-key': key })), 'method_not_allowed');
});
