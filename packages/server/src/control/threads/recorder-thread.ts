import { parentPort, workerData } from 'node:worker_threads';
import { notice } from '../../messages/notices.ts';
import type { Notice } from '../../platform/notices/index.ts';
import { collectWhatStartingLeft, workInBackground } from '../../platform/processes/index.ts';
import { realWorld } from '../../platform/world/index.ts';
import {
  applyRetention,
  type CredentialUse,
  checkpointSigner,
  FencedError,
  type FromRecorder,
  LogReader,
  openLog,
  pastUses,
  type ReadableKeys,
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
const bornAtMs = realWorld.monotonicMs();
let hasStarted = false;
let retention = seed.retention;
let isStopping = false;
let current: Recorder | null = null;
/** Of leaves before this one it is told who was used in them. */
let usesReached = seed.usesReached;
/** Whoever asks waits for a step that began after the question. */
let questions: number[] = [];
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
    case 'read-up':
      questions.push(message.question);
      return;
    case 'stop':
      isStopping = true;
      return;
    default:
      message satisfies never;
  }
});

workInBackground('thread');
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
  const database = await openLog(seed.log, realWorld.now, notify);
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
        onUsed: tellUses,
        onRecorded: (writers) => tell({ type: 'recorded', writers }),
      });
      const recorded = () => {
        if (told !== '') tell({ type: 'recording', fault: null });
        told = '';
      };
      const reader = new LogReader(database.kysely, seed.node);
      await tellPastUses(reader, state.subjectKeys, current.size);
      await drain(current, reader, recorded);
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
  let asked: number[] = [];
  while (!isStopping) {
    asked = [...asked, ...questions];
    questions = [];
    const { hasMore } = await recorder.step();
    recorded();
    if (hasMore) continue;
    for (const question of asked) tell({ type: 'read', question });
    asked = [];
    if (!hasStarted && realWorld.monotonicMs() - bornAtMs > STARTED_AFTER_MS) {
      collectWhatStartingLeft();
      hasStarted = true;
    }
    if (realWorld.monotonicMs() - retainedAt > RETENTION_EVERY_MS) {
      retainedAt = realWorld.monotonicMs();
      await applyRetention(recorder, reader, retention, realWorld.now());
    }
    await sleep(POLL_MS);
  }
  while ((await recorder.step(true)).hasMore);
}

/** Of what was recorded by somebody who ended before it was told, or before it was kept. */
async function tellPastUses(reader: LogReader, keys: ReadableKeys, size: number): Promise<void> {
  if (usesReached === size) return;
  // A log of before a restore: what was reached in another is nothing here.
  const from = usesReached !== null && usesReached > size ? null : usesReached;
  try {
    const { uses, skipped } = await pastUses(reader, seed.node, keys, from, size);
    tellUses(uses, size);
    if (skipped > 0) warnOfUnknownUses(`of ${skipped} older records, this is not read again`);
  } catch (error) {
    // Records come first.
    tellUses(new Map(), size);
    warnOfUnknownUses(String(error));
  }
}

function tellUses(uses: ReadonlyMap<string, CredentialUse>, reached: number): void {
  usesReached = reached;
  tell({ type: 'uses', uses, reached });
}

function warnOfUnknownUses(why: string): void {
  notify(notice('key_uses_unread', `when keys were last used may be told too early: ${why}`));
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
  return new Promise((resolve) => void realWorld.after(ms, resolve));
}
