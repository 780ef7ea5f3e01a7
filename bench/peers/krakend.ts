import { firstLineOf, krakendBinary } from '../equipment.ts';
import { AUDIENCE, ISSUER, ORDER_SCHEMA, SCOPE } from '../orders.ts';
import { CALLS_PER_MINUTE, type Peer, SCARCE_CALLS_PER_MINUTE, THREADS } from './peer.ts';

/** KrakenD, community edition. */
export const krakend: Peer = {
  name: 'KrakenD',
  does: {
    bare: [],
    jwt: ['token', 'scope', 'limit'],
    fresh: ['token', 'scope', 'limit'],
    everything: ['token', 'scope', 'limit', 'request body'],
  },
  staysOut: 'API keys are in the enterprise edition',
  unavailable: () => krakendBinary().missing,
  version: () => firstLineOf(krakendBinary().file, ['version']),
  async start({ world, upstream, issuer, folder, port, scenario }) {
    const jwks = world.write(`${folder}/jwks.json`, JSON.stringify(issuer.jwks));
    const validator = {
      alg: 'RS256',
      issuer: ISSUER,
      audience: [AUDIENCE],
      jwk_local_path: jwks,
      disable_jwk_security: true,
      scopes_key: 'scope',
      scopes: [SCOPE],
      scopes_matcher: 'all',
      cache: true,
    };
    const endpoint = (path: string, method: string, perMinute: number) => ({
      endpoint: path,
      method,
      output_encoding: 'no-op',
      input_headers: ['*'],
      backend: [{ host: [upstream.origin], url_pattern: path, encoding: 'no-op' }],
      extra_config: {
        ...(scenario !== 'bare' && {
          'auth/validator': validator,
          'qos/ratelimit/router': {
            client_max_rate: perMinute,
            every: '1m',
            strategy: 'header',
            key: 'Authorization',
          },
        }),
        ...(scenario === 'everything' &&
          method === 'POST' && { 'validation/json-schema': ORDER_SCHEMA }),
      },
    });
    const file = world.write(
      `${folder}/krakend.json`,
      JSON.stringify({
        version: 3,
        port,
        listen_ip: '127.0.0.1',
        disable_rest: true,
        max_idle_connections_per_host: 64,
        endpoints: [
          endpoint('/v1/small', 'GET', CALLS_PER_MINUTE),
          endpoint('/v1/status', 'GET', CALLS_PER_MINUTE),
          endpoint('/v1/orders', 'POST', CALLS_PER_MINUTE),
          endpoint('/v1/scarce', 'GET', SCARCE_CALLS_PER_MINUTE),
        ],
      }),
    );
    const env = { GOMAXPROCS: String(THREADS), USAGE_DISABLE: '1' };
    return { program: world.start(krakendBinary().file, ['run', '-c', file], env) };
  },
};
