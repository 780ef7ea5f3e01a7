import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';
import type { Lifetime } from './poorter.fixture.ts';
import { startService } from './service.fixture.ts';

export const AUDIENCE = 'https://api.example';

/** A real issuer: discovery and keys over HTTP, and tokens signed with the key it last made. */
export interface Issuer {
  readonly url: string;
  readonly port: number;
  publicKeys(): JWK[];
  /** How often its keys were fetched. */
  fetches(): number;
  /** From now on tokens are signed with a new key; the old one leaves the set. */
  rotate(): Promise<void>;
  /** A token of `sub: alice`, `client_id: app` and this audience; claims set to undefined are left out. */
  token(claims?: Record<string, unknown>, header?: Partial<JWTHeaderParameters>): Promise<string>;
}

export async function startIssuer(
  t: Lifetime,
  options: { port?: number; issuer?: string } = {},
): Promise<Issuer> {
  let number = 0;
  let fetches = 0;
  const make = async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: `key-${++number}`, alg: 'ES256' };
    return { jwk, privateKey };
  };
  let current = await make();
  const service = await startService(
    t,
    (response, { target }) => {
      const isKeys = target === '/jwks';
      if (!isKeys && target !== '/.well-known/openid-configuration') {
        response.writeHead(404).end();
        return;
      }
      if (isKeys) fetches++;
      const document = isKeys
        ? { keys: [current.jwk] }
        : { issuer: `http://127.0.0.1:${service.port}`, jwks_uri: `${service.url}/jwks` };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document));
    },
    options.port === undefined ? {} : { port: options.port },
  );
  const url = options.issuer ?? service.url;
  return {
    url,
    port: service.port,
    publicKeys: () => [current.jwk],
    fetches: () => fetches,
    async rotate() {
      current = await make();
    },
    token(claims = {}, header = {}) {
      const seconds = Math.floor(Date.now() / 1000);
      const all = {
        iss: url,
        aud: AUDIENCE,
        sub: 'alice',
        client_id: 'app',
        scope: 'accounts:read',
        iat: seconds,
        exp: seconds + 300,
        jti: `${seconds}-${Math.random()}`,
        ...claims,
      };
      const told = Object.fromEntries(Object.entries(all).filter(([, one]) => one !== undefined));
      return new SignJWT(told)
        .setProtectedHeader({ alg: 'ES256', kid: current.jwk.kid, ...header } as never)
        .sign(current.privateKey);
    },
  };
}
