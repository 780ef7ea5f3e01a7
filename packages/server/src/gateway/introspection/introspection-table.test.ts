import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IntrospectionSnapshot } from '../../messages/runtime-snapshot.ts';
import { FakeWorld } from '../../platform/world/fake-world.fixture.ts';
import { AnswerCache } from './answer-cache.ts';
import { type IntrospectionAnswer, IntrospectionTable } from './introspection-table.ts';

const endpoint: IntrospectionSnapshot = {
  ...{ issuer: 'i', url: 'u', clientId: 'c', proof: { kind: 'secret', secret: 's' } },
  ...{ cacheMs: 10_000, timeoutMs: 2_000, newTokensPerSecond: 50 },
} as const;

function table() {
  const asked: { number: number; token: string }[] = [];
  const fake = new FakeWorld();
  const own = new IntrospectionTable(
    (number, _endpoint, token) => asked.push({ number, token }),
    fake,
  );
  const answer = (kind: 'active' | 'inactive', countsMs: number): IntrospectionAnswer => ({
    said: kind === 'active' ? { kind, claims: {} } : { kind },
    ...{ untilMs: fake.bootMs() + countsMs, bytes: 100 },
  });
  return { table: own, asked, fake, answer };
}

test('a thread asks once for all who wait, and gives the same object while it counts', async () => {
  const { table: one, asked, answer, fake } = table();
  const both = [one.ask(endpoint, 't'), one.ask(endpoint, 't')];
  assert.equal(asked.length, 1);
  one.hear(asked[0]?.number ?? 0, answer('active', 500));
  const [first, second] = await Promise.all(both);
  assert.equal(first, second);
  assert.equal(one.ask(endpoint, 't'), first, 'at once, and not as a promise');
  fake.advance(500);
  assert.ok(one.ask(endpoint, 't') instanceof Promise);
  assert.equal(asked.length, 2);
});

test('an answer whose time is over when it comes is for those who asked, and for nobody after them', async () => {
  const { table: one, asked, answer } = table();
  const said = one.ask(endpoint, 't');
  one.hear(asked[0]?.number ?? 0, answer('active', 0));
  assert.equal((await said).kind, 'active');
  assert.ok(one.ask(endpoint, 't') instanceof Promise);
});

test('a main thread that never answers holds up no call for longer than it may', async () => {
  const { table: one, asked, fake, answer } = table();
  const said = one.ask(endpoint, 't');
  fake.advance(3_000);
  assert.deepEqual(await said, { kind: 'unavailable', reason: 'not-asked' });
  one.hear(asked[0]?.number ?? 0, answer('active', 10_000));
  assert.ok(one.ask(endpoint, 't') instanceof Promise, 'what comes too late is not kept');
});

test('what strangers show pushes out nothing that is good', async () => {
  const { table: one, asked, answer } = table();
  const good = one.ask(endpoint, 'good');
  one.hear(asked[0]?.number ?? 0, answer('active', 10_000));
  await good;
  for (let index = 0; index < 3_000; index++) {
    const said = one.ask(endpoint, `invented-${index}`);
    one.hear(asked.at(-1)?.number ?? 0, answer('inactive', 2_000));
    await said;
  }
  assert.equal(one.ask(endpoint, 'good'), await good);
});

test('a cache is bounded in entries and in bytes, and the least recently used go first', () => {
  const cache = new AnswerCache<string>({ entries: 3, bytes: 100 });
  for (const name of ['a', 'b', 'c']) cache.put(name, name, 10, 10);
  assert.equal(cache.get('a', 0), 'a');
  cache.put('d', 'd', 10, 10);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((name) => cache.has(name)),
    [true, false, true, true],
  );
  cache.put('e', 'e', 10, 95);
  assert.equal(cache.size, 1);
  cache.put('f', 'f', 10, 101);
  assert.equal(cache.size, 0, 'what is larger than all is not kept');
  cache.put('g', 'g', 10, 10);
  assert.equal(cache.get('g', 10), undefined);
  assert.equal(cache.get('g', Number.NaN), undefined);
});
