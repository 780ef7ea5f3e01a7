import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, eventually } from './world/calls.fixture.ts';
import { runPoorter, startPoorter } from './world/poorter.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const ok = { 200: { description: 'ok' } };
const durable = { 'x-poorter': { audit: 'durable' } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Bank', version: '1' },
  security: [],
  paths: {
    '/pay': { post: { operationId: 'pay', ...durable, responses: ok } },
    '/slow': { post: { operationId: 'paySlowly', ...durable, responses: ok } },
    '/feed': {
      get: { operationId: 'feed', ...durable, responses: { 101: { description: 'feed' } } },
    },
  },
};

let slow = 0;
const service = createServer((incoming, answer) => {
  incoming.resume();
  if (incoming.url === '/slow') slow++;
  else answer.end();
});
service.on('upgrade', (_, socket: Socket) => {
  socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
});
await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
after(() => {
  service.closeAllConnections();
  service.close();
});
const poorter = await startPoorter(
  { after },
  {
    description,
    upstream: `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
    configuration: {
      // Ports that stay when the gateway is killed.
      listen: [{ address: `127.0.0.1:${await unusedPort()}` }],
      trust: { proxies: ['127.0.0.1/32'] },
      forwardAuth: [{ address: `127.0.0.1:${await unusedPort()}`, for: 'nginx' }],
    },
  },
);
const data = join(poorter.folder, 'data');

async function found(verb: string, ...argv: string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await runPoorter(['log', verb, '--json', '--data', data, ...argv]);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Types of the leaves of an operation, oldest first, as soon as there are so many. */
async function typesOf(operation: string, count: number): Promise<unknown[]> {
  let types: unknown[] = [];
  await eventually(`${count} records of ${operation}`, async () => {
    const records = await found('search', '--operation', operation);
    types = records.map(({ leaf }) => (leaf as { type: string }).type).toReversed();
    return types.length >= count;
  });
  return types;
}

test('a durable permission for a proxy has an outcome before it is given', async () => {
  const headers = { 'x-original-method': 'POST', 'x-original-uri': '/pay', host: 'bank' };
  const answer = await call(`http://${poorter.addresses[1]}/`, { headers });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(await typesOf('pay', 3), ['intent', 'outcome', 'call']);
});

test('a durable handshake that the service turns down has an outcome', async () => {
  const answer = await call(`${poorter.url}/feed`, {
    headers: {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  });
  assert.ok(answer.status >= 400, String(answer.status));
  assert.deepEqual(await typesOf('feed', 3), ['intent', 'outcome', 'call']);
});

test('the payments that were under way when the gateway was killed are those that poorter log open names', async () => {
  for (let at = 0; at < 3; at++)
    void call(`${poorter.url}/slow`, { method: 'POST' }).catch(() => 0);
  await eventually('three payments are with the service', () => slow === 3);
  process.kill(poorter.children().gateway, 'SIGKILL');
  await poorter.awaitNotice('gateway_ended');
  assert.deepEqual(await typesOf('paySlowly', 3), ['intent', 'intent', 'intent']);
  await eventually('the gateway is back', async () => {
    return (await call(`${poorter.url}/pay`, { method: 'POST' }).catch(() => null))?.status === 200;
  });
  await typesOf('pay', 6);
  await sleep(200);
  const open = await found('open');
  assert.deepEqual(
    open.map(({ leaf, ending }) => [(leaf as { operation: string }).operation, ending]),
    Array.from({ length: 3 }, () => ['paySlowly', 'unknown']),
  );
  const { stdout } = await runPoorter(['log', 'open', '--data', data]);
  assert.equal(stdout.match(/POST \/slow paySlowly .*may have happened: no outcome/g)?.length, 3);
});
