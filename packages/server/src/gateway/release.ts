import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  type AnswerVerdict,
  addSecurityHeaders,
  describeViolations,
  type Evidence,
  type Forwarding,
  isCorsField,
  isPrivateAnswerHeader,
  judgeAnswer,
  judgeUncheckable,
  mergedVary,
  type OperationGate,
  type RequestFacts,
} from '@poorter/engine';
import { HeaderFields, listMembers } from '@poorter/openapi';
import { cutMembers } from '@poorter/openapi/json';
import { CALL_HEADER } from './call.ts';
import { cutOffStalled } from './cut-off-stalled.ts';
import type { AnsweredFrom, UpstreamAnswer } from './forward/upstream-answer.ts';
import { freeBytes, GrowingBytes } from './growing-bytes.ts';
import type { Runtime } from './runtime.ts';

/** What became of an answer: for the record. */
export interface ReleaseOutcome {
  readonly kind: 'released' | 'withheld';
  readonly findings: Evidence | null;
}

/** Answers up to this size are checked before their head is sent; longer ones in `report` are checked in passing. */
const CHECK_FIRST_BYTES_MAX = 65_536;
const ONE_WRITE_BYTES_MAX = 16_384;
/** A piece may share its memory with the head of its answer, and is on its way to the caller. */
const SHARED = { ownsPieces: false };
/**
 * What a call weighs while its caller does not read: connection, parser, answer, timers, and a
 * read each of the service's connection in its buffer and in the queue behind it.
 */
const SLOW_READER_BYTES = 28_672 + 2 * 65_536;

/**
 * Lets an answer go, checked against its description: reported, cut or withheld as the operation
 * says. Nothing has been written to the caller when the outcome is 'withheld'.
 */
export function release(
  runtime: Runtime,
  request: RequestFacts,
  decision: Forwarding,
  answer: UpstreamAnswer,
  response: ServerResponse,
): Promise<ReleaseOutcome> {
  const { operation } = decision;
  const fields = new HeaderFields(answer.headers);
  const head = answerHead(request, decision, answer, fields);
  const isBodiless = request.method === 'HEAD' || answer.status === 204 || answer.status === 304;
  const expectation = operation.operation.expectAnswer(answer.status, fields);

  switch (expectation.kind) {
    case 'opaque':
      return pass(runtime, answer, response, head, fields, null);
    case 'undocumented': {
      const findings = { undocumented: describeViolations([expectation.violation]) };
      // The service's own refusals are often undocumented; their bodies still go through the mode.
      if (judgeUncheckable(operation.response).kind === 'withhold') {
        return Promise.resolve(withhold(answer, findings));
      }
      return pass(runtime, answer, response, head, fields, findings);
    }
    case 'validate': {
      const encoding = fields.get('content-encoding');
      if (encoding !== undefined && encoding.toLowerCase() !== 'identity' && !isBodiless) {
        return uncheckable(runtime, operation, answer, response, head, fields, 'encoded');
      }
      return check(runtime, operation, answer, response, head, fields, isBodiless);
    }
    default:
      return expectation satisfies never;
  }
}

async function check(
  runtime: Runtime,
  operation: OperationGate,
  answer: UpstreamAnswer,
  response: ServerResponse,
  head: string[],
  fields: HeaderFields,
  isBodiless: boolean,
): Promise<ReleaseOutcome> {
  const boundBytes = runtime.snapshot.bounds.answerBytes;
  const announced = Number(fields.get('content-length') ?? 0);
  const mayPass = operation.response === 'report';
  if (announced > boundBytes && !isBodiless) {
    return uncheckable(runtime, operation, answer, response, head, fields, 'over-bound');
  }
  const firstBytesMax = mayPass ? Math.min(boundBytes, CHECK_FIRST_BYTES_MAX) : boundBytes;
  const held = holdNow(answer) ?? (await hold(runtime, answer, announced, firstBytesMax));
  try {
    if (!held.isWhole && held.why === 'over-bound' && mayPass && held.bytes.length < boundBytes) {
      return await checkInPassing(runtime, operation, answer, response, head, fields, held.bytes);
    }
    if (!held.isWhole) {
      if (judgeUncheckable(operation.response).kind === 'withhold') {
        return withhold(answer, { unchecked: held.why });
      }
      writeHead(response, answer.status, head, fields.get('content-length'));
      await write(runtime, response, held.bytes);
      await pipe(runtime, answer, response);
      return { kind: 'released', findings: { unchecked: held.why } };
    }
    const { bytes } = held;
    const { verdict, findings } = judge(operation, answer.status, fields, bytes, isBodiless);
    switch (verdict.kind) {
      case 'withhold':
        return withhold(answer, findings);
      case 'cut': {
        const cut = Buffer.from(cutMembers(bytes, verdict.pointers));
        response.writeHead(answer.status, [
          ...recomputed(head, cut),
          'content-length',
          String(cut.length),
        ]);
        response.end(cut);
        return { kind: 'released', findings };
      }
      case 'release':
        finish(answer, response, head, fields, bytes, isBodiless);
        return { kind: 'released', findings };
      default:
        return verdict satisfies never;
    }
  } finally {
    letGoWhenSent(response, held);
  }
}

