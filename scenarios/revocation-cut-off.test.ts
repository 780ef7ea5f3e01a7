import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AdminCall, adminOf } from './world/admin.fixture.ts';
import { eventually } from './world/calls.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { type CuttableLink, startCuttableLink } from './world/cuttable-link.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  LINK_FILES,
  linkFiles,
  type RunningGateway,
  startGateway,
} from './world/gateways.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const description = {
  openapi: '3.1.0',
  info: { title: 'Cut off', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } } },
  paths: {
    '/things': {
      get: { security: [{ key: ['read'] }], responses: { 200: { description: 'ok' } } },
    },
  },
};
const STALE_MS = 6_000;

type Test = Parameters<typeof startPoorter>[0];

async function startPair(t: Test, staleAfterMs = STALE_MS) {
  const authority = makeAuthority(t);
  const upstream = await startRawUpstream(t);
  const port = await unusedPort();
  const control = await startPoorter(t, {
    description,
    upstream: upstream.url,
    role: 'control',
    files: linkFiles(authority, 'control'),
    configuration: {
      control: { address: `127.0.0.1:${await unusedPort()}` },
      link: { address: `127.0.0.1:${port}`, ...LINK_FILES, gateways: ['gw_a', 'gw_b'] },
      gateway: { threads: 1, staleAfterMs },
    },
  });
  const link = await startCuttableLink(t, `localhost:${port}`);
  const gateway = await startGateway(t, { name: 'gw_a', control: link.address, authority });
  const admin = adminOf(control);
  const { body } = await admin('POST', '/v1/keys', { name: 'Shop', scopes: ['read'] });
  const key: { text: string; id: string } = { text: body.key, id: body.record.id };
  await eventually('the gateway serves', async () => (await accepts(gateway, key.text)) === true);
  return { authority, control, link, gateway, admin, key };
}

