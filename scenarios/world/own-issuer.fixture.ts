import { exportJWK, generateKeyPair, type JWK } from 'jose';
import * as oidc from 'openid-client';
import { poorterHere } from './commands.fixture.ts';
import { type Lifetime, type RunningPoorter, startPoorter } from './poorter.fixture.ts';
import { unusedPort } from './unused-port.fixture.ts';

export interface RunningIssuer {
  readonly poorter: RunningPoorter;
  readonly origin: string;
  /** `poorter …` against this server; throws what it says when it fails. */
  readonly run: (...argv: readonly string[]) => Promise<string>;
}

const accounts = {
  openapi: '3.1.0',
  info: { title: 'Accounts', version: '1' },
  paths: {
    '/accounts': {
      get: {
        security: [{ oauth: ['accounts.read'] }],
        responses: { 200: { description: 'ok', content: { 'application/json': {} } } },
      },
      post: {
        security: [{ oauth: ['accounts.write'] }],
        responses: { 200: { description: 'ok', content: { 'application/json': {} } } },
      },
    },
    '/events': {
      get: {
        security: [{ oauth: ['accounts.read'] }],
        responses: { 200: { description: 'ok', content: { 'text/event-stream': {} } } },
      },
    },
    '/settings': {
      get: {
        security: [{ oauth: ['accounts.read'] }],
        'x-poorter': { authorize: { roles: ['keeper'] } },
        responses: { 200: { description: 'ok', content: { 'application/json': {} } } },
      },
    },
    '/feed': {
      get: {
        security: [{ oauth: ['accounts.read'] }],
        responses: { 101: { description: 'a WebSocket' } },
      },
    },
    '/payments': {
      post: {
        operationId: 'pay',
        security: [{ oauth: [] }],
        'x-poorter': {
          permit: {
            type: 'payment_initiation',
            match: {
              '/instructedAmount/amount': '/amount',
              '/instructedAmount/currency': '/currency',
              '/creditorAccount/iban': '/to/iban',
            },
          },
        },
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { type: 'object' } } },
        },
        responses: { 200: { description: 'ok', content: { 'application/json': {} } } },
      },
    },
  },
  components: {
    securitySchemes: {
      oauth: {
        type: 'oauth2',
        flows: {
          clientCredentials: {
            tokenUrl: 'https://login.test/token',
            scopes: { 'accounts.read': 'See what stands on them', 'accounts.write': '' },
          },
        },
      },
    },
  },
};

/** Whoever tests no limit shares a server with others, and asks as often as it likes. */
const LIMIT = { requests: 1_000_000, per: 'second' };

/** A gate whose authorization server is our own. */
export async function startIssuer(
  t: Lifetime,
  upstream: string,
  configuration: Record<string, unknown> = {},
  env?: NodeJS.ProcessEnv,
): Promise<RunningIssuer> {
  // Its name stands in its tokens, so that a port is chosen before it listens.
  const port = await unusedPort();
  const address = `127.0.0.1:${port}`;
  const origin = `http://localhost:${port}`;
  const { issuer = {}, files, ...rest } = configuration;
  const poorter = await startPoorter(t, {
    description: accounts,
    upstream,
    configuration: { issuer: { origin, address, limit: LIMIT, ...(issuer as object) }, ...rest },
    ...(files !== undefined && { files: files as Record<string, string> }),
    ...(env !== undefined && { env }),
  });
  return runningIssuer(poorter, origin);
}

export function runningIssuer(poorter: RunningPoorter, origin: string): RunningIssuer {
  const run = async (...argv: readonly string[]) => {
    const { status, out, err } = await poorterHere([...argv, '--data', `${poorter.folder}/data`]);
    if (status !== 0) throw new Error(err);
    return out.trim();
  };
  return { poorter, origin, run };
}

export interface Machine {
  readonly id: string;
  readonly key: CryptoKey;
  readonly configuration: oidc.Configuration;
}

/** A client that acts for itself, and signs with a key of its own. */
export async function makeMachine(
  { poorter, origin, run }: RunningIssuer,
  scopes: string,
  ...more: readonly string[]
): Promise<Machine> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  poorter.write('public.jwk', JSON.stringify(jwk));
  const made = [
    'clients',
    'create',
    '--name',
    'Nightly',
    '--profile',
    'machine',
    '--scopes',
    scopes,
  ];
  const id = await run(...made, '--jwks', `${poorter.folder}/public.jwk`, ...more);
  const authentication = oidc.PrivateKeyJwt({ key: privateKey, kid: 'k1' });
  const configuration = await oidc.discovery(new URL(origin), id, {}, authentication, {
    execute: [oidc.allowInsecureRequests],
  });
  return { id, key: privateKey, configuration };
}

export interface Application {
  readonly callback: string;
  readonly configuration: oidc.Configuration;
}

/** A client that acts for people, whose server keeps a secret. */
export async function makeApplication(
  { origin, run }: RunningIssuer,
  callback: string,
  ...more: readonly string[]
): Promise<Application> {
  const made = ['clients', 'create', '--name', 'Budget', '--profile', 'browser'];
  const scopes = more.includes('--scopes') ? [] : ['--scopes', 'accounts.read'];
  const rest = ['--redirect-uri', callback, ...scopes, ...more];
  const [id = '', secret = ''] = (await run(...made, ...rest)).split('\n');
  const configuration = await oidc.discovery(
    ...([new URL(origin), id, secret, oidc.ClientSecretBasic(secret)] as const),
    { execute: [oidc.allowInsecureRequests] },
  );
  return { callback, configuration };
}

/** What an application remembers of having sent somebody away. */
export interface Asked {
  readonly url: URL;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

export async function askFor(
  { callback, configuration }: Application,
  more: Readonly<Record<string, string>> = {},
): Promise<Asked> {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const url = oidc.buildAuthorizationUrl(configuration, {
    ...{ redirect_uri: callback, scope: 'openid accounts.read', state, nonce },
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    ...{ code_challenge_method: 'S256', ...more },
  });
  return { url, verifier, state, nonce };
}

/** Tokens for the code that somebody was sent back with. */
export function redeem({ configuration }: Application, asked: Asked, back: string) {
  return oidc.authorizationCodeGrant(configuration, new URL(back), {
    ...{ pkceCodeVerifier: asked.verifier, expectedState: asked.state },
    expectedNonce: asked.nonce,
  });
}