/** A large answer weighs until a slow caller has taken it, not only until it was handed to Node. */
function letGoWhenSent(response: ServerResponse, held: Held): void {
  const isGone = response.destroyed || response.writableFinished;
  if (isGone || held.bytes.length <= ONE_WRITE_BYTES_MAX) held.letGo();
  else {
    response.once('close', held.letGo);
    // Once the connection has taken it, it is ours alone.
    if (held.isOwn) response.once('finish', () => freeBytes(held.bytes));
  }
}

/** `report`: the caller gets the pieces as they come; a copy is checked at the end. */
async function checkInPassing(
  runtime: Runtime,
  operation: OperationGate,
  answer: UpstreamAnswer,
  response: ServerResponse,
  head: string[],
  fields: HeaderFields,
  first: Buffer,
): Promise<ReleaseOutcome> {
  const boundBytes = runtime.snapshot.bounds.answerBytes;
  const copy = new GrowingBytes(Number(fields.get('content-length') ?? 0), SHARED);
  let bytes = 0;
  let reserved = 0;
  let isWhole = true;
  const keep = (chunk: Buffer) => {
    bytes += chunk.length;
    if (!isWhole) return;
    const weight = copy.weightWith(chunk);
    isWhole = bytes <= boundBytes && runtime.memory.reserve(Math.max(0, weight - reserved));
    if (isWhole) {
      reserved = Math.max(reserved, weight);
      copy.push(chunk);
    } else {
      copy.discard();
      runtime.memory.release(reserved);
      reserved = 0;
    }
  };
  writeHead(response, answer.status, head, fields.get('content-length'));
  try {
    keep(first);
    await write(runtime, response, first);
    for (let chunk = await answer.read(); chunk !== null; chunk = await answer.read()) {
      keep(chunk);
      await write(runtime, response, chunk);
    }
    endWithTrailers(answer, response);
    if (!isWhole) return { kind: 'released', findings: { unchecked: 'over-bound' } };
    const whole = copy.whole;
    const { findings } = judge(operation, answer.status, fields, whole, false);
    freeBytes(whole);
    return { kind: 'released', findings };
  } finally {
    copy.discard();
    runtime.memory.release(reserved);
  }
}

function judge(
  operation: OperationGate,
  status: number,
  fields: HeaderFields,
  bytes: Uint8Array,
  isBodiless: boolean,
): { verdict: AnswerVerdict; findings: Evidence | null } {
  if (isBodiless) return { verdict: { kind: 'release' }, findings: null };
  const checked = operation.operation.checkAnswer(status, fields, bytes, operation.jsonBounds, {
    findUndocumented: true,
  });
  const verdict = judgeAnswer(operation.response, checked);
  if (checked.violations.length === 0 && checked.undocumented.length === 0) {
    return { verdict, findings: null };
  }
  const findings = {
    action: verdict.kind,
    violations: describeViolations(checked.violations),
    undocumented: checked.undocumented,
  };
  return { verdict, findings };
}

function uncheckable(
  runtime: Runtime,
  operation: OperationGate,
  answer: UpstreamAnswer,
  response: ServerResponse,
  head: string[],
  fields: HeaderFields,
  why: string,
): Promise<ReleaseOutcome> {
  const findings = { unchecked: why };
  if (judgeUncheckable(operation.response).kind === 'withhold') {
    return Promise.resolve(withhold(answer, findings));
  }
  return pass(runtime, answer, response, head, fields, findings);
}

function withhold(answer: UpstreamAnswer, findings: Evidence | null): ReleaseOutcome {
  answer.abort();
  return { kind: 'withheld', findings: { ...findings, action: 'withhold' } };
}

type Held = {
  readonly bytes: Buffer<ArrayBufferLike>;
  /** The bytes stand in memory of their own, not in what was read from the service's connection. */
  readonly isOwn: boolean;
  readonly letGo: () => void;
} & (
  | { readonly isWhole: true }
  | { readonly isWhole: false; readonly why: 'over-bound' | 'memory' }
);

const nothingToLetGo = () => undefined;

