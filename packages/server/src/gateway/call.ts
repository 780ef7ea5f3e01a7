import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  type Decision,
  type Deny,
  deny,
  type Evidence,
  type Preflight,
  problems,
  type Refusal,
  type RequestFacts,
} from '@poorter/engine';
import { problemBody, problemHeaders } from '@poorter/middleware/node-messages';
import {
  type CallOutcome,
  type CallRecord,
  callRecord,
  type RecordedCall,
} from '../messages/call-record.ts';
import { cutOffStalled } from './cut-off-stalled.ts';
import type { OwnAnswer } from './own-answers.ts';
import { isBroken, type RequestBody } from './request-body.ts';
import type { Runtime } from './runtime.ts';
import { touchedObjects } from './touched-objects.ts';

/** By which the caller of any answer names its record; services cannot send it. */
export const CALL_HEADER = 'poorter-call';

/** An unread body up to this size is read away, so that the connection can be kept. */
const DISCARD_BYTES_MAX = 65_536;

export interface ApplicationAnswer {
  readonly name: string;
  readonly status: number;
  /** Name, value, … */
  readonly fields: readonly string[];
  readonly body: object | null;
}

const NOTHING: readonly unknown[] = [];

const FORWARDED = { decision: 'forwarded', phase: null, code: null, evidence: {} } as const;

/**
 * One call from its head to its record. It takes its place in the record at the start (no place,
 * no call) and gives up everything it holds at the end, however it ends.
 */
export class Call implements RecordedCall {
  readonly id = nextCallId();
  readonly nowMs: number;
  readonly host: CallRecord['host'];
  readonly method: string | null;
  request: RequestFacts | null = null;
  body: RequestBody | null = null;
  findings: Evidence | null = null;
  readonly #runtime: Runtime;
  readonly #response: ServerResponse;
  /** Forward-auth hosts understand fewer status codes. */
  readonly #statusOf: (status: number) => number;
  readonly #startedAt = performance.now();
  #decision: Decision | null = null;
  #outcome: CallOutcome | null = null;
  #isClosed = false;
  #onAbort: (() => void) | null = null;
  #isTunnel = false;
  readonly #socket: Socket;
  readonly #bytesWrittenBefore: number;

  /** Null when there is no place for a record: the caller has been told to come back. */
  static open(
    runtime: Runtime,
    host: CallRecord['host'],
    method: string | null,
    response: ServerResponse,
    statusOf: (status: number) => number = (status) => status,
  ): Call | null {
    if (runtime.records.reserve()) return new Call(runtime, host, method, response, statusOf);
    const refusal = problemBody('record_unavailable', 'unrecorded');
    response.writeHead(
      statusOf(503),
      problemHeaders(refusal, ['retry-after', '1', 'connection', 'close']),
    );
    response.end(refusal);
    return null;
  }

