import assert from 'node:assert/strict';
import { after as afterAll, test } from 'node:test';
import { adminOf } from './world/admin.fixture.ts';
import { eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const ok = { 200: { description: 'ok' } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Keys', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } } },
  paths: {
    '/things': { get: { security: [{ key: ['read'] }], responses: ok } },
    '/open': { get: { security: [], responses: ok } },
  },
};

async function start(t: Parameters<typeof startPoorter>[0], configuration = {}) {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description,
    upstream: upstream.url,
    configuration: { limits: { failures: 'off' }, ...configuration },
  });
  const call = async (key: string | null, path = '/things') => {
    const headers = key === null ? {} : { 'x-api-key': key };
    const answer = await fetch(`${poorter.url}${path}`, { headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  return { poorter, call, admin: adminOf(poorter) };
}

/** One for all who change nothing of it but keys: a start takes seconds of processor time. */
const shared = await start({ after: afterAll });

test('a key works when its answer is there, and not one call passes after its revocation returned', async () => {
  const { call, admin } = shared;
  const made = await admin('POST', '/v1/keys', { name: 'Shop', scopes: ['read'] });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { key, record } = made.body;
  assert.equal(await call(key), 200);

  let isRevoked = false;
  let after = 0;
  let before = 0;
  const accepted: number[] = [];
  const callers = Array.from({ length: 50 }, async () => {
    while (after < 5_000) {
      const wasRevoked = isRevoked;
      const status = await call(key);
      if (!wasRevoked) before++;
      else {
        after++;
        if (status === 200) accepted.push(status);
      }
    }
  });
  while (before < 500) await new Promise((resolve) => setTimeout(resolve, 5));
  const revoked = await admin('POST', `/v1/keys/${record.id}/revoke`, { reason: 'test' });
  isRevoked = true;
  assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
  assert.equal(revoked.body.state, 'revoked');
  await Promise.all(callers);
  assert.equal(
    accepted.length,
    0,
    `${accepted.length} of ${after} calls passed after the revocation`,
  );
});

test('rotation overlaps: both keys speak for one client, then the old one ends', async () => {
  const { call, admin } = shared;
  const made = await admin('POST', '/v1/keys', { name: 'Shop', scopes: ['read'] });
  const { id } = made.body.record;
  const rotated = await admin('POST', `/v1/keys/${id}/rotate`, { overlapSeconds: 10 });
  assert.equal(rotated.status, 201, JSON.stringify(rotated.body));
  assert.equal(rotated.body.record.client, made.body.record.client);
  assert.equal(rotated.body.record.rotatedFrom, id);
  assert.deepEqual([await call(made.body.key), await call(rotated.body.key)], [200, 200]);
  const again = await admin('POST', `/v1/keys/${id}/rotate`, {});
  assert.equal(again.status, 409, 'one successor at a time');
  const endsAt = Date.parse(rotated.body.record.created) + 10_000;
  await eventually('the old one ends', async () => (await call(made.body.key)) === 401);
  assert.ok(Date.now() >= endsAt - 1_000, 'and not before its time');
  assert.equal(await call(rotated.body.key), 200);
  assert.equal((await admin('GET', `/v1/keys/${id}`)).body.state, 'rotated');
});

test('a leaked key is replaced, and refused at once; where it was used is told', async () => {
  const { call, admin } = shared;
  const made = await admin('POST', '/v1/keys', { name: 'Shop', scopes: ['read'] });
  for (let calls = 0; calls < 3; calls++) assert.equal(await call(made.body.key), 200);
  const { client } = made.body.record;
  await eventually('the calls are in the log', async () => {
    const found = await admin('GET', `/v1/log/records?client=${client}`);
    return found.body.items.length === 3;
  });
  const leaked = await admin('POST', '/v1/keys/leaked', { key: made.body.key });
  assert.equal(leaked.status, 200, JSON.stringify(leaked.body));
  assert.equal(await call(made.body.key), 401);
  assert.equal(await call(leaked.body.replacement.key), 200);
  assert.equal(leaked.body.revoked.reason, 'leaked');
  const [use, ...others] = leaked.body.uses;
  assert.equal(others.length, 0);
  assert.equal(use.calls, 3);
  assert.equal(use.address, '127.0.0.1');
  assert.match(use.operation, /things/i);
});

test('a change needs the version that was read, and reaches the gate', async () => {
  const { call, admin } = shared;
  const made = await admin('POST', '/v1/keys', { name: 'Shop', scopes: [] });
  const { key, record } = made.body;
  assert.equal(await call(key), 403);
  const path = `/v1/keys/${record.id}`;
  const etag = made.headers.get('etag') as string;
  assert.equal((await admin('PATCH', path, { scopes: ['read'] })).status, 400);
  const changed = await admin('PATCH', path, { scopes: ['read'] }, { 'if-match': etag });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.equal(await call(key), 200);
  const late = await admin('PATCH', path, { scopes: [] }, { 'if-match': etag });
  assert.equal(late.status, 412);
  assert.equal(late.body.code, 'version_conflict');
  assert.equal(await call(key), 200);
});

test('the same Idempotency-Key makes one key however often it is sent', async (t) => {
  const { admin } = await start(t);
  const headers = { 'idempotency-key': 'order-12345' };
  const wish = { name: 'Shop' };
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => admin('POST', '/v1/keys', wish, headers)),
  );
  const made = answers.filter(({ status }) => status === 201);
  assert.ok(made.length >= 1);
  assert.equal(new Set(made.map(({ body }) => body.key)).size, 1);
  for (const { status } of answers) assert.ok([201, 409].includes(status), String(status));
  const other = await admin('POST', '/v1/keys', { name: 'Another' }, headers);
  assert.equal(other.status, 422);
  assert.equal((await admin('GET', '/v1/keys')).body.items.length, 1);
});

