import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { hasRedis, RedisFixture } from './world/redis.fixture.ts';

const needsRedis = { skip: !hasRedis && 'redis-server is not installed' };
const ok = { 200: { description: 'ok' } };
const operation = (extension: object) => ({
  get: { security: [], 'x-poorter': extension, responses: ok },
});
const day = { per: 'day', by: 'operation' };
const description = {
  openapi: '3.1.0',
  info: { title: 'Shared limits', version: '1' },
  paths: {
    '/rated': operation({ limit: { requests: 100, name: 'rated', ...day } }),
    '/counted': operation({ quota: { requests: 100, name: 'counted', ...day } }),
    '/shared': operation({ limit: { requests: 100, name: 'shared', ...day } }),
    '/strict': operation({
      limit: { requests: 100, name: 'strict', ...day, whenCountersAreAway: 'refuse' },
    }),
    '/plenty': operation({ limit: { requests: 1_000_000, name: 'plenty', ...day } }),
  },
};

async function passed(urls: readonly string[], calls: number): Promise<number> {
  let count = 0;
  const one = async (call: number) => {
    const answer = await fetch(urls[call % urls.length] as string);
    await answer.arrayBuffer();
    if (answer.status === 200) count++;
  };
  for (let call = 0; call < calls; call += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, at) => one(call + at)));
  }
  return count;
}

test(
  'a limit holds exactly over two gateways, and by shares while the counters are away',
  needsRedis,
  async (t) => {
    const redis = await RedisFixture.start();
    t.after(() => redis.remove());
    const upstream = await startRawUpstream(t);
    const configuration = {
      counters: { url: redis.url, machines: 2, timeoutMs: 2_000 },
      limits: { failures: 'off' },
    };
    const setup = { description, upstream: upstream.url, configuration };
    const machines = [await startPoorter(t, setup), await startPoorter(t, setup)];
    const urls = (path: string) => machines.map(({ url }) => url + path);
    // Each thread asks for its connection at its start.
    await sleep(300);
    await passed(urls('/plenty'), 100);

    assert.equal(await passed(urls('/rated'), 600), 100);
    assert.equal(await passed(urls('/counted'), 600), 100);

    await redis.end();
    assert.equal(await passed(urls('/shared'), 600), 100, 'fifty on each of two machines');
    assert.equal(await passed(urls('/strict'), 100), 0);
    const refused = await fetch(`${machines[0]?.url}/strict`);
    assert.equal(refused.status, 503);
    assert.equal(((await refused.json()) as { code: string }).code, 'limits_unavailable');

    await redis.begin();
    const deadline = Date.now() + PATIENCE_MS;
    while ((await passed(urls('/strict'), 50)) === 0) {
      assert.ok(Date.now() < deadline, 'the gateways did not come back to the counters');
      await sleep(100);
    }
    for (const machine of machines) {
      assert.notEqual(machine.notices('counters_away').length, 0, machine.output());
      // Each asks again at moments of its own.
      await machine.awaitNotice('counters_back');
    }
  },
);
