import { parentPort, workerData } from 'node:worker_threads';
import { workInBackground } from '../../platform/processes/index.ts';
import { realWorld } from '../../platform/world/index.ts';
import {
  type FromLogReader,
  type LogAsk,
  LogQueries,
  type LogReaderSeed,
  type ToLogReader,
} from '../../security-log/index.ts';
import { CallerLeftError, CursorError } from '../../state/index.ts';
import { openSubjectKeys } from '../stores/open-subject-keys.ts';

/** Reads the log for whoever asks control, so that nothing else waits for it. Ends when it is told to. */
const seed = workerData as LogReaderSeed;

workInBackground('thread');
const opening = open();
/** One after the other. */
let answering: Promise<void> = Promise.resolve();

parentPort?.on('message', (message: ToLogReader) => {
  answering = answering.then(async () => tell(await answerTo(message)));
});

async function open(): Promise<LogQueries> {
  const { node, log, state: place, ring, dataDirectory, signingSeed } = seed;
  const { subjectKeys } = await openSubjectKeys({ place, ring, dataDirectory, world: realWorld });
  return LogQueries.open(log, node, signingSeed, subjectKeys, realWorld.now);
}

async function answerTo({ number, ask, left }: ToLogReader): Promise<FromLogReader> {
  const hasLeft = () => Atomics.load(left, 0) !== 0;
  try {
    if (hasLeft()) throw new CallerLeftError();
    const log = await opening;
    return { number, value: await asked(log.unless(hasLeft), ask) };
  } catch (error) {
    const { message } = error as Error;
    return { number, fault: message, isCursor: error instanceof CursorError };
  }
}

function asked(log: LogQueries, ask: LogAsk): Promise<unknown> {
  switch (ask.query) {
    case 'search':
      return log.search(...ask.given);
    case 'show':
      return log.show(...ask.given);
    case 'prove':
      return log.prove(...ask.given);
    case 'call':
      return log.call(...ask.given);
    case 'checkpoints':
      return log.checkpoints();
    case 'usesOf':
      return log.usesOf(...ask.given);
    default:
      throw ask satisfies never;
  }
}

function tell(answer: FromLogReader): void {
  parentPort?.postMessage(answer);
}
