import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createCounterMemory, ProofTable, releaseThread } from './index.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const MINUTE = 60_000;
const memoryFor = (proofs: number, threads = 1) =>
  createCounterMemory({ entries: 16, proofs, threads, seed: [1, 2] });
const idOf = (text: string) => hash('sha256', text, 'buffer');

test('what was shown is shown again until its end, and is new after it', () => {
  let now = NOON;
  const table = new ProofTable(memoryFor(1_000), 0, () => now);
  assert.equal(table.show(idOf('a'), NOON + MINUTE), 'first');
  assert.equal(table.show(idOf('a'), NOON + MINUTE), 'again');
  assert.equal(table.show(idOf('b'), NOON + MINUTE), 'first');
  now += MINUTE - 1;
  assert.equal(table.show(idOf('a'), now + MINUTE), 'again');
  now += 1_001;
  assert.equal(table.show(idOf('a'), now + MINUTE), 'first');
});

test('a table that is full forgets nobody: newcomers do not count', () => {
  let now = NOON;
  const table = new ProofTable(memoryFor(16), 0, () => now);
  const ids = Array.from({ length: 16 }, (_, index) => idOf(`${index}`));
  for (const id of ids) assert.equal(table.show(id, NOON + MINUTE), 'first');
  for (let index = 0; index < 100; index += 1) {
    assert.equal(table.show(randomBytes(32), NOON + MINUTE), 'full');
  }
  for (const id of ids) assert.equal(table.show(id, NOON + MINUTE), 'again');
  now += MINUTE + 1_000;
  assert.equal(table.show(idOf('later'), now + MINUTE), 'first');
});

test('of threads that show the same at once one is the first, for each of many', async () => {
  const memory = memoryFor(4_096, 3);
  const module = new URL('./proof-table.ts', import.meta.url).href;
  const script = `
    import { hash } from 'node:crypto';
    import { parentPort, workerData } from 'node:worker_threads';
    const { ProofTable } = await import(${JSON.stringify(module)});
    const { memory, slot, gate } = workerData;
    const table = new ProofTable(memory, slot, () => ${NOON});
    const ids = Array.from({ length: 2_000 }, (_, index) => hash('sha256', String(index), 'buffer'));
    const start = new Int32Array(gate);
    parentPort.postMessage('ready');
    Atomics.wait(start, 0, 0);
    parentPort.postMessage(ids.map((id) => table.show(id, ${NOON + MINUTE})));
  `;
  const gate = new SharedArrayBuffer(4);
  const workers = [0, 1, 2].map(
    (slot) => new Worker(script, { eval: true, workerData: { memory, slot, gate } }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const answers = workers.map(async (worker) => ((await once(worker, 'message')) as [string[]])[0]);
  const start = new Int32Array(gate);
  Atomics.store(start, 0, 1);
  Atomics.notify(start, 0);
  const all = await Promise.all(answers);
  for (let index = 0; index < 2_000; index += 1) {
    const first = all.filter((one) => one[index] === 'first');
    assert.equal(first.length, 1, `${index}`);
    assert.ok(all.every((one) => one[index] !== 'full'));
  }
});

test('a thread that dies while it shows something stands in nobody’s way', () => {
  const memory = memoryFor(16, 2);
  const { proofLocksOffset } = memory.layout;
  // As its last instruction leaves it.
  Atomics.store(new Int32Array(memory.buffer, proofLocksOffset, 1), 0, 2);
  const table = new ProofTable(memory, 0, () => NOON);
  assert.equal(table.show(idOf('a'), NOON + MINUTE), 'full', 'and it does not wait for ever');
  releaseThread(memory, 1);
  assert.equal(table.show(idOf('a'), NOON + MINUTE), 'first');
});
