import { Pool } from 'undici';
import type { UpstreamSnapshot } from '../../messages/between-processes.ts';
import { upstreamConnector } from './connect-upstream.ts';

/**
 * However steady the traffic, a connection gives way to a fresh one at this age: the name of the
 * service is then looked up again, and an address that has changed is noticed.
 */
const CONNECTION_AGE_MAX_MS = 30_000;

/** Connections to one target, as undici opens and keeps them. */
export function openPool(url: URL, snapshot: UpstreamSnapshot, headBytesMax: number): Pool {
  return new Pool(url.origin, {
    connections: snapshot.connectionsMax,
    pipelining: 1,
    connect: upstreamConnector(url, snapshot),
    clientTtl: CONNECTION_AGE_MAX_MS,
    headersTimeout: snapshot.headTimeoutMs,
    bodyTimeout: snapshot.idleTimeoutMs,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
    // The whole section, not one field: what an upstream sends is bounded like what a caller sends.
    maxHeaderSize: headBytesMax,
    strictContentLength: true,
    allowH2: false,
  });
}
