import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { eventually } from './world/calls.fixture.ts';
import { AUDIENCE, startIssuer } from './world/issuer.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';

const description = {
  openapi: '3.1.0',
  info: { title: 'Feeds', version: '1' },
  components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  paths: {
    '/feed': {
      get: { security: [{ bearer: [] }], responses: { 101: { description: 'a WebSocket' } } },
    },
  },
};

const service = await startService({ after });
const sockets = new WebSocketServer({ noServer: true });
service.server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.on('message', (message) => webSocket.send(message));
  });
});
const strict = await startIssuer({ after });
const lenient = await startIssuer({ after });
const poorter = await startPoorter(
  { after },
  {
    description,
    upstream: service.url,
    threads: 1,
    configuration: {
      publicOrigin: AUDIENCE,
      trust: {
        issuers: [
          { issuer: strict.url, audience: AUDIENCE, clockSkewSeconds: 0 },
          { issuer: lenient.url, audience: AUDIENCE, clockSkewSeconds: 3 },
        ],
      },
    },
  },
);

const seconds = () => Math.floor(Date.now() / 1000);

async function openWith(token: string): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`ws://127.0.0.1:${poorter.port}/feed`, { headers });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return socket;
}

async function assertEcho(socket: WebSocket): Promise<void> {
  socket.send('still here');
  await once(socket, 'message', { signal: AbortSignal.timeout(30_000) });
}

test('a WebSocket ends on both sides when the token that opened it does, and not before', async () => {
  const exp = seconds() + 6;
  const short = await openWith(await strict.token({ exp }));
  const long = await openWith(await strict.token());
  const gone = once(short, 'close', { signal: AbortSignal.timeout(60_000) });
  await assertEcho(short);
  await gone;
  const lateMs = Date.now() - exp * 1000;
  // Nothing else would close it: that it was closed at all is what counts.
  assert.ok(lateMs >= 0, `closed ${-lateMs} ms before the token ended`);
  await eventually('the service is let go', () => sockets.clients.size === 1);
  await assertEcho(long);
  long.terminate();
});

test('a token within the leeway of its issuer holds a WebSocket until the leeway ends', async () => {
  const exp = seconds();
  const socket = await openWith(await lenient.token({ exp }));
  const gone = once(socket, 'close', { signal: AbortSignal.timeout(60_000) });
  await assertEcho(socket);
  await gone;
  assert.ok(Date.now() >= (exp + 3) * 1000);
});

test('a token of many years opens a WebSocket that stays', async () => {
  const socket = await openWith(await strict.token({ exp: seconds() + 100 * 365 * 86_400 }));
  await sleep(500);
  await assertEcho(socket);
  socket.terminate();
});
