import type { Readable } from 'node:stream';

/** A request as it goes to a service. */
export interface Question {
  readonly method: string;
  /** Path and query, as they stand in the first line. */
  readonly path: string;
  readonly host: string;
  /** Name, value, …: without Host, Connection and framing. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | Readable | null;
  /** Of a body that streams; undefined: it goes in chunks. */
  readonly streamBytes: number | undefined;
  /** An event stream may be silent for as long as it likes. */
  readonly isStreamingAnswer: boolean;
}

/** RFC 9110 §8.6: where a body is expected, its absence is said. */
const EXPECT_BODY = new Set(['POST', 'PUT', 'PATCH', 'QUERY']);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What no request may carry, whoever let it through before: it would begin another line, or another request. */
export class UnsendableError extends Error {
  override readonly name = 'UnsendableError';
}

/** Its head, each character one byte. Throws UnsendableError. */
export function headOf(question: Question): string {
  const { method, path, host, headers } = question;
  if (!TOKEN.test(method)) throw new UnsendableError('the method is no token');
  if (!TARGET.test(path)) throw new UnsendableError('the target has characters that none may have');
  let text = `${method} ${path} HTTP/1.1\r\nhost: ${checked(host)}\r\nconnection: keep-alive\r\n`;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string;
    if (!isName(name)) throw new UnsendableError('a field name is no token');
    text += `${name}: ${checked(headers[index + 1] as string)}\r\n`;
  }
  return `${text}${framing(question)}\r\n`;
}

function framing({ method, body, streamBytes }: Question): string {
  if (body === null) return EXPECT_BODY.has(method) ? 'content-length: 0\r\n' : '';
  if (body instanceof Uint8Array) return `content-length: ${body.length}\r\n`;
  return streamBytes === undefined
    ? 'transfer-encoding: chunked\r\n'
    : `content-length: ${streamBytes}\r\n`;
}

function checked(value: string): string {
  if (!VALUE.test(value)) throw new UnsendableError('a field has characters that none may have');
  return value;
}

/** Callers use the same few dozen names; strangers' are tried each time. */
const NAMES_MAX = 1_000;
const names = new Set<string>();

function isName(name: string): boolean {
  if (names.has(name)) return true;
  if (!TOKEN.test(name)) return false;
  if (names.size < NAMES_MAX) names.add(name);
  return true;
}
