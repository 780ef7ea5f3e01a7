import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import type { Lifetime } from './poorter.fixture.ts';

/** What reached the service, byte for byte. */
export interface RawUpstream {
  readonly url: string;
  readonly port: number;
  /** Everything received on each connection, in order of connection. */
  readonly received: () => string[];
  /** How many request heads arrived. */
  readonly requests: () => number;
}

export interface RawUpstreamOptions {
  readonly answer?: string;
  /** False for long runs: only requests are counted. */
  readonly keepsBytes?: boolean;
}

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';

/**
 * A service that answers every request head with `{}` and keeps the bytes it saw. It knows just
 * enough HTTP to find the end of a request that was framed properly.
 */
export async function startRawUpstream(
  t: Lifetime,
  { answer = ANSWER, keepsBytes = true }: RawUpstreamOptions = {},
): Promise<RawUpstream> {
  const connections: Buffer[][] = [];
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((socket) => {
    const chunks: Buffer[] = [];
    if (keepsBytes) connections.push(chunks);
    sockets.add(socket);
    let pending = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      if (keepsBytes) chunks.push(chunk);
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        const length = requestLength(pending);
        if (length === null) return;
        pending = pending.subarray(length);
        requests++;
        socket.write(answer);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received: () => connections.map((chunks) => Buffer.concat(chunks).toString('latin1')),
    requests: () => requests,
  };
}

/** Bytes of the first whole request in the buffer; null while it is incomplete. */
function requestLength(buffer: Buffer): number | null {
  const head = buffer.indexOf('\r\n\r\n');
  if (head === -1) return null;
  const text = buffer.subarray(0, head).toString('latin1').toLowerCase();
  const length = /\r\ncontent-length: *([0-9]+)/.exec(text)?.[1];
  if (/\r\ntransfer-encoding: *chunked/.test(text)) {
    const end = buffer.indexOf('\r\n0\r\n\r\n', head + 2);
    return end === -1 ? null : end + 7;
  }
  const total = head + 4 + Number(length ?? 0);
  return buffer.length >= total ? total : null;
}
