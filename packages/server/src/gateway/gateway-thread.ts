import { parentPort, workerData } from 'node:worker_threads';
import { realWorld } from '../platform/world/index.ts';
import { ServingThread } from './serving-thread.ts';
import { ThreadHosts } from './thread-hosts.ts';
import type { FromThread, ThreadSeed, ToThread } from './thread-messages.ts';

const seed = workerData as ThreadSeed;
const world = realWorld;
const tell = (message: FromThread) => parentPort?.postMessage(message);
const trouble = (message: string) => tell({ type: 'trouble', message });

const thread = new ServingThread({
  ...{ seed, world, tell },
  openHosts: (rights) => new ThreadHosts({ seed, world, rights, trouble }),
});

parentPort?.on('message', (message: ToThread) => thread.receive(message));
