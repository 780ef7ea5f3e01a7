import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS } from '../../../../scenarios/world/patience.fixture.ts';
import { emptySnapshot } from '../messages/snapshot.fixture.ts';
import { createCounterMemory, InFlightGauge, SharedCounters } from '../platform/counters/index.ts';
import { realWorld } from '../platform/world/index.ts';
import { NOT_ASKED } from './introspection/introspection-table.ts';
import { startThread } from './start-thread.ts';
import { ThreadCrew } from './thread-crew.ts';

const THREADS = 3;

/** Far beyond what a healthy thread waits for a processor on a machine that does ten other things. */
const STALL_MS = 2_000;

function startCrew(t: TestContext) {
  const applied: number[] = [];
  const live: number[] = [];
  const trouble: string[] = [];
  const memory = createCounterMemory({ entries: 1_024, threads: THREADS, seed: [1, 2] });
  const crew = new ThreadCrew({
    startThread: (seed, on) =>
      startThread(seed, on, join(import.meta.dirname, 'thread-crew.worker.fixture.ts')),
    ...{ world: realWorld, memory, threads: THREADS },
    stallMs: STALL_MS,
    on: {
      applied: (version) => applied.push(version),
      liveApplied: (sequence) => live.push(sequence),
      listening: () => undefined,
      failed: (message) => trouble.push(message),
      notify: ({ message }) => trouble.push(message),
      unknownKeyId: () => undefined,
      rolesRead: () => undefined,
      introspect: async () => NOT_ASKED,
    },
  });
  t.after(() => crew.drain());
  const until = async (holds: () => boolean) => {
    const deadline = Date.now() + PATIENCE_MS;
    while (!holds()) {
      assert.ok(Date.now() < deadline, `applied ${applied.join()}; ${trouble.join('; ')}`);
      await sleep(20);
    }
  };
  return { crew, memory, applied, live, trouble, until };
}

for (const [version, what] of [
  [3, 'dies'],
  [4, 'stalls'],
] as const) {
  test(`a thread that ${what} is replaced, what it held returns, the others keep theirs`, async (t) => {
    const { crew, memory, applied, trouble, until } = startCrew(t);
    crew.apply(emptySnapshot(1));
    await until(() => applied.includes(1));
    crew.apply(emptySnapshot(2));
    await until(() => applied.includes(2));
    const inFlight = new InFlightGauge(memory, 0);
    assert.equal(inFlight.total, THREADS);

    crew.apply(emptySnapshot(version));
    await until(() => applied.includes(version));
    assert.equal(inFlight.total, THREADS - 1);
    // Ten places, two still held by the living.
    const counters = new SharedCounters(memory, 0);
    let free = 0;
    while (counters.lease('subject', 10)) free++;
    assert.equal(free, 10 - (THREADS - 1));
    assert.ok(
      trouble.every((message) => message.includes('thread 1')),
      trouble.join('; '),
    );
  });
}

test('a version counts as applied only when every thread serves it', async (t) => {
  const { crew, applied, until } = startCrew(t);
  crew.apply(emptySnapshot(1));
  await until(() => applied.includes(1));
  crew.apply(emptySnapshot(4));
  await sleep(150);
  assert.ok(!applied.includes(4));
  await until(() => applied.includes(4));
});

const liveChange = (sequence: number) => ({
  type: 'live-change' as const,
  change: {
    sequence,
    keys: { put: [], removed: [] },
    blocks: { put: [], removed: [] },
  },
});

test('a revocation counts as applied only when every thread has acknowledged it', async (t) => {
  const { crew, applied, live, until } = startCrew(t);
  crew.apply(emptySnapshot(1));
  await until(() => applied.includes(1));
  crew.applyLive(liveChange(5));
  assert.ok(!live.includes(5), 'not before a thread had a chance to answer');
  await until(() => live.includes(5));
});

test('a thread that stalls on a revocation is replaced by one that knows it', async (t) => {
  const { crew, applied, live, trouble, until } = startCrew(t);
  crew.apply(emptySnapshot(1));
  await until(() => applied.includes(1));
  crew.applyLive(liveChange(9));
  await sleep(200);
  assert.ok(!live.includes(9), 'the stalled thread still decides by the old state');
  await until(() => live.includes(9));
  assert.ok(trouble.some((message) => message.includes('thread 1 does not respond')));
});

test('a thread that is only starting when the drain begins does not bring the others back', async (t) => {
  const { crew, applied, live, until } = startCrew(t);
  crew.apply(emptySnapshot(1));
  await until(() => applied.includes(1));
  // Beyond a second of life a thread is replaced at once.
  await sleep(1_000);
  crew.applyLive(liveChange(9));
  await until(() => live.includes(9));
  await sleep(0);
  let isDrained = false;
  void crew.drain().then(() => {
    isDrained = true;
  });
  await until(() => isDrained);
});
