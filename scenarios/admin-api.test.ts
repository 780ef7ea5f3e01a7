import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { get as httpsGet } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { type AdminCall, adminOf, operatorCredential } from './world/admin.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  type Lifetime,
  type RunningPoorter,
  runPoorter,
  startPoorter,
} from './world/poorter.fixture.ts';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly id: string;
  readonly roles: readonly string[];
}

const ROLES = ['owner', 'operator', 'security-officer', 'auditor', 'developer'];
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const contract = parse(
  readFileSync(join(import.meta.dirname, '../contract/admin.openapi.yaml'), 'utf8'),
) as { paths: Record<string, Record<string, Record<string, unknown>>> };

const operations: Operation[] = Object.entries(contract.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method] !== undefined).map((method) => {
    const operation = item[method] as {
      operationId: string;
      'x-poorter': { authorize: { roles: string[] } };
    };
    return {
      method: method.toUpperCase(),
      path,
      id: operation.operationId,
      roles: operation['x-poorter'].authorize.roles,
    };
  }),
);

/** What may go only where it is expected: nobody else learns even that a value is wrong. */
const BODIES: Readonly<Record<string, unknown>> = {
  createKey: { name: 'Swept' },
  reportLeakedKey: { key: `poorter_${'0'.repeat(49)}` },
  changeKey: { name: 'Swept' },
  createBlock: { kind: 'address', value: '192.0.2.9', reason: 'swept' },
  createOperator: { name: 'Swept', roles: ['developer'] },
  eraseSubject: { kind: 'subject', value: 'nobody' },
  applyConfiguration: { digest: '0'.repeat(32) },
};

let poorter: RunningPoorter;
let owner: AdminCall;
const callers = new Map<string, AdminCall>();
const ends: (() => unknown)[] = [];
const lifetime: Lifetime = { after: (end) => ends.push(end) };

