import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { stringify } from 'yaml';
import { call, eventually } from './world/calls.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startLoad } from './world/load.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { things } from './world/things.fixture.ts';

/** Six hundred operations, each with a schema of its own. */
function largeDescription(): object {
  const schema = (index: number) => ({
    type: 'object',
    required: ['id', 'name'],
    properties: {
      id: { type: 'string', pattern: '^[a-z0-9-]{1,40}$' },
      name: { type: 'string', maxLength: 100 + index },
      tags: { type: 'array', maxItems: 10, items: { type: 'string', minLength: 1 } },
    },
  });
  const operation = (index: number) => ({
    requestBody: { content: { 'application/json': { schema: schema(index) } } },
    responses: { 200: { description: 'ok', content: { 'application/json': {} } } },
  });
  const paths = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [
      `/large/${index}`,
      { post: operation(index), put: operation(index) },
    ]),
  );
  return { ...things, paths: { ...things.paths, ...paths } };
}

test('600 operations are reloaded again and again under load, and no call fails', async (t) => {
  const upstream = await startRawUpstream(t, { keepsBytes: false });
  const description = largeDescription();
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const measure = async (during: () => Promise<void>) => {
    const load = startLoad(t, `${poorter.url}/things`, { connections: 8 });
    await during();
    return load.stop();
  };
  const quiet = await measure(() => sleep(1_500));
  const version = async () =>
    ((await (await fetch(`${poorter.controlUrl}/health/ready`)).json()) as { snapshot: number })
      .snapshot;
  const before = await version();
  const busy = await measure(async () => {
    for (let round = 1; round <= 3; round++) {
      utimesSync(`${poorter.folder}/api.yaml`, new Date(), new Date(Date.now() + round * 1_000));
      poorter.process.kill('SIGHUP');
      await eventually('the new version serves', async () => (await version()) >= before + round);
    }
  });
  t.diagnostic(
    `p99 ${quiet.p99Ms.toFixed(1)} ms quiet, ${busy.p99Ms.toFixed(1)} ms while reloading`,
  );
  assert.deepEqual(quiet.failed, []);
  assert.deepEqual(busy.failed, []);
  assert.ok(busy.passed > 200, `${busy.passed}`);
});

test('a broken document keeps the old version and says where; mending it is picked up', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description: things, upstream: upstream.url });
  poorter.write('api.yaml', `${stringify(things)}\n  - : broken: [\n`);
  const { file, line, column } = await poorter.awaitNotice('configuration_faulty');
  assert.match(String(file), /api\.yaml$/);
  assert.ok(Number(line) > 0 && Number(column) > 0);
  assert.equal((await call(`${poorter.url}/things`)).status, 200);
  const get = things.paths['/things'].get;
  poorter.write('api.yaml', { ...things, paths: { ...things.paths, '/new': { get } } });
  await eventually('the mended document serves', async () => {
    return (await call(`${poorter.url}/new`)).status === 200;
  });
});

test('keys that appear and disappear apply', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description: things, upstream: upstream.url });
  const key = await poorter.createKey('shop');
  const ask = async () =>
    (await call(`${poorter.url}/mine`, { headers: { 'x-api-key': key } })).status;
  assert.equal(await ask(), 200);
  poorter.write('keys.yaml', 'keys: []\n');
  await eventually('the key is refused', async () => (await ask()) === 401);
});

test('a new certificate is shown on new connections, and old ones live on', async (t) => {
  const authority = makeAuthority(t);
  const [first, second] = [authority.issue('/CN=first'), authority.issue('/CN=second')];
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    files: { 'server.pem': first.certificate, 'server.key': first.key },
    configuration: {
      listen: [
        { address: '127.0.0.1:0', tls: { certificate: './server.pem', key: './server.key' } },
      ],
    },
  });
  const open = () =>
    new Promise<TLSSocket>((resolve, reject) => {
      const socket = connectTls({
        port: poorter.port,
        host: '127.0.0.1',
        ca: authority.certificate,
      });
      socket.once('secureConnect', () => resolve(socket));
      socket.once('error', reject);
    });
  const nameOf = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;
  const old = await open();
  assert.equal(nameOf(old), 'first');
  poorter.write('server.key', second.key);
  poorter.write('server.pem', second.certificate);
  poorter.process.kill('SIGHUP');
  await eventually('the new certificate is shown', async () => {
    const socket = await open();
    const name = nameOf(socket);
    socket.destroy();
    return name === 'second';
  });
  const answered = new Promise<string>((resolve) =>
    old.once('data', (chunk) => resolve(String(chunk))),
  );
  old.write('GET /things HTTP/1.1\r\nHost: things.example\r\nConnection: close\r\n\r\n');
  assert.match(await answered, /^HTTP\/1\.1 200 /);
  old.destroy();
});
