import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { Agent } from 'node:http';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { call, codeOf, sendRaw } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';

const ok = { 200: { description: 'ok', content: { 'application/json': {}, 'text/plain': {} } } };
const json = { required: true, content: { 'application/json': { schema: { type: 'object' } } } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Proxying', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key' } } },
  security: [],
  paths: {
    '/things': {
      get: { responses: ok },
      head: { responses: ok },
      post: { requestBody: json, responses: ok },
      delete: { responses: { 204: { description: 'gone' } } },
    },
    '/answers/{kind}': {
      parameters: [{ name: 'kind', in: 'path', required: true, schema: { type: 'string' } }],
      get: { responses: ok },
    },
    '/cached': { get: { responses: { ...ok, 304: { description: 'the same' } } } },
    '/moved': { get: { responses: { 303: { description: 'elsewhere' } } } },
    '/locked': {
      post: { security: [{ key: [] }], requestBody: json, responses: ok },
    },
    '/raw': {
      post: {
        requestBody: { content: { 'application/octet-stream': {} } },
        responses: ok,
      },
    },
  },
};

const service = await startService({ after }, (response, { target, method, body }) => {
  const head = { 'content-type': 'application/json' };
  if (target === '/moved') {
    response.setHeader('set-cookie', ['a=1; Path=/', 'b=2; Secure; Path=/']);
    return response.writeHead(303, { location: '/things?page=2#end' }).end();
  }
  if (target === '/cached') return response.writeHead(304, { etag: '"v1"' }).end();
  if (method === 'DELETE') return response.writeHead(204).end();
  if (target === '/answers/trailers') {
    response.writeHead(200, { ...head, trailer: 'x-checksum' });
    response.write('{}');
    response.addTrailers({ 'X-Checksum': 'abc', 'Set-Cookie': 'evil=1' });
    return response.end();
  }
  if (target === '/answers/private') {
    return response
      .writeHead(200, {
        ...head,
        connection: 'keep-alive, x-internal',
        'x-internal': 'secret',
        server: 'Apache/2.4.1',
        'x-powered-by': 'PHP/5.4',
        'poorter-identity': 'echoed',
        'x-kept': 'yes',
      })
      .end('{}');
  }
  if (target === '/answers/chunked') {
    response.writeHead(200, head);
    response.write('{"a":');
    return response.end('1}');
  }
  const answer = body === '' ? '{"a":1}' : body;
  return response
    .writeHead(200, { ...head, 'content-length': Buffer.byteLength(answer) })
    .end(answer);
});
const poorter = await startPoorter({ after }, { description, upstream: service.url, threads: 1 });
const get = (path: string, options = {}) => call(`${poorter.url}${path}`, options);

test('connections to the service are kept and used again', async () => {
  for (let round = 0; round < 20; round++) assert.equal((await get('/things')).status, 200);
  assert.ok(service.connections() <= 2, `${service.connections()} connections for 20 calls`);
});

test('callers keep their connection over calls, refusals included', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  agent.on('free', (socket) => ports.add(socket.localPort));
  for (const path of ['/things', '/nowhere', '/things', '/answers/trailers', '/cached']) {
    await get(path, { agent });
  }
  agent.destroy();
  assert.equal(ports.size, 1);
});

