import { createHash } from 'node:crypto';
import type { Forwarding, RequestFacts } from '@poorter/engine';
import { HeaderFields } from '@poorter/openapi/checks';
import type { Runtime } from '../runtime.ts';
import { ATTEMPTS_MAX, hostOf, SAME_SERVER } from './forward.ts';
import { UpstreamAnswer, UpstreamError } from './upstream-answer.ts';
import type { Target } from './upstreams.ts';

/** RFC 6455 §1.3: what an accepting server mixes into the key. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * Repeats the caller's handshake with the service, on another target where one does not answer it.
 * The answer has a socket where the service has proved that it speaks WebSocket with us; any other
 * answer is its own word to the caller. Throws UpstreamError.
 */
export async function openTunnel(
  runtime: Runtime,
  decision: Forwarding,
  request: RequestFacts,
  onAttempt: (answer: UpstreamAnswer) => void,
): Promise<UpstreamAnswer> {
  const upstream = runtime.upstreams.of(decision.operation.api.name);
  const tried: Target[] = [];
  for (;;) {
    const target = upstream.pick(runtime.now(), tried) as Target;
    tried.push(target);
    try {
      const answer = await UpstreamAnswer.dispatch(
        await target.pool.get(),
        {
          path: target.basePath + decision.target,
          method: 'GET',
          headers: [...decision.headers, 'host', hostOf(upstream, target, decision.headers)],
          upgrade: 'websocket',
          ...SAME_SERVER,
          headersTimeout: upstream.snapshot.headTimeoutMs,
        },
        onAttempt,
      );
      upstream.succeeded(target);
      answer.from = target;
      if (answer.socket !== null) requireProof(answer, request);
      return answer;
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (error.failure === 'invalid' || error.failure === 'aborted') throw error;
      upstream.failed(target, runtime.now());
      const isLast = tried.length >= Math.min(ATTEMPTS_MAX, upstream.size);
      if (isLast || error.failure !== 'unreachable') throw error;
    }
  }
}

/** RFC 6455 §4.1: a server that has not read the key has not understood the handshake. */
function requireProof({ status, headers, socket }: UpstreamAnswer, request: RequestFacts): void {
  const key = request.headers.get('sec-websocket-key') as string;
  const expected = createHash('sha1')
    .update(key + WEBSOCKET_GUID)
    .digest('base64');
  const accept = new HeaderFields(headers).get('sec-websocket-accept');
  if (status === 101 && accept === expected) return;
  socket?.destroy();
  throw new UpstreamError('invalid', false, { code: 'handshake' });
}
