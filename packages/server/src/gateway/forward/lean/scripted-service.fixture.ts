import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { monotonicMs } from '../../../platform/clock/index.ts';
import { upstreamConnector } from '../connect-upstream.ts';
import { UpstreamAnswer, UpstreamError } from '../upstream-answer.ts';
import { LeanPool } from './lean-pool.ts';
import type { Question } from './question.ts';

/** What the service writes, piece by piece, and how it ends. */
export interface Script {
  readonly pieces: readonly string[];
  readonly end: 'stays' | 'ends' | 'resets';
  /** So much of the body is heard first. */
  readonly bodyBytes?: number;
}

/** A service that says what it is told to say, once on each connection. */
export const service = {
  script: { pieces: [], end: 'stays' } as Script,
  /** All that came, whoever sent it. */
  heard: '',
  sockets: new Set<Socket>(),
};
const listener = createServer({ noDelay: true }, (socket) => {
  service.sockets.add(socket);
  socket.on('error', () => undefined).on('close', () => service.sockets.delete(socket));
  socket.on('data', (chunk: Buffer) => {
    service.heard += chunk.toString('latin1');
    const isHeard =
      /\r\n\r\n/.test(service.heard) &&
      bodyOf(service.heard).length >= (service.script.bodyBytes ?? 0);
    if (isHeard && !answered.has(socket)) void speak(socket);
  });
});
const answered = new WeakSet<Socket>();

async function speak(socket: Socket): Promise<void> {
  answered.add(socket);
  const { pieces, end } = service.script;
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece, 'latin1');
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (end === 'ends') socket.end();
  if (end === 'resets') socket.resetAndDestroy();
}

await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
const { port } = listener.address() as AddressInfo;
after(() => {
  for (const socket of service.sockets) socket.destroy();
  listener.close();
});

export const TIMES = { connectMs: 2_000, headMs: 600, idleMs: 600 };
/** For what ends by itself: a busy machine lets it wait for longer than that. */
export const PATIENT_TIMES = { connectMs: 60_000, headMs: 60_000, idleMs: 60_000 };

export function openLean(
  more: Partial<ConstructorParameters<typeof LeanPool>[0]> = {},
  connections = 1,
) {
  return new LeanPool(
    { host: '127.0.0.1', port, ...TIMES, headBytesMax: 65_536, now: monotonicMs, ...more },
    connections,
  );
}

function openUndici(times: typeof TIMES): Pool {
  const snapshot = {
    targets: [],
    tls: { authorities: [], certificate: null, key: null, serverName: null },
    ...{ connectTimeoutMs: 2_000, headTimeoutMs: 600, idleTimeoutMs: 600, connectionsMax: 1 },
    ...{ failuresBeforeRest: 5, restMs: 1_000, preserveHost: false },
  };
  const url = new URL(`http://127.0.0.1:${port}`);
  return new Pool(url.origin, {
    ...{ connections: 1, pipelining: 1, connect: upstreamConnector(url, snapshot) },
    ...{ headersTimeout: times.headMs, bodyTimeout: times.idleMs, maxHeaderSize: 65_536 },
    strictContentLength: true,
  });
}

export const question = (more: Partial<Question> = {}): Question => ({
  ...{ method: 'GET', path: '/x', host: 'service.example', headers: ['a', 'b'], body: null },
  ...{ streamBytes: undefined, isStreamingAnswer: false, ...more },
});

export type Client = (asked: Question) => Promise<UpstreamAnswer>;

export async function overLean(
  work: (client: Client) => Promise<unknown>,
  times = PATIENT_TIMES,
): Promise<unknown> {
  const pool = openLean(times);
  try {
    return await work((asked) => UpstreamAnswer.ask(pool, asked, () => undefined));
  } finally {
    for (const socket of service.sockets) socket.destroy();
    await pool.close();
  }
}

export async function overUndici(
  work: (client: Client) => Promise<unknown>,
  times = TIMES,
): Promise<unknown> {
  const pool = openUndici(times);
  const client: Client = ({ method, path, host, headers, body, streamBytes }) =>
    UpstreamAnswer.dispatch(
      pool,
      {
        path,
        method: method as 'GET',
        headers: [
          ...[...headers, 'host', host],
          ...(streamBytes === undefined ? [] : ['content-length', String(streamBytes)]),
        ],
        body,
        headersTimeout: times.headMs,
      },
      () => undefined,
    );
  try {
    return await work(client);
  } finally {
    await pool.destroy();
  }
}

/** All that a caller could learn. */
export async function outcome(client: Client, asked: Question): Promise<unknown> {
  try {
    const answer = await client(asked);
    const { status } = answer;
    const names = new Map<string, string[]>();
    for (let at = 0; at < answer.headers.length; at += 2) {
      const name = answer.headers[at] as string;
      names.set(name, [...(names.get(name) ?? []), answer.headers[at + 1] as string]);
    }
    const headers = [...names].toSorted();
    let body = '';
    try {
      for (let piece = await answer.read(); piece !== null; piece = await answer.read()) {
        body += piece.toString('latin1');
      }
    } catch (error) {
      return { status, headers, body, cut: (error as UpstreamError).failure };
    }
    return { status, headers, body, trailers: answer.trailers };
  } catch (error) {
    assert.ok(error instanceof UpstreamError, String(error));
    return { failure: error.failure, nothingSent: error.nothingSent };
  }
}

export async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !holds(); ) {
    assert.ok(Date.now() < end);
    await sleep(5);
  }
}

export const bodyOf = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4);

export const HEAD = 'HTTP/1.1 200 OK\r\n';
