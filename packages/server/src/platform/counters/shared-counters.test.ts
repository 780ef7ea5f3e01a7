import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import {
  ByteLedger,
  type CounterMemory,
  createCounterMemory,
  InFlightGauge,
  releaseThread,
  SharedCounters,
} from './index.ts';

const seed = [0x12345678, 0x0badcafe] as const;
const noon = Date.UTC(2026, 5, 1, 12);

function alone(entries = 1024): SharedCounters {
  return new SharedCounters(createCounterMemory({ entries, threads: 1, seed }), 0);
}

test('a burst passes exactly its size at a frozen clock, whatever the rate', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.constantFrom(1000, 60_000, 3_600_000, 86_400_000),
      fc.integer({ min: 1, max: 3000 }),
      (requests, perMs, burst) => {
        const counters = alone();
        let passed = 0;
        for (let call = 0; call < burst + 50; call += 1) {
          if (counters.take('a', { requests, perMs, burst }, noon).allowed) passed += 1;
        }
        assert.equal(passed, burst);
      },
    ),
    { numRuns: 60 },
  );
});

test('a refused call passes after retryAfterMs, and not half a cell earlier', () => {
  const counters = alone();
  const rate = { requests: 7, perMs: 60_000, burst: 3 };
  for (let call = 0; call < 3; call += 1) assert.ok(counters.take('a', rate, noon).allowed);
  const { allowed, retryAfterMs } = counters.take('a', rate, noon);
  assert.equal(allowed, false);
  assert.equal(counters.peek('a', rate, noon + retryAfterMs / 2).allowed, false);
  assert.equal(counters.take('a', rate, noon + retryAfterMs).allowed, true);
});

test('the rate over a long time is the rate that was set', () => {
  const counters = alone();
  const rate = { requests: 10, perMs: 1000, burst: 5 };
  let passed = 0;
  for (let at = 0; at < 100_000; at += 10) {
    if (counters.take('a', rate, noon + at).allowed) passed += 1;
  }
  assert.equal(passed, 1000 + 4);
});

test('peek takes nothing, and remaining counts down to zero', () => {
  const counters = alone();
  const rate = { requests: 3, perMs: 1000, burst: 3 };
  const remaining: number[] = [];
  for (let call = 0; call < 3; call += 1) {
    for (let look = 0; look < 5; look += 1) counters.peek('a', rate, noon);
    remaining.push(counters.take('a', rate, noon).remaining);
  }
  assert.deepEqual(remaining, [2, 1, 0]);
});

test('a clock that is set back does not lock a caller out', () => {
  const counters = alone();
  const rate = { requests: 60, perMs: 60_000, burst: 60 };
  for (let call = 0; call < 60; call += 1) counters.take('a', rate, noon);
  const before = noon - 3_600_000;
  counters.take('a', rate, before);
  assert.equal(counters.take('a', rate, before + 500).allowed, false);
  let passed = 0;
  for (let at = 0; at < 120_000; at += 500) {
    if (counters.take('a', rate, before + at).allowed) passed += 1;
  }
  assert.ok(passed >= 60 && passed <= 120, `${passed} passed in two minutes`);
});

test('a quota counts within its window and starts anew after it', () => {
  const counters = alone();
  const end = noon + 1000;
  assert.equal(counters.count('a', 2, end, noon).remaining, 1);
  assert.equal(counters.count('a', 2, end, noon).remaining, 0);
  const refused = counters.count('a', 2, end, noon);
  assert.equal(refused.allowed, false);
  assert.equal(refused.retryAfterMs, 1000);
  assert.equal(counters.count('a', 2, end + 86_400_000, end).allowed, true);
});

test('a place comes back when it is given back, and giving back too often gives nothing', () => {
  const counters = alone();
  assert.ok(counters.lease('a', 2));
  assert.ok(counters.lease('a', 2));
  assert.equal(counters.lease('a', 2), false);
  counters.release('a');
  assert.ok(counters.lease('a', 2));
  for (let time = 0; time < 5; time += 1) counters.release('a');
  assert.ok(counters.lease('a', 2));
  assert.ok(counters.lease('a', 2));
  assert.equal(counters.lease('a', 2), false);
});

test('at ten times the capacity no exhausted subject is freed', () => {
  const memory = createCounterMemory({ entries: 256, threads: 1, seed });
  const counters = new SharedCounters(memory, 0);
  const rate = { requests: 2, perMs: 3_600_000, burst: 2 };
  const names = Array.from({ length: 2560 }, (_, index) => `subject ${index}`);
  const taken = new Map<string, number>();
  for (let round = 0; round < 4; round += 1) {
    for (const name of names) {
      // Entries of short windows expire in between, and so make room for newcomers.
      if (counters.take(name, rate, noon + round).allowed) {
        taken.set(name, (taken.get(name) ?? 0) + 1);
      }
      if (counters.count(name, 2, noon + 1000, noon + round).allowed) {
        taken.set(`q ${name}`, (taken.get(`q ${name}`) ?? 0) + 1);
      }
    }
  }
  assert.ok([...taken.values()].every((count) => count <= 2));
  assert.ok(taken.size > 100);
});

