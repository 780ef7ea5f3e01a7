import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { keepAnswerOfDeadConnection } from '../dead-connection.ts';
import { isStatus } from '../status.ts';
import { ConnectionError } from './connection-error.ts';
import { headOf, type Question } from './question.ts';
import { openParser, type ParserEvents, type ResponseParser } from './response-parser.ts';
import { Upload } from './upload.ts';

/** Who hears of one answer. Nothing is called after `onEnd` or `onError`. */
export interface AnswerReceiver {
  /** The question is on its way: perhaps the service has heard it. */
  onSent(): void;
  onHead(status: number, fields: string[]): void;
  onData(chunk: Buffer): void;
  onEnd(trailers: string[]): void;
  onError(error: Error): void;
}

export interface ConnectionTerms {
  readonly host: string;
  readonly port: number;
  readonly connectMs: number;
  readonly headMs: number;
  readonly idleMs: number;
  readonly headBytesMax: number;
  readonly now: () => number;
}

/** How long a connection is kept that waits for a question, unless its service says how long it keeps it. */
const KEPT_MS = 4_000;
const KEPT_MS_MAX = 60_000;
/** A service that keeps it for so long may have let go of it when the next question arrives. */
const MARGIN_MS = 1_000;
/** However steady the traffic: the name is looked up again, and an address that has changed is noticed. */
const AGE_MS_MAX = 30_000;
/** A small body leaves in one write with its head. */
const ONE_WRITE_BYTES_MAX = 16_384;
const READ_BYTES = 65_536;

/** All connections of a thread read into the same memory: what has come is parsed before the next read. */
let memory: Buffer | null = null;

export type Stage = 'connecting' | 'idle' | 'asked' | 'answering' | 'closed';

/**
 * One connection to a service, over which questions are asked one after the other. What comes unasked, before
 * a question or behind an answer, ends it: the next caller would take it for the answer to its own.
 */
export class LeanConnection implements ParserEvents {
  stage: Stage = 'connecting';
  readonly #terms: ConnectionTerms;
  readonly #socket: Socket;
  readonly #parser: ResponseParser;
  /** It may be asked again, or is gone for good. */
  readonly #onFree: (connection: LeanConnection) => void;
  readonly #openedAt: number;
  /** Since when nothing has come, or gone. */
  #since: number;
  #keptMs = KEPT_MS;
  #receiver: AnswerReceiver | null = null;
  #isHead = false;
  #mayBeSilent = false;
  #mayKeepAlive = true;
  #isAnswered = false;
  #isSpoilt = false;
  #upload: Upload | null = null;
  /** Bytes of the question that the system had not taken when somebody looked. */
  #untaken = 0;

  constructor(terms: ConnectionTerms, onFree: (connection: LeanConnection) => void) {
    this.#terms = terms;
    this.#onFree = onFree;
    this.#openedAt = terms.now();
    this.#since = this.#openedAt;
    this.#parser = openParser(this, terms.headBytesMax);
    memory ??= Buffer.allocUnsafeSlow(READ_BYTES);
    const options: NetConnectOpts = {
      ...{ host: terms.host, port: terms.port, noDelay: true },
      ...{ keepAlive: true, keepAliveInitialDelay: 60_000 },
      onread: { buffer: memory, callback: (length) => this.#read(length) },
    };
    this.#socket = connect(options);
    keepAnswerOfDeadConnection(this.#socket);
    this.#socket.once('connect', () => this.#connected());
    this.#socket.on('error', (error) => this.fail(error));
    this.#socket.once('end', () => this.#ended());
    this.#socket.once('close', () => this.#ended());
  }

  /** Only while it is idle, or new. */
  ask(question: Question, receiver: AnswerReceiver): void {
    const head = headOf(question);
    const { body } = question;
    this.#receiver = receiver;
    this.#isHead = question.method === 'HEAD';
    this.#mayBeSilent = question.isStreamingAnswer;
    this.#mayKeepAlive = true;
    this.#isAnswered = false;
    if (this.stage !== 'connecting') this.#sent();
    if (body === null) this.#socket.write(head, 'latin1');
    else if (!(body instanceof Uint8Array)) {
      this.#socket.write(head, 'latin1');
      this.#upload = new Upload(body, question.streamBytes, this.#socket, {
        done: () => {
          this.#since = this.#terms.now();
        },
        failed: (fault) => this.fail(fault),
      });
    } else if (body.length <= ONE_WRITE_BYTES_MAX) {
      const { buffer, byteOffset, length } = body;
      const text = Buffer.from(buffer, byteOffset, length).toString('latin1');
      this.#socket.write(head + text, 'latin1');
    } else {
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
    }
  }

  /** Its service has not let go of it yet, for all that is known. */
  get mayBeAsked(): boolean {
    return this.stage === 'idle' && this.#terms.now() - this.#since <= this.#keptMs;
  }

  get paused(): boolean {
    return this.#socket.isPaused();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#since = this.#terms.now();
    this.#socket.resume();
  }

  abort(error: Error): void {
    this.fail(error);
  }