test('bodies arrive whole, by length and in chunks, both ways', async () => {
  const body = JSON.stringify({ text: 'é'.repeat(50_000) });
  const type = { 'content-type': 'application/json' };
  for (const headers of [
    { ...type, 'content-length': Buffer.byteLength(body) },
    { ...type, 'transfer-encoding': 'chunked' },
  ]) {
    const answer = await get('/things', { method: 'POST', headers, body });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(service.last().body, body);
    assert.equal(service.last().headers['transfer-encoding'], undefined);
    assert.equal(service.last().headers['content-length'], String(Buffer.byteLength(body)));
    assert.equal(answer.text, body);
  }
  assert.equal((await get('/answers/chunked')).text, '{"a":1}');
  const raw = { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' };
  assert.equal((await get('/raw', { method: 'POST', headers: raw, body: 'bytes' })).status, 200);
  assert.equal(service.last().body, 'bytes');
});

test('a caller of HTTP/1.0 gets its answer without chunks, a pipelining one in order', async () => {
  const old = await sendRaw(poorter.port, 'GET /answers/chunked HTTP/1.0\r\n\r\n');
  assert.match(old, /^HTTP\/1\.1 200 /);
  assert.match(old, /connection: close/i);
  assert.doesNotMatch(old, /transfer-encoding/i);
  assert.ok(old.endsWith('\r\n\r\n{"a":1}'));
  const both = await sendRaw(
    poorter.port,
    'GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\nGET /things HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  );
  const statuses = [...both.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
  assert.deepEqual(statuses, ['404', '200']);
});

test('HEAD, 204 and 304 have no body and keep their fields', async () => {
  const head = await get('/things', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.headers['content-length'], '7');
  assert.equal(head.text, '');
  const refused = await get('/nowhere', { method: 'HEAD' });
  assert.equal(refused.status, 404);
  assert.equal(refused.text, '');
  const gone = await get('/things', { method: 'DELETE' });
  assert.equal(gone.status, 204);
  assert.equal(gone.headers['content-length'], undefined);
  assert.equal(gone.headers['transfer-encoding'], undefined);
  const same = await get('/cached', { headers: { 'if-none-match': '"v1"' } });
  assert.equal(same.status, 304);
  assert.equal(same.headers.etag, '"v1"');
});

test('trailers arrive, except those that would change what the answer means', async () => {
  const answer = await get('/answers/trailers');
  assert.equal(answer.text, '{}');
  assert.deepEqual({ ...answer.trailers }, { 'x-checksum': 'abc' });
});

test('Location and every Set-Cookie reach the caller as they were', async () => {
  const answer = await get('/moved');
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.location, '/things?page=2#end');
  assert.deepEqual(answer.headers['set-cookie'], ['a=1; Path=/', 'b=2; Secure; Path=/']);
});

test('answers lose what tells of the inside and gain what protects the caller', async () => {
  const { headers } = await get('/answers/private');
  for (const name of ['server', 'x-powered-by', 'x-internal', 'poorter-identity']) {
    assert.equal(headers[name], undefined, name);
  }
  assert.equal(headers['x-kept'], 'yes');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
  assert.equal(headers['referrer-policy'], 'no-referrer');
});

test('fields that Connection names, and fields that the gate writes, are not forwarded', async () => {
  const said = await sendRaw(
    poorter.port,
    [
      'GET /things HTTP/1.1',
      'Host: api.example',
      'Connection: close, X-Secret',
      'X-Secret: hop',
      'X-Forwarded-For: 6.6.6.6',
      'X-Real-IP: 6.6.6.6',
      'X-Original-URL: /admin',
      'X-HTTP-Method-Override: DELETE',
      'X_Forwarded_Host: evil',
      'Proxy-Authorization: Basic eA==',
      'TE: trailers',
      'Keep-Alive: timeout=5',
      'X-Kept: yes',
      '',
      '',
    ].join('\r\n'),
  );
  assert.match(said, /^HTTP\/1\.1 200 /);
  const { headers } = service.last();
  for (const name of [
    ...['x-secret', 'x-real-ip', 'x-original-url', 'x-http-method-override', 'x_forwarded_host'],
    ...['proxy-authorization', 'te', 'keep-alive'],
  ]) {
    assert.equal(headers[name], undefined, name);
  }
  assert.equal(headers['x-kept'], 'yes');
  assert.equal(headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(headers['x-forwarded-host'], 'api.example');
  assert.equal(headers.host, `127.0.0.1:${service.port}`);
  assert.ok(String(headers['poorter-identity']).split('.').length === 3);
});

test('a field that says who calls cannot be made to vanish by Connection', async () => {
  for (const name of ['X-Forwarded-For', 'Cookie', 'Authorization', 'Content-Length']) {
    const headers = {
      connection: `close, ${name}`,
      [name]: name === 'Content-Length' ? 0 : '1.2.3.4',
    };
    assert.equal(codeOf(await get('/things', { headers })), 'ambiguous_request', name);
  }
});

test('the body is asked for with 100 Continue only after the caller was authorised', async () => {
  const key = await poorter.createKey('uploader');
  const headers = {
    expect: '100-continue',
    'content-type': 'application/json',
    'content-length': 7,
  };
  const reached = service.seen.length;
  const refused = await get('/locked', { method: 'POST', headers, body: '{"a":1}' });
  assert.equal(codeOf(refused), 'credentials_required');
  assert.equal(refused.wasContinued, false);
  assert.equal(service.seen.length, reached);
  const known = { ...headers, 'x-key': key };
  const allowed = await get('/locked', { method: 'POST', headers: known, body: '{"a":1}' });
  assert.equal(allowed.status, 200, allowed.text);
  assert.equal(allowed.wasContinued, true);
  assert.equal(service.last().headers.expect, undefined);
  const strange = await get('/things', { headers: { expect: 'the-impossible' } });
  assert.notEqual(strange.status, 200);
});

const missing = (process.env['POORTER_MISSING_PROGRAMS'] ?? '').split(',');
const skip = missing.includes('curl') && 'curl is not installed';

test('curl uploads, follows the rules of 100 Continue, and reads the answer', {
  skip,
}, async () => {
  const { stdout } = await promisify(execFile)('curl', [
    ...['-sS', '-H', 'Expect: 100-continue', '-H', 'Content-Type: application/json'],
    ...['-d', '{"a":2}', '-w', ' %{http_code}', `${poorter.url}/things`],
  ]);
  assert.equal(stdout, '{"a":2} 200');
});
