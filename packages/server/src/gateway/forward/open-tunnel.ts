import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type Forwarding, HeaderFields, type RequestFacts } from '@poorter/engine';
import type { Dispatcher } from 'undici';
import type { Runtime } from '../runtime.ts';
import { ATTEMPTS_MAX, hostOf } from './forward.ts';
import { failureKindOf, flatFields, UpstreamError } from './upstream-answer.ts';
import type { Target, Upstream } from './upstreams.ts';

/** RFC 6455 §1.3: what an accepting server mixes into the key. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A connection to the service that has switched to WebSocket. */
export interface Tunnel {
  readonly socket: Duplex;
  /** Fields of its 101 answer: name, value, … */
  readonly headers: readonly string[];
}

/**
 * Repeats the caller's handshake with the service, on another target where one does not answer it.
 * Throws UpstreamError. A service that turns a handshake down is alive: its health is not blamed.
 */
export async function openTunnel(
  runtime: Runtime,
  decision: Forwarding,
  request: RequestFacts,
  onAttempt: (abort: () => void) => void,
): Promise<Tunnel> {
  const upstream = runtime.upstreams.of(decision.operation.api.name);
  const tried: Target[] = [];
  for (;;) {
    const target = upstream.pick(runtime.now(), tried) as Target;
    tried.push(target);
    try {
      const tunnel = await shakeHands(upstream, target, decision, request, onAttempt);
      upstream.succeeded(target);
      return tunnel;
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (error.failure === 'invalid' || error.failure === 'aborted') throw error;
      upstream.failed(target, runtime.now());
      const isLast = tried.length >= Math.min(ATTEMPTS_MAX, upstream.size);
      if (isLast || error.failure !== 'unreachable') throw error;
    }
  }
}

function shakeHands(
  upstream: Upstream,
  target: Target,
  decision: Forwarding,
  request: RequestFacts,
  onAttempt: (abort: () => void) => void,
): Promise<Tunnel> {
  const key = request.headers.get('sec-websocket-key') as string;
  const expected = createHash('sha1')
    .update(key + WEBSOCKET_GUID)
    .digest('base64');
  return new Promise((resolve, reject) => {
    const turnDown = (reason: string) =>
      reject(new UpstreamError('invalid', false, { code: reason }));
    let controller: Dispatcher.DispatchController | null = null;
    let isAborted = false;
    onAttempt(() => {
      isAborted = true;
      controller?.abort(new Error('the caller left'));
      reject(new UpstreamError('aborted', false, null));
    });
    target.pool.dispatch(
      {
        path: target.basePath + decision.target,
        method: 'GET',
        headers: [...decision.headers, 'host', hostOf(upstream, target, decision.headers)],
        upgrade: 'websocket',
      },
      {
        onRequestStart(started) {
          controller = started;
          if (isAborted) started.abort(new Error('the caller left'));
        },
        onRequestUpgrade(_controller, status, parsed, socket) {
          const headers = flatFields(parsed);
          const accept = new HeaderFields(headers).get('sec-websocket-accept');
          if (status === 101 && accept === expected && !isAborted) resolve({ socket, headers });
          else {
            // Unclaimed sockets may still fail.
            socket.on('error', () => undefined);
            socket.destroy();
            turnDown('handshake');
          }
        },
        onResponseStart(answering, status) {
          turnDown(`status-${status}`);
          answering.abort(new Error('the service did not switch protocols'));
        },
        onResponseData() {},
        onResponseEnd() {},
        onResponseError(_controller, error: Error & { code?: string }) {
          reject(new UpstreamError(failureKindOf(error), false, error));
        },
      },
    );
  });
}
