import type { ServerResponse } from 'node:http';
import { isUint8Array } from 'node:util/types';
import {
  answerWithheld,
  type Deny,
  deny,
  type Evidence,
  effectOf,
  isBodiless,
  type Judgement,
  judgeBody,
  judgeHead,
  judgeUnseen,
  type OperationGate,
  type ProblemCode,
  recomputed,
} from '@poorter/engine';
import { HeaderFields } from '@poorter/openapi/checks';
import { cutMembers } from '@poorter/openapi/json';
import { AnswerCopy, type AnswerMemory } from './answer-copy.ts';
import { nodeHttp } from './node-http.ts';
import { clearHead, saidFields, takeFields, takeReason } from './said-head.ts';

/** What became of an answer that is not as its description says. */
export interface AnswerOutcome {
  readonly kind: 'released' | 'cut' | 'withheld';
  /** Of the handler. */
  readonly status: number;
  /** Of the problem that was answered in its place. */
  readonly code: ProblemCode | null;
  /** Pointers and rules, never a value. */
  readonly findings: Evidence;
}

/** A call whose answer is to be checked. */
export interface CheckedCall {
  readonly method: string;
  readonly operation: OperationGate;
  readonly memory: AnswerMemory;
  /** Once at most. */
  readonly told: (outcome: AnswerOutcome) => void;
  readonly problemFor: (denial: Deny) => readonly [status: number, head: string[], body: Buffer];
}

type Methods = Pick<ServerResponse, 'writeHead' | 'write' | 'end' | 'flushHeaders' | 'addTrailers'>;

/**
 * From here on, what a handler answers is held against the description, as in the gate: reported, cut or
 * withheld. The handler goes on using its `ServerResponse`. In `report` everything leaves at once, and a
 * copy is judged; otherwise nothing leaves before it was judged. Gives back what ends it, for a host that has
 * to answer in the handler's place.
 */
export function releaseChecked(response: ServerResponse, call: CheckedCall): () => void {
  const release = new Release(response, call);
  const methods: Methods = {
    writeHead: (...given: unknown[]) => release.writeHead(given),
    write: (...given: unknown[]) => release.write(given),
    end: (...given: unknown[]) => release.end(given),
    flushHeaders: () => release.flushHeaders(),
    addTrailers: (trailers) => release.addTrailers(trailers),
  };
  Object.assign(response, methods);
  return () => release.stop();
}

/** `isFault`: it could not be judged, for a reason of ours. */
type Judged = Judgement & { readonly isFault?: true };

/** RFC 9110 §15: node:http lets handlers say more. */
const STATUS_MAX = 599;

class Release {
  readonly #response: ServerResponse;
  readonly #call: CheckedCall;
  /** As they were before. What other middlewares put above ours calls ours. */
  readonly #native: Methods;
  #copy: AnswerCopy;
  /**
   * `unsaid`: its head is not known. `held`: nothing has left yet. `copied`: it leaves, and is judged
   * afterwards. `passes`: nobody looks any more. `withheld`: a problem has left, and what comes is dropped.
   */
  #fate: 'unsaid' | 'held' | 'copied' | 'passes' | 'withheld' = 'unsaid';
  #status = 0;
  #reason = '';
  #fields = new HeaderFields([]);
  #hasTrailers = false;
  #willDrain = false;
  /** Of an answer that ends with its first piece. */
  #lengthAtOnce: number | null = null;
  /** Told by us, for a head that then could not leave. */
  #staleLength: number | null = null;

