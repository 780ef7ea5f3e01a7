import { isIP, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import type { UpstreamSnapshot } from '../../messages/between-processes.ts';
import { skipContinues } from './skip-continues.ts';

/**
 * Opens connections to one target. Which name is asked for and verified is the operator's choice
 * alone: undici would take it from the Host of each call, which may be the caller's.
 */
export function upstreamConnector(
  origin: URL,
  snapshot: UpstreamSnapshot,
): buildConnector.connector {
  const { authorities, certificate, key, serverName } = snapshot.tls;
  const hostname = origin.hostname.replace(/^\[|\]$/g, '');
  // RFC 6066 §3: an address is no server name; it is verified against the address in the certificate.
  const servername = serverName ?? (isIP(hostname) === 0 ? hostname : undefined);
  const open = buildConnector({
    timeout: snapshot.connectTimeoutMs,
    // Node's own store when no authorities are given; verification is never off.
    rejectUnauthorized: true,
    allowH2: false,
    ...(authorities.length > 0 && { ca: [...authorities] }),
    ...(certificate !== null && { cert: certificate }),
    ...(key !== null && { key }),
  });
  return (options, callback) => {
    const { servername: _callers, ...rest } = options;
    open(
      { ...rest, host: origin.host, ...(servername !== undefined && { servername }) },
      (error, socket) => {
        if (error !== null || socket === null) return callback(error as Error, null);
        keepAnswerOfDeadConnection(socket);
        skipContinues(socket);
        callback(null, socket);
      },
    );
  };
}

/**
 * A service may answer before it has read the whole request, and close: what is still written then
 * fails, and the answer waits unread behind the failure. So a write that finds the connection closed
 * is not the end of it; reading says what there is to say, an answer or the reset.
 */
export function keepAnswerOfDeadConnection(socket: Socket): void {
  type Done = (error?: Error | null) => void;
  const forgive =
    (done: Done): Done =>
    (error) => {
      const { code } = (error ?? {}) as NodeJS.ErrnoException;
      done(code === 'EPIPE' || code === 'ECONNRESET' ? null : error);
    };
  const { _write: write, _writev: writev } = socket;
  socket._write = (chunk, encoding, done) => write.call(socket, chunk, encoding, forgive(done));
  if (typeof writev === 'function') {
    socket._writev = (chunks, done) => writev.call(socket, chunks, forgive(done));
  }
}
