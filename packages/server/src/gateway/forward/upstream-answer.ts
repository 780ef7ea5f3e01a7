import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Asked, LeanPool } from './lean/lean-pool.ts';
import { type Question, UnsendableError } from './lean/question.ts';
import { isStatus } from './status.ts';

/** Chunks held for a slow reader before the upstream is told to wait. */
const QUEUE_BYTES_MAX = 16_384;

export type UpstreamFailure = 'unreachable' | 'timeout' | 'invalid' | 'aborted';

/** Told apart by callers: whether a retry is safe, and what the caller of the API is told. */
export class UpstreamError extends Error {
  readonly failure: UpstreamFailure;
  /** No byte of the request had left the gate. */
  readonly nothingSent: boolean;
  constructor(failure: UpstreamFailure, nothingSent: boolean, cause: unknown) {
    super(`upstream ${failure}`, { cause });
    this.name = 'UpstreamError';
    this.failure = failure;
    this.nothingSent = nothingSent;
  }
}

/** 'http://10.0.0.7:3000' and '/base', without a slash at its end. */
export interface AnsweredFrom {
  readonly origin: string;
  readonly basePath: string;
}

/**
 * An answer as it arrives: the head first, then pieces of the body, read one after the other with
 * back-pressure to the upstream.
 */
export class UpstreamAnswer {
  status = 0;
  /** Which target gave it; set by whoever asked. */
  from: AnsweredFrom | null = null;
  /** Lower-case name, value, … as the upstream sent them. */
  headers: string[] = [];
  /** The connection, where the service has switched protocols: there is no body then. */
  socket: Duplex | null = null;
  /** Trailer section, once the body has ended. */
  trailers: string[] = [];
  #chunks: Buffer[] = [];
  #queuedBytes = 0;
  #hasEnded = false;
  #error: UpstreamError | null = null;
  #controller: Asked | null = null;
  #wake: (() => void) | null = null;
  #wasSent = false;
  /** Runs from the first interim answer on: each of them starts undici's own clock anew. */
  #headTimer: NodeJS.Timeout | null = null;

