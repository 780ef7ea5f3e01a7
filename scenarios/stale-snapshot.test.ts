import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { things } from './world/things.fixture.ts';

test('a gateway without control serves until the staleness bound, then refuses, then serves again', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    configuration: { gateway: { threads: 1, staleAfterMs: 5_000 } },
  });
  const status = async () => (await fetch(`${poorter.url}/things`)).status;
  assert.equal(await status(), 200);

  const { control } = poorter.children();
  process.kill(control, 'SIGSTOP');
  const silentAt = performance.now();
  let servedAt = silentAt;
  await eventually('it refuses', async () => {
    const asked = performance.now();
    const isServed = (await status()) === 200;
    if (isServed) servedAt = asked;
    return !isServed;
  });
  // Control was heard a second before at most, and a thread may look a moment late.
  assert.ok(performance.now() - silentAt > 3_500, 'control is only silent, not yet for too long');
  assert.ok(servedAt - silentAt < 6_500, 'it is not served beyond the bound');
  const reached = upstream.requests();
  assert.equal(await status(), 503);
  assert.equal(upstream.requests(), reached);
  const [refusal] = await poorter.awaitRecords(1, ({ code }) => code === 'snapshot_stale');
  assert.equal(refusal?.['decision'], 'refused');

  process.kill(control, 'SIGCONT');
  const deadline = Date.now() + PATIENCE_MS;
  while ((await status()) !== 200) {
    assert.ok(Date.now() < deadline, 'still refused');
    await sleep(100);
  }
});
