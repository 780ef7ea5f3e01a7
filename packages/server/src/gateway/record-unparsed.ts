import type { Socket } from 'node:net';
import { type Deny, deny, problems } from '@poorter/engine';
import { problemBody, problemHeaders } from '@poorter/middleware/node-messages';
import { callRecord } from '../messages/call-record.ts';
import { CALL_HEADER, nextCallId } from './call.ts';
import type { Runtime } from './runtime.ts';

/** Records bytes that never became a request, charges their sender, and returns the raw answer. */
export function recordUnparsed(
  runtime: Runtime,
  socket: Socket,
  denial: Deny,
  bytes?: Uint8Array,
): Buffer {
  const peer = socket.remoteAddress ?? '';
  const id = nextCallId();
  const nowMs = runtime.now();
  const { status } = problems[denial.code];
  const answer = rawAnswer(status, denial, id, mayBeHead(bytes, socket));
  runtime.gate.chargeFailure(peer, denial.code, nowMs);
  if (!runtime.records.reserve()) return answer;
  const call = {
    ...({ nowMs, id, host: 'parser', client: peer, snapshot: runtime.gate.version } as const),
    ...{ method: null, names: null, principal: null, observed: [], findings: null },
    ...{ durationMs: 0, bytesIn: 0, bytesOut: answer.length, isComplete: true },
  };
  const { code, evidence } = denial;
  runtime.records.write(
    callRecord(call, { decision: 'refused', phase: 'parser', code, status, evidence }),
  );
  runtime.statistics.count('', '', 'refused', denial.code, 0);
  return answer;
}

/** What Node's parser found, with the bytes in which it did. */
export type Unparsed = Error & { readonly code?: string; readonly rawPacket?: Uint8Array };

/**
 * RFC 9110 §9.3.2: nothing follows the head of an answer to HEAD, and who asked so would take it for another answer. What
 * came before these bytes is gone; where they do not begin a request, nobody knows of which they are.
 */
function mayBeHead(bytes: Uint8Array | undefined, socket: Socket): boolean {
  if (bytes === undefined) return false;
  const text = Buffer.from(bytes.subarray(0, LINE_LOOKED_AT)).toString('latin1');
  const [, method] = /^(?:\r?\n)*([A-Za-z]+) \S/.exec(text) ?? [];
  if (method !== undefined) return method.toUpperCase() === 'HEAD';
  return socket.bytesRead > bytes.length;
}

const LINE_LOOKED_AT = 64;

function rawAnswer(status: number, denial: Deny, id: string, isBodiless: boolean): Buffer {
  const body = problemBody(denial.code, id);
  const headers = problemHeaders(body, ['connection', 'close', CALL_HEADER, id]);
  const lines = [`HTTP/1.1 ${status} ${REASONS[status] ?? 'Refused'}`];
  for (let index = 0; index < headers.length; index += 2) {
    // Whoever asked in another way than by HEAD waits for no bytes either: the connection ends.
    if (isBodiless && headers[index] === 'content-length') continue;
    lines.push(`${headers[index]}: ${headers[index + 1]}`);
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return isBodiless ? head : Buffer.concat([head, body]);
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** A connection that failed to say anything, or a TLS handshake that failed, is not a call. */
export function isParserError(error: Error & { code?: string }, socket: Socket): boolean {
  const isAboutRequest =
    error.code?.startsWith('HPE_') === true || error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  return isAboutRequest && socket.bytesRead > 0;
}

/** For hosts without bodies or pipelines worth saving: answered where possible, and recorded. */
export function refuseUnparsed(runtime: Runtime, error: Unparsed, socket: Socket): void {
  if (!isParserError(error, socket) || !socket.writable) socket.destroy();
  else socket.end(recordUnparsed(runtime, socket, parserDenial(error), error.rawPacket));
}

export function parserDenial(error: Error & { code?: string }): Deny {
  const evidence = { parser: error.code ?? error.name };
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return deny('headers_too_large', evidence);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return deny('request_timeout', evidence);
    case 'HPE_INVALID_TRANSFER_ENCODING':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
      return deny('ambiguous_request', evidence);
    default:
      return deny('malformed_request', evidence);
  }
}
