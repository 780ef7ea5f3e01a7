import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adminOf } from './world/admin.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startInOneProcess } from './world/one-process.fixture.ts';

const ok = { 200: { description: 'ok' } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Keys', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } } },
  paths: { '/things': { get: { security: [{ key: ['read'] }], responses: ok } } },
};
const MINUTE_MS = 60_000;
const STALE_MS = 30_000;

test('a whole server in one process: keys expire, limits come back and silence is noticed by a clock that is turned', async (t) => {
  const upstream = await startRawUpstream(t);
  const server = await startInOneProcess(
    t,
    {
      apis: [{ spec: './api.yaml', upstream: upstream.url }],
      limits: { failures: 'off', default: { requests: 3, per: 'minute' } },
      gateway: { staleAfterMs: STALE_MS },
    },
    description,
  );
  const { pass, settled } = server;
  const admin = adminOf(server);
  const call = async (key: string) => {
    const answer = await settled(
      fetch(`${server.url}/things`, { headers: { 'x-api-key': key, connection: 'close' } }),
    );
    await answer.arrayBuffer();
    return answer.status;
  };
  const create = async (minutes: number) => {
    const expires = new Date(server.now() + minutes * MINUTE_MS).toISOString();
    const wish = { name: 'Shop', scopes: ['read'], expires };
    const made = await settled(admin('POST', '/v1/keys', wish));
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return made.body as { key: string; record: { id: string } };
  };

  const short = await create(10);
  const long = await create(100);
  assert.deepEqual([await call(short.key), await call(long.key)], [200, 200]);

  await pass(9 * MINUTE_MS);
  assert.equal(await call(short.key), 200);
  await pass(MINUTE_MS);
  assert.deepEqual([await call(short.key), await call(long.key)], [401, 200]);

  const statuses = [];
  for (let calls = 0; calls < 5; calls++) statuses.push(await call(long.key));
  assert.equal(statuses.at(-1), 429);
  await pass(MINUTE_MS);
  assert.equal(await call(long.key), 200);

  server.control.stop();
  await pass(STALE_MS / 2);
  assert.equal(await call(long.key), 200);
  await pass(STALE_MS);
  assert.equal(await call(long.key), 503);
  server.control.goOn();
  await pass(2_000);
  assert.equal(await call(long.key), 200);

  const revoked = await settled(
    admin('POST', `/v1/keys/${long.record.id}/revoke`, { reason: 'x' }),
  );
  assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
  assert.equal(await call(long.key), 401);
  await server.stop();
});
