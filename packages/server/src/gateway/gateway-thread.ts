import { parentPort, workerData } from 'node:worker_threads';
import type { Notice } from '../platform/notices/index.ts';
import { collectWhatStartingLeft } from '../platform/processes/index.ts';
import { realWorld } from '../platform/world/index.ts';
import { ServingThread } from './serving-thread.ts';
import { ThreadHosts } from './thread-hosts.ts';
import type { FromThread, ThreadSeed, ToThread } from './thread-messages.ts';

const seed = workerData as ThreadSeed;
const world = realWorld;
const notify = (notice: Notice) => tell({ type: 'notice', notice });
let hasStarted = false;

const thread = new ServingThread({
  ...{ seed, world, tell },
  openHosts: (rights) => new ThreadHosts({ seed, world, rights, notify }),
});

parentPort?.on('message', (message: ToThread) => thread.receive(message));

function tell(message: FromThread): void {
  // Before anybody is told that it serves.
  if (message.type === 'ready' && !hasStarted) collectWhatStartingLeft();
  hasStarted ||= message.type === 'ready';
  parentPort?.postMessage(message);
}