  /** Some times a second. */
  look(now: number): void {
    const waited = now - this.#since;
    switch (this.stage) {
      case 'connecting':
        if (waited > this.#terms.connectMs) this.fail(new ConnectionError('CONNECT_TIMEOUT'));
        return;
      case 'idle':
        if (waited > this.#keptMs || this.#isOld(now)) this.close();
        return;
      case 'asked':
        if (this.#isUploading()) this.#since = now;
        else if (waited > this.#terms.headMs) this.fail(new ConnectionError('HEAD_TIMEOUT'));
        return;
      case 'answering': {
        const isAwaited = !this.#mayBeSilent && !this.paused;
        if (isAwaited && waited > this.#terms.idleMs) {
          this.fail(new ConnectionError('BODY_TIMEOUT'));
        }
        return;
      }
      case 'closed':
        return;
      default:
        this.stage satisfies never;
    }
  }

  /** The service takes more of the question, or waits for the caller to send it. */
  #isUploading(): boolean {
    const { writableLength } = this.#socket;
    const isTaking = writableLength !== this.#untaken;
    this.#untaken = writableLength;
    const isAwaited = writableLength === 0 && this.#upload?.isDone === false;
    return isTaking || isAwaited;
  }

  close(): void {
    if (this.stage === 'closed') return;
    this.stage = 'closed';
    this.#upload?.end();
    this.#socket.destroy();
    // Not while it parses.
    setImmediate(() => this.#parser.close());
    this.#onFree(this);
  }

  fail(error: Error): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    this.close();
    receiver?.onError(error);
  }

  begins(): void {
    this.#isSpoilt ||= this.#receiver === null || this.#isAnswered;
  }

  head(status: number, fields: string[], mayKeepAlive: boolean): boolean {
    // Whatever it says of upgrades: nobody asked for another protocol.
    if (status === 101) this.upgrades();
    if (!isStatus(status)) {
      this.fail(new ConnectionError('INVALID_STATUS'));
      return true;
    }
    // RFC 9110 §15.2: any number of them may come before the answer.
    if (status < 200) return false;
    if (this.#isSpoilt || this.#receiver === null) return true;
    this.stage = 'answering';
    this.#mayKeepAlive = mayKeepAlive;
    for (let index = 0; index < fields.length; index += 2) {
      const name = lowerCase(fields[index] as string);
      fields[index] = name;
      if (name === 'keep-alive') this.#keptMs = keptMs(fields[index + 1] as string);
    }
    this.#receiver.onHead(status, fields);
    return this.#isHead;
  }

  data(chunk: Buffer): void {
    if (!this.#isSpoilt) this.#receiver?.onData(chunk);
  }

  ends(trailers: string[]): void {
    // An interim answer.
    if (this.stage !== 'answering' || this.#isSpoilt || this.#isAnswered) return;
    this.#isAnswered = true;
    const receiver = this.#receiver;
    this.#receiver = null;
    for (let index = 0; index < trailers.length; index += 2) {
      trailers[index] = lowerCase(trailers[index] as string);
    }
    receiver?.onEnd(trailers);
  }

  upgrades(): void {
    this.#isSpoilt = true;
    const receiver = this.#receiver;
    this.#receiver = null;
    receiver?.onError(new ConnectionError('UNASKED_UPGRADE'));
  }

  #connected(): void {
    if (this.stage !== 'connecting') return;
    this.stage = 'idle';
    if (this.#receiver !== null) this.#sent();
  }

  #sent(): void {
    this.stage = 'asked';
    this.#since = this.#terms.now();
    this.#receiver?.onSent();
  }

  #read(length: number): boolean {
    const now = this.#terms.now();
    // While the head is awaited, its time runs from the question on.
    if (this.stage !== 'asked') this.#since = now;
    if (this.#receiver === null) this.close();
    if (this.stage === 'closed') return true;
    const parsed = this.#parser.execute((memory as Buffer).subarray(0, length));
    if (this.stage === 'answering') this.#since = now;
    if (parsed instanceof Error && !this.#isAnswered) this.fail(parsed);
    else if (parsed !== length || this.#isSpoilt) this.close();
    else if (this.#isAnswered) this.#answered(now);
    return true;
  }

  /** An answer that came before the whole question was taken leaves a connection that nobody can use. */
  #answered(now: number): void {
    const isTaken = this.#upload === null ? this.#socket.writableLength === 0 : this.#upload.isDone;
    const isKept = this.#mayKeepAlive && this.#keptMs > 0;
    if (!isKept || !isTaken || this.#isOld(now)) return this.close();
    this.#upload = null;
    this.#isAnswered = false;
    this.stage = 'idle';
    this.#since = now;
    // Whoever was slower than the service has what it asked for.
    if (this.paused) this.#socket.resume();
    this.#onFree(this);
  }

  #isOld(now: number): boolean {
    return now - this.#openedAt > AGE_MS_MAX;
  }

  /** An answer without a length ends with the connection. */
  #ended(): void {
    if (this.stage === 'closed') return;
    if (this.stage === 'answering') this.#parser.finish();
    if (this.#isAnswered || this.#receiver === null) return this.close();
    this.fail(new ConnectionError('OTHER_SIDE_CLOSED'));
  }
}

function keptMs(value: string): number {
  const seconds = /(?:^|[,;\s])timeout=([0-9]{1,6})/i.exec(value)?.[1];
  if (seconds === undefined) return KEPT_MS;
  return Math.min(Math.max(Number(seconds) * 1_000 - MARGIN_MS, 0), KEPT_MS_MAX);
}

/** Services use the same few dozen names. */
const LOWER_MAX = 1_000;
const lower = new Map<string, string>();

function lowerCase(name: string): string {
  let known = lower.get(name);
  if (known === undefined) {
    known = name.toLowerCase();
    if (lower.size < LOWER_MAX) lower.set(name, known);
  }
  return known;
}
