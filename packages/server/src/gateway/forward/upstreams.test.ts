import assert from 'node:assert/strict';
import dns from 'node:dns';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import type { UpstreamSnapshot } from '../../messages/between-processes.ts';
import { UpstreamAnswer } from './upstream-answer.ts';
import { type Target, Upstreams } from './upstreams.ts';

const snapshot = (target: string): UpstreamSnapshot => ({
  targets: [target],
  tls: { authorities: [], certificate: null, key: null, serverName: null },
  connectTimeoutMs: 5_000,
  headTimeoutMs: 5_000,
  idleTimeoutMs: 5_000,
  connectionsMax: 1,
  failuresBeforeRest: 5,
  restMs: 1_000,
  preserveHost: false,
});

test('a name that has a new address is noticed under steady traffic, within 30 s', async (t) => {
  const hosts = ['127.0.0.1', '127.0.0.2'];
  const answered: string[] = [];
  let port = 0;
  for (const host of hosts) {
    const server = createServer((_, response) => {
      answered.push(host);
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    port = (server.address() as AddressInfo).port;
    t.after(() => server.closeAllConnections());
    t.after(() => server.close());
  }
  let address = hosts[0] as string;
  type Found = (error: null, address: unknown, family?: number) => void;
  t.mock.method(dns, 'lookup', (_: string, options: { all?: boolean }, done: Found) =>
    options.all ? done(null, [{ address, family: 4 }]) : done(null, address, 4),
  );
  let nowMs = Date.now();
  t.mock.method(Date, 'now', () => nowMs);
  t.mock.method(performance, 'now', () => nowMs);
  const upstreams = new Upstreams();
  upstreams.apply({ api: snapshot(`http://service.example:${port}`) });
  const target = upstreams.of('api').pick(0, []);
  const ask = async () => {
    const answer = await UpstreamAnswer.dispatch(
      await (target as NonNullable<typeof target>).pool.get(),
      { path: '/', method: 'GET', headersTimeout: 5_000 },
      () => undefined,
    );
    while ((await answer.read()) !== null);
    return answered.at(-1);
  };
  assert.equal(await ask(), hosts[0]);
  address = hosts[1] as string;
  const movedAt = nowMs;
  while ((await ask()) === hosts[0]) {
    nowMs += 500;
    assert.ok(nowMs - movedAt <= 31_000, 'still the old address');
  }
  assert.ok(nowMs - movedAt > 1_000, 'and a connection is kept for a while');
});

test('a service that says only that it goes on is not waited for without end', async (t) => {
  const server = createTcpServer((socket) => {
    const timer = setInterval(() => {
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n');
    }, 20);
    socket.on('error', () => undefined).on('close', () => clearInterval(timer));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const upstreams = new Upstreams();
  upstreams.apply({ api: snapshot(`http://127.0.0.1:${port}`) });
  const pool = await (upstreams.of('api').pick(0, []) as Target).pool.get();
  t.after(() => pool.destroy());
  await assert.rejects(
    UpstreamAnswer.dispatch(
      pool,
      { path: '/', method: 'GET', headersTimeout: 300 },
      () => undefined,
    ),
    { name: 'UpstreamError', failure: 'timeout', nothingSent: false },
  );
});