test('a subject counted in overflow keeps its debt when a place falls free', () => {
  const memory = createCounterMemory({ entries: 16, threads: 1, seed });
  const counters = new SharedCounters(memory, 0);
  const slow = { requests: 1, perMs: 3_600_000, burst: 1 };
  const quick = { requests: 1, perMs: 1000, burst: 1 };
  for (let index = 0; index < 16; index += 1) counters.take(`quick ${index}`, quick, noon);
  assert.ok(counters.take('newcomer', slow, noon).allowed);
  assert.equal(counters.take('newcomer', slow, noon).allowed, false);
  assert.equal(counters.take('newcomer', slow, noon + 5000).allowed, false);
});

test('leases at ten times the capacity never exceed what was asked for, and all come back', () => {
  const memory = createCounterMemory({ entries: 64, leaseEntries: 16, threads: 1, seed });
  const counters = new SharedCounters(memory, 0);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(159), fc.boolean()), { maxLength: 400 }), (steps) => {
      const held = new Map<string, number>();
      for (const [index, takes] of steps) {
        const name = `subject ${index}`;
        const own = held.get(name) ?? 0;
        if (takes && counters.lease(name, 2)) held.set(name, own + 1);
        if (!takes && own > 0) {
          counters.release(name);
          held.set(name, own - 1);
        }
        assert.ok((held.get(name) ?? 0) <= 2);
      }
      for (const [name, count] of held) {
        for (let time = 0; time < count; time += 1) counters.release(name);
      }
      assert.equal(leasesIn(memory), 0);
    }),
    { numRuns: 50 },
  );
});

test('a long window in overflow is not cut short by a newcomer with a short one', () => {
  const counters = new SharedCounters(createCounterMemory({ entries: 16, threads: 1, seed }), 0);
  const [soon, late] = [noon + 1000, noon + 100_000];
  for (let index = 0; index < 16; index += 1) counters.count(`other ${index}`, 9, late, noon);
  assert.ok(counters.count('month', 1, late, noon).allowed);
  assert.ok(counters.count('day', 5, soon, noon).allowed);
  assert.equal(counters.count('month', 1, late, soon + 1).allowed, false);
});

test('a place held in overflow still counts when the subject finds a place of its own', () => {
  const memory = createCounterMemory({ entries: 16, leaseEntries: 16, threads: 1, seed });
  const counters = new SharedCounters(memory, 0);
  for (let index = 0; index < 16; index += 1) assert.ok(counters.lease(`other ${index}`, 1));
  assert.ok(counters.lease('late', 1));
  counters.release('other 3');
  assert.equal(counters.lease('late', 1), false);
  counters.release('late');
  assert.ok(counters.lease('late', 1));
});

test('of 10,000 calls at once against a limit of 100, exactly 100 pass, 20 times', async () => {
  for (let round = 0; round < 20; round += 1) {
    const memory = createCounterMemory({ entries: 64, threads: 4, seed });
    for (const verb of ['take', 'count', 'lease'] as const) {
      if (verb !== 'take' && round >= 5) continue;
      assert.equal(await hammer(memory, verb, 2500), 100, verb);
    }
  }
});

test('never more holders at one moment than places, while threads come and go', async () => {
  const memory = createCounterMemory({ entries: 16, threads: 4, seed });
  assert.equal(await hammer(memory, 'churn', 50_000), 0);
  assert.equal(leasesIn(memory), 0);
});

test('threads killed at random moments leave no lock, no lease and no bytes', async () => {
  const memory = createCounterMemory({ entries: 64, threads: 3, seed });
  const survivor = new SharedCounters(memory, 2);
  const rate = { requests: 1, perMs: 86_400_000, burst: 1 };
  survivor.take('exhausted', rate, 1_000_000);
  let granted = 0;
  for (let round = 0; round < 50; round += 1) {
    const threads = [0, 1].map((slot) => begin(memory, slot, 'forever', 0));
    await Promise.all(threads.map(({ ready }) => ready));
    for (const { go } of threads) go();
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
    for (const slot of [0, 1]) releaseThread(memory, slot);
    for (const { granted: count } of threads) granted += count();
    assert.equal(leasesIn(memory), 0);
    assert.equal(new ByteLedger(memory, 2, 1).reservedBytes, 0);
    assert.equal(new InFlightGauge(memory, 2).total, 0);
    const { locksOffset, leaseLocksOffset, sets, leaseSets } = memory.layout;
    assert.ok(new Int32Array(memory.buffer, locksOffset, sets).every((held) => held === 0));
    assert.ok(
      new Int32Array(memory.buffer, leaseLocksOffset, leaseSets).every((held) => held === 0),
    );
    assert.equal(survivor.take('exhausted', rate, 1_001_000).allowed, false);
  }
  assert.ok(survivor.take('later', rate, 9e12).allowed);
  assert.ok(granted > 0 && granted <= 100, `${granted} of 100 were granted`);
});

