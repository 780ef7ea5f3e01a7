import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS } from './patience.fixture.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** name, value, … as they arrived. */
  readonly rawHeaders: readonly string[];
  readonly trailers: IncomingMessage['trailers'];
  readonly text: string;
  readonly bytes: Buffer;
  /** Whether the gate asked for the body with 100 Continue. */
  readonly wasContinued: boolean;
}

export interface CallOptions extends RequestOptions {
  readonly body?: string | Buffer;
}

/** One call on a connection of its own, unless an agent is given. */
export function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    let wasContinued = false;
    const outgoing = openCall(url, rest);
    outgoing.once('error', reject);
    outgoing.once('continue', () => {
      wasContinued = true;
      outgoing.end(body);
    });
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () => {
        const bytes = Buffer.concat(chunks);
        if (!outgoing.writableEnded) outgoing.destroy();
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          rawHeaders: incoming.rawHeaders,
          trailers: incoming.trailers,
          text: bytes.toString('utf8'),
          bytes,
          wasContinued,
        });
      });
    });
    if (outgoing.getHeader('expect') === undefined) outgoing.end(body);
    else outgoing.flushHeaders();
  });
}

/** A call whose body and answer the test handles itself. */
export function openCall(url: string, options: RequestOptions = {}): ClientRequest {
  const open = url.startsWith('https:') ? httpsRequest : httpRequest;
  return open(url, { agent: false, ...options });
}

/** The `code` of a problem document. */
export function codeOf(answer: Answer): string {
  if (answer.headers['content-type'] !== 'application/problem+json') return '';
  return (JSON.parse(answer.text) as { code: string }).code;
}

/** Sends bytes as they are and gathers what comes back until the connection ends or falls silent. */
export async function sendRaw(port: number, bytes: string, quietMs = 300): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let heardAt = Date.now();
  let hasEnded = false;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    heardAt = Date.now();
  });
  socket.on('error', () => undefined);
  socket.once('close', () => {
    hasEnded = true;
  });
  socket.write(bytes, 'latin1');
  const deadline = Date.now() + PATIENCE_MS;
  while (!hasEnded && Date.now() < deadline && (text === '' || Date.now() - heardAt < quietMs)) {
    await sleep(10);
  }
  socket.destroy();
  return text;
}

/** Waits until something holds; throws with `what` when it does not within the time. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = PATIENCE_MS,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(25);
  }
}
