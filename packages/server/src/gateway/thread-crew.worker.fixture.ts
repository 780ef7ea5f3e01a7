import { parentPort, workerData } from 'node:worker_threads';
import { monotonicMs } from '../platform/clock/index.ts';
import { InFlightGauge, SharedCounters } from '../platform/counters/index.ts';
import type { ThreadSeed, ToThread } from './thread-messages.ts';

/**
 * A thread that does as it is told by a version number: 2 takes leases, 3 dies, 4 stalls; a change
 * of live state to sequence 9 stalls it too. Only the thread in slot 1 misbehaves, and only in its
 * first life.
 */
const seed = workerData as ThreadSeed;
const counters = new SharedCounters(seed.memory, seed.slot);
const inFlight = new InFlightGauge(seed.memory, seed.slot);
const heartbeats = new Float64Array(seed.heartbeats);
const isFirstLife = seed.snapshot.gate.version === 1;
const beat = () => {
  heartbeats[seed.slot] = monotonicMs();
};
setInterval(beat, 20);
// Before it is told to stall: the grace of a starting thread is over.
beat();

const ready = (version: number) =>
  parentPort?.postMessage({ type: 'ready', version, addresses: [`127.0.0.1:${4_000}`] });

parentPort?.on('message', (message: ToThread) => {
  if (message.type === 'drain') return parentPort?.postMessage({ type: 'drained' });
  if (message.type === 'live' || message.type === 'live-change') {
    const { sequence } = message.type === 'live' ? message.state : message.change;
    while (sequence === 9 && seed.slot === 1 && seed.live.sequence !== 9);
    return parentPort?.postMessage({ type: 'live-applied', sequence });
  }
  if (message.type === 'issuer-keys' || message.type === 'introspected') return;
  const { version } = message.snapshot.gate;
  if (version === 2) {
    counters.lease('subject', 10);
    inFlight.enter();
  }
  if (version === 3 && seed.slot === 1 && isFirstLife) process.exit(1);
  while (version === 4 && seed.slot === 1 && isFirstLife);
  ready(version);
});

ready(seed.snapshot.gate.version);
