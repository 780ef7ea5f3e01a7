import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

/**
 * The library that Poorter speaks the protocol with, by itself: everything in memory, nothing recorded,
 * nothing limited, one resource. PORT is the first argument, the client the second and third.
 */
const [port = '', id = '', secret = ''] = process.argv.slice(2);
const origin = `http://127.0.0.1:${port}`;
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider(origin, {
  clients: [
    {
      ...{ client_id: id, client_secret: secret, grant_types: ['client_credentials'] },
      ...{ redirect_uris: [], response_types: [], id_token_signed_response_alg: 'ES256' },
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' } as never] },
  scopes: ['accounts'],
  features: {
    ...{ devInteractions: { enabled: false }, clientCredentials: { enabled: true } },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'https://api.bench.example',
      getResourceServerInfo: () => ({
        ...{ scope: 'accounts', audience: 'https://api.bench.example', accessTokenTTL: 300 },
        ...{ accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } },
      }),
    },
  },
});
provider.listen(Number(port), '127.0.0.1');