/** Null: it does not answer at all. */
async function accepts({ url }: { url: string }, key: string): Promise<boolean | null> {
  try {
    const headers = { 'x-api-key': key };
    const answer = await fetch(`${url}/things`, { headers, signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return null;
  }
}

/** Asks until the revocation is everywhere, and watches the gateway: it must have stopped before. */
async function revokeAndWatch(
  admin: AdminCall,
  gateway: RunningGateway,
  key: { text: string; id: string },
): Promise<{ lastAcceptedAt: number; everywhereAt: number; refusals: number }> {
  let everywhereAt = Number.POSITIVE_INFINITY;
  let lastAcceptedAt = 0;
  let refusals = 0;
  const watching = (async () => {
    // Long enough after to notice one that accepts again.
    while (performance.now() < everywhereAt + 2_000) {
      const askedAt = performance.now();
      if ((await accepts(gateway, key.text)) === true) lastAcceptedAt = askedAt;
      await sleep(15);
    }
  })();
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await admin('POST', `/v1/keys/${key.id}/revoke`, {}).catch(() => null);
    if (answer?.status === 200) break;
    if (answer?.status === 504) {
      refusals += 1;
      assert.deepEqual(answer.body.gateways, ['gw_a']);
    }
    assert.ok(Date.now() < deadline, JSON.stringify(answer?.body));
    await sleep(200);
  }
  everywhereAt = performance.now();
  await watching;
  return { lastAcceptedAt, everywhereAt, refusals };
}

function isBefore({
  lastAcceptedAt,
  everywhereAt,
}: {
  lastAcceptedAt: number;
  everywhereAt: number;
}) {
  const after = Math.round(lastAcceptedAt - everywhereAt);
  assert.ok(lastAcceptedAt < everywhereAt, `accepted ${after} ms after it was everywhere`);
}

const CUTS: readonly Parameters<CuttableLink['cut']>[0][] = ['to control', 'to gateway', 'both'];
for (const direction of CUTS) {
  test(`a gateway whose link is cut (${direction}) accepts nothing once its revocation is everywhere`, async (t) => {
    const { link, gateway, admin, key } = await startPair(t);
    link.cut(direction);
    isBefore(await revokeAndWatch(admin, gateway, key));
  });
}

test('a control that was killed waits for a gateway that it has not heard since', async (t) => {
  const { control, link, gateway, admin, key } = await startPair(t);
  link.cut('both');
  process.kill(control.children().control, 'SIGKILL');
  isBefore(await revokeAndWatch(admin, gateway, key));
});

test('a gateway that was stopped and goes on does not take what lay unread for a sign of life', async (t) => {
  const { control, gateway, admin, key } = await startPair(t);
  gateway.process.kill('SIGSTOP');
  t.after(() => gateway.process.kill('SIGCONT'));
  // Pings and answers of some seconds lie in its sockets by now.
  await sleep(4_500);
  const controlPid = control.children().control;
  process.kill(controlPid, 'SIGSTOP');
  gateway.process.kill('SIGCONT');
  // Nobody answers it: what it reads now was written seconds ago, and extends nothing.
  const goneOnAt = performance.now();
  let acceptedAt = goneOnAt;
  await eventually('it refuses', async () => {
    const askedAt = performance.now();
    const isAccepted = await accepts(gateway, key.text);
    if (isAccepted === true) acceptedAt = askedAt;
    return isAccepted === false;
  });
  const served = acceptedAt - goneOnAt;
  process.kill(controlPid, 'SIGCONT');
  assert.ok(served < STALE_MS - 2_000, `it served ${Math.round(served)} ms more`);
  isBefore(await revokeAndWatch(admin, gateway, key));
});

test('a gateway process that is started again while control is away gets no time of its own', async (t) => {
  const { link, gateway, admin, key } = await startPair(t);
  link.cut('both');
  await sleep(3_000);
  const children = readFileSync(
    `/proc/${gateway.process.pid}/task/${gateway.process.pid}/children`,
  );
  process.kill(Number(String(children).trim().split(' ')[0]), 'SIGKILL');
  isBefore(await revokeAndWatch(admin, gateway, key));
});

test('a gateway that ended cleanly blocks no revocation', async (t) => {
  const { gateway, admin, key } = await startPair(t, 3_600_000);
  await gateway.stop();
  const startedAt = performance.now();
  const answer = await admin('POST', `/v1/keys/${key.id}/revoke`, {});
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.ok(performance.now() - startedAt < PATIENCE_MS);
  assert.deepEqual((await admin('GET', '/v1/gateways')).body.items, []);
});

test('a gateway that is gone for good is named, removed, and no longer waited for', async (t) => {
  const { gateway, admin, key } = await startPair(t, 3_600_000);
  assert.equal((await admin('DELETE', '/v1/gateways/gw_a')).status, 409, 'it is connected');
  await gateway.stop('SIGKILL');
  const away = await admin('POST', `/v1/keys/${key.id}/revoke`, {});
  assert.equal(away.status, 504);
  assert.deepEqual(away.body.gateways, ['gw_a']);
  const listed = (await admin('GET', '/v1/gateways')).body.items;
  assert.equal(listed.length, 1);
  assert.equal(listed[0].isConnected, false);
  assert.ok(listed[0].servesForSeconds > 3_000);
  const { attention } = (await admin('GET', '/v1/status')).body;
  assert.ok(attention.some(({ code }: { code: string }) => code === 'gateway_away'));
  assert.equal((await admin('DELETE', '/v1/gateways/gw_a')).status, 200);
  assert.equal((await admin('DELETE', '/v1/gateways/gw_a')).status, 404);
  assert.equal((await admin('POST', `/v1/keys/${key.id}/revoke`, {})).status, 200);
});

test('a new gateway under an old name does not answer for the machine that is cut off', async (t) => {
  const { authority, control, link, gateway, admin, key } = await startPair(t);
  link.cut('both');
  const configured = readFileSync(join(control.folder, 'poorter.yaml'), 'utf8');
  const [, port] =
    /address: (?:"|')?127\.0\.0\.1:(\d+)(?:"|')?\n\s+certificate/.exec(configured) ?? [];
  await startGateway(t, { name: 'gw_a', control: `localhost:${port}`, authority });
  isBefore(await revokeAndWatch(admin, gateway, key));
});