test('a blocked address is refused until the block is undone, and a bad value blocks nobody', async (t) => {
  const { call, admin } = await start(t);
  const wish = { kind: 'network', value: '127.0.0.0/8', reason: 'test' };
  const made = await admin('POST', '/v1/blocks', wish);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal(await call(null, '/open'), 403);
  const undone = await admin('DELETE', `/v1/blocks/${made.body.id}`);
  assert.equal(undone.body.state, 'undone');
  assert.equal(await call(null, '/open'), 200);
  const bad = await admin('POST', '/v1/blocks', { ...wish, value: '0.0.0.0/99' });
  assert.equal(bad.status, 422);
  assert.equal(await call(null, '/open'), 200);
});

test('a key that stands where its id belongs is neither kept nor shown', async () => {
  const { call, admin } = shared;
  const { key } = (await admin('POST', '/v1/keys', { name: 'Shop', scopes: ['read'] })).body;
  for (const wish of [
    { kind: 'key', value: key, reason: 'test' },
    { kind: 'client', value: ` ${key}`, reason: 'test' },
    { kind: 'client', value: 'Shop', reason: `sent ${key}` },
  ]) {
    const { status, body } = await admin('POST', '/v1/blocks', wish);
    assert.equal(status, 422);
    assert.match(JSON.stringify(body), /value_not_acceptable.*holds a key/);
    assert.ok(!JSON.stringify(body).includes(key));
  }
  assert.deepEqual((await admin('GET', '/v1/blocks')).body.items, []);
  assert.equal(await call(key), 200);
});

test('limits and networks of a key hold beside those of the operation', async () => {
  const { call, admin } = shared;
  const limits = { quota: { requests: 2, per: 'day' } };
  const limited = await admin('POST', '/v1/keys', { name: 'Two', scopes: ['read'], limits });
  assert.equal(limited.status, 201, JSON.stringify(limited.body));
  const statuses = [];
  for (let calls = 0; calls < 3; calls++) statuses.push(await call(limited.body.key));
  assert.deepEqual(statuses, [200, 200, 429]);
  const elsewhere = await admin('POST', '/v1/keys', {
    name: 'Elsewhere',
    scopes: ['read'],
    networks: ['192.0.2.0/24'],
  });
  assert.equal(await call(elsewhere.body.key), 401);
  for (const wrong of [{ limits: { quota: { requests: -1 } } }, { networks: ['10.0.0.0/99'] }]) {
    const refused = await admin('POST', '/v1/keys', { name: 'Wrong', ...wrong });
    assert.equal(refused.status, 422, JSON.stringify(refused.body));
  }
});

test('managed keys outlive control and gateway', async (t) => {
  const listen = [{ address: `127.0.0.1:${await unusedPort()}` }];
  const { poorter, call, admin } = await start(t, { listen });
  const made = await admin('POST', '/v1/keys', { name: 'Shop', scopes: ['read'] });
  const gone = await admin('POST', '/v1/keys', { name: 'Gone', scopes: ['read'] });
  await admin('POST', `/v1/keys/${gone.body.record.id}/revoke`, {});
  const { control, gateway } = poorter.children();
  process.kill(control, 'SIGKILL');
  assert.equal(await call(made.body.key), 200);
  process.kill(gateway, 'SIGKILL');
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const status = await call(made.body.key).catch(() => 0);
    if (status === 200) break;
    assert.ok(Date.now() < deadline, `still ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(await call(gone.body.key), 401);
});

test('a key with a mistyped scope is told at once, and what it is refused names the scope', async () => {
  const { poorter, admin } = shared;
  const made = await admin('POST', '/v1/keys', { name: 'Typo', scopes: ['raed'] });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.match(String(made.body.warnings), /'raed'; did you mean 'read'\?/);
  const headers = { 'x-api-key': made.body.key };
  const answer = await fetch(`${poorter.url}/things`, { headers });
  assert.equal(answer.status, 403);
  assert.match(answer.headers.get('www-authenticate') ?? '', /^ApiKey .*scope="read"/);
  assert.equal(((await answer.json()) as { code: string }).code, 'insufficient_scope');
  const right = await admin('POST', '/v1/keys', { name: 'Right', scopes: ['read'] });
  assert.equal(right.body.warnings, undefined);
});

test('an answer to a blocked address speaks of Retry-After only where it carries it', async (t) => {
  const { poorter, admin } = await start(t);
  for (const until of [undefined, new Date(Date.now() + 600_000).toISOString()]) {
    const wish = { kind: 'address', value: '127.0.0.1', reason: 'test', ...(until && { until }) };
    const made = await admin('POST', '/v1/blocks', wish);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const answer = await fetch(`${poorter.url}/open`);
    assert.equal(answer.status, 403);
    const text = await answer.text();
    assert.equal(answer.headers.has('retry-after'), until !== undefined);
    assert.equal(/retry-after|for now/i.test(text), until !== undefined, text);
    await admin('DELETE', `/v1/blocks/${made.body.id}`);
  }
});
