import { findProgram, firstLineOf } from '../equipment.ts';
import { AUDIENCE, ISSUER, SCOPE } from '../orders.ts';
import { CALLS_PER_MINUTE, type Peer, SCARCE_CALLS_PER_MINUTE, THREADS } from './peer.ts';

export const haproxy: Peer = {
  name: 'HAProxy',
  does: { bare: [], jwt: ['token', 'scope', 'limit'], fresh: ['token', 'scope', 'limit'] },
  staysOut: 'it does not validate bodies, and has no API keys of its own',
  unavailable: () => findProgram('haproxy').missing,
  version: () => /version (\S+?)[- ]/.exec(firstLineOf('haproxy', ['-v']))?.[1] ?? '',
  async start({ world, upstream, issuer, folder, port, scenario }) {
    const pem = world.write(`${folder}/issuer.pem`, issuer.publicKeyPem);
    const file = world.write(
      `${folder}/haproxy.cfg`,
      `global
  nbthread ${THREADS}
  maxconn 2000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend gate
  bind 127.0.0.1:${port}
  option forwardfor
${scenario === 'jwt' || scenario === 'fresh' ? tokenRules(pem) : ''}
  default_backend service
backend service
  server one ${upstream.address}
backend limits
  stick-table type string len 64 size 100k expire 2m store http_req_rate(60s)
backend scarce_limits
  stick-table type string len 64 size 100k expire 2m store http_req_rate(60s)
`,
    );
    return { program: world.start(findProgram('haproxy').file, ['-db', '-f', file]) };
  },
};

/** As HAProxy's own articles on JWT write it, with the claims that Poorter checks too. */
function tokenRules(pem: string): string {
  return `
  acl is_scarce path /v1/scarce
  http-request deny deny_status 401 unless { req.hdr(authorization) -m beg "Bearer " }
  http-request set-var(txn.alg) http_auth_bearer,jwt_header_query('$.alg')
  http-request set-var(txn.iss) http_auth_bearer,jwt_payload_query('$.iss')
  http-request set-var(txn.aud) http_auth_bearer,jwt_payload_query('$.aud')
  http-request set-var(txn.sub) http_auth_bearer,jwt_payload_query('$.sub')
  http-request set-var(txn.scope) http_auth_bearer,jwt_payload_query('$.scope')
  http-request set-var(txn.exp) http_auth_bearer,jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.alg) -m str RS256 }
  http-request deny deny_status 401 unless { var(txn.iss) -m str ${ISSUER} }
  http-request deny deny_status 401 unless { var(txn.aud) -m str ${AUDIENCE} }
  http-request deny deny_status 401 unless { http_auth_bearer,jwt_verify(txn.alg,"${pem}") -m int 1 }
  http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
  http-request deny deny_status 403 unless { var(txn.scope) -m reg (^|\\ )${SCOPE}(\\ |$) }
  http-request track-sc0 var(txn.sub) table limits unless is_scarce
  http-request track-sc1 var(txn.sub) table scarce_limits if is_scarce
  http-request deny deny_status 429 if { sc_http_req_rate(0,limits) gt ${CALLS_PER_MINUTE} }
  http-request deny deny_status 429 if { sc_http_req_rate(1,scarce_limits) gt ${SCARCE_CALLS_PER_MINUTE} }`;
}