  private constructor(
    runtime: Runtime,
    host: CallRecord['host'],
    method: string | null,
    response: ServerResponse,
    statusOf: (status: number) => number,
  ) {
    this.#statusOf = statusOf;
    this.#runtime = runtime;
    this.host = host;
    this.method = method;
    this.#response = response;
    this.#socket = response.req.socket;
    this.#bytesWrittenBefore = this.#socket.bytesWritten ?? 0;
    this.nowMs = runtime.now();
    runtime.inFlight.enter();
    // Not once: that costs an object and a removal on every call, and it comes once anyway.
    response.on('close', () => {
      this.#onAbort?.();
      this.#finish();
    });
    if (response.socket === null) closeWithConnection(response, this.#socket);
  }

  get isAborted(): boolean {
    return this.#response.destroyed && !this.#response.writableFinished;
  }

  /** What to do when the caller leaves before its answer is complete. */
  onAbort(abort: () => void): void {
    this.#onAbort = abort;
  }

  decided(decision: Decision): void {
    this.#decision = decision;
  }

  refuse(phase: CallRecord['phase'], denial: Deny, native: IncomingMessage): void {
    this.#runtime.gate.chargeFailure(this.client, denial.code, this.nowMs);
    this.#settle('refused', phase, denial);
    this.#answer(denial, denial.answerHeaders ?? [], native);
  }

  refuseDecided(refusal: Refusal, native: IncomingMessage): void {
    this.#settle('refused', refusal.phase, { ...deny(refusal.code, refusal.evidence) });
    this.#answer(refusal, refusal.answerHeaders, native);
  }

  /** The call was allowed, but no answer of the service reaches the caller. */
  fail(denial: Deny): void {
    this.#settle('failed', 'forward', denial);
    const own = this.#decision?.answerHeaders ?? [];
    // After a body that broke off, nothing on this connection can be told apart.
    if (this.body?.fault) this.#response.shouldKeepAlive = false;
    if (this.#response.headersSent) this.#response.destroy();
    else this.#answer(denial, own, null);
  }

  forwarded(status: number): void {
    this.#outcome ??= { decision: 'forwarded', phase: null, code: null, status, evidence: {} };
  }

  /**
   * A tunnel stands: recorded now, because it may live for days; its place and leases return when
   * the returned function is called.
   */
  tunnelled(): () => void {
    this.forwarded(101);
    this.#isTunnel = true;
    this.#write();
    return () => {
      if (this.#isTunnel) this.#releasePlace();
      this.#isTunnel = false;
    };
  }

  /** Forward-auth: the proxy may send the call on, with these fields added. */
  allow(fields: readonly string[]): void {
    this.forwarded(200);
    this.#response.writeHead(200, [
      ...['content-length', '0', 'cache-control', 'no-store', ...fields],
      ...[CALL_HEADER, this.id],
    ]);
    this.#response.end();
  }

  /** A page's browser asks before it sends a call of the page. */
  answerPreflight({ answerHeaders }: Preflight): void {
    this.#outcome = {
      decision: 'answered',
      phase: 'own',
      code: null,
      status: 204,
      evidence: { name: 'preflight' },
    };
    this.#response.writeHead(204, [...answerHeaders, CALL_HEADER, this.id]);
    this.#response.end();
  }

