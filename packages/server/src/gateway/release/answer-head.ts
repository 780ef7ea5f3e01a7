import {
  addSecurityHeaders,
  type Forwarding,
  isCorsField,
  isPrivateAnswerHeader,
  mergedVary,
  type RequestFacts,
} from '@poorter/engine';
import { type HeaderFields, listMembers } from '@poorter/openapi/checks';
import { CALL_HEADER } from '../call.ts';
import type { AnsweredFrom, UpstreamAnswer } from '../forward/upstream-answer.ts';
import { setsOwnCookie } from './own-cookies.ts';

/** The head for the caller: what the service said, less what is private, plus what every answer carries. */
export function answerHead(
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
    if (name === 'set-cookie' && setsOwnCookie(value, decision.operation.api)) continue;
    const isPlace = name === 'location' || name === 'content-location';
    head.push(name, isPlace && answer.from !== null ? placeBehindGate(value, answer.from) : value);
  }
  for (let index = 0; index < own.length; index += 2) {
    const name = own[index] as string;
    const value = own[index + 1] as string;
    head.push(name, name === 'vary' ? mergedVary(fields, value) : value);
  }
  head.push(CALL_HEADER, request.id);
  addSecurityHeaders(head, fields, request.isTls, decision.principal);
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
