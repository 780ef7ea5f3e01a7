import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  answerWithheld,
  type Deny,
  decide,
  deny,
  effectOf,
  type Forwarding,
  type RequestFacts,
} from '@poorter/engine';
import { requestFacts } from '@poorter/middleware/node-messages';
import { certificateFault } from '../platform/certificates/index.ts';
import { Call } from './call.ts';
import { failDurably, unrecorded } from './durable-call.ts';
import { forward } from './forward/forward.ts';
import { type UpstreamAnswer, UpstreamError } from './forward/upstream-answer.ts';
import { ownAnswer } from './own-answers.ts';
import { release } from './release/release.ts';
import { RequestBody } from './request-body.ts';
import type { Runtime } from './runtime.ts';

/**
 * The story of a call: normalise, match and decide, forward, release, record. Whoever found a place
 * for its record leaves exactly one, by whichever way out; a durable call leaves an intent and an
 * outcome besides. A call without a place has been told to come back.
 */
export async function handleRequest(
  runtime: Runtime,
  native: IncomingMessage,
  response: ServerResponse,
  mustContinue: boolean,
): Promise<void> {
  const call = Call.open(runtime, 'http', native.method ?? null, response);
  if (call === null) return;
  let body: RequestBody | null = null;
  try {
    // normalise
    const request = requestFacts(runtime.head, native, call);
    if ('kind' in request) return call.refuse('admit', request, native);
    call.request = request;
    body = new RequestBody(native, response, runtime, mustContinue, request);
    call.body = body;

    const own = ownAnswer(runtime, request);
    if (own !== null) return call.answerOwn(own);

    const { applications } = runtime;
    if (applications?.isFor(request)) {
      return await applications.answer(call, request, body, runtime, native);
    }

    // match, decide
    const decision = await decide(runtime.gate, request, body);
    call.decided(decision);
    if (decision.kind === 'refuse') return call.refuseDecided(decision, native);
    if (decision.kind === 'preflight') return call.answerPreflight(decision);

    // record the intent
    const isDurable = decision.operation.audit === 'durable';
    if (isDurable && !(await call.commitIntent())) return call.fail(unrecorded(null));

    // forward
    const answer = await forwardCall(runtime, native, request, decision, body, call);
    if (!(answer instanceof Object && 'status' in answer)) {
      return isDurable ? await failDurably(call, answer) : call.fail(answer);
    }
    if (isDurable) {
      const outcome = { decision: 'forwarded', code: null, status: answer.status } as const;
      if (!(await call.commitOutcome(outcome))) {
        answer.abort();
        return call.fail(unrecorded({ upstream: answer.status }));
      }
    }

    // release (nobody is answered in the moment in which listening sockets close)
    if (runtime.pause.over !== null) await runtime.pause.over;
    if (isStreaming(decision)) endWithItsRight(runtime, request, decision, response);
    const outcome = await release(runtime, request, decision, answer, response);
    call.findings = outcome.findings;
    if (outcome.kind === 'withheld') return call.fail(answerWithheld(request.method));
    call.forwarded(answer.status);
  } catch (fault) {
    call.fail(failureOf(fault));
  } finally {
    body?.release();
    // record
    call.close();
  }
}

/** The answer's head, or why there is none. A caller that leaves takes its call along. */
async function forwardCall(
  runtime: Runtime,
  native: IncomingMessage,
  request: RequestFacts,
  decision: Forwarding,
  body: RequestBody,
  call: Call,
): Promise<UpstreamAnswer | Deny> {
  let current: UpstreamAnswer | null = null;
  call.onAbort(() => current?.abort());
  try {
    return await forward(runtime, decision, native.method as string, {
      stream: () => body.stream(),
      isBodyBroken: () => body.fault !== null || native.destroyed,
      contentLength: request.headers.get('content-length'),
      isStreamingAnswer: isStreaming(decision),
      onAttempt: (answer) => {
        current = answer;
        if (call.isAborted) answer.abort();
      },
    });
  } catch (error) {
    return body.fault ?? failureOf(error, native.method ?? '');
  }
}

function isStreaming({ operation }: Forwarding): boolean {
  return operation.operation.streamingAnswers.length > 0;
}

/** An answer that streams may last for hours. */
function endWithItsRight(
  { ongoing }: Runtime,
  { clientAddress }: RequestFacts,
  { principal }: Forwarding,
  response: ServerResponse,
): void {
  ongoing.hold({ principal, clientAddress }, response);
}

/** What a failure of the service, or of the gate itself, is to the caller. */
export function failureOf(error: unknown, method = 'GET'): Deny {
  if (!(error instanceof UpstreamError)) {
    return deny('internal_fault', { fault: error instanceof Error ? error.name : typeof error });
  }
  const told = error.nothingSent ? {} : effectOf(method);
  const cause = (error.cause as { code?: unknown } | null)?.code;
  const why = certificateFault(error.cause, 'apis[].upstream.tls.authorities');
  const evidence = {
    failure: error.failure,
    ...(typeof cause === 'string' && { cause }),
    ...(why !== null && { reason: why }),
  };
  switch (error.failure) {
    case 'timeout':
      return deny('upstream_timeout', evidence, told);
    case 'invalid':
      return deny('upstream_invalid', evidence, told);
    case 'unreachable':
      return deny('upstream_unreachable', evidence, told);
    case 'aborted':
      return deny('caller_left', evidence);
    default:
      return error.failure satisfies never;
  }
}
