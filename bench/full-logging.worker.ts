import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { RecordSpool } from '../packages/server/src/messages/record-spool.ts';
import type { DatabasePlace } from '../packages/server/src/platform/database/index.ts';
import { openLog } from '../packages/server/src/security-log/open-log.ts';
import { openRecorder, recordOf, spoolIn } from './log.ts';

/** What two cores can serve, and more. */
export const RECORDS_A_SECOND = 10_000;
const TURN_MS = 50;

if (!isMainThread) await logUntilStopped(workerData);

/** A spool that is written and a recorder that drains it, at the pace of a busy gateway. */
async function logUntilStopped({
  directory,
  log,
}: {
  readonly directory: string;
  readonly log: DatabasePlace;
}): Promise<void> {
  let isOver = false;
  parentPort?.once('message', () => {
    isOver = true;
  });
  const sink = new RecordSpool(spoolIn(directory), null);
  const database = await openLog(log, Date.now);
  const recorder = await openRecorder(database, directory);
  const began = performance.now();
  for (let written = 0, turn = 0; !isOver; turn++) {
    const wanted = ((performance.now() - began) / 1_000) * RECORDS_A_SECOND;
    for (; written < wanted; written++) {
      if (!sink.reserve()) throw new Error('no place');
      sink.write(recordOf(written), null);
    }
    await recorder.step();
    if (turn === 10) parentPort?.postMessage('flowing');
    await sleep(TURN_MS);
  }
  await sink.close();
  await database.close();
}
