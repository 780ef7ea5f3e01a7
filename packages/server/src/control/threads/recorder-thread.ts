import { parentPort, workerData } from 'node:worker_threads';
import { notice } from '../../messages/notices.ts';
import { monotonicMs } from '../../platform/clock/index.ts';
import type { Notice } from '../../platform/notices/index.ts';
import { collectWhatStartingLeft, workInBackground } from '../../platform/processes/index.ts';
import { realWorld } from '../../platform/world/index.ts';
import {
  applyRetention,
  checkpointSigner,
  FencedError,
  type FromRecorder,
  LogReader,
  openLog,
  Recorder,
  type RecorderSeed,
  signingKey,
  type ToRecorder,
} from '../../security-log/index.ts';
import { openSubjectKeys } from '../stores/open-subject-keys.ts';

const POLL_MS = 50;
const RETENTION_EVERY_MS = 60_000;
const RETRY_MS = 1_000;
/** By then it is known whether this start was one. */
const STARTED_AFTER_MS = 5_000;

const seed = workerData as RecorderSeed;
const bornAtMs = monotonicMs();
let hasStarted = false;
let retention = seed.retention;
let isStopping = false;
let current: Recorder | null = null;
let forget: () => void = () => undefined;

parentPort?.on('message', (message: ToRecorder) => {
  switch (message.type) {
    case 'forget':
      forget();
      return;
    case 'forget-writer':
      current?.forgetWriter(message.writer);
      return;
    case 'retention':
      retention = message.retention;
      return;
    case 'stop':
      isStopping = true;
      return;
    default:
      message satisfies never;
  }
});

workInBackground();
await record();
tell({ type: 'stopped' });
parentPort?.close();

/** Drains until told to stop. What fails is begun anew from what the database has. */
async function record(): Promise<void> {
  const { state: place, dataDirectory, ring } = seed;
  const state = await openSubjectKeys({
    ...{ place, dataDirectory, ring, world: realWorld },
    options: { notify },
  });
  const database = await openLog(seed.log, notify);
  // Keys first: the recorder would take the destroyed one from them again.
  forget = () => {
    state.subjectKeys.forgetCached();
    current?.forgetCallers();
  };
  /** The last fault; '' after a step that went well, null before the first. */
  let told: string | null = null;
  while (!isStopping) {
    try {
      current = await Recorder.open({
        ...{ database, node: seed.node, spoolDirectory: seed.spoolDirectory },
        carriedDirectory: seed.carriedDirectory,
        signer: checkpointSigner(seed.node, signingKey(seed.signingSeed)),
        subjectKeys: state.subjectKeys,
        openSpoolKey,
        now: realWorld.now,
        notify,
        onUsed: (uses) => tell({ type: 'uses', uses }),
        onRecorded: (writers) => tell({ type: 'recorded', writers }),
      });
      const recorded = () => {
        if (told !== '') tell({ type: 'recording', fault: null });
        told = '';
      };
      await drain(current, new LogReader(database.kysely, seed.node), recorded);
    } catch (error) {
      const message = `recording: ${String(error)}`;
      if (message !== told) notify(notice('recorder_fault', message));
      if (message !== told) tell({ type: 'recording', fault: message });
      told = message;
      if (error instanceof FencedError) break;
      await sleep(RETRY_MS);
    }
  }
  await database.close();
  await state.close();
}

async function drain(recorder: Recorder, reader: LogReader, recorded: () => void): Promise<void> {
  let retainedAt = Number.NEGATIVE_INFINITY;
  while (!isStopping) {
    const { hasMore } = await recorder.step();
    recorded();
    if (hasMore) continue;
    if (!hasStarted && monotonicMs() - bornAtMs > STARTED_AFTER_MS) {
      collectWhatStartingLeft();
      hasStarted = true;
    }
    if (monotonicMs() - retainedAt > RETENTION_EVERY_MS) {
      retainedAt = monotonicMs();
      await applyRetention(recorder, reader, retention, Date.now());
    }
    await sleep(POLL_MS);
  }
  while ((await recorder.step(true)).hasMore);
}

function openSpoolKey(id: string): Uint8Array {
  if (id !== seed.spoolKey.id) {
    const text = `the spool was written with the key ${id}, which is unknown`;
    notify(notice('spool_strange', text, { key: id }));
  }
  return seed.spoolKey.key;
}

function notify(one: Notice): void {
  tell({ type: 'notice', notice: one });
}

function tell(message: FromRecorder): void {
  parentPort?.postMessage(message);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