/** A small answer that is there already, in one piece: no waiting, no budget to ask. */
function holdNow(answer: UpstreamAnswer): Held | null {
  if (!answer.isComplete || answer.queuedBytes > ONE_WRITE_BYTES_MAX) return null;
  const bytes = answer.takeOnly();
  if (bytes === null) return null;
  return { isWhole: true, bytes, isOwn: false, letGo: nothingToLetGo };
}

/** The answer in memory, up to a bound and within the shared budget. */
async function hold(
  runtime: Runtime,
  answer: UpstreamAnswer,
  announcedBytes: number,
  bytesMax: number,
): Promise<Held> {
  const bytes = new GrowingBytes(announcedBytes <= bytesMax ? announcedBytes : 0, SHARED);
  let length = 0;
  let reserved = 0;
  const letGo = () => {
    if (reserved > 0) runtime.memory.release(reserved);
    reserved = 0;
  };
  try {
    // Small answers are there when their head is: nothing to wait for.
    for (
      let chunk = answer.takeNow() ?? (await answer.read());
      chunk !== null;
      chunk = answer.takeNow() ?? (answer.isComplete ? null : await answer.read())
    ) {
      length += chunk.length;
      const missing = Math.max(0, bytes.weightWith(chunk) - reserved);
      const hasRoom = runtime.memory.reserve(missing);
      if (hasRoom) reserved += missing;
      bytes.push(chunk);
      if (length > bytesMax) return held(bytes, letGo, 'over-bound');
      if (!hasRoom) return held(bytes, letGo, 'memory');
    }
    return held(bytes, letGo, null);
  } catch (error) {
    letGo();
    bytes.discard();
    throw error;
  }
}

function held(bytes: GrowingBytes, letGo: () => void, why: 'over-bound' | 'memory' | null): Held {
  const own = { bytes: bytes.whole, isOwn: true, letGo };
  return why === null ? { ...own, isWhole: true } : { ...own, isWhole: false, why };
}

/** The head for the caller: what the service said, less what is private, plus what every answer carries. */
function answerHead(
  request: RequestFacts,
  decision: Forwarding,
  answer: UpstreamAnswer,
  fields: HeaderFields,
): string[] {
  const { flat } = fields;
  const connection = fields.has('connection') ? fields.joined('connection') : undefined;
  const named = connection === undefined ? [] : listMembers(connection.toLowerCase());
  const own = decision.answerHeaders;
  const hasCors = decision.operation.cors !== null;
  const head: string[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] as string;
    if (isPrivateAnswerHeader(name, named) || (own.length > 0 && own.includes(name))) continue;
    if (hasCors && isCorsField(name)) continue;
    const value = flat[index + 1] as string;
    const isPlace = name === 'location' || name === 'content-location';
    head.push(name, isPlace && answer.from !== null ? placeBehindGate(value, answer.from) : value);
  }
  for (let index = 0; index < own.length; index += 2) {
    const name = own[index] as string;
    const value = own[index + 1] as string;
    head.push(name, name === 'vary' ? mergedVary(fields, value) : value);
  }
  head.push(CALL_HEADER, request.id);
  addSecurityHeaders(head, fields, request.isTls, decision.principal !== null);
  if (fields.has('trailer') && !fields.has('content-length') && answer.status !== 304) {
    head.push('trailer', fields.joined('trailer') as string);
  }
  return head;
}

/**
 * A service names places by its own address, where its caller cannot go: they become paths of the
 * gate. Places elsewhere stay as they are.
 */
function placeBehindGate(place: string, { origin, basePath }: AnsweredFrom): string {
  if (!/^https?:/i.test(place) || !URL.canParse(place)) return place;
  const url = new URL(place);
  if (url.origin !== origin) return place;
  const isBelow = url.pathname === basePath || url.pathname.startsWith(`${basePath}/`);
  const path = isBelow ? url.pathname.slice(basePath.length) : url.pathname;
  // Never '//host': that would be another place altogether.
  return `/${path.replace(/^\/+/, '')}${url.search}${url.hash}`;
}

/** A validator of the old bytes would lie about the new ones (RFC 9110 §8.8, RFC 9530). */
function recomputed(head: readonly string[], bytes: Buffer): string[] {
  const digest = createHash('sha256').update(bytes).digest();
  const out: string[] = [];
  for (let index = 0; index < head.length; index += 2) {
    const name = head[index] as string;
    if (name === 'etag') out.push(name, `"${digest.toString('base64url')}"`);
    else if (name === 'content-digest') out.push(name, `sha-256=:${digest.toString('base64')}:`);
    else if (!/^(?:repr-digest|digest|content-md5|accept-ranges|trailer)$/.test(name)) {
      out.push(name, head[index + 1] as string);
    }
  }
  return out;
}

