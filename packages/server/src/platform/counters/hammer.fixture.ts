import { parentPort, workerData } from 'node:worker_threads';
import type { CounterMemory } from './counter-memory.ts';
import { ByteLedger, InFlightGauge } from './gauges.ts';
import { SharedCounters } from './shared-counters.ts';

/** A thread that counts as fast as it can, for the tests beside it. */
interface Work {
  readonly memory: CounterMemory;
  readonly slot: number;
  readonly verb: 'take' | 'count' | 'lease' | 'churn' | 'forever';
  readonly key: string;
  readonly times: number;
  readonly gate: SharedArrayBuffer;
}

/** With work at its start it does that and no more; others come as messages, one after the other. */
if (workerData !== null) work(workerData as Work);
parentPort?.on('message', (given: Work) => work(given));

function work({ memory, slot, verb, key, times, gate }: Work): void {
  const counters = new SharedCounters(memory, slot);
  const started = new Int32Array(gate);
  Atomics.add(started, 0, 1);
  Atomics.notify(started, 0);
  // All threads start together, or there is no race to test.
  Atomics.wait(started, 1, 0);

  const rate = { requests: 100, perMs: 60_000, burst: 100 };
  let passed = 0;
  for (let call = 0; call < times; call += 1) {
    if (verb === 'take' && counters.take(key, rate, 1_000_000).allowed) passed += 1;
    if (verb === 'count' && counters.count(key, 100, 2_000_000, 1_000_000).allowed) passed += 1;
    if (verb === 'lease' && counters.lease(key, 100)) passed += 1;
  }
  if (verb === 'churn') {
    // state[2]: holders at this moment; a moment with more than the limit is remembered in passed.
    for (let call = 0; call < times; call += 1) {
      if (!counters.lease(key, 3)) continue;
      if (Atomics.add(started, 2, 1) + 1 > 3) passed += 1;
      Atomics.sub(started, 2, 1);
      counters.release(key);
    }
  }
  if (verb === 'forever') {
    const ledger = new ByteLedger(memory, slot, 1_000_000_000);
    const inFlight = new InFlightGauge(memory, slot);
    for (let call = 0; ; call += 1) {
      const name = `subject ${call % 50}`;
      inFlight.enter();
      ledger.reserve(10);
      counters.lease(name, 1000);
      counters.take(name, rate, 1_000_000 + call);
      if (counters.take('limited', rate, 1_000_000).allowed) Atomics.add(started, 3, 1);
      counters.count(name, 1_000_000_000, 2_000_000_000, 1_000_000);
      if (call % 2 === 0) counters.release(name);
    }
  }
  parentPort?.postMessage(passed);
}
