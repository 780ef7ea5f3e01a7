import type * as Http from 'node:http';
import type * as Https from 'node:https';

/**
 * Whoever imports `node:http` has Node load all that it can export, HTTP/2 and a WebSocket client among it: 7 MB in
 * every thread, and 80 modules at its start. Asked for like this, it loads what it uses.
 */
const http: typeof Http = process.getBuiltinModule('node:http');

export const { createServer, ServerResponse, STATUS_CODES } = http;
export type ServerResponse = Http.ServerResponse;
export type { IncomingMessage, Server } from 'node:http';

export type TlsServer = Https.Server;

/** The same over TLS, which is loaded by whoever has a certificate. */
export function createTlsServer(
  options: Https.ServerOptions,
  onRequest?: Http.RequestListener,
): TlsServer {
  return process.getBuiltinModule('node:https').createServer(options, onRequest);
}

/**
 * Longer than load balancers keep a connection on which nothing comes, 60 s at most of them: whoever closes first loses
 * the call that the other has just sent. Node's own is 5 s.
 */
export const KEEP_ALIVE_MS = 65_000;

export { FairPlaces } from './fair-places.ts';
export { readBounded } from './read-bounded.ts';
export { TLS_SUITES } from './tls-suites.ts';
