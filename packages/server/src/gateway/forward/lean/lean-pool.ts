import { ConnectionError } from './connection-error.ts';
import { type AnswerReceiver, type ConnectionTerms, LeanConnection } from './lean-connection.ts';
import type { Question } from './question.ts';

/** How often deadlines are looked at: they are met by as much too late. */
const LOOK_EVERY_MS = 250;

/** Whoever asked may stop, or slow down, what answers. */
export interface Asked {
  readonly paused: boolean;
  pause(): void;
  resume(): void;
  abort(error: Error): void;
}

interface Waiting {
  readonly question: Question;
  readonly receiver: Receiver;
  readonly sinceMs: number;
}

interface Receiver extends AnswerReceiver {
  onStart(asked: Asked): void;
}

/**
 * The connections to one address of a service. Questions wait in line for the next that is free, as long as an
 * answer may take.
 */
export class LeanPool {
  readonly #terms: ConnectionTerms;
  readonly #connectionsMax: number;
  readonly #all = new Set<LeanConnection>();
  /** The last one first: the others may rest until they are closed. */
  readonly #idle: LeanConnection[] = [];
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isClosing = false;
  #onEmpty: (() => void) | null = null;

  constructor(terms: ConnectionTerms, connectionsMax: number) {
    this.#terms = terms;
    this.#connectionsMax = connectionsMax;
  }

  /** Throws UnsendableError, and has done nothing then. */
  ask(question: Question, receiver: Receiver): void {
    for (let free = this.#idle.pop(); free !== undefined; free = this.#idle.pop()) {
      if (free.mayBeAsked) return this.#askOver(free, question, receiver);
      free.close();
    }
    if (this.#all.size < this.#connectionsMax) {
      const opened = new LeanConnection(this.#terms, (one) => this.#free(one));
      this.#all.add(opened);
      this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
      return this.#askOver(opened, question, receiver);
    }
    const waiting = { question, receiver, sinceMs: this.#terms.now() };
    this.#waiting.push(waiting);
    receiver.onStart({
      ...{ paused: false, pause: () => undefined, resume: () => undefined },
      abort: (error) => {
        const isWaiting = this.#waiting.includes(waiting);
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        if (isWaiting) receiver.onError(error);
      },
    });
  }

  /** Questions under way are answered first. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const idle of this.#idle.splice(0)) idle.close();
    if (this.#all.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  #askOver(connection: LeanConnection, question: Question, receiver: Receiver): void {
    try {
      connection.ask(question, receiver);
    } catch (error) {
      connection.close();
      throw error;
    }
    receiver.onStart(connection);
  }

  #free(connection: LeanConnection): void {
    if (connection.stage === 'closed') this.#gone(connection);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#askNext(connection, next);
    else if (connection.stage === 'idle' && this.#isClosing) connection.close();
    else if (connection.stage === 'idle') this.#idle.push(connection);
  }

  #askNext(connection: LeanConnection, { question, receiver }: Waiting): void {
    try {
      if (connection.stage === 'idle') this.#askOver(connection, question, receiver);
      else this.ask(question, receiver);
    } catch (error) {
      receiver.onError(error as Error);
    }
  }

  #gone(connection: LeanConnection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#all.size > 0) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#isClosing && this.#waiting.length === 0) this.#onEmpty?.();
  }

  #look(): void {
    const now = this.#terms.now();
    for (const connection of this.#all) connection.look(now);
    const late = this.#waiting.filter(({ sinceMs }) => now - sinceMs > this.#terms.headMs);
    if (late.length === 0) return;
    this.#waiting = this.#waiting.filter((one) => !late.includes(one));
    for (const { receiver } of late) receiver.onError(new ConnectionError('HEAD_TIMEOUT'));
  }
}
