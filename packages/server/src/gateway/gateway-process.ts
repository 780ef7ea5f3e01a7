import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseJsonText } from '@poorter/openapi/json';
import type { ToGateway } from '../messages/between-processes.ts';
import { createCounterMemory } from '../platform/counters/index.ts';
import { awaitLock } from '../platform/data-directory/index.ts';
import { writeDurably } from '../platform/files/index.ts';
import { leaveNurseriesToThreads, serveParent } from '../platform/processes/index.ts';
import { realWorld } from '../platform/world/index.ts';
import { Gateway, type QuotaFile } from './gateway.ts';
import { startThread } from './start-thread.ts';

/** A gateway whose supervisor died drains at most this long, then makes room for its successor. */
const PREDECESSOR_WAIT_MS = 60_000;
const SMALL_MACHINE_CORES = 4;
/** Subjects that can be counted at once: about 3 MB. */
const COUNTER_ENTRIES = 65_536;
/** Of the last minute: 15,000 calls a second with tokens that are bound to keys. 12 MB where it is full. */
const PROOFS_MAX = 1_048_576;

const { dataDirectory, source } = parseJsonText(process.argv[2] as string) as {
  dataDirectory: string;
  source: { threads?: number };
};

const threads = source.threads ?? usualThreads(availableParallelism());

leaveNurseriesToThreads();
const send = serveParent<ToGateway>(
  (message) => void gateway.receive(message),
  () => void gateway.drainAndExit(),
);
const gateway = new Gateway({
  ...{ world: realWorld, threads, send },
  memory: createCounterMemory({
    ...{ entries: COUNTER_ENTRIES, proofs: PROOFS_MAX, threads },
    sinceMs: realWorld.now(),
    seed: [randomInt(-(2 ** 31), 2 ** 31), randomInt(-(2 ** 31), 2 ** 31)],
  }),
  quotas: quotaFile(join(dataDirectory, 'quotas.bin')),
  startThread: (seed, on) => startThread(seed, on),
  isAlone: awaitLock(dataDirectory, 'gateway', PREDECESSOR_WAIT_MS),
  exit: (status) => process.exit(status),
});

function quotaFile(file: string): QuotaFile {
  return {
    read: () => {
      try {
        return readFileSync(file);
      } catch {
        return null;
      }
    },
    // Not flushed: it carries a checksum, and a slow disk must not hold this thread.
    write: (bytes) => writeDurably(file, bytes, { flush: false }),
  };
}

/** On a small machine the rest needs a core too: recorder, collection of garbage, and the service itself. */
function usualThreads(cores: number): number {
  return cores > SMALL_MACHINE_CORES ? cores : Math.max(1, cores - 1);
}
