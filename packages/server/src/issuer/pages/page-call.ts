import type { ProtectedCall } from '@poorter/middleware/guard';
import { parseJsonText } from '@poorter/openapi/json';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { IncomingMessage, ServerResponse } from '../../platform/http/index.ts';
import type { ToldOfCall } from '../issuer-record.ts';

/** Somebody asks for a page, or sends what stands on one. */
export interface PageCall {
  readonly call: ProtectedCall;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export type Handle = (asked: PageCall) => Promise<ToldOfCall>;

export const NOBODY: ToldOfCall = { client: null, subject: null, error: null };

/**
 * Cookies come along from wherever a browser was sent; what changes something is asked by our own pages alone. Every
 * browser names the origin of a POST (Fetch, §3.2), and none lets a page choose it: a token in each form would say
 * the same once more.
 */
export function isOwnPage(
  { request }: Pick<PageCall, 'request'>,
  { origin }: Pick<IssuerSnapshot, 'origin'>,
): boolean {
  return request.headers.origin === origin;
}

export function sendJson({ response }: PageCall, status: number, body: object): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  response.end(JSON.stringify(body));
}

/** RFC 9110 §15.4.4: whatever was sent, the other page is only asked for. */
export function sendTo({ response }: PageCall, location: string): void {
  response.statusCode = 303;
  response.setHeader('location', location);
  response.setHeader('cache-control', 'no-store');
  response.setHeader('content-length', '0');
  response.end();
}

/** The contract has checked its form. */
export function formOf({ call }: Pick<PageCall, 'call'>): URLSearchParams {
  return new URLSearchParams(Buffer.from(call.body ?? []).toString('utf8'));
}

/** The contract has checked its form. */
export function jsonOf({ call }: Pick<PageCall, 'call'>): {
  readonly link?: unknown;
  readonly credential?: object;
  readonly number?: string;
} {
  return parseJsonText(Buffer.from(call.body ?? []).toString('utf8')) as object;
}
