import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { sendRaw } from './world/raw-client.fixture.ts';
import { startStreamingService } from './world/service.fixture.ts';
import { request } from './world/things.fixture.ts';

const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Busy', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-api-key' } } },
  paths: {
    '/open': { get: { security: [], responses: ok } },
    '/mine': { get: { security: [{ key: [] }], responses: ok } },
    '/spent': {
      get: {
        security: [{ key: [] }],
        'x-poorter': { limit: { requests: 2, per: 'day', by: 'client' } },
        responses: ok,
      },
    },
  },
};

test('when the gate fills up strangers go first, then the greedy, then everyone', async (t) => {
  const waiting = new Set<() => void>();
  const service = await startStreamingService(t, (_, answer) => {
    waiting.add(() => answer.setHeader('content-type', 'application/json').end('{}'));
  });
  const poorter = await startPoorter(t, {
    description,
    upstream: service.url,
    configuration: { bounds: { concurrentCalls: 10 } },
  });
  const key = `X-Api-Key: ${await poorter.createKey('shop')}\r\n`;
  const held: Promise<unknown>[] = [];
  /** A place falls free when its call is recorded, a moment after its caller has the answer. */
  const underWay = async () => {
    const metrics = await (await fetch(`${poorter.controlUrl}/metrics`)).text();
    return Number(/^poorter_calls_under_way\{.*\} (\d+)$/m.exec(metrics)?.[1]);
  };
  const hold = async (count: number) => {
    const before = held.length;
    await eventually('only held calls are under way', async () => (await underWay()) === before);
    for (let one = 0; one < count; one++) {
      held.push(sendRaw(poorter.port, request('GET', '/mine', key), { answers: 1 }));
    }
    await eventually(`${held.length} calls are under way`, () => waiting.size === held.length);
  };
  const ask = async (target: string, fields = '') => {
    const sent = request('GET', target, fields);
    const { answers } = await sendRaw(poorter.port, sent, { answers: 1 });
    return answers[0];
  };
  // The greedy one uses up its allowance.
  for (let count = 0; count < 2; count++) {
    const spending = ask('/spent', key);
    await eventually('it is under way', () => waiting.size === 1);
    for (const answer of waiting) answer();
    waiting.clear();
    assert.equal((await spending)?.status, 200);
  }

  await hold(7);
  const stranger = await ask('/open');
  assert.equal(stranger?.status, 503);
  assert.equal(stranger?.headers['retry-after'], '1');
  assert.equal(JSON.parse(stranger?.body ?? '').code, 'overloaded');
  assert.equal((await ask('/spent', key))?.status, 429, 'over its limit, but there is room');

  await hold(2);
  assert.equal((await ask('/spent', key))?.status, 503);

  await hold(1);
  assert.equal((await ask('/mine', key))?.status, 503, 'nobody is served beyond the whole');

  for (const answer of waiting) answer();
  await Promise.all(held);
  waiting.clear();
  const after = ask('/open');
  await eventually('strangers are served again', () => waiting.size === 1);
  for (const answer of waiting) answer();
  assert.equal((await after)?.status, 200);
});
