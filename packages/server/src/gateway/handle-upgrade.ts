import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type ApiSnapshot,
  answerWithheld,
  type Deny,
  decide,
  deny,
  type Forwarding,
  type Principal,
  type RequestFacts,
} from '@poorter/engine';
import { requestFacts } from '@poorter/middleware/node-messages';
import { type IncomingMessage, ServerResponse } from '../platform/http/index.ts';
import { CALL_HEADER, Call } from './call.ts';
import { failDurably, unrecorded } from './durable-call.ts';
import { openTunnel } from './forward/open-tunnel.ts';
import type { UpstreamAnswer } from './forward/upstream-answer.ts';
import { failureOf } from './handle-request.ts';
import { setsOwnCookie } from './release/own-cookies.ts';
import { release } from './release/release.ts';
import type { Runtime } from './runtime.ts';

const NO_BODY = { isVisible: true, read: async () => new Uint8Array() };

/**
 * A tunnel of which one half is closed lives no longer than this: it holds a place and two
 * connections. A caller that has left waits for nothing; one that is left may still be reading.
 */
const CALLER_GONE_MS = 100;
const SERVICE_GONE_MS = 2_000;

/** The longest that Node can wait at once, about 25 days; more would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * A WebSocket handshake is decided like every call, and tunnelled only to operations whose
 * description documents status 101, once the upstream has proved that it accepts.
 * The tunnel lives no longer than the right that opened it.
 */
export async function handleUpgrade(
  runtime: Runtime,
  native: IncomingMessage,
  socket: Socket,
  early: Buffer,
): Promise<void> {
  const response = new ServerResponse(native);
  response.assignSocket(socket);
  response.shouldKeepAlive = false;
  response.once('finish', () => socket.destroySoon());
  // Node has left this connection to us: nobody else tells that its caller has read on.
  socket.on('drain', () => response.emit('drain'));
  socket.on('error', () => socket.destroy());
  const call = Call.open(runtime, 'websocket', native.method ?? null, response);
  if (call === null) return;
  try {
    // normalise
    const request = requestFacts(runtime.head, native, call);
    if ('kind' in request) return call.refuse('admit', request, native);
    call.request = request;
    const handshake = checkHandshake(request);
    if (handshake !== null) return call.refuse('admit', handshake, native);

    // match, decide
    const decision = await decide(runtime.gate, request, NO_BODY);
    call.decided(decision);
    if (decision.kind === 'refuse') return call.refuseDecided(decision, native);
    if (decision.kind === 'preflight') return call.answerPreflight(decision);

    // record the intent
    const isDurable = decision.operation.audit === 'durable';
    if (isDurable && !(await call.commitIntent())) return call.fail(unrecorded(null));

    // forward
    const upstream = await reachService(runtime, decision, request, call);
    if ('kind' in upstream) {
      return isDurable ? await failDurably(call, upstream) : call.fail(upstream);
    }
    const { status } = upstream;
    const standing = { decision: 'forwarded', code: null, status } as const;
    if (isDurable && !(await call.commitOutcome(standing))) {
      upstream.end();
      return call.fail(unrecorded({ upstream: status }));
    }

    // release
    if (upstream.socket === null) {
      // The service turned the handshake down, in words of its own.
      const outcome = await release(runtime, request, decision, upstream, response);
      call.findings = outcome.findings;
      if (outcome.kind === 'withheld') return call.fail(answerWithheld(request.method));
      return call.forwarded(status);
    }
    response.detachSocket(socket);
    const endTunnel = call.tunnelled();
    const { api } = decision.operation;
    socket.write(
      handshakeAnswer(upstream.headers, api, [...decision.answerHeaders, CALL_HEADER, call.id]),
      'latin1',
    );
    tunnel(socket, upstream.socket, early, endTunnel);
    const { principal } = decision;
    const { clientAddress } = request;
    runtime.ongoing.hold({ principal, clientAddress }, socket);
    const endMs = rightEndsAt(runtime, principal);
    if (endMs !== null) closeAt(endMs, runtime.now, socket);
  } catch (fault) {
    call.fail(failureOf(fault));
  } finally {
    // record
    call.close();
  }
}

/** What the service answered: a tunnel, or its refusal; or why there is no answer. */
async function reachService(
  runtime: Runtime,
  decision: Forwarding,
  request: RequestFacts,
  call: Call,
): Promise<UpstreamAnswer | Deny> {
  try {
    const answer = await openTunnel(runtime, decision, request, (attempt) => {
      call.onAbort(() => attempt.end());
      if (call.isAborted) attempt.end();
    });
    if (!call.isAborted) return answer;
    answer.end();
    return deny('upstream_unreachable', { failure: 'aborted' });
  } catch (error) {
    return failureOf(error);
  }
}

function checkHandshake(request: RequestFacts): Deny | null {
  const { headers, method } = request;
  const isWebSocket =
    method === 'GET' &&
    !request.hasBody &&
    request.isUpgrade &&
    headers.get('upgrade')?.toLowerCase() === 'websocket' &&
    headers.all('sec-websocket-version').join() === '13' &&
    /^[A-Za-z0-9+/]{22}==$/.test(headers.all('sec-websocket-key').join());
  return isWebSocket ? null : deny('upgrade_not_accepted', { reason: 'handshake' });
}

function handshakeAnswer(
  upstreamHeaders: readonly string[],
  api: Pick<ApiSnapshot, 'ownCookies'>,
  own: readonly string[],
): string {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  for (let index = 0; index < upstreamHeaders.length; index += 2) {
    const name = upstreamHeaders[index] as string;
    const value = upstreamHeaders[index + 1] as string;
    const isCookie = name === 'set-cookie' && !setsOwnCookie(value, api);
    if (name.startsWith('sec-websocket-') || isCookie) lines.push(`${name}: ${value}`);
  }
  for (let index = 0; index < own.length; index += 2)
    lines.push(`${own[index]}: ${own[index + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Bytes both ways with back-pressure; when one side ends, so does the other. */
function tunnel(caller: Socket, upstream: Duplex, early: Buffer, onEnd: () => void): void {
  caller.setTimeout(0);
  if (early.length > 0) upstream.write(early);
  const close = () => {
    caller.destroy();
    upstream.destroy();
    onEnd();
  };
  // RFC 6455 §7.1.1: who closes its half has said goodbye; the other has a moment to do so too.
  const closeSoon = (ms: number) => () => void setTimeout(close, ms).unref();
  for (const side of [caller, upstream]) side.once('error', close).once('close', close);
  caller.once('end', closeSoon(CALLER_GONE_MS));
  upstream.once('end', closeSoon(SERVICE_GONE_MS));
  caller.pipe(upstream);
  upstream.pipe(caller);
}

/** Milliseconds until when another call with the same credential would pass; null: no end. */
function rightEndsAt({ snapshot }: Runtime, principal: Principal | null): number | null {
  if (principal === null || principal.expiresAt === null) return null;
  const issuer = snapshot.gate.issuers.find(({ issuer }) => issuer === principal.issuer);
  return (principal.expiresAt + (issuer?.clockSkewSeconds ?? 0)) * 1000;
}

/** By the clock, not by one timer: a wait may be too long for a timer, and clocks are set. */
function closeAt(endMs: number, now: () => number, socket: Socket): void {
  let timer: NodeJS.Timeout;
  const look = () => {
    const leftMs = endMs - now();
    if (leftMs > 0) timer = setTimeout(look, Math.min(leftMs, TIMER_MS_MAX));
    else socket.destroy();
  };
  look();
  socket.once('close', () => clearTimeout(timer));
}
