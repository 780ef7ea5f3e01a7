import type { Readable } from 'node:stream';
import type { Forwarding } from '@poorter/engine';
import type { Runtime } from '../runtime.ts';
import { UpstreamAnswer, UpstreamError } from './upstream-answer.ts';
import type { Target, Upstream } from './upstreams.ts';

/** RFC 9110 §9.2.2: repeating these changes nothing more. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
/** Targets asked for one call, the first included. */
export const ATTEMPTS_MAX = 3;

export interface ForwardPorts {
  /** The caller's body, when it streams. */
  readonly stream: () => Readable;
  /** The stream ended early: no fault of the service. */
  readonly isBodyBroken: () => boolean;
  readonly contentLength: string | undefined;
  readonly isStreamingAnswer: boolean;
  /** Called with each attempt, so that the caller's departure can abort it. */
  readonly onAttempt: (answer: UpstreamAnswer) => void;
}

/**
 * Sends a decided call to its service and returns when the head of the answer stands.
 * Tried again on another target only where nothing was sent, or where the method is idempotent
 * and its body is at hand. Throws UpstreamError.
 */
export async function forward(
  runtime: Runtime,
  decision: Forwarding,
  method: string,
  ports: ForwardPorts,
): Promise<UpstreamAnswer> {
  const upstream = runtime.upstreams.of(decision.operation.api.name);
  const tried: Target[] = [];
  for (;;) {
    const target = upstream.pick(runtime.now(), tried) ?? (tried[0] as Target);
    tried.push(target);
    try {
      const answer = await attempt(upstream, target, decision, method, ports);
      upstream.succeeded(target);
      answer.from = target;
      return answer;
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (decision.body.kind === 'stream' && ports.isBodyBroken()) throw error;
      if (error.failure !== 'aborted') upstream.failed(target, runtime.now());
      if (tried.length >= ATTEMPTS_MAX || !mayRepeat(error, decision, method, upstream))
        throw error;
    }
  }
}

function mayRepeat(
  error: UpstreamError,
  decision: Forwarding,
  method: string,
  upstream: Upstream,
): boolean {
  if (error.failure !== 'unreachable') return false;
  if (decision.body.kind === 'stream') return error.nothingSent && upstream.size > 1;
  return error.nothingSent ? upstream.size > 1 : IDEMPOTENT.has(method);
}

function attempt(
  upstream: Upstream,
  target: Target,
  decision: Forwarding,
  method: string,
  ports: ForwardPorts,
): Promise<UpstreamAnswer> {
  const host = hostOf(upstream, target, decision.headers);
  const path = target.basePath + decision.target;
  let body: Uint8Array | Readable | null = null;
  if (decision.body.kind === 'bytes') body = decision.body.bytes;
  if (decision.body.kind === 'stream') body = ports.stream();
  if (target.lean !== null) {
    const { contentLength } = ports;
    const streamBytes = contentLength === undefined ? undefined : Number(contentLength);
    const { headers } = decision;
    const { isStreamingAnswer } = ports;
    const question = { method, path, host, headers, body, streamBytes, isStreamingAnswer };
    return UpstreamAnswer.ask(target.lean, question, ports.onAttempt);
  }
  return attemptByUndici(upstream, target, { decision, method, path, host, body }, ports);
}

interface Attempt {
  readonly decision: Forwarding;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly body: Uint8Array | Readable | null;
}

async function attemptByUndici(
  { snapshot }: Upstream,
  target: Target,
  { decision, method, path, host, body }: Attempt,
  ports: ForwardPorts,
): Promise<UpstreamAnswer> {
  const headers = [...decision.headers, 'host', host];
  if (decision.body.kind === 'stream' && ports.contentLength !== undefined) {
    headers.push('content-length', ports.contentLength);
  }
  return UpstreamAnswer.dispatch(
    await target.pool.get(),
    {
      path,
      method: method as 'GET',
      headers,
      body,
      ...SAME_SERVER,
      headersTimeout: snapshot.headTimeoutMs,
      // An event stream may be silent for as long as it likes.
      ...(ports.isStreamingAnswer && { bodyTimeout: 0 }),
    },
    ports.onAttempt,
  );
}

/**
 * undici opens a new connection whenever a call's Host names another server than the call before.
 * Which server is meant never depends on the call: see upstreamConnector.
 */
export const SAME_SERVER = { servername: 'upstream' };

/** The Host that the service is asked under. */
export function hostOf(upstream: Upstream, target: Target, headers: readonly string[]): string {
  const at = upstream.snapshot.preserveHost ? headers.indexOf('x-forwarded-host') : -1;
  return at === -1 ? target.host : (headers[at + 1] as string);
}
