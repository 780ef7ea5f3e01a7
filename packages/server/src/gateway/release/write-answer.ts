import type { ServerResponse } from 'node:http';
import { isPrivateAnswerHeader } from '@poorter/engine';
import type { HeaderFields } from '@poorter/openapi';
import { cutOffStalled } from '../cut-off-stalled.ts';
import type { UpstreamAnswer } from '../forward/upstream-answer.ts';
import type { Runtime } from '../runtime.ts';

export const ONE_WRITE_BYTES_MAX = 16_384;
/**
 * What a call weighs while its caller does not read: connection, parser, answer, timers, and a
 * read each of the service's connection in its buffer and in the queue behind it.
 */
const SLOW_READER_BYTES = 28_672 + 2 * 65_536;

/** A small whole answer: head and body leave in one write. */
export function finish(
  answer: UpstreamAnswer,
  response: ServerResponse,
  head: string[],
  fields: HeaderFields,
  bytes: Buffer,
  isBodiless: boolean,
): void {
  if (isBodiless) {
    writeHead(response, answer.status, head, fields.get('content-length'));
    response.end();
  } else if (answer.trailers.length > 0) {
    response.writeHead(answer.status, head);
    response.write(bytes);
    endWithTrailers(answer, response);
  } else {
    head.push('content-length', String(bytes.length));
    response.writeHead(answer.status, head);
    // As text, Node puts head and body into one write; latin1 keeps every byte.
    if (bytes.length <= ONE_WRITE_BYTES_MAX) response.end(bytes.toString('latin1'), 'latin1');
    else response.end(bytes);
  }
}

export function writeHead(
  response: ServerResponse,
  status: number,
  head: string[],
  contentLength: string | undefined,
): void {
  // RFC 9110 §8.6: an answer without content has no length to tell, whatever the service says.
  const hasLength = contentLength !== undefined && status !== 204;
  const fields = hasLength ? [...head, 'content-length', contentLength] : head;
  response.writeHead(status, fields);
}

export async function pipe(
  runtime: Runtime,
  answer: UpstreamAnswer,
  response: ServerResponse,
): Promise<void> {
  for (let chunk = await answer.read(); chunk !== null; chunk = await answer.read()) {
    await write(runtime, response, chunk);
  }
  endWithTrailers(answer, response);
}

/**
 * Waits while the caller is slower than the service; what waits draws on the shared budget, and a
 * slow reader for whom none is left is cut off. A caller that left ends the wait too.
 */
export async function write(
  runtime: Runtime,
  response: ServerResponse,
  chunk: Buffer,
): Promise<void> {
  if (response.destroyed || response.write(chunk)) return;
  const weight = SLOW_READER_BYTES + chunk.length;
  if (!runtime.memory.reserve(weight)) {
    response.destroy();
    return;
  }
  const callOff = cutOffStalled(response, runtime.snapshot.timeouts.answerIdleMs);
  await waitForDrain(response);
  callOff();
  runtime.memory.release(weight);
}

function waitForDrain(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}

export function endWithTrailers(answer: UpstreamAnswer, response: ServerResponse): void {
  const trailers: [string, string][] = [];
  for (let index = 0; index < answer.trailers.length; index += 2) {
    const name = answer.trailers[index] as string;
    // RFC 9110 §6.5.1: framing, routing and authentication have no place in a trailer.
    if (isPrivateAnswerHeader(name, []) || FORBIDDEN_TRAILER.has(name)) continue;
    trailers.push([name, answer.trailers[index + 1] as string]);
  }
  if (trailers.length > 0 && !response.hasHeader('content-length')) response.addTrailers(trailers);
  response.end();
}

const FORBIDDEN_TRAILER = new Set([
  'set-cookie',
  'authorization',
  'www-authenticate',
  'content-type',
  'content-encoding',
  'content-range',
  'cache-control',
  'host',
  'location',
]);
