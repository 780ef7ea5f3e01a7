import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws';
import { call, codeOf, eventually, sendRaw } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const switching = { 101: { description: 'a WebSocket' } };
const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };
const security = [{ key: [] }];
const description = {
  openapi: '3.1.0',
  info: { title: 'Feeds', version: '1' },
  components: {
    securitySchemes: {
      key: { type: 'apiKey', in: 'header', name: 'x-key' },
      ticket: { type: 'apiKey', in: 'query', name: 'ticket' },
    },
  },
  paths: {
    '/feed': { get: { security, responses: switching } },
    '/by-ticket': {
      get: {
        security: [{ ticket: [] }],
        parameters: [{ name: 'room', in: 'query', schema: { type: 'integer' } }],
        responses: switching,
      },
    },
    '/turned-down': { get: { security, responses: switching } },
    '/turned-down-at-length': { get: { security, responses: switching } },
    '/things': { get: { security, responses: { ...switching, ...ok } } },
    '/plain': { get: { security, responses: ok } },
    '/fallback': { get: { security, responses: { ...ok, default: { description: 'an error' } } } },
    '/only-fallback': { get: { security, responses: { default: { description: 'any' } } } },
    '/interim': { get: { security, responses: { ...ok, '1XX': { description: 'interim' } } } },
    '/variant': { get: { security, responses: { default: { description: 'any' } } } },
    '/variant#two': { get: { security, responses: { '1XX': { description: 'interim' } } } },
  },
};

const DRAIN_MS = 1_500;
/** More than a connection takes at once. */
const LONG = 'x'.repeat(3_000_000);

const service = await startService({ after });
const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'feed.v1' });
let upgrades = 0;
let seenHeaders: Record<string, unknown> = {};
let seenTarget = '';
let closed = 0;
service.server.on('upgrade', (request, socket, head) => {
  upgrades++;
  seenHeaders = request.headers;
  seenTarget = request.url ?? '';
  socket.once('close', () => closed++);
  if (request.url === '/turned-down') {
    socket.end('HTTP/1.1 403 Forbidden\r\nX-Inside: secret\r\nContent-Length: 2\r\n\r\nno');
    return;
  }
  if (request.url === '/turned-down-at-length') {
    socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${LONG.length}\r\n\r\n${LONG}`);
    return;
  }
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.on('message', (message, isBinary) => webSocket.send(message, { binary: isBinary }));
  });
});

const start = () =>
  startPoorter(
    { after },
    {
      description,
      upstream: service.url,
      threads: 1,
      configuration: {
        api: {
          upstream: {
            targets: [service.url],
            failuresBeforeRest: 2,
            restMs: 60_000,
            preserveHost: true,
          },
        },
        timeouts: { drainMs: DRAIN_MS },
      },
    },
  );
const poorter = await start();
const key = await poorter.createKey('reader');
const open = (path: string, options: ClientOptions = {}, protocols: string[] = []) =>
  new WebSocket(`ws://127.0.0.1:${poorter.port}${path}`, protocols, options);
const known: ClientOptions = { headers: { 'x-key': key } };

/** Status and body of a handshake that was turned down. */
async function refusal(path: string, options: ClientOptions = {}) {
  const socket = open(path, options);
  socket.on('error', () => undefined);
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    socket.once('unexpected-response', (_request, incoming) => resolve(incoming));
    socket.once('open', () => reject(new Error('it opened')));
  });
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, text };
}

test('a long refusal of the service arrives whole, and does not wait for what never comes', async () => {
  const { status, text } = await refusal('/turned-down-at-length', known);
  assert.equal(status, 403);
  assert.equal(text, LONG);
});

test('with a key, messages of every kind and size pass both ways', async () => {
  const socket = open('/feed', known, ['feed.v1']);
  await once(socket, 'open');
  assert.equal(socket.protocol, 'feed.v1');
  for (const message of [Buffer.from('text'), Buffer.alloc(3_000_000, 7)]) {
    socket.send(message);
    const [echo] = (await once(socket, 'message')) as [Buffer];
    assert.equal(echo.equals(message), true);
  }
  socket.close(4001, 'done');
  const [code] = (await once(socket, 'close')) as [number];
  assert.equal(code, 4001);
});

test('the service sees who calls, and not the key', () => {
  assert.equal(seenHeaders['x-key'], undefined);
  assert.equal(JSON.stringify(seenHeaders).includes(key), false);
  assert.equal(String(seenHeaders['poorter-identity']).split('.').length, 3);
  assert.equal(seenHeaders['host'], `127.0.0.1:${poorter.port}`, 'preserveHost counts here too');
});

test('a key in the query of a handshake stops at the gate', async () => {
  const socket = open(`/by-ticket?room=4&ticket=${key}`);
  await once(socket, 'open');
  assert.equal(seenTarget, '/by-ticket?room=4');
  socket.terminate();
  const invalid = await refusal(`/by-ticket?room=four&ticket=${key}`);
  assert.equal(invalid.status, 400);
});

