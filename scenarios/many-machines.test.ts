import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { adminOf } from './world/admin.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { LINK_FILES, linkFiles, startGateway } from './world/gateways.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const ok = { 200: { description: 'ok' } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Machines', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } } },
  paths: { '/things': { get: { security: [{ key: ['read'] }], responses: ok } } },
};

type Test = Parameters<typeof startPoorter>[0];

async function startControl(t: Test, configuration = {}) {
  const authority = makeAuthority(t);
  const upstream = await startRawUpstream(t);
  const port = await unusedPort();
  const control = await startPoorter(t, {
    description,
    upstream: upstream.url,
    role: 'control',
    files: linkFiles(authority, 'control'),
    configuration: {
      // A control that comes back is found where it was.
      control: { address: `127.0.0.1:${await unusedPort()}` },
      link: { address: `127.0.0.1:${port}`, ...LINK_FILES, gateways: ['gw_a', 'gw_b'] },
      ...configuration,
    },
  });
  const link = `localhost:${port}`;
  return { authority, control, link, admin: adminOf(control), upstream };
}

async function call(gateway: { url: string }, key: string): Promise<number> {
  const answer = await fetch(`${gateway.url}/things`, { headers: { 'x-api-key': key } });
  await answer.arrayBuffer();
  return answer.status;
}

test('gateways on other machines serve what control says, and a revocation waits for both', async (t) => {
  const { authority, control, link, admin } = await startControl(t);
  const made = await admin('POST', '/v1/keys', { name: 'Shop', scopes: ['read'] });
  const { key, record } = made.body;
  const a = await startGateway(t, { name: 'gw_a', control: link, authority });
  const b = await startGateway(t, { name: 'gw_b', control: link, authority });
  assert.deepEqual([await call(a, key), await call(b, key)], [200, 200]);
  const later = await admin('POST', '/v1/keys', { name: 'Later', scopes: ['read'] });
  assert.deepEqual([await call(a, later.body.key), await call(b, later.body.key)], [200, 200]);

  let isRevoked = false;
  let passed = 0;
  let after = 0;
  const callers = Array.from({ length: 20 }, async (_, index) => {
    while (after < 1_000) {
      const wasRevoked = isRevoked;
      const status = await call(index % 2 === 0 ? a : b, key);
      if (!wasRevoked) continue;
      after++;
      if (status === 200) passed++;
    }
  });
  await sleep(300);
  assert.equal((await admin('POST', `/v1/keys/${record.id}/revoke`, {})).status, 200);
  isRevoked = true;
  await Promise.all(callers);
  assert.equal(passed, 0);

  const { gateways } = (await admin('GET', '/v1/status')).body;
  assert.deepEqual(
    gateways.map(({ node, isConnected }: { node: string; isConnected: boolean }) => [
      node,
      isConnected,
    ]),
    [
      ['gw_a', true],
      ['gw_b', true],
    ],
  );
  assert.deepEqual(control.notices('gateway_refused'), []);
});

test('a gateway that is cut off serves on, and a revocation says that it is not everywhere', async (t) => {
  const { authority, link, admin } = await startControl(t, {
    gateway: { threads: 1, staleAfterMs: 8_000 },
  });
  const made = await admin('POST', '/v1/keys', { name: 'Shop', scopes: ['read'] });
  const { key, record } = made.body;
  const a = await startGateway(t, { name: 'gw_a', control: link, authority });
  assert.equal(await call(a, key), 200);
  // Its supervisor holds the link; stopped, it is a machine that nobody hears.
  a.process.kill('SIGSTOP');
  t.after(() => a.process.kill('SIGCONT'));
  await sleep(6_500);
  const revoking = admin('POST', `/v1/keys/${record.id}/revoke`, {});
  const deadline = Date.now() + PATIENCE_MS;
  let last = 200;
  while (last === 200 && Date.now() < deadline) {
    await sleep(200);
    last = await call(a, key);
  }
  assert.equal(last, 503, 'it refuses once its staleness bound has passed');
  const revoked = await revoking;
  // Either control waited for the bound, or it said that one gateway had not confirmed.
  assert.ok([200, 504].includes(revoked.status), JSON.stringify(revoked.body));
  if (revoked.status === 504) assert.deepEqual(revoked.body.gateways, ['gw_a']);
  a.process.kill('SIGCONT');
  const back = Date.now() + PATIENCE_MS;
  while ((await call(a, key)) !== 401) {
    assert.ok(Date.now() < back, 'the gateway did not come back');
    await sleep(100);
  }
});

test('control may die: gateways serve on, and find it again', async (t) => {
  const { authority, control, link, admin } = await startControl(t);
  const made = await admin('POST', '/v1/keys', { name: 'Shop', scopes: ['read'] });
  const a = await startGateway(t, { name: 'gw_a', control: link, authority });
  process.kill(control.children().control, 'SIGKILL');
  let failed = 0;
  for (let calls = 0; calls < 200; calls++) {
    if ((await call(a, made.body.key)) !== 200) failed++;
    await sleep(5);
  }
  assert.equal(failed, 0);
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const revoked = await admin('POST', `/v1/keys/${made.body.record.id}/revoke`, {}).catch(
      () => null,
    );
    if (revoked?.status === 200) break;
    assert.ok(Date.now() < deadline, JSON.stringify(revoked?.body));
    await sleep(100);
  }
  assert.equal(await call(a, made.body.key), 401);
});

test('a machine whose certificate names no listed gateway, or none at all, hears nothing', async (t) => {
  const { authority, link } = await startControl(t);
  const port = Number(link.split(':')[1]);
  const upgrade =
    'GET /link HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
  const hear = (credentials: object) =>
    new Promise<string>((resolve) => {
      let heard = '';
      const socket = connectTls({
        ...{ host: '127.0.0.1', port, servername: 'localhost', ca: authority.certificate },
        ...credentials,
      });
      socket.on('data', (bytes) => {
        heard += bytes;
        if (heard.length > 2_000) socket.destroy();
      });
      socket.once('secureConnect', () => socket.write(upgrade));
      socket.on('error', () => undefined);
      socket.once('close', () => resolve(heard));
      setTimeout(() => socket.destroy(), 1_500);
    });
  const stranger = makeAuthority(t, 'Stranger').issue('/CN=gw_a', { names: 'DNS:gw_a' });
  const unlisted = authority.issue('/CN=gw_a', { names: 'DNS:gw_c' });
  const wildcard = authority.issue('/CN=gw_a', { names: 'DNS:*.example,DNS:*' });
  const listed = authority.issue('/CN=x', { names: 'DNS:gw_a' });
  const of = ({ certificate, key }: { certificate: string; key: string }) => ({
    cert: certificate,
    key,
  });
  assert.equal(await hear({}), '');
  assert.equal(await hear(of(stranger)), '');
  assert.equal(await hear(of(unlisted)), '');
  assert.equal(await hear(of(wildcard)), '');
  assert.match(await hear(of(listed)), /101 Switching Protocols/);
});
