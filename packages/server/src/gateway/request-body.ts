import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Readable, Transform } from 'node:stream';
import { type BodyPort, bodyTooLarge, type Deny, deny, type RequestFacts } from '@poorter/engine';
import { freeBytes, GrowingBytes } from '@poorter/middleware/node-messages';
import type { RuntimeTimeouts } from '../messages/between-processes.ts';
import { monotonicMs } from '../platform/clock/index.ts';
import type { Runtime } from './runtime.ts';

/** A body may be slow at first: connections warm up. */
const RATE_GRACE_MS = 10_000;
/**
 * What a call weighs while it waits for its caller, before its first byte of body: connection,
 * parser, request, answer, timers. Measured: 27 KB.
 */
const WAITING_CALL_BYTES = 28_672;
/** Reserved with it: a body of this size is never asked about again. */
const SMALL_BODY_BYTES = 4_096;
/** A body may come in this many pieces before their size counts. */
const PIECES_FREE = 2_048;
/** Smaller pieces than this, on average, cost the gate more than they carry. */
const PIECE_BYTES_MIN = 16;

/**
 * The body of a request: read into memory within its bound and the shared budget, or streamed.
 * Either way it may not stall or trickle.
 */
export class RequestBody implements BodyPort {
  readonly isVisible = true;
  readonly #request: IncomingMessage;
  /** Kept apart: Node takes it from a request that was destroyed. */
  readonly #socket: Socket;
  readonly #response: ServerResponse;
  readonly #runtime: Runtime;
  readonly #mustContinue: boolean;
  readonly #announcedBytes: number;
  #reservedBytes = 0;
  #wasTouched = false;
  #isStream = false;
  #fault: Deny | null = null;
  #bytesRead = 0;
  /** Null where no body was announced. */
  readonly #socketBytesBefore: number | null;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    runtime: Runtime,
    mustContinue: boolean,
    { headers, hasBody }: Pick<RequestFacts, 'headers' | 'hasBody'>,
  ) {
    this.#announcedBytes = Number(headers.get('content-length') ?? 0);
    this.#request = request;
    this.#response = response;
    this.#runtime = runtime;
    this.#mustContinue = mustContinue;
    this.#socket = request.socket;
    this.#socketBytesBefore = hasBody ? request.socket.bytesRead : null;
  }

  /** Why a streamed body ended early: the caller's doing, not the service's. */
  get fault(): Deny | null {
    return this.#fault;
  }

  /** False while not a byte of it has been asked for. */
  get wasTouched(): boolean {
    return this.#wasTouched;
  }

  /** Body bytes read into memory; for a stream, what the connection carried since the head. */
  get bytesRead(): number {
    if (!this.#isStream || this.#socketBytesBefore === null) return this.#bytesRead;
    return this.#socket.bytesRead - this.#socketBytesBefore;
  }

  async read(bytesMax: number): Promise<Uint8Array | Deny> {
    if (this.#announcedBytes > bytesMax) return bodyTooLarge(bytesMax);
    if (broken.has(this.#request)) return CUT_OFF;
    this.#begin();
    if (!this.#reserve(WAITING_CALL_BYTES + SMALL_BODY_BYTES)) return NO_MEMORY;
    const bytes = new GrowingBytes(this.#announcedBytes, { ownsPieces: true });
    let refusal: Deny | null = null;
    let pieces = 0;
    await new Promise<void>((resolve) => {
      const request = this.#request;
      const end = (why: Deny | null) => {
        refusal ??= why;
        this.#unwatch();
        request.off('data', onData);
        request.off('end', onEnd);
        request.off('error', onGone);
        request.off('close', onGone);
        if (refusal !== null) discard(request);
        resolve();
      };
      const onData = (chunk: Buffer) => {
        this.#bytesRead += chunk.length;
        pieces++;
        if (pieces > PIECES_FREE && this.#bytesRead < pieces * PIECE_BYTES_MIN) {
          return end(deny('malformed_request', { reason: 'tiny-chunks' }));
        }
        if (this.#bytesRead > bytesMax) return end(bodyTooLarge(bytesMax));
        if (!this.#reserve(WAITING_CALL_BYTES + bytes.weightWith(chunk))) return end(NO_MEMORY);
        bytes.push(chunk);
      };
      const onEnd = () => {
        if (!request.complete) end(CUT_OFF);
        else end(request.rawTrailers.length === 0 ? null : TRAILERS);
      };
      const onGone = () => end(CUT_OFF);
      this.#watch(() => end(deny('request_timeout', { reason: 'body' })));
      request.on('data', onData);
      request.once('end', onEnd);
      request.once('error', onGone);
      request.once('close', onGone);
    });
    if (refusal === null) return bytes.whole;
    bytes.discard();
    this.#releaseMemory();
    return refusal;
  }

  /** The body as a stream for the upstream. A caller that stalls or breaks off ends the call. */
  stream(): Readable {
    const request = this.#request;
    this.#isStream = true;
    this.#begin();
    this.#watch(() => {
      this.#fault = deny('request_timeout', { reason: 'body' });
      breakBody(request, new Error('request body stalled'));
    });
    request.once('error', () => {
      this.#fault ??= CUT_OFF;
    });
    request.once('close', () => this.#unwatch());
    request.once('end', () => this.#unwatch());
    if (broken.has(request))
      setImmediate(() => request.emit('error', new Error('request body broken')));
    return request.headers['transfer-encoding'] === undefined ? request : this.#beforeTrailers();
  }

  /** Only its last chunk says whether trailer fields follow: until then, no end is passed on. */
  #beforeTrailers(): Readable {
    const request = this.#request;
    const body = new Transform({
      transform: (chunk, _, done) => done(null, chunk),
      flush: (done) => {
        if (request.rawTrailers.length === 0) return done();
        this.#fault = TRAILERS;
        done(new Error('request trailers'));
      },
    });
    request.once('error', (error) => body.destroy(error));
    return request.pipe(body);
  }

  /** Gives the reserved memory back. */
  release(): void {
    this.#unwatch();
    this.#releaseMemory();
  }

  #releaseMemory(): void {
    if (this.#reservedBytes > 0) this.#runtime.memory.release(this.#reservedBytes);
    this.#reservedBytes = 0;
  }

  /** RFC 9110 §10.1.1: the caller is asked for its body only now, after it was authorised. */
  #begin(): void {
    if (this.#mustContinue && !this.#wasTouched) this.#response.writeContinue();
    this.#wasTouched = true;
  }

  #reserve(bytes: number): boolean {
    if (bytes <= this.#reservedBytes) return true;
    if (!this.#runtime.memory.reserve(bytes - this.#reservedBytes)) return false;
    this.#reservedBytes = bytes;
    return true;
  }

  #watch(onStall: () => void): void {
    watched.set(this, {
      request: this.#request,
      socket: this.#socket,
      timeouts: this.#runtime.snapshot.timeouts,
      startedAt: monotonicMs(),
      movedAt: monotonicMs(),
      bytes: this.#socket.bytesRead,
      bytesAtStart: this.#socket.bytesRead,
      onStall,
    });
    sweep ??= setInterval(sweepStalled, 500).unref();
  }

  #unwatch(): void {
    watched.delete(this);
  }
}

const NO_MEMORY = deny('overloaded', { reason: 'memory' }, { answerHeaders: ['retry-after', '1'] });
const CUT_OFF = deny('malformed_request', { reason: 'cut-off' });
const TRAILERS = deny('trailers_not_accepted');

/**
 * What the parser still has in hand comes in this turn, whatever is said to the connection: let go
 * of piece by piece, it costs less than kept for nobody.
 */
function discard(request: IncomingMessage): void {
  request.on('data', freeBytes);
  setImmediate(() => request.pause());
}

/** Requests whose connection can carry nothing more. */
const broken = new WeakSet<IncomingMessage>();

/** The rest of this body will never be readable: whoever reads it, or is going to, is told. */
export function breakBody(request: IncomingMessage, error: Error): void {
  broken.add(request);
  if (request.listenerCount('error') > 0) request.emit('error', error);
}

export function isBroken(request: IncomingMessage): boolean {
  return broken.has(request);
}

interface Watched {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly timeouts: RuntimeTimeouts;
  startedAt: number;
  movedAt: number;
  bytes: number;
  bytesAtStart: number;
  readonly onStall: () => void;
}

/** Bodies under way in this thread; one timer looks after all of them. */
const watched = new Map<RequestBody, Watched>();
let sweep: NodeJS.Timeout | null = null;

function sweepStalled(): void {
  const now = monotonicMs();
  for (const [body, entry] of watched) {
    const { request, socket, timeouts } = entry;
    // A full buffer means that the upstream is slow, not the caller.
    if (request.readableLength >= request.readableHighWaterMark) {
      entry.startedAt = entry.movedAt = now;
      entry.bytesAtStart = entry.bytes = socket.bytesRead;
      continue;
    }
    if (socket.bytesRead !== entry.bytes) {
      entry.bytes = socket.bytesRead;
      entry.movedAt = now;
    }
    const elapsedMs = now - entry.startedAt;
    const rate = ((entry.bytes - entry.bytesAtStart) * 1000) / elapsedMs;
    const isIdle = now - entry.movedAt > timeouts.bodyIdleMs;
    const isTrickling = elapsedMs > RATE_GRACE_MS && rate < timeouts.bodyBytesPerSecondMin;
    if (!isIdle && !isTrickling) continue;
    watched.delete(body);
    entry.onStall();
  }
  if (watched.size === 0 && sweep !== null) {
    clearInterval(sweep);
    sweep = null;
  }
}