before(async () => {
  const upstream = await startRawUpstream(lifetime);
  poorter = await startPoorter(lifetime, {
    description: {
      openapi: '3.1.0',
      info: { title: 'Admin', version: '1' },
      paths: { '/x': { get: { security: [], responses: { 200: { description: 'ok' } } } } },
    },
    upstream: upstream.url,
  });
  owner = adminOf(poorter);
  for (const role of ROLES) {
    const made = await owner('POST', '/v1/operators', { name: `A ${role}`, roles: [role] });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    callers.set(role, adminOf(poorter, made.body.key));
  }
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

const place = ({ path }: Operation) =>
  path
    .replace('/keys/{id}', '/keys/key_none')
    .replace('{id}', 'none')
    .replace('{node}', 'local')
    .replace('{index}', '0')
    .replace('{call}', '0000000000000000-00000000');

test('the contract names at least twenty operations, and each says who may', () => {
  assert.ok(operations.length >= 20, String(operations.length));
  for (const { id, roles } of operations) {
    assert.ok(roles.length > 0, id);
    assert.ok(roles.includes('owner'), id);
  }
});

test('HEAD answers as GET does, to those who may, and without content', async () => {
  for (const operation of operations.filter(({ method }) => method === 'GET')) {
    const path = place(operation);
    const [head, get] = [await owner('HEAD', path), await owner('GET', path)];
    assert.equal(head.status, get.status, operation.id);
    assert.equal(head.body, null);
    assert.equal((await adminOf(poorter, null)('HEAD', path)).status, 401);
  }
});

/** There are more operations than wrong credentials that one address may show at once. */
async function patiently(ask: () => ReturnType<AdminCall>): ReturnType<AdminCall> {
  const answer = await ask();
  if (answer.status !== 429) return answer;
  await sleep(1_000 * Number(answer.headers.get('retry-after')));
  return ask();
}

test('every operation refuses a caller without a credential, and a wrong one', async () => {
  for (const operation of operations) {
    for (const key of [null, `poorter_${'0'.repeat(49)}`, 'x']) {
      const answer = await patiently(() =>
        adminOf(poorter, key)(operation.method, place(operation), BODIES[operation.id]),
      );
      assert.equal(answer.status, 401, `${operation.id} ${JSON.stringify(answer.body)}`);
      assert.ok(['credentials_required', 'credentials_invalid'].includes(answer.body.code));
    }
  }
});

for (const role of ROLES) {
  test(`a ${role} may do what the contract says, and nothing else`, async () => {
    const call = callers.get(role) as AdminCall;
    let allowed = 0;
    for (const operation of operations) {
      const headers = operation.id === 'changeKey' ? { 'if-match': '"1"' } : {};
      const answer = await call(operation.method, place(operation), BODIES[operation.id], headers);
      const what = `${operation.id} ${answer.status} ${JSON.stringify(answer.body)}`;
      if (!operation.roles.includes(role)) {
        assert.equal(answer.status, 403, what);
        continue;
      }
      allowed++;
      assert.ok(![401, 403, 500, 503].includes(answer.status), what);
    }
    assert.equal(allowed, operations.filter(({ roles }) => roles.includes(role)).length);
    assert.ok(allowed > 0);
  });
}

test('an API key opens no admin operation, and an operator credential opens no API', async () => {
  const made = await owner('POST', '/v1/keys', { name: 'Shop', roles: ['owner'] });
  const answer = await adminOf(poorter, made.body.key)('GET', '/v1/keys');
  assert.equal(answer.status, 401);
});

test('an operator who is revoked is out at once; nobody revokes the credential in use', async () => {
  const made = await owner('POST', '/v1/operators', { name: 'Short', roles: ['owner'] });
  const call = adminOf(poorter, made.body.key);
  assert.equal((await call('GET', '/v1/keys')).status, 200);
  const own = await call('POST', `/v1/operators/${made.body.operator.id}/revoke`);
  assert.equal(own.status, 409);
  const revoked = await owner('POST', `/v1/operators/${made.body.operator.id}/revoke`);
  assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
  assert.equal((await call('GET', '/v1/keys')).status, 401);
});

test('hostile requests get a problem, and never a stack trace', async () => {
  const attempts: [string, string, unknown?, Record<string, string>?][] = [
    ['GET', '/v1/nothing'],
    ['DELETE', '/v1/keys'],
    ['GET', '/v1/keys?limit=0'],
    ['GET', '/v1/keys?limit=201'],
    ['GET', '/v1/keys?unknown=1'],
    ['GET', `/v1/keys?cursor=${'A'.repeat(200)}`],
    ['GET', '/v1//nothing'],
    ['POST', '/v1/keys', '{"name":"a","name":"b"}'],
    ['POST', '/v1/keys', '{"name":'],
    ['POST', '/v1/keys', { name: 'a', unknown: true }],
    ['POST', '/v1/keys', { name: 'a\u0000b' }],
    ['POST', '/v1/keys', { name: 'a', expires: '2001-01-01T00:00:00Z' }],
    ['POST', '/v1/keys', { name: 'x'.repeat(70_000) }],
    ['POST', '/v1/keys', { name: 'a' }, { 'content-type': 'text/plain' }],
    ['POST', '/v1/keys', { name: 'a', limits: { limit: { __proto__: null, requests: 'x' } } }],
    ['GET', '/v1/keys/key_%00'],
    ['GET', '/v1/log/records/local/99999999999999999999'],
  ];
  for (const [method, path, body, headers] of attempts) {
    const answer = await owner(method, path, body, headers);
    assert.ok(answer.status >= 400 && answer.status < 500, `${path} ${answer.status}`);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.ok(!JSON.stringify(answer.body).includes('node_modules'), path);
  }
});

test('a name of somebody else’s does not reach the admin API through a rebound address', async () => {
  const answer = await owner('GET', '/v1/keys', undefined, { host: 'evil.example' });
  assert.equal(answer.status, 200, 'fetch sets Host itself; the raw request below does not');
  const { request } = await import('node:http');
  const { hostname, port } = new URL(poorter.controlUrl);
  const status = await new Promise((resolve, reject) => {
    request({ hostname, port, path: '/v1/keys', headers: { host: 'evil.example' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
  assert.equal(status, 404);
});

test('every act is recorded, refused ones too, with who and what and no value', async () => {
  const made = await owner('POST', '/v1/keys', { name: 'Recorded', owner: 'Planted Person' });
  await adminOf(poorter, null)('POST', '/v1/keys', { name: 'Refused' });
  const isCreation = (record: Record<string, unknown>) =>
    record['host'] === 'admin' && record['operation'] === 'createKey';
  const targetOf = (record: Record<string, unknown>) =>
    (record['evidence'] as { target?: string }).target;
  const done = await poorter.awaitRecords(
    1,
    (record) => isCreation(record) && targetOf(record) === made.body.record.id,
  );
  await poorter.awaitRecords(1, (record) => record['code'] === 'credentials_required');
  const records = (await poorter.records()).filter(isCreation);
  assert.equal(done.length, 1);
  const intent = records.find(
    (record) => record['decision'] === 'intended' && record['id'] === done[0]?.['id'],
  );
  assert.ok(intent !== undefined, 'an intent was recorded before the key was made');
  assert.ok(records.some((record) => record['code'] === 'credentials_required'));
  assert.ok(!JSON.stringify(records).includes('Planted Person'));
  assert.ok(!JSON.stringify(records).includes(made.body.key));
});

test('the control address refuses plain HTTP beyond this machine, and speaks TLS where it is told to', async (t) => {
  const authority = makeAuthority(t);
  const { certificate, key } = authority.issue('/CN=control');
  const description = {
    openapi: '3.1.0',
    info: { title: 'Control', version: '1' },
    paths: { '/x': { get: { security: [], responses: { 200: { description: 'ok' } } } } },
  };
  const setup = { description, upstream: 'http://127.0.0.1:9' };
  const files = { 'control.pem': certificate, 'control.key': key };
  await assert.rejects(
    startPoorter(t, { ...setup, configuration: { control: { address: '0.0.0.0:0' } } }),
    /plain HTTP beyond this machine/,
  );
  const tls = { certificate: './control.pem', key: './control.key' };
  const secure = await startPoorter(t, {
    ...setup,
    files,
    configuration: { control: { address: '127.0.0.1:0', tls } },
  });
  const { hostname, port } = new URL(secure.controlUrl);
  const headers = { 'poorter-operator-key': operatorCredential(secure) };
  const status = await new Promise((resolve, reject) => {
    httpsGet(
      { hostname, port, path: '/v1/status', ca: authority.certificate, headers },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    ).once('error', reject);
  });
  assert.equal(status, 200);
  const said = await runPoorter(['status', '--data', join(secure.folder, 'data')]);
  assert.equal(said.status, 0, said.stderr);
});
