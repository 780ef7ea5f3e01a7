import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Lifetime } from './poorter.fixture.ts';

/** A call as the service saw it. */
export interface SeenCall {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface Service {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  readonly seen: SeenCall[];
  readonly last: () => SeenCall;
  /** Connections accepted so far. */
  readonly connections: () => number;
  /** Cuts every open connection. */
  cutConnections(): void;
}

export type Respond = (
  response: ServerResponse,
  call: SeenCall,
  request: IncomingMessage,
) => unknown;

const ANSWER: Respond = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
};

/** A service that reads the whole request, keeps it, and answers as told (default: `{}`). */
export async function startService(
  t: Lifetime,
  respond: Respond = ANSWER,
  options: { tls?: ServerOptions; port?: number } = {},
): Promise<Service> {
  const seen: SeenCall[] = [];
  return listen(t, seen, options, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const call = {
        method: request.method ?? '',
        target: request.url ?? '',
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      seen.push(call);
      respond(response, call, request);
    });
  });
}

/** A service that handles each request itself, body included. */
export function startStreamingService(t: Lifetime, handle: RequestListener): Promise<Service> {
  return listen(t, [], {}, handle);
}

async function listen(
  t: Lifetime,
  seen: SeenCall[],
  { tls, port }: { tls?: ServerOptions; port?: number },
  handle: RequestListener,
): Promise<Service> {
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  const cutConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(port ?? 0, '127.0.0.1', resolve));
  t.after(() => {
    cutConnections();
    server.close();
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${bound}`,
    port: bound,
    server,
    seen,
    last: () => {
      const call = seen.at(-1);
      if (call === undefined) throw new Error('nothing reached the service');
      return call;
    },
    connections: () => connections,
    cutConnections,
  };
}
