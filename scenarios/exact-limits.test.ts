import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { sendRaw } from './world/raw-client.fixture.ts';
import { startStreamingService } from './world/service.fixture.ts';
import { request } from './world/things.fixture.ts';

const CALLS = 3_000;
const CONNECTIONS = 50;
const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };
const operation = (extension: object) => ({
  get: { security: [], 'x-poorter': extension, responses: ok },
});

const description = {
  openapi: '3.1.0',
  info: { title: 'Limits', version: '1' },
  paths: {
    '/rated': operation({ limit: { requests: 100, per: 'day', by: 'address' } }),
    '/counted': operation({ quota: { requests: 100, per: 'month', by: 'address' } }),
    '/crowded': operation({ concurrency: { calls: 5, by: 'address' } }),
  },
};

async function statuses(url: string, calls: number): Promise<Map<number, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const counts = new Map<number, number>();
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const outgoing = httpRequest(url, { agent }, (answer) => {
        const status = answer.statusCode as number;
        counts.set(status, (counts.get(status) ?? 0) + 1);
        answer.resume().once('end', resolve);
      });
      outgoing.once('error', reject);
      outgoing.end();
    });
  await Promise.all(Array.from({ length: calls }, one));
  agent.destroy();
  return counts;
}

for (const path of ['/rated', '/counted']) {
  test(`of ${CALLS} calls at once over two threads, exactly 100 pass ${path}`, async (t) => {
    const upstream = await startRawUpstream(t);
    const poorter = await startPoorter(t, { description, upstream: upstream.url });
    const counts = await statuses(`${poorter.url}${path}`, CALLS);
    assert.deepEqual(Object.fromEntries(counts), { 200: 100, 429: CALLS - 100 });
    assert.equal(upstream.requests(), 100);
    const records = await poorter.awaitRecords(CALLS);
    assert.equal(records.length, CALLS);
  });
}

test('places return after calls that were aborted, and after calls that ended', async (t) => {
  const answers = new Set<() => void>();
  const service = await startStreamingService(t, (_, answer) => {
    answers.add(() => answer.setHeader('content-type', 'application/json').end('{}'));
  });
  const poorter = await startPoorter(t, { description, upstream: service.url });
  const hold = (leaving: AbortSignal) =>
    sendRaw(poorter.port, request('GET', '/crowded'), { leaving });

  for (let round = 0; round < 3; round++) {
    answers.clear();
    const leaving = new AbortController();
    const held = Array.from({ length: 5 }, () => hold(leaving.signal));
    await eventually('five calls are under way', () => answers.size === 5);
    const sixth = await sendRaw(poorter.port, request('GET', '/crowded'), { answers: 1 });
    assert.equal(sixth.answers[0]?.status, 429);
    assert.equal(JSON.parse(sixth.answers[0]?.body ?? '').code, 'concurrency_exceeded');
    // The callers leave in the middle; their places must not.
    leaving.abort();
    await Promise.all(held);
    const left = (round + 1) * 5;
    const gone = await poorter.awaitRecords(left, ({ complete }) => complete === false);
    assert.equal(gone.length, left);
  }
  answers.clear();
  const last = Array.from({ length: 5 }, () =>
    sendRaw(poorter.port, request('GET', '/crowded'), { answers: 1 }),
  );
  await eventually('all places are free again', () => answers.size === 5);
  for (const answer of answers) answer();
  for (const { answers: got } of await Promise.all(last)) assert.equal(got[0]?.status, 200);
});
