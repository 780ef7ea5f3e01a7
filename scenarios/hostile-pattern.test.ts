import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startLoad } from './world/load.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { things } from './world/things.fixture.ts';

const PATTERNS = [
  '^(a+)+$',
  '^(a|a)*$',
  '^(a*)*b$',
  '^(.*a){12}$',
  '(x+x+)+y',
  '^(?:a?){30}a{30}$',
];

test('patterns that would hold a thread for seconds hold nobody up', async (t) => {
  const upstream = await startRawUpstream(t, { keepsBytes: false });
  const ok = things.paths['/things'].get.responses;
  const paths = Object.fromEntries(
    PATTERNS.map((pattern, index) => [
      `/hostile/${index}`,
      {
        get: {
          parameters: [{ name: 'q', in: 'query', schema: { type: 'string', pattern } }],
          responses: ok,
        },
      },
    ]),
  );
  const description = { ...things, paths: { ...things.paths, ...paths } };
  const poorter = await startPoorter(t, { description, upstream: upstream.url, threads: 1 });
  const load = startLoad(t, `${poorter.url}/things`, { connections: 2 });
  for (const index of PATTERNS.keys()) {
    for (const text of [`${'a'.repeat(60)}!`, `${'x'.repeat(2_000)}!`, `${'a'.repeat(6_000)}!`]) {
      const startedAt = performance.now();
      const answer = await call(`${poorter.url}/hostile/${index}?q=${text}`);
      assert.ok([200, 400].includes(answer.status), `${PATTERNS[index]}: ${answer.status}`);
      const elapsedMs = performance.now() - startedAt;
      assert.ok(elapsedMs < 1_000, `${PATTERNS[index]} took ${elapsedMs} ms`);
    }
  }
  await sleep(100);
  const { failed, p99Ms } = await load.stop();
  t.diagnostic(`p99 of the others: ${p99Ms.toFixed(1)} ms`);
  assert.deepEqual(failed, []);
  assert.ok(p99Ms < 500, `${p99Ms}`);
  assert.doesNotMatch(poorter.output(), /gateway thread/);
});