  constructor(response: ServerResponse, call: CheckedCall) {
    this.#response = response;
    this.#call = call;
    const { writeHead, write, end, flushHeaders, addTrailers } = response;
    this.#native = { writeHead, write, end, flushHeaders, addTrailers };
    this.#copy = new AnswerCopy(call.memory);
    // What was held weighs until its caller has taken it, or has left.
    response.once('close', () => this.#copy.release());
  }

  stop(): void {
    if (this.#fate === 'unsaid') this.#fate = 'passes';
  }

  writeHead(given: readonly unknown[]): ServerResponse {
    const response = this.#response;
    const status = Math.trunc(Number(given[0]));
    const isAcceptable = status >= 100 && status <= 999;
    // Said before, or no status: node:http throws, as it does for everybody.
    if (this.#fate !== 'unsaid' || response.headersSent || !isAcceptable) {
      return this.#do('writeHead', given);
    }
    if (status > STATUS_MAX) return this.#refuseStatus(status);
    response.statusCode = this.#status = status;
    takeReason(response, given[1]);
    takeFields(response, given);
    nodeHttp().validateHeaderValue('statusMessage', response.statusMessage);
    this.#reason = response.statusMessage;
    this.#frame();
    this.#decideByHead();
    return response;
  }

  flushHeaders(): void {
    this.#sayHead(null);
    if (this.#fate === 'copied' || this.#fate === 'passes') this.#do('flushHeaders', []);
  }

  addTrailers(trailers: Parameters<ServerResponse['addTrailers']>[0]): void {
    this.#do('addTrailers', [trailers]);
    this.#hasTrailers = true;
  }

  write(given: readonly unknown[]): boolean {
    const { chunk, encoding, callback } = pieceOf(given);
    // What is no piece, or comes too late, is refused by those who know how.
    if (!isChunk(chunk) || this.#isOver) return this.#do('write', given);
    this.#sayHead(null);
    if (this.#fate === 'passes') return this.#do('write', given);
    if (this.#fate === 'copied') {
      this.#copy.push(bytesOf(chunk, encoding));
      return this.#do('write', given);
    }
    if (this.#fate === 'held') {
      this.#copy.push(bytesOf(chunk, encoding));
      const { unseen } = this.#copy;
      if (unseen !== null) this.#withhold(judgeUnseen(this.#call.operation, unseen));
    }
    if (callback !== undefined) process.nextTick(callback);
    // What is held has a bound; what is withheld may have no end, and must not keep others waiting.
    if (this.#fate === 'held') return true;
    if (!this.#willDrain) setImmediate(() => this.#drain());
    this.#willDrain = true;
    return false;
  }

  end(given: readonly unknown[]): ServerResponse {
    const { chunk, encoding, callback } = pieceOf(given);
    const last = chunk || NOTHING;
    const isDropped = this.#fate === 'withheld';
    if (!isDropped && (!isChunk(last) || this.#isOver)) return this.#do('end', given);
    const bytes = isChunk(last) ? bytesOf(last, encoding) : NOTHING;
    this.#sayHead(bytes.length);
    if (this.#fate === 'copied') {
      const whole = this.#copy.wholeWith(bytes);
      this.#fate = 'passes';
      this.#do('end', given);
      this.#tell(this.#judgeWhole(whole));
      this.#copy.release();
    } else if (this.#fate === 'passes') {
      this.#do('end', given);
    } else {
      if (this.#fate === 'held') this.#settle(this.#copy.wholeWith(bytes), callback);
      if (this.#fate === 'withheld' && callback !== undefined) this.#whenFinished(callback);
    }
    return this.#response;
  }

  #drain(): void {
    this.#willDrain = false;
    this.#response.emit('drain');
  }

  /** Ended or destroyed already; or its head had left before anybody could look. */
  get #isOver(): boolean {
    if (this.#fate === 'withheld') return false;
    const { destroyed, writableEnded, headersSent } = this.#response;
    return destroyed || writableEnded || (this.#fate === 'unsaid' && headersSent);
  }

  /** Others hear of it as always, to add their fields: they wrap `writeHead`. */
  #sayHead(lengthAtOnce: number | null): void {
    if (this.#fate !== 'unsaid') return;
    this.#lengthAtOnce = lengthAtOnce;
    try {
      this.#response.writeHead(this.#response.statusCode);
      // One of them may have kept it to itself.
      if (this.#fate === 'unsaid') this.writeHead([this.#response.statusCode]);
    } finally {
      // Of this piece alone: after a head that was refused, there may be another.
      this.#lengthAtOnce = null;
    }
  }

  get #isBodiless(): boolean {
    return isBodiless(this.#call.method, this.#status);
  }

  /** Says of the length what node:http would add when the head leaves: it is judged with the head. */
  #frame(): void {
    const response = this.#response;
    if (this.#staleLength !== null) response.removeHeader('content-length');
    this.#staleLength = null;
    const tellsLength = () => response.hasHeader('content-length');
    const isBare = !tellsLength() && !response.hasHeader('transfer-encoding') && !this.#isBodiless;
    const mayTell = !response.hasHeader('trailer') && !this.#hasTrailers;
    if (isBare && mayTell && this.#lengthAtOnce !== null) {
      response.setHeader('Content-Length', this.#lengthAtOnce);
      this.#staleLength = this.#lengthAtOnce;
    }
    const flat = saidFields(response);
    if (isBare && !tellsLength()) flat.push('transfer-encoding', 'chunked');
    this.#fields = new HeaderFields(flat);
  }

  #decideByHead(): void {
    const { operation, memory } = this.#call;
    const announced = Number(this.#fields.get('content-length') ?? 0);
    let judged = this.#judge(() =>
      judgeHead(operation, this.#status, this.#fields, this.#isBodiless),
    );
    if (judged === 'judge its body' && announced > memory.bounds.bytesMax) {
      judged = judgeUnseen(operation, 'over-bound');
    }
    this.#copy.announcedBytes = announced;
    if (judged === 'judge its body' && operation.response !== 'report') {
      this.#fate = 'held';
      // Others are told that the head has left: it cannot be said twice.
      (this.#response as WithHead)._header = HELD;
    } else if (judged !== 'judge its body' && judged.verdict.kind === 'withhold') {
      this.#withhold(judged);
    } else {
      this.#sendHead();
      this.#fate = judged === 'judge its body' ? 'copied' : 'passes';
      if (judged !== 'judge its body') this.#tell(judged);
    }
  }

  /** Of a held answer: it leaves, less what is cut, or does not. */
  #settle(whole: Buffer | null, callback: (() => void) | undefined): void {
    const judged = this.#judgeWhole(whole);
    const { verdict } = judged;
    if (whole === null || verdict.kind === 'withhold') return this.#withhold(judged);
    this.#reopen();
    // So far nothing has left: where this head cannot, the next answer is judged, too.
    this.#fate = 'unsaid';
    const isCut = verdict.kind === 'cut';
    const bytes = isCut ? Buffer.from(cutMembers(whole, verdict.pointers)) : whole;
    const held = this.#copy;
    this.#copy = new AnswerCopy(this.#call.memory);
    this.#response.once('close', () => held.release());
    if (isCut) this.#recompute(bytes);
    else this.#tellLength(bytes);
    this.#sendHead();
    this.#fate = 'passes';
    try {
      this.#do('end', bytes.length === 0 ? [callback] : [bytes, callback]);
    } catch (error) {
      // Its head is said, and nobody would look at another body.
      this.#response.destroy();
      throw error;
    }
    this.#tell(judged);
  }

  /** As it was said, whatever the handler has set since. */
  #sendHead(): void {
    const { statusCode } = this.#response;
    this.#do('writeHead', [this.#status, this.#reason]);
    this.#response.statusCode = statusCode;
  }

  /** That of what was judged, whatever length the handler had said. */
  #tellLength({ length }: Buffer): void {
    const response = this.#response;
    const isChunked = response.hasHeader('transfer-encoding') || response.hasHeader('trailer');
    const isStrict = response.strictContentLength && response.hasHeader('content-length');
    if (isChunked || this.#hasTrailers || isStrict || this.#isBodiless) return;
    response.setHeader('Content-Length', length);
  }

  #recompute(cut: Buffer): void {
    const response = this.#response;
    const flat = recomputed(saidFields(response), cut);
    clearHead(response);
    for (let at = 0; at < flat.length; at += 2) {
      const name = flat[at] as string;
      if (name !== 'transfer-encoding') response.appendHeader(name, flat[at + 1] as string);
    }
    response.setHeader('content-length', cut.length);
  }

  /** Whatever the mode: no caller can read it (RFC 9110 §15). */
  #refuseStatus(status: number): ServerResponse {
    this.#status = status;
    const { method } = this.#call;
    const violation = { in: 'status', pointer: '', rule: 'invalid', expected: 'from 100 to 599' };
    const findings = { action: 'withhold', violations: [violation] };
    this.#answer(deny('upstream_invalid', {}, effectOf(method)), findings);
    return this.#response;
  }

  /** At once: whoever pipes something endless into it hears that it is over. */
  #withhold({ findings, isFault }: Judged): void {
    const { method } = this.#call;
    this.#answer(isFault ? deny('internal_fault') : answerWithheld(method), findings ?? {});
  }

  #answer(denial: Deny, findings: Evidence): void {
    const { method, problemFor, told } = this.#call;
    const [status, head, body] = problemFor(denial);
    this.#fate = 'withheld';
    this.#copy.release();
    this.#reopen();
    clearHead(this.#response);
    this.#response.statusMessage = '';
    this.#do('writeHead', [status, head]);
    this.#do('end', method === 'HEAD' ? [] : [body]);
    const { code } = denial;
    told({ kind: 'withheld', status: this.#status, code, findings });
  }

  #tell({ verdict, findings }: Judged): void {
    if (findings === null) return;
    const kind = verdict.kind === 'cut' ? 'cut' : 'released';
    this.#call.told({ kind, status: this.#status, code: null, findings });
  }

  #judgeWhole(whole: Buffer | null): Judged {
    const { operation } = this.#call;
    if (whole === null) return judgeUnseen(operation, this.#copy.unseen ?? 'memory');
    return this.#judge(() => judgeBody(operation, this.#status, this.#fields, whole));
  }

  /** What goes wrong while an answer is judged is no fault of its handler, and lets nothing out. */
  #judge<Result>(judge: () => Result): Result | Judged {
    try {
      return judge();
    } catch {
      return { verdict: { kind: 'withhold' }, findings: { unchecked: 'fault' }, isFault: true };
    }
  }

  #reopen(): void {
    const response = this.#response as WithHead;
    if (response._header === HELD) response._header = null;
  }

  #whenFinished(callback: () => void): void {
    const response = this.#response;
    if (response.writableFinished || response.destroyed) process.nextTick(callback);
    else response.once('finish', callback);
  }

  // biome-ignore lint/suspicious/noExplicitAny: what node:http gives back depends on the method.
  #do(method: keyof Methods, given: readonly unknown[]): any {
    return Reflect.apply(this.#native[method], this.#response, given);
  }
}

/** By this node:http, and who wraps it, knows that a head was said. */
interface WithHead {
  _header?: unknown;
}

/** In place of a head that has not left. */
const HELD = 'held';
const NOTHING = Buffer.alloc(0);

function isChunk(chunk: unknown): chunk is string | Uint8Array {
  return typeof chunk === 'string' || isUint8Array(chunk);
}

function bytesOf(chunk: string | Uint8Array, encoding: BufferEncoding | undefined): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding);
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** (chunk?, encoding?, callback?), each of which may be left out. */
function pieceOf(given: readonly unknown[]) {
  const [first, second] = given;
  const callback = given.find((one) => typeof one === 'function');
  return {
    chunk: typeof first === 'function' ? undefined : first,
    encoding: typeof second === 'string' ? (second as BufferEncoding) : undefined,
    callback: callback as (() => void) | undefined,
  };
}
