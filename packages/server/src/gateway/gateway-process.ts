import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { parseJsonText } from '@poorter/openapi/json';
import type { FromGateway, ToGateway } from '../messages/between-processes.ts';
import { awaitLock } from '../platform/data-directory/index.ts';
import { writeDurably } from '../platform/files/index.ts';
import { leaveNurseriesToThreads, serveParent } from '../platform/processes/index.ts';
import { ThreadCrew } from './thread-crew.ts';

/** A gateway whose supervisor died drains at most this long, then makes room for its successor. */
const PREDECESSOR_WAIT_MS = 60_000;
const STALL_MS = 5_000;
const FORCE_AFTER_MS = 5_000;
const METRICS_EVERY_MS = 1_000;
/** Quotas counted since the last save are forgotten by a crash. */
const QUOTA_SAVE_EVERY_MS = 5_000;

const SMALL_MACHINE_CORES = 4;

const { dataDirectory, source } = parseJsonText(process.argv[2] as string) as {
  dataDirectory: string;
  source: { threads?: number };
};
const quotaFile = join(dataDirectory, 'quotas.bin');
const threads = source.threads ?? usualThreads(availableParallelism());

leaveNurseriesToThreads();
const crew = new ThreadCrew({
  module: join(import.meta.dirname, `gateway-thread${extname(import.meta.filename)}`),
  threads,
  seed: [randomInt(-(2 ** 31), 2 ** 31), randomInt(-(2 ** 31), 2 ** 31)],
  stallMs: STALL_MS,
  on: {
    applied: (version) => send({ type: 'applied', version }),
    liveApplied: (sequence) => send({ type: 'live-applied', sequence }),
    listening: (addresses) => send({ type: 'listening', addresses, threads }),
    failed: (message, version) => send({ type: 'failed', message, version }),
    trouble: (message) => send({ type: 'failed', message }),
    unknownKeyId: (issuer, keyId) => send({ type: 'unknown-key-id', issuer, keyId }),
    rolesRead: (issuer, claim, isFound) => send({ type: 'roles-read', issuer, claim, isFound }),
  },
});

let hasHeardControl = false;
const locking = awaitLock(dataDirectory, 'gateway', PREDECESSOR_WAIT_MS);
const send: (message: FromGateway) => void = serveParent<ToGateway>(
  (message) => void receive(message),
  () => void drainAndExit(),
);

restoreQuotas();
// Control takes metrics for a sign of readiness, when it was started again beside a gateway that serves.
setInterval(() => {
  if (crew.isListening) send({ type: 'metrics', metrics: crew.metrics });
}, METRICS_EVERY_MS);
setInterval(saveQuotas, QUOTA_SAVE_EVERY_MS);

async function receive(message: ToGateway): Promise<void> {
  switch (message.type) {
    case 'snapshot':
      await locking;
      return crew.apply(message.snapshot);
    case 'live':
    case 'live-change':
      // What is confirmed here is confirmed for the predecessor: it must be gone.
      await locking;
      return crew.applyLive(message);
    case 'issuer-keys':
      return crew.applyIssuerKeys(message);
    case 'control-seen':
      crew.controlSeen(message.atMs);
      if (!hasHeardControl && Number.isFinite(message.atMs)) send({ type: 'control-heard' });
      hasHeardControl ||= Number.isFinite(message.atMs);
      return;
    case 'drain':
      return drainAndExit();
    default:
      message satisfies never;
  }
}

async function drainAndExit(): Promise<void> {
  // An orphan has nobody who would end it by force.
  setTimeout(() => process.exit(1), crew.drainMs + FORCE_AFTER_MS);
  await crew.drain();
  saveQuotas();
  send({ type: 'drained' });
  process.exit(0);
}

function restoreQuotas(): void {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(quotaFile);
  } catch {
    return;
  }
  const restored = crew.restoreQuotas(bytes);
  if (!restored.ok) {
    send({
      type: 'failed',
      message: `saved quotas are unreadable (${restored.reason}); counting starts anew`,
    });
  }
}

function saveQuotas(): void {
  try {
    // Not flushed: it carries a checksum, and a slow disk must not hold this thread.
    writeDurably(quotaFile, crew.saveQuotas(), { flush: false });
  } catch (error) {
    send({ type: 'failed', message: `saving quotas: ${String(error)}` });
  }
}

/** On a small machine the rest needs a core too: recorder, collection of garbage, and the service itself. */
function usualThreads(cores: number): number {
  return cores > SMALL_MACHINE_CORES ? cores : Math.max(1, cores - 1);
}
