import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { cachedDataVersionTag } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { collector } from './collector.ts';
import { SMALL_NURSERY } from './nursery.ts';

test('what was compiled before is good for the options that our processes are started with', () => {
  const tagWith = (...options: string[]) => {
    const script = ['-p', 'v8.cachedDataVersionTag()'];
    return spawnSync(process.execPath, [...options, ...script], { encoding: 'utf8' }).stdout;
  };
  assert.match(tagWith(), /^\d+\n$/);
  assert.equal(tagWith(SMALL_NURSERY), tagWith());
});

test('threads that ask for the collector at once all have it, and leave the flags as they were', async () => {
  const before = cachedDataVersionTag();
  const script = `
    import { workerData } from 'node:worker_threads';
    import { collector } from ${JSON.stringify(new URL('collector.ts', import.meta.url))};
    const gate = new Int32Array(workerData);
    Atomics.wait(gate, 0, 0);
    for (let count = 0; count < 20; count++) collector()({ type: 'minor', execution: 'sync' });`;
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const module = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const threads = Array.from({ length: 4 }, () => new Worker(module, { workerData: gate.buffer }));
  await Promise.all(threads.map((thread) => once(thread, 'online')));
  const ended = threads.map((thread) => once(thread, 'exit'));
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  assert.deepEqual(await Promise.all(ended), [[0], [0], [0], [0]]);
  assert.equal(globalThis.gc, undefined);
  collector()({ type: 'major', execution: 'sync' });
  assert.equal(cachedDataVersionTag(), before);
});
