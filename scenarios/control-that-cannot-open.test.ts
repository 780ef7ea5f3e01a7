import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  skipPostgres,
  startPostgres,
} from '../packages/server/src/platform/database/postgres.fixture.ts';
import { adminOf } from './world/admin.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { LINK_FILES, linkFiles, startGateway } from './world/gateways.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { type RunningPoorter, startPoorter } from './world/poorter.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const description = {
  openapi: '3.1.0',
  info: { title: 'Things', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } } },
  paths: {
    '/things': { get: { security: [{ key: [] }], responses: { 200: { description: 'ok' } } } },
  },
};

async function call({ url }: { readonly url: string }, key: string): Promise<number> {
  const answer = await fetch(`${url}/things`, { headers: { 'x-api-key': key } });
  await answer.arrayBuffer();
  return answer.status;
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, what);
    await sleep(50);
  }
}

function killControl(poorter: RunningPoorter): void {
  process.kill(poorter.children().control, 'SIGKILL');
}

/** A control, and a gateway on another machine that knows its key. */
async function startTwo(t: TestContext) {
  const authority = makeAuthority(t);
  const upstream = await startRawUpstream(t);
  const port = await unusedPort();
  const control = await startPoorter(t, {
    ...{ description, upstream: upstream.url, role: 'control' },
    files: linkFiles(authority, 'control'),
    configuration: {
      control: { address: `127.0.0.1:${await unusedPort()}` },
      link: { address: `127.0.0.1:${port}`, ...LINK_FILES, gateways: ['gw_a'] },
    },
  });
  const gateway = await startGateway(t, { name: 'gw_a', control: `localhost:${port}`, authority });
  const admin = adminOf(control);
  const { key, record } = (await admin('POST', '/v1/keys', { name: 'Shop', scopes: [] })).body;
  await until('the key', async () => (await call(gateway, key)) === 200);
  return { control, gateway, admin, port, key, record };
}

test('a control that is killed while its database is away comes back with the database, unasked', {
  skip: skipPostgres,
}, async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    ...{ description, upstream: upstream.url },
    configuration: {
      control: { address: `127.0.0.1:${await unusedPort()}` },
      storage: `${postgres.freshPlace().url}&schema=scenario`,
      dataDirectory: './data',
    },
  });
  const admin = adminOf(poorter);
  const { key, record } = (await admin('POST', '/v1/keys', { name: 'Shop', scopes: [] })).body;
  await until('the key', async () => (await call(poorter, key)) === 200);

  postgres.kill();
  killControl(poorter);
  await poorter.awaitNotice('control_unopened');
  assert.equal(await call(poorter, key), 200, 'what is in force is served');
  // Said once, however often it is tried.
  await sleep(5_000);
  assert.equal(poorter.notices('control_unopened').length, 1, poorter.output());

  await postgres.restart();
  const revoked = async () => {
    try {
      return (await admin('POST', `/v1/keys/${record.id}/revoke`)).status === 200;
    } catch {
      return false;
    }
  };
  await until('nobody can revoke', revoked);
  assert.equal(await call(poorter, key), 401);
});

test('a control whose port for gateways was taken while it was dead has it when it is free', async (t) => {
  const { control, gateway, admin, port } = await startTwo(t);

  killControl(control);
  const thief = createServer();
  t.after(() => thief.close());
  await until('the port', () => tryListen(thief, port));
  await control.awaitNotice('control_unopened');
  thief.close();
  await until('the gateway hears of another key', async () => {
    try {
      const { body } = await admin('POST', '/v1/keys', { name: `Key ${Date.now()}`, scopes: [] });
      return (await call(gateway, body.key)) === 200;
    } catch {
      return false;
    }
  });
});

function tryListen(server: ReturnType<typeof createServer>, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
}

test('a control that is killed while its file is broken is heard by gateways on other machines again', async (t) => {
  const { control, gateway, admin, key, record } = await startTwo(t);

  writeFileSync(join(control.folder, 'poorter.yaml'), 'listen: [\n');
  await control.awaitNotice('configuration_refused');
  killControl(control);
  await until('nobody can revoke', async () => {
    try {
      return (await admin('POST', `/v1/keys/${record.id}/revoke`)).status === 200;
    } catch {
      return false;
    }
  });
  await until('the revocation', async () => (await call(gateway, key)) === 401);
  const { body } = await admin('GET', '/v1/status');
  assert.equal(body.configuration.state, 'refused', JSON.stringify(body.configuration));
  const metrics = await (await fetch(`${control.controlUrl}/metrics`)).text();
  assert.match(metrics, /^poorter_configuration_refused 1$/m);
});

test('whoever breaks a file in the same way again is told again', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const told = () => poorter.notices('configuration_refused').length;
  for (const times of [1, 2, 3]) {
    writeFileSync(join(poorter.folder, 'poorter.yaml'), `listen: [\n${'# still\n'.repeat(times)}`);
    await until(poorter.output(), () => told() >= times);
  }
});