/** A small whole answer: head and body leave in one write. */
function finish(
  answer: UpstreamAnswer,
  response: ServerResponse,
  head: string[],
  fields: HeaderFields,
  bytes: Buffer,
  isBodiless: boolean,
): void {
  if (isBodiless) {
    writeHead(response, answer.status, head, fields.get('content-length'));
    response.end();
  } else if (answer.trailers.length > 0) {
    response.writeHead(answer.status, head);
    response.write(bytes);
    endWithTrailers(answer, response);
  } else {
    head.push('content-length', String(bytes.length));
    response.writeHead(answer.status, head);
    // As text, Node puts head and body into one write; latin1 keeps every byte.
    if (bytes.length <= ONE_WRITE_BYTES_MAX) response.end(bytes.toString('latin1'), 'latin1');
    else response.end(bytes);
  }
}

async function pass(
  runtime: Runtime,
  answer: UpstreamAnswer,
  response: ServerResponse,
  head: string[],
  fields: HeaderFields,
  findings: Evidence | null,
): Promise<ReleaseOutcome> {
  const outcome: ReleaseOutcome = { kind: 'released', findings };
  // A short answer is had whole before its head is sent: if it breaks off, that is a plain 502.
  const isShort = Number(fields.get('content-length') ?? Number.NaN) <= CHECK_FIRST_BYTES_MAX;
  if (isShort && response.req.method !== 'HEAD') {
    const announced = Number(fields.get('content-length'));
    const held = holdNow(answer) ?? (await hold(runtime, answer, announced, CHECK_FIRST_BYTES_MAX));
    if (held.isWhole) {
      finish(answer, response, head, fields, held.bytes, held.bytes.length === 0);
      letGoWhenSent(response, held);
      return outcome;
    }
    writeHead(response, answer.status, head, fields.get('content-length'));
    await write(runtime, response, held.bytes);
    held.letGo();
    await pipe(runtime, answer, response);
    return outcome;
  }
  const first = answer.takeNow();
  writeHead(response, answer.status, head, fields.get('content-length'));
  if (first !== null) await write(runtime, response, first);
  // An event stream's head must reach the caller before its first event.
  else if (!answer.isComplete) response.flushHeaders();
  await pipe(runtime, answer, response);
  return outcome;
}

function writeHead(
  response: ServerResponse,
  status: number,
  head: string[],
  contentLength: string | undefined,
): void {
  // RFC 9110 §8.6: an answer without content has no length to tell, whatever the service says.
  const hasLength = contentLength !== undefined && status !== 204;
  const fields = hasLength ? [...head, 'content-length', contentLength] : head;
  response.writeHead(status, fields);
}

async function pipe(
  runtime: Runtime,
  answer: UpstreamAnswer,
  response: ServerResponse,
): Promise<void> {
  for (let chunk = await answer.read(); chunk !== null; chunk = await answer.read()) {
    await write(runtime, response, chunk);
  }
  endWithTrailers(answer, response);
}

/**
 * Waits while the caller is slower than the service; what waits draws on the shared budget, and a
 * slow reader for whom none is left is cut off. A caller that left ends the wait too.
 */
async function write(runtime: Runtime, response: ServerResponse, chunk: Buffer): Promise<void> {
  if (response.destroyed || response.write(chunk)) return;
  const weight = SLOW_READER_BYTES + chunk.length;
  if (!runtime.memory.reserve(weight)) {
    response.destroy();
    return;
  }
  const callOff = cutOffStalled(response, runtime.snapshot.timeouts.answerIdleMs);
  await waitForDrain(response);
  callOff();
  runtime.memory.release(weight);
}

function waitForDrain(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}

function endWithTrailers(answer: UpstreamAnswer, response: ServerResponse): void {
  const trailers: [string, string][] = [];
  for (let index = 0; index < answer.trailers.length; index += 2) {
    const name = answer.trailers[index] as string;
    // RFC 9110 §6.5.1: framing, routing and authentication have no place in a trailer.
    if (isPrivateAnswerHeader(name, []) || FORBIDDEN_TRAILER.has(name)) continue;
    trailers.push([name, answer.trailers[index + 1] as string]);
  }
  if (trailers.length > 0 && !response.hasHeader('content-length')) response.addTrailers(trailers);
  response.end();
}

const FORBIDDEN_TRAILER = new Set([
  'set-cookie',
  'authorization',
  'www-authenticate',
  'content-type',
  'content-encoding',
  'content-range',
  'cache-control',
  'host',
  'location',
]);