test('without a key, with a wrong one, or on an unknown path nothing reaches the service', async () => {
  const before = upgrades;
  assert.equal((await refusal('/feed')).status, 401);
  assert.equal((await refusal('/feed', { headers: { 'x-key': 'wrong' } })).status, 401);
  assert.equal((await refusal('/nowhere', known)).status, 404);
  assert.equal(upgrades, before);
});

test('an operation that documents no 101 is not upgraded', async () => {
  const before = upgrades;
  const answer = await refusal('/plain', known);
  assert.equal(answer.status, 400);
  assert.match(answer.text, /upgrade_not_accepted/);
  assert.equal(upgrades, before);
});

test('a default answer or a range opens no tunnel that nobody documented', async () => {
  const before = upgrades;
  for (const path of ['/fallback', '/only-fallback', '/interim', '/variant']) {
    const answer = await refusal(path, known);
    assert.equal(answer.status, 400, path);
    assert.match(answer.text, /upgrade_not_accepted/);
  }
  assert.equal(upgrades, before);
});

test('a handshake that RFC 6455 does not allow is refused', async () => {
  const before = upgrades;
  const head = (fields: string) =>
    `GET /feed HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nx-key: ${key}\r\n${fields}\r\n\r\n`;
  for (const fields of [
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short',
    'Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]) {
    assert.match(await sendRaw(poorter.port, head(fields)), /^HTTP\/1\.1 400 /);
  }
  assert.equal(upgrades, before);
});

test('another protocol than websocket is not upgraded to', async () => {
  const before = upgrades;
  const headers = { 'x-key': key, connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c' };
  const answer = await call(`${poorter.url}/things`, {
    headers: { ...headers, 'http2-settings': 'AAA' },
  });
  assert.equal(answer.status, 200);
  assert.equal(service.last().headers.upgrade, undefined);
  assert.equal(upgrades, before);
});

test('a service that turns handshakes down says so itself, and is no failing service', async () => {
  for (let round = 0; round < 3; round++) {
    const answer = await refusal('/turned-down', known);
    assert.equal(answer.status, 403);
    assert.equal(answer.text, 'no');
  }
  const socket = open('/feed', known);
  await once(socket, 'open');
  socket.terminate();
});

test('when the service ends its side, so does the gate', async () => {
  const socket = open('/feed', known);
  await once(socket, 'open');
  for (const one of sockets.clients) one.terminate();
  await once(socket, 'close');
});

test('a caller that closes its half ends the tunnel, whatever the service does', async () => {
  const before = closed;
  const socket = open('/feed', known);
  await once(socket, 'open');
  const { _socket: half } = socket as unknown as { _socket: Socket };
  half.end();
  await eventually('the connection to the service ends', () => closed > before);
});

test('when the caller vanishes, the service is let go', async () => {
  const socket = open('/feed', known);
  await once(socket, 'open');
  const before = closed;
  socket.terminate();
  await eventually('the connection to the service ends', () => closed > before);
});

test('handshakes and tunnels are in the records', async () => {
  const records = await poorter.awaitRecords(3, ({ host }) => host === 'websocket');
  const decisions = new Set(records.map(({ decision }) => decision));
  assert.deepEqual([...decisions].toSorted(), ['forwarded', 'refused']);
  for (const answered of [101, 403]) {
    assert.ok(records.some(({ status, operation }) => status === answered && operation !== null));
  }
});

test('a target that cannot be reached is passed over for one that can', async () => {
  const dead = `http://127.0.0.1:${await unusedPort()}`;
  const pair = await startPoorter(
    { after },
    {
      description,
      upstream: dead,
      threads: 1,
      configuration: { api: { upstream: { targets: [dead, service.url] } } },
    },
  );
  const headers = { 'x-key': await pair.createKey('reader') };
  for (let round = 0; round < 2; round++) {
    const socket = new WebSocket(`ws://127.0.0.1:${pair.port}/feed`, { headers });
    await once(socket, 'open');
    socket.terminate();
  }
  assert.equal(codeOf(await call(`${pair.url}/nowhere`)), 'no_such_operation');
});

test('open sockets are closed when the gate drains, also of callers that never hang up', async () => {
  const socket = open('/feed', known);
  await once(socket, 'open');
  const gone = once(socket, 'close');
  const stubborn = connect({ port: poorter.port, host: '127.0.0.1', allowHalfOpen: true });
  stubborn.on('error', () => undefined);
  stubborn.write(
    `GET /feed HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nx-key: ${key}\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  assert.match(String((await once(stubborn, 'data'))[0]), /^HTTP\/1\.1 101 /);
  const started = performance.now();
  let isStopped = false;
  const status = poorter.stop().finally(() => {
    isStopped = true;
  });
  await gone;
  assert.equal(isStopped, false, 'at once where the caller listens');
  assert.equal(await status, 0);
  // Five seconds after the drain time, the supervisor would have ended the gateway by force.
  assert.ok(performance.now() - started < DRAIN_MS + 5_000, 'with the drain where it does not');
  stubborn.destroy();
});