test('a lock of a dead thread refuses calls, and only until it is released', () => {
  const memory = createCounterMemory({ entries: 16, threads: 2, seed });
  const counters = new SharedCounters(memory, 0);
  const rate = { requests: 1, perMs: 1000, burst: 1 };
  new Int32Array(memory.buffer, memory.layout.locksOffset, 1)[0] = 2;
  const refused = counters.take('a', rate, noon);
  assert.equal(refused.allowed, false);
  assert.ok(refused.retryAfterMs > 0);
  releaseThread(memory, 1);
  assert.equal(counters.take('a', rate, noon).allowed, true);
});

test('the byte ledger grants what fits, refuses the rest, and gets everything back', () => {
  const memory = createCounterMemory({ entries: 16, threads: 2, seed });
  const [mine, theirs] = [new ByteLedger(memory, 0, 100), new ByteLedger(memory, 1, 100)];
  assert.ok(mine.reserve(60));
  assert.equal(theirs.reserve(41), false);
  assert.ok(theirs.reserve(40));
  assert.throws(() => mine.release(61), RangeError);
  mine.release(60);
  releaseThread(memory, 1);
  assert.equal(mine.reservedBytes, 0);
});

test('the byte ledger says so when three quarters are taken, whoever took them', () => {
  const memory = createCounterMemory({ entries: 16, threads: 2, seed });
  let asked = 0;
  const mine = new ByteLedger(memory, 0, 100, () => asked++);
  const theirs = new ByteLedger(memory, 1, 100);
  assert.ok(theirs.reserve(70));
  assert.ok(mine.reserve(5));
  assert.equal(asked, 0);
  assert.ok(mine.reserve(1));
  assert.equal(mine.reserve(50), false);
  assert.equal(asked, 2);
});

function leasesIn(memory: CounterMemory): number {
  const { leasesOffset } = memory.layout;
  return new Int32Array(memory.buffer, leasesOffset).reduce((sum, count) => sum + count, 0);
}

type Verb = 'take' | 'count' | 'lease' | 'churn' | 'forever';

function begin(
  memory: CounterMemory,
  slot: number,
  verb: Verb,
  times: number,
  gate: SharedArrayBuffer = new SharedArrayBuffer(16),
) {
  const workerData = { memory, slot, verb, times, key: 'one key', gate };
  const worker = new Worker(new URL('./hammer.fixture.ts', import.meta.url), { workerData });
  const state = new Int32Array(gate);
  return {
    worker,
    ready: new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      const look = () => (Atomics.load(state, 0) > 0 ? resolve() : setTimeout(look, 1));
      look();
    }),
    go: () => {
      Atomics.store(state, 1, 1);
      Atomics.notify(state, 1);
    },
    granted: () => Atomics.load(state, 3),
    done: new Promise<number>((resolve) => worker.once('message', resolve)),
  };
}

/** Four that stay, for as many rounds as there are: starting them costs more than what they do. */
const hammers = [0, 1, 2, 3].map(
  () => new Worker(new URL('./hammer.fixture.ts', import.meta.url), { workerData: null }),
);
after(() => Promise.all(hammers.map((worker) => worker.terminate())));

async function hammer(memory: CounterMemory, verb: Verb, times: number): Promise<number> {
  const gate = new SharedArrayBuffer(16);
  const state = new Int32Array(gate);
  const passed = hammers.map((worker, slot) => {
    const answer = once(worker, 'message') as Promise<[number]>;
    worker.postMessage({ memory, slot, verb, times, key: 'one key', gate });
    return answer;
  });
  while (Atomics.load(state, 0) < 4) await new Promise((resolve) => setTimeout(resolve, 1));
  Atomics.store(state, 1, 1);
  Atomics.notify(state, 1);
  return (await Promise.all(passed)).reduce((sum, [count]) => sum + count, 0);
}

test('a wall clock that is set neither refills an allowance nor takes one away', () => {
  let steadyMs = 77;
  const memory = createCounterMemory({ entries: 1024, threads: 1, seed });
  const counters = new SharedCounters(memory, 0, () => steadyMs);
  const rate = { requests: 10, perMs: 60_000, burst: 10 };
  for (let call = 0; call < 10; call += 1) assert.ok(counters.take('a', rate, noon).allowed);
  for (const wallMs of [noon + 3_600_000, noon - 3_600_000, noon + 300_000]) {
    assert.equal(counters.take('a', rate, wallMs).allowed, false, 'nothing is refilled');
    assert.equal(counters.take(`b ${wallMs}`, rate, wallMs).allowed, true, 'nothing is taken');
  }
  steadyMs += 6_000;
  assert.equal(counters.take('a', rate, noon).allowed, true);
});
