import { isIP } from 'node:net';
import { buildConnector } from 'undici';
import type { UpstreamSnapshot } from '../../messages/between-processes.ts';
import { keepAnswerOfDeadConnection } from './dead-connection.ts';
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
