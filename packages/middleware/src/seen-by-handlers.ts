import type { IncomingMessage } from 'node:http';
import {
  type Forwarding,
  type RequestFacts,
  upstreamHeaders,
  withoutQueryParameters,
} from '@poorter/engine';
import { HeaderFields } from '@poorter/openapi/checks';

/** Of a call that is told about: nothing that the caller wrote but its method. Safe to be logged whole. */
export type ToldRequest = Pick<
  RequestFacts,
  'id' | 'nowMs' | 'clientAddress' | 'method' | 'isTls' | 'hasBody' | 'isUpgrade'
>;

export function toldRequest(request: RequestFacts): ToldRequest {
  const { id, nowMs, clientAddress, method, isTls, hasBody, isUpgrade } = request;
  return { id, nowMs, clientAddress, method, isTls, hasBody, isUpgrade };
}

/**
 * Leaves of the native request what a service behind the gate would be sent: the target that was
 * decided, no credential, nothing of what only a gate or a proxy may say, and the length of the
 * bytes that were checked. Answers the facts as they then are.
 */
export function showDecided(
  native: IncomingMessage,
  request: RequestFacts,
  decision: Forwarding,
  body: Uint8Array | null,
  isAnswerChecked: boolean,
): RequestFacts {
  const { operation } = decision;
  const flat = fieldsOf(request, decision, isAnswerChecked);
  const host = request.headers.get('host');
  if (host !== undefined) flat.unshift('host', host);
  if (body !== null) flat.push('content-length', String(body.length));
  native.url = decision.target;
  native.rawHeaders = flat;
  native.headers = joinedFields(flat);
  native.headersDistinct = distinctFields(flat);
  // What came after the body was never checked.
  native.rawTrailers = [];
  native.trailers = {};
  native.trailersDistinct = {};
  return {
    ...request,
    query: withoutQueryParameters(request.query, operation.credentials.query),
    headers: new HeaderFields(flat),
  };
}

function fieldsOf(
  request: RequestFacts,
  { headers, operation }: Forwarding,
  isAnswerChecked: boolean,
): string[] {
  const at = headers.indexOf('poorter-identity');
  const identity = at === -1 ? null : (headers[at + 1] as string);
  // Where nobody looks at the answer, it may be a range, and compressed.
  const shape = isAnswerChecked ? operation.shape : { ...operation.shape, wantsPlainAnswer: false };
  return upstreamHeaders(request, request.isTls ? 'https' : 'http', identity, shape);
}

/** As node:http has it. What cannot be a list stands there once: that was checked. */
function joinedFields(flat: readonly string[]): IncomingMessage['headers'] {
  const joined: Record<string, string | string[]> = {};
  for (const [name, values] of Object.entries(distinctFields(flat))) {
    if (name === 'set-cookie') joined[name] = values;
    else joined[name] = values.join(name === 'cookie' ? '; ' : ', ');
  }
  return joined;
}

function distinctFields(flat: readonly string[]): Record<string, string[]> {
  const distinct: Record<string, string[]> = Object.create(null);
  for (let at = 0; at + 1 < flat.length; at += 2) {
    (distinct[flat[at] as string] ??= []).push(flat[at + 1] as string);
  }
  return distinct;
}
