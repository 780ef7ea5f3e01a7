import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { packApi } from './index.ts';
import { compile, describeApi } from './testing.fixture.ts';

function compiledWith(types: readonly string[]) {
  const schema = { type: 'object', properties: { amount: { type: 'integer' } } };
  const content = Object.fromEntries(types.map((type) => [type, { schema }]));
  const compilation = compile(
    describeApi({
      '/x': { post: { requestBody: { content }, responses: { 204: { description: '' } } } },
    }),
  );
  assert.ok(compilation.ok);
  return compilation.api;
}

async function judgedInThread(body: string, manner: 'at-once' | 'in-steps') {
  const packed = packApi(compiledWith(['application/yaml']));
  const worker = new Worker(new URL('./yaml-opening.fixture.ts', import.meta.url), {
    workerData: { packed, body, manner },
  });
  const [told] = await once(worker, 'message');
  await worker.terminate();
  return told as readonly [first: string, then: string];
}

test('a thread that reads no descriptions refuses YAML until it can read it, and lets none pass unread', async () => {
  assert.deepEqual(await judgedInThread('amount: 1', 'at-once'), [' yaml-unready', '']);
  const bad = '/amount type';
  assert.deepEqual(await judgedInThread('amount: x', 'at-once'), [' yaml-unready', bad]);
  assert.deepEqual(await judgedInThread('amount: 1', 'in-steps'), ['', '']);
  assert.deepEqual(await judgedInThread('amount: x', 'in-steps'), [bad, bad]);
});

test('a compiled description says that it needs a reader of YAML, and only where it does', () => {
  assert.equal(compiledWith(['application/yaml']).readsYaml, true);
  assert.equal(compiledWith(['application/json', 'text/csv']).readsYaml, undefined);
});