  /** To a browser that signs in or out: for it alone, and kept by nobody. */
  answerApplication({ name, status, fields, body }: ApplicationAnswer): void {
    this.#outcome = { decision: 'answered', phase: 'own', code: null, status, evidence: { name } };
    const bytes = body === null ? null : Buffer.from(JSON.stringify(body));
    this.#response.writeHead(status, [
      ...(bytes === null ? [] : ['content-type', 'application/json']),
      ...['content-length', String(bytes?.length ?? 0), 'cache-control', 'no-store'],
      ...['x-content-type-options', 'nosniff', ...fields, CALL_HEADER, this.id],
    ]);
    this.#response.end(this.#response.req.method === 'HEAD' ? undefined : bytes);
  }

  answerOwn({ name, body }: OwnAnswer): void {
    this.#outcome = {
      decision: 'answered',
      phase: 'own',
      code: null,
      status: 200,
      evidence: { name },
    };
    this.#response.writeHead(200, [
      'content-type',
      'application/json',
      'content-length',
      String(body.length),
      'cache-control',
      'public, max-age=60',
      'x-content-type-options',
      'nosniff',
      CALL_HEADER,
      this.id,
    ]);
    this.#response.end(this.#response.req.method === 'HEAD' ? undefined : body);
  }

  /** The handler is done; the record follows once the answer has left, or the caller has. */
  close(): void {
    this.#isClosed = true;
    this.#finish();
    const response = this.#response;
    if (this.#isTunnel || response.writableFinished || !this.#socket?.writableLength) return;
    // Before Node's own listener, which starts the time that an idle connection is kept.
    const { answerIdleMs } = this.#runtime.snapshot.timeouts;
    response.prependOnceListener('finish', cutOffStalled(response, answerIdleMs));
  }

  #settle(decision: 'refused' | 'failed', phase: CallRecord['phase'], denial: Deny): void {
    this.#outcome = {
      decision,
      phase,
      code: denial.code,
      status: problems[denial.code].status,
      evidence: denial.evidence,
    };
  }

  #answer(
    denial: Pick<Deny, 'code' | 'details'>,
    answerHeaders: readonly string[],
    native: IncomingMessage | null,
  ): void {
    const response = this.#response;
    if (response.destroyed) return;
    const body = problemBody(denial.code, this.id, denial.details);
    const headers = problemHeaders(body, answerHeaders);
    headers.push(CALL_HEADER, this.id);
    // What follows an unread body on this connection could be read as the next request.
    if (native !== null && mustClose(native, this.body)) headers.push('connection', 'close');
    const { status } = problems[denial.code];
    response.writeHead(this.#statusOf(status), headers);
    // A proxy may ask about a HEAD with a GET.
    response.end(response.req.method === 'HEAD' ? undefined : body);
  }

  /** Runs once: when the handler is done and the answer is out, or the connection is gone. */
  #finish(): void {
    if (!this.#isClosed || !(this.#response.writableFinished || this.#response.destroyed)) return;
    if (this.#isTunnel || this.#outcome === null) return;
    this.#onAbort = null;
    this.#releasePlace();
    this.#write();
  }

  #releasePlace(): void {
    this.#decision?.end();
    this.#runtime.inFlight.leave();
  }

  /** What must be on disk before a durable call goes on. False: it could not be kept. */
  async commitIntent(): Promise<boolean> {
    const record = callRecord(this, { ...FORWARDED, status: null });
    return kept(this.#runtime.records.commitIntent(record, touchedObjects(this.#decision)));
  }

  /** What must be on disk before the answer to a durable call leaves. */
  async commitOutcome(
    outcome: Pick<CallOutcome, 'decision' | 'code' | 'status'>,
  ): Promise<boolean> {
    const record = callRecord(this, { ...FORWARDED, ...outcome });
    return kept(this.#runtime.records.commitOutcome(record));
  }

  #write(): void {
    const outcome = this.#outcome;
    if (outcome === null) return;
    this.#outcome = null;
    const record = callRecord(this, outcome);
    this.#runtime.records.write(record, touchedObjects(this.#decision));
    this.#runtime.statistics.count(
      record.api ?? '',
      record.operation ?? '',
      record.decision,
      record.code ?? '',
      record.durationMs / 1000,
    );
  }

  get client(): string {
    return this.request?.clientAddress ?? this.#socket.remoteAddress ?? '';
  }

  get names(): RecordedCall['names'] {
    return this.#decision?.operation?.names ?? null;
  }

  get principal(): CallRecord['principal'] {
    return this.#decision?.principal ?? null;
  }

  get observed(): readonly unknown[] {
    return this.#decision?.observed ?? NOTHING;
  }

  get snapshot(): number {
    return this.#runtime.gate.version;
  }

  get durationMs(): number {
    return performance.now() - this.#startedAt;
  }

  get bytesIn(): number {
    return this.body?.bytesRead ?? 0;
  }

  get bytesOut(): number {
    return (this.#socket.bytesWritten ?? 0) - this.#bytesWrittenBefore;
  }

  get isComplete(): boolean {
    return this.#isTunnel || this.#response.writableFinished;
  }
}

/**
 * An answer that waits behind another on its connection hears nothing from Node when the
 * connection ends. Its call would hold its places for ever.
 */
function closeWithConnection(response: ServerResponse, socket: Socket): void {
  const close = () => {
    response.destroy();
    response.emit('close');
  };
  // As many as a caller pipelines.
  socket.setMaxListeners(0);
  socket.once('close', close);
  response.once('close', () => socket.off('close', close));
  if (socket.destroyed) setImmediate(close);
}

function mustClose(native: IncomingMessage, body: RequestBody | null): boolean {
  if (native.complete) return false;
  if (isBroken(native)) return true;
  const announced = native.headers['content-length'];
  const isShort = announced !== undefined && Number(announced) <= DISCARD_BYTES_MAX;
  return !isShort || body === null || body.wasTouched;
}

/** 64 random bits a thread, then a counter: unique without asking for randomness on every call. */
const callPrefix = randomBytes(8).toString('hex');
let callNumber = 0;

export function nextCallId(): string {
  callNumber = (callNumber + 1) % 0x1_0000_0000;
  return `${callPrefix}-${callNumber.toString(16).padStart(8, '0')}`;
}

async function kept(record: Promise<void>): Promise<boolean> {
  try {
    await record;
    return true;
  } catch {
    return false;
  }
}
