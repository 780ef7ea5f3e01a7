import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Draw } from '@poorter/engine';
import { PATIENCE_MS } from '../../../../../scenarios/world/patience.fixture.ts';
import { hasRedis, RedisFixture } from '../../../../../scenarios/world/redis.fixture.ts';
import { monotonicMs } from '../clock/index.ts';
import { realWorld } from '../world/index.ts';
import { createCounterMemory } from './counter-memory.ts';
import { SharedCounters } from './shared-counters.ts';
import { ValkeyCounters } from './valkey-counters.ts';

const rate = (key: string, requests: number, perMs: number, burst = requests): Draw => ({
  kind: 'rate',
  key,
  rate: { requests, perMs, burst },
});
const quota = (key: string, max: number, windowEndMs = Date.now() + 3_600_000): Draw => ({
  kind: 'quota',
  key,
  max,
  windowEndMs,
});
const HOUR = 3_600_000;

/** One server for all tests of this file; each uses keys of its own. */
const shared = hasRedis ? await RedisFixture.start() : null;
test.after(() => shared?.remove());

/** Whoever tests no wait waits as long as a busy machine needs. */
function open(t: TestContext, redis: RedisFixture, timeoutMs = 60_000) {
  const trouble: string[] = [];
  const memory = createCounterMemory({ entries: 1_024, threads: 1, seed: [1, 2] });
  const counters = new ValkeyCounters({
    url: redis.url,
    tls: null,
    machines: 2,
    timeoutMs,
    local: new SharedCounters(memory, 0, monotonicMs),
    notify: ({ message }) => trouble.push(message),
    world: realWorld,
  });
  t.after(() => counters.close());
  return { counters, trouble };
}

async function reachable(counters: ValkeyCounters): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while ((await counters.draw([rate('probe', 1_000_000, 1_000)], 0)) === null) {
    assert.ok(Date.now() < deadline, 'the counters did not come back');
    await sleep(20);
  }
}

function onRedis(name: string, run: (t: TestContext, redis: RedisFixture) => Promise<void>): void {
  test(name, { skip: shared === null && 'redis-server is not installed' }, (t) =>
    run(t, shared as RedisFixture),
  );
}

onRedis('exactly the limit passes when two machines call at once', async (t, redis) => {
  const machines = [open(t, redis), open(t, redis)];
  for (const { counters } of machines) await reachable(counters);
  for (let round = 0; round < 5; round++) {
    const draws = [rate(`exact-${round}`, 100, HOUR), quota(`exact-quota-${round}`, 90)];
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, call) =>
        (machines[call % 2] as (typeof machines)[0]).counters.draw(draws, 0),
      ),
    );
    const passed = answers.filter((allowances) => allowances?.every(({ allowed }) => allowed));
    assert.equal(passed.length, 90);
  }
});

onRedis(
  'a burst passes exactly its size, whether or not its period divides by it',
  async (t, redis) => {
    const { counters } = open(t, redis);
    await reachable(counters);
    for (const size of [3, 7, 13, 14, 29, 41, 59, 61, 97, 333]) {
      for (const perMs of [HOUR, 24 * HOUR]) {
        const draw = [rate(`divides-${size}-${perMs}`, size, perMs)];
        let passed = 0;
        for (let call = 0; call < size + 3; call++) {
          if ((await counters.draw(draw, 0))?.[0]?.allowed === true) passed++;
        }
        assert.equal(passed, size);
      }
    }
  },
);

onRedis('a draw that is refused takes nothing of the others', async (t, redis) => {
  const { counters } = open(t, redis);
  await reachable(counters);
  const draws = [rate('whole', 10, HOUR), quota('whole-quota', 1)];
  assert.equal((await counters.draw(draws, 0))?.length, 2);
  for (let call = 0; call < 20; call++) {
    const refused = await counters.draw(draws, 0);
    assert.deepEqual(
      refused?.map(({ allowed }) => allowed),
      [true, false],
    );
  }
  // One was taken, so nine are left: this call leaves eight.
  const [left] = (await counters.draw([rate('whole', 10, HOUR)], 0)) ?? [];
  assert.equal(left?.remaining, 8);
});

onRedis('an allowance refills evenly and names the moment', async (t, redis) => {
  const { counters } = open(t, redis);
  await reachable(counters);
  const draw = [rate('refill', 10, 1_000, 1)];
  assert.equal((await counters.draw(draw, 0))?.[0]?.allowed, true);
  const refused = (await counters.draw(draw, 0))?.[0];
  assert.equal(refused?.allowed, false);
  const waitMs = refused?.retryAfterMs ?? 0;
  assert.ok(waitMs > 0 && waitMs <= 100, String(waitMs));
  await sleep(waitMs + 20);
  assert.equal((await counters.draw(draw, 0))?.[0]?.allowed, true);
});

