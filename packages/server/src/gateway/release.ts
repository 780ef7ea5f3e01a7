import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  type AnswerVerdict,
  addSecurityHeaders,
  cutMembers,
  describeViolations,
  type Evidence,
  type Forwarding,
  HeaderFields,
  isPrivateAnswerHeader,
  judgeAnswer,
  judgeUncheckable,
  type OperationGate,
  type RequestFacts,
} from '@poorter/engine';
import { cutOffStalled } from './cut-off-stalled.ts';
import type { UpstreamAnswer } from './forward/upstream-answer.ts';
import type { Runtime } from './runtime.ts';

/** What became of an answer: for the record. */
export interface ReleaseOutcome {
  readonly kind: 'released' | 'withheld';
  readonly findings: Evidence | null;
}

/** Answers up to this size are checked before their head is sent; longer ones in `report` are checked in passing. */
const CHECK_FIRST_BYTES_MAX = 65_536;
const ONE_WRITE_BYTES_MAX = 16_384;

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
  const held = holdNow(answer) ?? (await hold(runtime, answer, firstBytesMax));
  try {
    if (!held.isWhole && held.why === 'over-bound' && mayPass && held.bytes < boundBytes) {
      return await checkInPassing(runtime, operation, answer, response, head, fields, held.chunks);
    }
    if (!held.isWhole) {
      if (judgeUncheckable(operation.response).kind === 'withhold') {
        return withhold(answer, { unchecked: held.why });
      }
      writeHead(response, answer.status, head, fields.get('content-length'));
      for (const chunk of held.chunks) await write(runtime, response, chunk);
      await pipe(runtime, answer, response);
      return { kind: 'released', findings: { unchecked: held.why } };
    }
    const bytes = whole(held.chunks);
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
  if (isGone || held.bytes <= ONE_WRITE_BYTES_MAX) held.letGo();
  else response.once('close', held.letGo);
}

/** `report`: the caller gets the pieces as they come; a copy is checked at the end. */
async function checkInPassing(
  runtime: Runtime,
  operation: OperationGate,
  answer: UpstreamAnswer,
  response: ServerResponse,
  head: string[],
  fields: HeaderFields,
  first: readonly Buffer[],
): Promise<ReleaseOutcome> {
  const boundBytes = runtime.snapshot.bounds.answerBytes;
  const copies: Buffer[] = [...first];
  let bytes = first.reduce((sum, chunk) => sum + chunk.length, 0);
  let reserved = 0;
  let isWhole = true;
  writeHead(response, answer.status, head, fields.get('content-length'));
  for (const chunk of first) await write(runtime, response, chunk);
  try {
    for (let chunk = await answer.read(); chunk !== null; chunk = await answer.read()) {
      bytes += chunk.length;
      isWhole &&= bytes <= boundBytes && runtime.memory.reserve(chunk.length);
      if (isWhole) {
        reserved += chunk.length;
        copies.push(chunk);
      } else copies.length = 0;
      await write(runtime, response, chunk);
    }
    endWithTrailers(answer, response);
    if (!isWhole) return { kind: 'released', findings: { unchecked: 'over-bound' } };
    const { findings } = judge(operation, answer.status, fields, Buffer.concat(copies), false);
    return { kind: 'released', findings };
  } finally {
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

type Held =
  | { isWhole: true; chunks: Buffer[]; bytes: number; letGo: () => void }
  | {
      isWhole: false;
      why: 'over-bound' | 'memory';
      chunks: Buffer[];
      bytes: number;
      letGo: () => void;
    };

const nothingToLetGo = () => undefined;

/** A small answer that is there already, in one piece: no waiting, no budget to ask. */
function holdNow(answer: UpstreamAnswer): Held | null {
  if (!answer.isComplete || answer.queuedBytes > ONE_WRITE_BYTES_MAX) return null;
  const chunk = answer.takeOnly();
  if (chunk === null) return null;
  return { isWhole: true, chunks: [chunk], bytes: chunk.length, letGo: nothingToLetGo };
}

/** The answer in memory, up to a bound and within the shared budget. */
async function hold(runtime: Runtime, answer: UpstreamAnswer, bytesMax: number): Promise<Held> {
  const chunks: Buffer[] = [];
  let bytes = 0;
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
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > bytesMax) return { isWhole: false, why: 'over-bound', chunks, bytes, letGo };
      // Several pieces are held twice for a moment: as they came and as one.
      const weight = chunks.length > 1 ? chunk.length * 2 : chunk.length;
      if (!runtime.memory.reserve(weight)) {
        return { isWhole: false, why: 'memory', chunks, bytes, letGo };
      }
      reserved += weight;
    }
    return { isWhole: true, chunks, bytes, letGo };
  } catch (error) {
    letGo();
    throw error;
  }
}

function whole(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
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
  const named = connection === undefined ? [] : connection.toLowerCase().split(/\s*,\s*/);
  const own = decision.answerHeaders;
  const head: string[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] as string;
    if (isPrivateAnswerHeader(name, named) || (own.length > 0 && own.includes(name))) continue;
    head.push(name, flat[index + 1] as string);
  }
  for (const part of own) head.push(part);
  addSecurityHeaders(head, fields, request.isTls, decision.principal !== null);
  if (fields.has('trailer') && !fields.has('content-length') && answer.status !== 304) {
    head.push('trailer', fields.joined('trailer') as string);
  }
  return head;
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
    const held = holdNow(answer) ?? (await hold(runtime, answer, CHECK_FIRST_BYTES_MAX));
    if (held.isWhole) {
      finish(answer, response, head, fields, whole(held.chunks), held.bytes === 0);
      letGoWhenSent(response, held);
      return outcome;
    }
    writeHead(response, answer.status, head, fields.get('content-length'));
    for (const chunk of held.chunks) await write(runtime, response, chunk);
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
  const fields = contentLength === undefined ? head : [...head, 'content-length', contentLength];
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
  if (!runtime.memory.reserve(chunk.length)) {
    response.destroy();
    return;
  }
  const callOff = cutOffStalled(response, runtime.snapshot.timeouts.answerIdleMs);
  await waitForDrain(response);
  callOff();
  runtime.memory.release(chunk.length);
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
