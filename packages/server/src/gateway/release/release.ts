import type { ServerResponse } from 'node:http';
import {
  type Evidence,
  type Forwarding,
  isBodiless,
  type Judgement,
  judgeBody,
  judgeHead,
  judgeUnseen,
  type OperationGate,
  type RequestFacts,
  recomputed,
} from '@poorter/engine';
import { freeBytes, GrowingBytes } from '@poorter/middleware/node-messages';
import { HeaderFields } from '@poorter/openapi/checks';
import { cutMembers } from '@poorter/openapi/json';
import type { UpstreamAnswer } from '../forward/upstream-answer.ts';
import type { Runtime } from '../runtime.ts';
import { answerHead } from './answer-head.ts';
import { type Held, hold, holdNow, releaseWhenSent, SHARED } from './held-answer.ts';
import { endWithTrailers, finish, pipe, write, writeHead } from './write-answer.ts';

/** What became of an answer: for the record. */
export interface ReleaseOutcome {
  readonly kind: 'released' | 'withheld';
  readonly findings: Evidence | null;
}

/** An answer on its way from the service to the caller. */
interface Passage {
  readonly runtime: Runtime;
  readonly operation: OperationGate;
  readonly answer: UpstreamAnswer;
  readonly response: ServerResponse;
  /** Of the service. */
  readonly fields: HeaderFields;
  /** For the caller. */
  readonly head: string[];
}

/** Answers up to this size are checked before their head is sent; longer ones in `report` are checked in passing. */
const CHECK_FIRST_BYTES_MAX = 65_536;

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
  const { status } = answer;
  const fields = new HeaderFields(answer.headers);
  const head = answerHead(request, decision, answer, fields);
  const passage = { runtime, operation, answer, response, fields, head };
  const judged = judgeHead(operation, status, fields, isBodiless(request.method, status));
  return judged === 'judge its body' ? check(passage) : passOrWithhold(passage, judged);
}

async function check(passage: Passage): Promise<ReleaseOutcome> {
  const { runtime, operation, answer, response, head, fields } = passage;
  const boundBytes = runtime.snapshot.bounds.answerBytes;
  const announced = Number(fields.get('content-length') ?? 0);
  const mayPass = operation.response === 'report';
  if (announced > boundBytes) return passOrWithhold(passage, judgeUnseen(operation, 'over-bound'));
  const firstBytesMax = mayPass ? Math.min(boundBytes, CHECK_FIRST_BYTES_MAX) : boundBytes;
  const held = holdNow(answer) ?? (await hold(runtime, answer, announced, firstBytesMax));
  try {
    if (!held.isWhole) return await releaseUnseen(passage, held, mayPass);
    const { bytes } = held;
    const { verdict, findings } = judgeBody(operation, answer.status, fields, bytes);
    switch (verdict.kind) {
      case 'withhold':
        return withhold(answer, findings);
      case 'cut': {
        const cut = Buffer.from(cutMembers(bytes, verdict.pointers));
        const length = ['content-length', String(cut.length)];
        response.writeHead(answer.status, [...recomputed(head, cut), ...length]);
        response.end(cut);
        return { kind: 'released', findings };
      }
      case 'release':
        finish(answer, response, head, fields, bytes, false);
        return { kind: 'released', findings };
      default:
        return verdict satisfies never;
    }
  } finally {
    releaseWhenSent(response, held);
  }
}

/** What is too large to be looked at before it goes. */
async function releaseUnseen(
  passage: Passage,
  held: Extract<Held, { isWhole: false }>,
  mayPass: boolean,
): Promise<ReleaseOutcome> {
  const { runtime, operation, answer, response, head, fields } = passage;
  const isWithinBound = held.bytes.length < runtime.snapshot.bounds.answerBytes;
  if (held.why === 'over-bound' && mayPass && isWithinBound) {
    return checkInPassing(passage, held.bytes);
  }
  const { verdict, findings } = judgeUnseen(operation, held.why);
  if (verdict.kind === 'withhold') return withhold(answer, findings);
  writeHead(response, answer.status, head, fields.get('content-length'));
  await write(runtime, response, held.bytes);
  await pipe(runtime, answer, response);
  return { kind: 'released', findings };
}

/** `report`: the caller gets the pieces as they come; a copy is checked at the end. */
async function checkInPassing(passage: Passage, first: Buffer): Promise<ReleaseOutcome> {
  const { runtime, operation, answer, response, head, fields } = passage;
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
    if (!isWhole)
      return { kind: 'released', findings: judgeUnseen(operation, 'over-bound').findings };
    const whole = copy.whole;
    const { findings } = judgeBody(operation, answer.status, fields, whole);
    freeBytes(whole);
    return { kind: 'released', findings };
  } finally {
    copy.discard();
    runtime.memory.release(reserved);
  }
}

function passOrWithhold(passage: Passage, judged: Judgement): Promise<ReleaseOutcome> {
  const { verdict, findings } = judged;
  return verdict.kind === 'withhold'
    ? Promise.resolve(withhold(passage.answer, findings))
    : pass(passage, findings);
}

function withhold(answer: UpstreamAnswer, findings: Evidence | null): ReleaseOutcome {
  answer.abort();
  return { kind: 'withheld', findings };
}

async function pass(passage: Passage, findings: Evidence | null): Promise<ReleaseOutcome> {
  const { runtime, answer, response, head, fields } = passage;
  const outcome: ReleaseOutcome = { kind: 'released', findings };
  // A short answer is had whole before its head is sent: if it breaks off, that is a plain 502.
  const isShort = Number(fields.get('content-length') ?? Number.NaN) <= CHECK_FIRST_BYTES_MAX;
  if (isShort && response.req.method !== 'HEAD') {
    const announced = Number(fields.get('content-length'));
    const held = holdNow(answer) ?? (await hold(runtime, answer, announced, CHECK_FIRST_BYTES_MAX));
    if (held.isWhole) {
      finish(answer, response, head, fields, held.bytes, held.bytes.length === 0);
      releaseWhenSent(response, held);
      return outcome;
    }
    writeHead(response, answer.status, head, fields.get('content-length'));
    await write(runtime, response, held.bytes);
    held.release();
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
