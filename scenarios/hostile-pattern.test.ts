import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startLoad } from './world/load.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { processorMsOf } from './world/processor-time.fixture.ts';
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
  const { gateway } = poorter.children();
  const texts = [`${'a'.repeat(60)}!`, `${'x'.repeat(2_000)}!`, `${'a'.repeat(6_000)}!`];
  const ask = async (index: number, text: string) => {
    const { status } = await call(`${poorter.url}/hostile/${index}?q=${text}`);
    assert.ok([200, 400].includes(status), `${PATTERNS[index]}: ${status}`);
  };
  for (const index of PATTERNS.keys()) {
    for (const text of texts) {
      const before = processorMsOf(gateway);
      await ask(index, text);
      const usedMs = processorMsOf(gateway) - before;
      assert.ok(usedMs < 1_000, `${PATTERNS[index]} took ${usedMs} ms`);
    }
  }
  const load = startLoad(t, `${poorter.url}/things`, { connections: 2 });
  for (const index of PATTERNS.keys()) for (const text of texts) await ask(index, text);
  const { failed, p99Ms } = await load.stop();
  t.diagnostic(`p99 of the others: ${p99Ms.toFixed(1)} ms`);
  assert.deepEqual(failed, []);
  assert.deepEqual(poorter.notices('thread_ended'), []);
});
