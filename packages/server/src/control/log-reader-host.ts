import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Timer, World } from '../platform/world/index.ts';
import type {
  FromLogReader,
  KeyUseSummary,
  LogAsk,
  LogReaderSeed,
  ToLogReader,
} from '../security-log/index.ts';
import type { AdminLog, LogQuery } from '../security-log/log-routes.ts';
import { CursorError } from '../state/index.ts';

const THREAD = join(
  import.meta.dirname,
  `threads/log-reader-thread${extname(import.meta.filename)}`,
);
/** Operators are few; beyond this many queries that wait, something else asks. */
const WAITING_MAX = 100;
/** A query that takes longer is given up, and the thread with it. */
const QUERY_MAX_MS = 60_000;
/** A thread that nobody asks anything is memory for nothing. */
const IDLE_MS = 30_000;
/** As the recorder has. */
const NURSERY_MB = 12;
const HEAP_MB_MAX = 512;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Where operators read this node's log: in a thread that is started when somebody asks, and ends when nobody
 * does. However much a search reads, whoever revokes a key meanwhile does not wait for it.
 */
export class LogReaderHost implements AdminLog {
  readonly #seed: LogReaderSeed;
  readonly #world: Pick<World, 'after'>;
  #worker: Worker | null = null;
  #number = 0;
  readonly #waiting = new Map<number, Waiting>();
  #patience: Timer | null = null;
  #idle: Timer | null = null;

  constructor(seed: LogReaderSeed, world: Pick<World, 'after'>) {
    this.#seed = seed;
    this.#world = world;
  }

  search(query: LogQuery): ReturnType<AdminLog['search']> {
    return this.#ask({ query: 'search', given: [query] });
  }

  show(node: string, index: number): ReturnType<AdminLog['show']> {
    return this.#ask({ query: 'show', given: [node, index] });
  }

  prove(node: string, index: number): ReturnType<AdminLog['prove']> {
    return this.#ask({ query: 'prove', given: [node, index] });
  }

  call(id: string): ReturnType<AdminLog['call']> {
    return this.#ask({ query: 'call', given: [id] });
  }

  checkpoints(): ReturnType<AdminLog['checkpoints']> {
    return this.#ask({ query: 'checkpoints', given: [] });
  }

  usesOf(keyId: string, sinceMs: number): Promise<readonly KeyUseSummary[]> {
    return this.#ask({ query: 'usesOf', given: [keyId, sinceMs] });
  }

  /** Whatever the thread holds of a person, of keys and of what was opened with them, is gone with it. */
  async forget(): Promise<void> {
    await this.#end('a person was erased meanwhile; ask again');
  }

  async close(): Promise<void> {
    await this.#end('the log is closed');
  }

  #ask<Value>(ask: LogAsk): Promise<Value> {
    if (this.#waiting.size >= WAITING_MAX) {
      return Promise.reject(new Error('too many queries of the log wait'));
    }
    this.#number += 1;
    const number = this.#number;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
    });
    this.#idle?.cancel();
    this.#patience ??= this.#await();
    const message: ToLogReader = { number, ask };
    this.#running().postMessage(message);
    return answer as Promise<Value>;
  }

  #running(): Worker {
    if (this.#worker !== null) return this.#worker;
    const worker = new Worker(THREAD, {
      workerData: this.#seed,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX, maxYoungGenerationSizeMb: NURSERY_MB },
    });
    this.#worker = worker;
    let fault = 'the reader of the log ended';
    worker.on('message', (message: FromLogReader) => this.#heard(message));
    worker.on('error', (error) => {
      fault = `the reader of the log ended: ${String(error)}`;
    });
    worker.once('exit', () => this.#gone(worker, fault));
    return worker;
  }

  #heard(message: FromLogReader): void {
    const waiting = this.#waiting.get(message.number);
    this.#waiting.delete(message.number);
    this.#patience?.cancel();
    this.#patience = this.#waiting.size > 0 ? this.#await() : null;
    if (this.#waiting.size === 0) {
      this.#idle = this.#world.after(IDLE_MS, () => void this.#end('nobody asks'));
    }
    if (!('fault' in message)) waiting?.resolve(message.value);
    else
      waiting?.reject(message.isCursor ? new CursorError(message.fault) : new Error(message.fault));
  }

  #await(): Timer {
    return this.#world.after(QUERY_MAX_MS, () => {
      void this.#end(`the log did not answer within ${QUERY_MAX_MS / 1000} s`);
    });
  }

  async #end(why: string): Promise<void> {
    const worker = this.#worker;
    if (worker === null) return;
    this.#gone(worker, why);
    await worker.terminate();
  }

  /** What waited for it has no answer; the next who asks starts another. */
  #gone(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#patience?.cancel();
    this.#patience = null;
    this.#idle?.cancel();
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
  }
}
