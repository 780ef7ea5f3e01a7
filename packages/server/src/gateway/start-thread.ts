import { Worker } from 'node:worker_threads';
import type { RuntimeSnapshot } from '../messages/between-processes.ts';
import { startedFile } from '../platform/program/index.ts';
import type { CrewThread, CrewThreadEvents } from './thread-crew.ts';
import type { FromThread, ThreadSeed } from './thread-messages.ts';

const MODULE = startedFile('gateway/gateway-thread');
const HEAP_MAX_MB = 2_048;
const SMALL_BUDGET_BYTES = 134_217_728;

/** A thread that outgrows its heap dies alone. */
export function startThread(
  seed: ThreadSeed,
  on: CrewThreadEvents,
  module: string = MODULE,
): CrewThread {
  const worker = new Worker(module, {
    workerData: seed,
    resourceLimits: {
      maxOldGenerationSizeMb: HEAP_MAX_MB,
      maxYoungGenerationSizeMb: nurseryMb(seed.snapshot),
    },
  });
  worker.on('message', (message: FromThread) => on.heard(message));
  worker.on('error', (error) => on.fault(String(error)));
  worker.once('exit', () => on.ended());
  return {
    tell: (message) => worker.postMessage(message),
    end: () => void worker.terminate(),
  };
}

/**
 * Where a budget is small, a nursery of the usual size would outweigh it; elsewhere a smaller one costs
 * an eighth more processor time a call.
 */
function nurseryMb({ bounds }: RuntimeSnapshot): number {
  return bounds.memoryBytes <= SMALL_BUDGET_BYTES ? 24 : 48;
}
