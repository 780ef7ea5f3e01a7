import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { steppedClock } from './world/stepped-clock.fixture.ts';
import { things } from './world/things.fixture.ts';

/** Several beats of every watch: threads 200 ms, children 1 s. */
const WATCHED_MS = 2_500;

test('a wall clock that is set, forward or back, kills nothing and refuses no call', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-clock-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = steppedClock(folder);
  const service = await startService(t);
  const poorter = await startPoorter(t, {
    description: things,
    upstream: service.url,
    configuration: { gateway: { threads: 2, staleAfterMs: 5_000 } },
    env: clock.env,
  });
  const before = poorter.children();
  const pids = [before.control, before.gateway];
  const refused: number[] = [];
  for (const offsetMs of [20_000, 60_000, -3_600_000, 300_000, 0]) {
    clock.step(offsetMs);
    const until = performance.now() + WATCHED_MS;
    while (performance.now() < until) {
      const { status } = await call(`${poorter.url}/things`);
      if (status !== 200) refused.push(status);
      await sleep(50);
    }
  }
  assert.deepEqual(refused, []);
  const codes = poorter.notices().map(({ code }) => code);
  assert.deepEqual(
    codes.filter((code) => /_(ended|stalled)$/.test(code)),
    [],
  );
  const after = poorter.children();
  assert.deepEqual([after.control, after.gateway], pids);
});
