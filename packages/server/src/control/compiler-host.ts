import { Worker } from 'node:worker_threads';
import type { ConfigurationSource } from '../configuration/load-configuration.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import type { Configuration } from '../configuration/schema.ts';
import type { PlanAnswer } from '../messages/between-processes.ts';
import { startedFile } from '../platform/program/index.ts';
import type { Timer, World } from '../platform/world/index.ts';
import type {
  CompiledConfiguration,
  CompileOrder,
  FromCompiler,
  PlacedConfiguration,
  ReadLink,
  ToCompiler,
} from './compile/compiler-messages.ts';
import type { KeptDescription } from './compile/kept-descriptions.ts';

const THREAD = startedFile('control/threads/compiler-thread');

export interface CompilerBounds {
  /** Beyond it, reading or compiling is given up. */
  readonly maxMs: number;
  readonly heapMbMax: number;
}

/** GitHub's description takes two seconds of a processor, and a quarter of this memory. */
const BOUNDS: CompilerBounds = { maxMs: 300_000, heapMbMax: 2_048 };

/** Whoever changes a configuration often changes it again; after that, its heap is memory for nothing. */
const IDLE_MS = 10_000;

interface Waiting {
  readonly resolve: (message: FromCompiler) => void;
  readonly reject: (error: Error) => void;
  readonly patience: Timer;
}

/**
 * Where configurations are compiled: in a thread that ends soon after, and takes its heap with it. However
 * long it works, whoever revokes a key meanwhile does not wait for it. What did not change since the last
 * time is not compiled again, by whichever thread.
 */
export class CompilerHost {
  readonly #world: Pick<World, 'after'>;
  readonly #bounds: CompilerBounds;
  #worker: Worker | null = null;
  #waiting: Waiting | null = null;
  /** What the second step is about, should another thread have to do it. */
  #taken: Extract<ToCompiler, { type: 'take' }> | null = null;
  #kept: readonly KeptDescription[] = [];
  #idle: Timer | null = null;

  constructor(world: Pick<World, 'after'>, bounds: Partial<CompilerBounds> = {}) {
    this.#world = world;
    this.#bounds = { ...BOUNDS, ...bounds };
  }

  /** What a start is held to. */
  async plan(source: ConfigurationSource): Promise<PlanAnswer> {
    const answer = await this.#ask({ type: 'plan', source });
    if (answer.type !== 'planned') throw faultOf(answer);
    return answer.answer;
  }

  /** Where operators ask. Throws RefusedConfiguration. */
  async readOperators(placed: PlacedConfiguration): Promise<CompiledConfiguration['operated']> {
    const answer = await this.#ask({ type: 'read-operators', placed });
    if (answer.type !== 'operators') throw faultOf(answer);
    return answer.read;
  }

  /** By what gateways on other machines are met. Throws RefusedConfiguration. */
  async readLink(placed: PlacedConfiguration): Promise<ReadLink> {
    const answer = await this.#ask({ type: 'read-link', placed });
    if (answer.type !== 'link') throw faultOf(answer);
    return answer.read;
  }

  /** The first step: reads the configuration. Throws RefusedConfiguration. */
  async load(source: ConfigurationSource): Promise<Configuration> {
    const answer = await this.#ask({ type: 'load', source });
    if (answer.type !== 'loaded') throw faultOf(answer);
    const { configuration } = answer;
    this.#taken = { type: 'take', source, configuration };
    return configuration;
  }

  /** The second step: reads and compiles what it names. Throws RefusedConfiguration. */
  async compile(order: CompileOrder): Promise<CompiledConfiguration> {
    const answer = await this.#ask({ type: 'compile', order, kept: this.#kept });
    if (answer.type !== 'compiled') throw faultOf(answer);
    this.#kept = answer.kept;
    return answer.compiled;
  }

  /** Whatever is under way is given up. */
  async end(why = 'the compiler was told to end'): Promise<void> {
    const worker = this.#worker;
    if (worker === null) return;
    this.#gone(worker, why);
    await worker.terminate();
  }

  /** One at a time. */
  #ask(message: ToCompiler): Promise<FromCompiler> {
    const worker = this.#running();
    const { maxMs } = this.#bounds;
    return new Promise((resolve, reject) => {
      const patience = this.#world.after(maxMs, () => {
        void this.end(
          `reading and compiling the configuration took longer than ${maxMs / 1_000} s and was given up`,
        );
      });
      this.#waiting = { resolve, reject, patience };
      worker.postMessage(message);
    });
  }

  #running(): Worker {
    this.#idle?.cancel();
    this.#idle = this.#world.after(IDLE_MS, () => {
      if (this.#waiting === null) void this.end();
    });
    if (this.#worker !== null) return this.#worker;
    const { heapMbMax } = this.#bounds;
    const worker = new Worker(THREAD, {
      resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
    });
    this.#worker = worker;
    if (this.#taken !== null) worker.postMessage(this.#taken);
    let fault = 'the compiler ended before it was done';
    worker.on('message', (message: FromCompiler) => this.#heard(worker, message));
    worker.on('error', (error: NodeJS.ErrnoException) => {
      fault =
        error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? `compiling the configuration takes more than ${heapMbMax} MB of memory and was given up`
          : `compiling the configuration failed: ${String(error)}`;
    });
    worker.once('exit', () => this.#gone(worker, fault));
    return worker;
  }

  #heard(worker: Worker, message: FromCompiler): void {
    if (this.#worker !== worker) return;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.patience.cancel();
    // Counted from now.
    this.#running();
    waiting?.resolve(message);
  }

  #gone(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#idle?.cancel();
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.patience.cancel();
    waiting?.reject(new Error(why));
  }
}

function faultOf(answer: FromCompiler): Error {
  switch (answer.type) {
    case 'refused':
      return new RefusedConfiguration(answer.diagnostics, answer.files);
    case 'fault':
      return new Error(answer.message);
    default:
      return new Error(`the compiler answered ${answer.type}`);
  }
}
