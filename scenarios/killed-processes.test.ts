import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startLoad } from './world/load.fixture.ts';
import { type RunningPoorter, runPoorter, startPoorter } from './world/poorter.fixture.ts';
import { sendRaw } from './world/raw-client.fixture.ts';

import { startService } from './world/service.fixture.ts';
import { request, things } from './world/things.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);
const isReady = async (poorter: RunningPoorter) => {
  const answer = await fetch(`${poorter.controlUrl}/health/ready`).catch(() => null);
  return answer?.status === 200;
};
const serves = async (poorter: RunningPoorter) => {
  const { answers } = await sendRaw(poorter.port, request('GET', '/things'), {
    answers: 1,
  });
  return answers[0]?.status === 200;
};

test('the death of control costs no call, and control comes back', async (t) => {
  const upstream = await startRawUpstream(t, { keepsBytes: false });
  const configuration = { control: { address: `127.0.0.1:${await unusedPort()}` } };
  const poorter = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    configuration,
  });
  const load = startLoad(t, `${poorter.url}/things`, { connections: 8 });
  await sleep(300);
  const { control } = poorter.children();
  process.kill(control, 'SIGKILL');
  await poorter.awaitNotice('control_ended');
  await eventually('control is another process', () => {
    try {
      return poorter.children().control !== control;
    } catch {
      return false;
    }
  });
  await eventually('control is ready again', () => isReady(poorter));
  const { failed, passed } = await load.stop();
  assert.deepEqual(failed, []);
  assert.ok(passed > 100, `${passed}`);
});

test('the gateway process is started again when it dies', async (t) => {
  const upstream = await startRawUpstream(t);
  const configuration = { listen: [{ address: `127.0.0.1:${await unusedPort()}` }] };
  const poorter = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    configuration,
  });
  assert.ok(await serves(poorter));
  const { gateway } = poorter.children();
  process.kill(gateway, 'SIGKILL');
  await poorter.awaitNotice('gateway_ended');
  await eventually('it serves again', () => serves(poorter));
  await eventually('it is ready again', () => isReady(poorter));
});

test('without their supervisor the children end, and a new start takes their place', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description: things, upstream: upstream.url });
  const { control, gateway } = poorter.children();
  assert.equal(await poorter.stop('SIGKILL'), null);
  await eventually('both children are gone', () => !isAlive(control) && !isAlive(gateway));
  const checked = await runPoorter(['check', '--config', `${poorter.folder}/poorter.yaml`]);
  assert.equal(checked.status, 0, checked.stderr);
  const next = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    configuration: { storage: `${poorter.folder}/data` },
  });
  assert.ok(await serves(next));
});

for (const whom of ['the supervisor alone', 'every process of the group']) {
  test(`SIGTERM to ${whom} loses no call under way: readiness first, then status 0`, async (t) => {
    const service = await startService(t, (response) => {
      setTimeout(
        () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
        1_000,
      );
    });
    const poorter = await startPoorter(t, { description: things, upstream: service.url });
    const calls = Array.from({ length: 30 }, () =>
      sendRaw(poorter.port, request('GET', '/things'), { answers: 1, timeoutMs: 8_000 }),
    );
    await eventually('all are under way', () => service.seen.length >= 30);
    const { control, gateway } = poorter.children();
    const stopped = poorter.stop('SIGTERM');
    // As service managers do.
    if (whom !== 'the supervisor alone') for (const pid of [control, gateway]) process.kill(pid);
    await eventually(
      'it says that it is not ready',
      async () => {
        const answer = await fetch(`${poorter.controlUrl}/health/ready`);
        return answer.status === 503;
      },
      900,
    );
    for (const { answers } of await Promise.all(calls)) assert.equal(answers[0]?.status, 200);
    assert.equal(await stopped, 0);
    const ended = new Set(['control_ended', 'gateway_ended', 'thread_ended', 'process_said']);
    assert.deepEqual(
      poorter.notices().filter(({ code }) => ended.has(code)),
      [],
    );
  });
}
