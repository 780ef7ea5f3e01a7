import { Worker } from 'node:worker_threads';
import { startedFile } from '../../platform/program/index.ts';
import type { ScanAnswer, ScanOrder, ScanSeed } from './scan-messages.ts';

const THREAD = startedFile('assurance/secret-scanning/scan-thread');
/** One order in work and one waiting, so that no thread is idle while the next is made. */
const ORDERS_A_THREAD = 2;

interface Member {
  readonly worker: Worker;
  orders: number;
}

/** Threads that take orders. `give` waits while all are busy, so nothing piles up. */
export class ScanCrew {
  readonly #members: readonly Member[];
  readonly #onAnswer: (answer: ScanAnswer) => void;
  #fault: Error | null = null;
  #wake: () => void = () => {};

  constructor(seed: ScanSeed, threads: number, onAnswer: (answer: ScanAnswer) => void) {
    this.#onAnswer = onAnswer;
    this.#members = Array.from({ length: threads }, () => this.#hire(seed));
  }

  async give(order: ScanOrder): Promise<void> {
    const member = await this.#until(() => {
      const free = this.#members.filter(({ orders }) => orders < ORDERS_A_THREAD);
      return free.toSorted((one, other) => one.orders - other.orders)[0] ?? null;
    });
    member.orders += 1;
    member.worker.postMessage(order);
  }

  /** Returns when every order is answered. */
  async finish(): Promise<void> {
    await this.#until(() => this.#members.every(({ orders }) => orders === 0) || null);
  }

  async dismiss(): Promise<void> {
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
  }

  #hire(workerData: ScanSeed): Member {
    const member: Member = { worker: new Worker(THREAD, { workerData }), orders: 0 };
    member.worker.on('message', (answer: ScanAnswer) => {
      member.orders -= 1;
      this.#onAnswer(answer);
      this.#wake();
    });
    // What a dead thread had in work was not scanned: the scan fails as a whole.
    member.worker.on('error', (error) => this.#fail(error as Error));
    member.worker.on('exit', () => this.#fail(new Error('a scanning thread ended')));
    return member;
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    this.#wake();
  }

  async #until<Result>(ready: () => Result | null): Promise<Result> {
    for (;;) {
      if (this.#fault !== null) throw this.#fault;
      const result = ready();
      if (result !== null) return result;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
