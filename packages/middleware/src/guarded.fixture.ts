import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestOptions,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProtectionOptions, protectBy, type ReportedAnswer } from './index.ts';

/** A handler behind the guard, on a socket of its own. */
export interface Guarded {
  readonly server: Server;
  readonly port: number;
  readonly reported: ReportedAnswer[];
  /** Its head; the caller reads the rest. */
  open(path: string, options?: RequestOptions): Promise<IncomingMessage>;
  ask(path: string, options?: RequestOptions): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly trailers: IncomingMessage['trailers'];
  readonly text: string;
}

export type Handler = (response: ServerResponse, native: IncomingMessage) => unknown;

interface Lifetime {
  after(end: () => unknown): void;
}

const schema = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'string' }, at: { type: 'number' } },
};
const json = {
  description: '',
  headers: { 'X-Count': { schema: { type: 'integer' } } },
  content: { 'application/json': { schema }, 'image/png': {} },
};
const answers = (response: string) => ({
  get: { 'x-poorter': { response }, responses: { 200: json, 204: { description: '' } } },
  post: { 'x-poorter': { response }, responses: { 200: json } },
});

export const SHORT = 3;
/** Text of any kind, under any status. */
const textOf = (response: string, schema: object = { type: 'string' }) => ({
  get: {
    'x-poorter': { response },
    responses: { default: { description: '', content: { 'text/plain': { schema } } } },
  },
});

/** One operation a mode, one whose answer is a stream, and some that take whatever is text. */
export const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'Things', version: '1' },
  security: [],
  paths: {
    '/report': answers('report'),
    '/redact': answers('redact'),
    '/block': answers('block'),
    '/text/report': textOf('report'),
    '/text/block': textOf('block'),
    '/short/block': textOf('block', { type: 'string', maxLength: SHORT }),
    '/stream': {
      get: { responses: { 200: { description: '', content: { 'text/event-stream': {} } } } },
    },
  },
};

export async function startGuarded(
  t: Lifetime,
  handler: Handler,
  options: Partial<ProtectionOptions> = {},
): Promise<Guarded> {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-guarded-'));
  const description = join(folder, 'things.json');
  writeFileSync(description, JSON.stringify(DESCRIPTION));
  const reported: ReportedAnswer[] = [];
  const guarded = protectBy({
    ...{ description, readsAroundFaults: true },
    reported: (answer) => reported.push(answer),
    ...options,
  });
  rmSync(folder, { recursive: true });
  const server = createServer((native, response) => {
    void guarded(native, response, (call) => {
      call.end();
      return handler(response, native);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    server,
    reported,
    port,
    open: (path, more) => openAt(port, path, more),
    ask: (path, more) => answerAt(port, path, more),
  };
}

function openAt(port: number, path: string, more: RequestOptions = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, agent: false, ...more });
    outgoing.once('error', reject);
    outgoing.once('response', resolve);
    outgoing.end();
  });
}

export async function answerAt(port: number, path: string, more?: RequestOptions): Promise<Answer> {
  const incoming = await openAt(port, path, more);
  incoming.setEncoding('utf8');
  let text = '';
  for await (const piece of incoming) text += piece;
  const { statusCode = 0, statusMessage: reason = '', headers, rawHeaders, trailers } = incoming;
  return { status: statusCode, reason, headers, rawHeaders, trailers, text };
}

/** The `code` of a problem document. */
export function codeOf({ headers, text }: Answer): string {
  if (headers['content-type'] !== 'application/problem+json') return '';
  return (JSON.parse(text) as { code: string }).code;
}
