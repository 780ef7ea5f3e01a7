import { Worker } from 'node:worker_threads';
import { startedFile } from '../platform/program/index.ts';
import type { Timer, World } from '../platform/world/index.ts';
import type {
  FromLogReader,
  KeyUseSummary,
  LogAsk,
  LogReaderSeed,
  ToLogReader,
} from '../security-log/index.ts';
import type { AdminLog, LogQuery } from '../security-log/log-routes.ts';
import { CallerLeftError, CursorError } from '../state/index.ts';

const THREAD = startedFile('control/threads/log-reader-thread');
/** Operators are few; beyond this many queries that wait, something else asks. */
const WAITING_MAX = 100;
/** A query that takes longer is given up. */
const QUERY_MAX_MS = 60_000;
/** By then it has come to a bundle and stopped; where it has not, the thread is given up as well. */
const STOPPING_MAX_MS = 5_000;
/** A thread that nobody asks anything is memory for nothing. */
const IDLE_MS = 30_000;
/** As the recorder has. */
const NURSERY_MB = 12;
const HEAP_MB_MAX = 512;

interface Waiting {
  readonly ask: LogAsk;
  /** Shared with the thread: set, it stops at the next bundle, or does not begin. */
  readonly left: Int32Array<SharedArrayBuffer>;
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

  search(query: LogQuery, left?: AbortSignal): ReturnType<AdminLog['search']> {
    return this.#ask({ query: 'search', given: [query] }, left);
  }

  show(node: string, index: number, left?: AbortSignal): ReturnType<AdminLog['show']> {
    return this.#ask({ query: 'show', given: [node, index] }, left);
  }

  prove(node: string, index: number, left?: AbortSignal): ReturnType<AdminLog['prove']> {
    return this.#ask({ query: 'prove', given: [node, index] }, left);
  }

  call(id: string, left?: AbortSignal): ReturnType<AdminLog['call']> {
    return this.#ask({ query: 'call', given: [id] }, left);
  }

  checkpoints(left?: AbortSignal): ReturnType<AdminLog['checkpoints']> {
    return this.#ask({ query: 'checkpoints', given: [] }, left);
  }

  usesOf(keyId: string, sinceMs: number, left?: AbortSignal): Promise<readonly KeyUseSummary[]> {
    return this.#ask({ query: 'usesOf', given: [keyId, sinceMs] }, left);
  }

  /** Whatever the thread holds of a person, of keys and of what was opened with them, is gone with it. */
  async forget(): Promise<void> {
    await this.#end('a person was erased meanwhile; ask again');
  }

  async close(): Promise<void> {
    await this.#end('the log is closed');
  }

  async #ask<Value>(ask: LogAsk, signal?: AbortSignal): Promise<Value> {
    if (signal?.aborted) throw new CallerLeftError();
    if (this.#waiting.size >= WAITING_MAX) throw new Error('too many queries of the log wait');
    this.#number += 1;
    const number = this.#number;
    const left = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(number, { ask, left, resolve, reject });
    });
    const leave = () => this.#giveUp(number, new CallerLeftError());
    signal?.addEventListener('abort', leave, { once: true });
    this.#idle?.cancel();
    this.#patience ??= this.#await();
    this.#post(number, ask, left);
    try {
      return (await answer) as Value;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  #post(number: number, ask: LogAsk, left: ToLogReader['left']): void {
    const message: ToLogReader = { number, ask, left };
    this.#running().postMessage(message);
  }

  /** Its caller hears at once; it has its place until the thread has stopped at it. */
  #giveUp(number: number, why: Error): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) return;
    Atomics.store(waiting.left, 0, 1);
    waiting.reject(why);
  }

  #running(): Worker {
    if (this.#worker !== null) return this.#worker;
    const worker = new Worker(THREAD, {
      workerData: this.#seed,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX, maxYoungGenerationSizeMb: NURSERY_MB },
    });
    this.#worker = worker;
    let fault = 'the reader of the log ended';
    worker.on('message', (message: FromLogReader) => {
      // One that was given up may have answered just before.
      if (this.#worker === worker) this.#heard(message);
    });
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

  /** For the query that is read now; those behind it have their time when it is their turn. */
  #await(): Timer {
    return this.#world.after(QUERY_MAX_MS, () => {
      const [number] = this.#waiting.keys();
      if (number === undefined) return;
      this.#giveUp(number, new Error(`the log did not answer within ${QUERY_MAX_MS / 1000} s`));
      this.#patience = this.#world.after(STOPPING_MAX_MS, () => this.#beginAnew(number));
    });
  }

  /** The thread did not stop at a query that was given up: those behind it are asked of another one. */
  #beginAnew(stuck: number): void {
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
    this.#waiting.delete(stuck);
    this.#patience = this.#waiting.size > 0 ? this.#await() : null;
    for (const [number, { ask, left }] of this.#waiting) this.#post(number, ask, left);
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
