import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { IssuerServer } from './issuer-server.ts';

interface Lifetime {
  after(work: () => unknown): void;
}

async function open(t: Lifetime): Promise<number> {
  const server = new IssuerServer('issuer.address', (error) => assert.fail(String(error)));
  server.answerWith(async (_, response) => void response.end('here'));
  await server.listen({ host: '127.0.0.1', port: 0, tls: null });
  t.after(() => server.close());
  return Number(server.address.split(':').at(-1));
}

function ask(port: number, localAddress: string): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', localAddress }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.headers));
    });
    asked.once('error', reject).end();
  });
}

test('a load balancer that keeps a quiet connection for a minute loses no sign-in on it', async (t) => {
  const port = await open(t);
  const { 'keep-alive': kept } = await ask(port, '127.0.0.1');
  assert.ok(Number(/timeout=([0-9]+)/.exec(String(kept))?.[1]) > 60, String(kept));
});

test('an address that takes every connection of the authorization server keeps nobody out', async (t) => {
  const port = await open(t);
  const held: Socket[] = [];
  t.after(() => {
    for (const socket of held) socket.destroy();
  });
  for (let count = 0; count < 2_000; count += 1) {
    const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.3' });
    socket.on('error', () => undefined);
    held.push(socket);
    if (count % 100 === 99) await once(socket, 'connect');
  }
  await ask(port, '127.0.0.2');
});