onRedis('nothing that is counted stays longer than it counts', async (t, redis) => {
  const { counters } = open(t, redis);
  await reachable(counters);
  const windowEndMs = Date.now() + 60_000;
  await counters.draw([rate('short', 10, 10_000), quota('short-quota', 5, windowEndMs)], 0);
  const rateMs = Number(redis.command('pttl', 'poorter:short'));
  assert.ok(rateMs > 0 && rateMs <= 1_000, String(rateMs));
  const quotaMs = Number(redis.command('pttl', `poorter:short-quota|${windowEndMs}`));
  assert.ok(quotaMs > 50_000 && quotaMs <= 60_000, String(quotaMs));
});

test('a server that dies is away at once, and comes back without a herd', {
  skip: !hasRedis && 'redis-server is not installed',
}, async (t) => {
  const redis = await RedisFixture.start();
  t.after(() => redis.remove());
  const machines = Array.from({ length: 8 }, () => open(t, redis));
  for (const { counters } of machines) await reachable(counters);
  await redis.end();
  for (const { counters } of machines) {
    assert.equal(await counters.draw([rate('gone', 1, HOUR)], 0), null);
  }
  await sleep(2_000);
  await redis.begin();
  for (const { counters } of machines) await reachable(counters);
  for (const { trouble } of machines) {
    assert.equal(trouble.length, 3, trouble.join('; '));
    assert.match(trouble[1] as string, /lost their counts/);
    assert.match(trouble[2] as string, /back/);
  }
  // Eight machines, one connection each and a few words: no storm of connections.
  const stats = redis.command('info', 'stats');
  const received = Number(/total_connections_received:(\d+)/.exec(stats)?.[1]);
  assert.ok(received <= 8 + 100, `${received} connections`);
});

test('a server that hangs holds no call longer than the timeout, and then none at all', {
  skip: !hasRedis && 'redis-server is not installed',
}, async (t) => {
  const redis = await RedisFixture.start();
  t.after(() => redis.remove());
  const { counters } = open(t, redis, 200);
  await reachable(counters);
  redis.freeze();
  const startedAt = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => counters.draw([rate('hang', 1, HOUR)], 0)),
  );
  assert.ok(answers.every((answer) => answer === null));
  // One after the other, they would wait for twenty seconds.
  assert.ok(performance.now() - startedAt < 10_000);
  const anotherTurn = new Promise((resolve) => setImmediate(resolve, 'waited'));
  const again = await Promise.race([counters.draw([rate('hang', 1, HOUR)], 0), anotherTurn]);
  assert.equal(again, null, 'known to be away: nobody waits');
  redis.thaw();
  await reachable(counters);
});

onRedis('a proof counts once over all machines, until its end', async (t, redis) => {
  const [one, other] = [open(t, redis).counters, open(t, redis).counters];
  await Promise.all([reachable(one), reachable(other)]);
  for (let round = 0; round < 20; round += 1) {
    const id = randomBytes(32);
    const until = Date.now() + 60_000;
    const tries = Array.from({ length: 50 }, (_, at) =>
      (at % 2 ? one : other).showProof(id, until),
    );
    const shown = await Promise.all(tries);
    assert.equal(shown.filter((answer) => answer === 'first').length, 1);
    assert.equal(shown.filter((answer) => answer === 'again').length, 49);
  }
  const brief = randomBytes(32);
  assert.equal(await one.showProof(brief, Date.now() + 50), 'first');
  const deadline = Date.now() + PATIENCE_MS;
  while ((await other.showProof(brief, Date.now() + 60_000)) === 'again') {
    assert.ok(Date.now() < deadline, 'it ends');
    await sleep(20);
  }
});

test('where the shared store is away, no proof counts', async (t) => {
  const memory = createCounterMemory({ entries: 16, threads: 1, seed: [1, 2] });
  const counters = new ValkeyCounters({
    ...{ url: 'valkey://127.0.0.1:1', tls: null, machines: 2, timeoutMs: 100 },
    ...{ local: new SharedCounters(memory, 0, monotonicMs), notify: () => {}, world: realWorld },
  });
  t.after(() => counters.close());
  assert.equal(await counters.showProof(randomBytes(32), Date.now() + 60_000), 'full');
});