  /**
   * Resolves with the answer when its head stands; rejects with UpstreamError, also when nothing but
   * interim answers has come for `options.headersTimeout`.
   */
  static dispatch(
    pool: Dispatcher,
    options: Dispatcher.DispatchOptions & { readonly headersTimeout: number },
    onHandle: (answer: UpstreamAnswer) => void,
  ): Promise<UpstreamAnswer> {
    const answer = new UpstreamAnswer();
    onHandle(answer);
    return new Promise((resolve, reject) => {
      pool.dispatch(options, {
        onRequestStart: (controller) => {
          answer.#controller = controller;
          answer.#wasSent = true;
          if (answer.#error !== null) controller.abort(answer.#error);
        },
        onRequestUpgrade: (_controller, status, headers, socket) => {
          answer.#headStands();
          // Unclaimed sockets may still fail.
          socket.on('error', () => undefined);
          answer.#hasEnded = true;
          if (answer.#error !== null) {
            socket.destroy();
            return;
          }
          answer.status = status;
          answer.headers = flatFields(headers);
          answer.socket = socket;
          resolve(answer);
        },
        onResponseStart: (controller, status, headers) => {
          if (!isStatus(status)) {
            answer.#error ??= new UpstreamError('invalid', false, { code: 'INVALID_STATUS' });
            controller.abort(answer.#error);
            return;
          }
          // undici reports interim answers too; the final head is what counts.
          if (status < 200) return answer.#awaitHead(options.headersTimeout);
          answer.#headStands();
          answer.status = status;
          answer.headers = flatFields(headers);
          resolve(answer);
        },
        onResponseData: (_controller, chunk) => answer.#push(chunk),
        onResponseEnd: (_controller, trailers) => {
          if (trailers) answer.trailers = flatFields(trailers);
          answer.#hasEnded = true;
          answer.#wake?.();
        },
        onResponseError: (_controller, error) => {
          answer.#headStands();
          const failure =
            answer.#error ?? new UpstreamError(failureKindOf(error), !answer.#wasSent, error);
          answer.#error = failure;
          reject(failure);
          answer.#wake?.();
        },
      });
    });
  }

  /** The same over connections of our own. */
  static ask(
    pool: LeanPool,
    question: Question,
    onHandle: (answer: UpstreamAnswer) => void,
  ): Promise<UpstreamAnswer> {
    const answer = new UpstreamAnswer();
    onHandle(answer);
    return new Promise((resolve, reject) => {
      const failed = (error: Error & { code?: string }) => {
        const failure =
          answer.#error ?? new UpstreamError(failureKindOf(error), !answer.#wasSent, error);
        answer.#error = failure;
        reject(failure);
        answer.#wake?.();
      };
      if (answer.#error !== null) return failed(answer.#error);
      try {
        pool.ask(question, {
          onStart: (asked) => {
            answer.#controller = asked;
          },
          onSent: () => {
            answer.#wasSent = true;
          },
          onHead: (status, fields) => {
            answer.status = status;
            answer.headers = fields;
            resolve(answer);
          },
          onData: (chunk) => answer.#push(chunk),
          onEnd: (trailers) => {
            answer.trailers = trailers;
            answer.#hasEnded = true;
            answer.#wake?.();
          },
          onError: failed,
        });
      } catch (error) {
        if (!(error instanceof UnsendableError)) throw error;
        failed(error);
      }
    });
  }

  /** Everything has arrived: what is left can be read without waiting. */
  get isComplete(): boolean {
    return this.#hasEnded;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** The piece that has arrived, if it is the only one. */
  takeOnly(): Buffer | null {
    return this.#chunks.length === 1 ? this.takeNow() : null;
  }

  /** A piece that has arrived already, or null: there may be more to wait for. */
  takeNow(): Buffer | null {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return null;
    this.#queuedBytes -= chunk.length;
    if (this.#queuedBytes < QUEUE_BYTES_MAX && this.#controller?.paused) this.#controller.resume();
    return chunk;
  }

  /** The next piece, or null at the end. Rejects with UpstreamError when the answer breaks off. */
  async read(): Promise<Buffer | null> {
    for (;;) {
      const chunk = this.takeNow();
      if (chunk !== null) return chunk;
      if (this.#error !== null) throw this.#error;
      if (this.#hasEnded) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }

  /** Lets go of it, whatever it has become. */
  end(): void {
    this.socket?.destroy();
    this.abort();
  }

  abort(): void {
    this.#fail('aborted');
  }

  /** Most calls have ended when they are let go of: no error is made for them. */
  #fail(failure: UpstreamFailure): void {
    if (this.#hasEnded || this.#error !== null) return;
    this.#error = new UpstreamError(failure, false, null);
    this.#controller?.abort(this.#error);
    this.#wake?.();
  }

  #awaitHead(withinMs: number): void {
    this.#headTimer ??= setTimeout(() => this.#fail('timeout'), withinMs);
  }

  #headStands(): void {
    if (this.#headTimer !== null) clearTimeout(this.#headTimer);
  }

  #push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes > QUEUE_BYTES_MAX) this.#controller?.pause();
    this.#wake?.();
  }
}

/** undici's parsed fields, lower-case, as one list: name, value, … Repeated fields stay apart. */
export function flatFields(parsed: IncomingHttpHeaders): string[] {
  const fields: string[] = [];
  for (const name in parsed) {
    const value = parsed[name];
    if (typeof value === 'string') fields.push(name, value);
    else for (const one of value ?? []) fields.push(name, one);
  }
  return fields;
}

export function failureKindOf(error: Error & { code?: string }): UpstreamFailure {
  switch (error.code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
    case 'HEAD_TIMEOUT':
    case 'BODY_TIMEOUT':
      return 'timeout';
    case 'UNASKED_UPGRADE':
    case 'INVALID_STATUS':
    case 'UND_ERR_HEADERS_OVERFLOW':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
    case 'UND_ERR_RES_EXCEEDED_MAX_SIZE':
      return 'invalid';
    default:
      if (error.name === 'HTTPParserError' || error.code?.startsWith('HPE_') === true)
        return 'invalid';
      return error.name === 'AbortError' ? 'aborted' : 'unreachable';
  }
}
