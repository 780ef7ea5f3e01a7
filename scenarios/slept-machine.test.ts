import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, codeOf, eventually } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { sleptClock } from './world/slept-clock.fixture.ts';
import { things } from './world/things.fixture.ts';

test('a machine that slept longer than its bound serves nothing before it has heard of control again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-slept-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = sleptClock(folder);
  const service = await startService(t);
  const poorter = await startPoorter(t, {
    description: things,
    upstream: service.url,
    configuration: { gateway: { threads: 2, staleAfterMs: 600_000 } },
    env: clock.env,
  });
  const ask = () => call(`${poorter.url}/things`);
  assert.equal((await ask()).status, 200);
  const { control } = poorter.children();
  process.kill(control, 'SIGSTOP');
  t.after(() => process.kill(control, 'SIGCONT'));
  clock.slept(300_000);
  await sleep(300);
  assert.equal((await ask()).status, 200, 'it slept for less than its bound');
  clock.slept(900_000);
  await sleep(300);
  for (let times = 0; times < 20; times++) {
    assert.equal(codeOf(await ask()), 'snapshot_stale');
  }
  process.kill(control, 'SIGCONT');
  await eventually('it serves again', async () => (await ask()).status === 200);
});
