import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { poorterHere } from '../../scenarios/world/commands.fixture.ts';
import { firstLineOf, keycloakHome } from '../equipment.ts';
import { startPoorter } from '../peers/poorter.ts';
import { freePort, untilAnswering, type World } from '../world.ts';
import { CLIENT, type IssuerPeer, type StartedIssuer } from './issuer-peer.ts';

const START_MS_MAX = 180_000;
/** Never reached, and counted all the same. */
const LIMIT = { requests: 1_000_000, per: 'second' };

export const accounts = {
  openapi: '3.1.0',
  info: { title: 'Accounts', version: '1' },
  paths: {
    '/accounts': {
      get: { security: [{ oauth: ['accounts'] }], responses: { 200: { description: 'ok' } } },
    },
  },
  components: {
    securitySchemes: {
      oauth: {
        type: 'oauth2',
        flows: {
          clientCredentials: { tokenUrl: 'https://x.test/token', scopes: { accounts: '' } },
        },
      },
    },
  },
};

export interface StartedPoorterIssuer extends StartedIssuer {
  /** `poorter …` against it. */
  readonly run: (...argv: readonly string[]) => Promise<string>;
}

/** With its gate, its log and everything that it always does. */
export async function startPoorterIssuer(
  world: World,
  folder: string,
  issuer: object = {},
): Promise<StartedPoorterIssuer> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  world.makeFolder(folder);
  const program = startPoorter(world, folder, {
    ...{ description: accounts, keys: 'keys: []\n' },
    configuration: {
      listen: [{ address: `127.0.0.1:${await freePort()}` }],
      apis: [{ spec: './api.yaml', upstream: 'http://127.0.0.1:9' }],
      issuer: { origin, address: `127.0.0.1:${port}`, limit: LIMIT, ...issuer },
    },
  });
  await untilAnswering(`${origin}/jwks`, program, { status: 200, patienceMs: START_MS_MAX });
  const data = join(world.folder, folder, 'data');
  const run = async (...argv: readonly string[]) => {
    const { status, out, err } = await poorterHere([...argv, '--data', data]);
    if (status !== 0) throw new Error(err);
    return out.trim();
  };
  const made = await run(
    ...['clients', 'create', '--name', 'Bench', '--profile', 'machine', '--scopes', 'accounts'],
    ...['--authentication', 'secret', '--binding', 'none'],
    ...['--accept', 'shared-secret,unbound-tokens'],
  );
  const [id = '', secret = ''] = made.split('\n');
  return {
    ...{ program, origin, tokenPath: '/token', introspectionPath: '/token/introspection', run },
    ...{ client: { id, secret }, asks: { scope: 'accounts' } },
  };
}

const poorter: IssuerPeer = {
  name: 'Poorter',
  unavailable: () => undefined,
  version: () => `on Node ${process.versions.node}`,
  start: (world, folder) => startPoorterIssuer(world, folder),
};

const plain: IssuerPeer = {
  name: 'oidc-provider in memory',
  unavailable: () => undefined,
  version: () => {
    const file = join(import.meta.dirname, '../../node_modules/oidc-provider/package.json');
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  },
  async start(world) {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const script = join(import.meta.dirname, 'plain-provider.ts');
    const program = world.start(process.execPath, [script, String(port), CLIENT.id, CLIENT.secret]);
    await untilAnswering(`${origin}/jwks`, program, { status: 200 });
    return {
      ...{ program, origin, tokenPath: '/token', introspectionPath: '/token/introspection' },
      ...{ client: CLIENT, asks: { scope: 'accounts' } },
    };
  },
};

/** As it is served, with a database in a file of its own. */
const keycloak: IssuerPeer = {
  name: 'Keycloak',
  unavailable: () => keycloakHome().missing,
  version: () => firstLineOf('sh', ['-c', `basename "${keycloakHome().file}"`]),
  async start(world, folder) {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const { file, java = '' } = keycloakHome();
    const home = join(world.folder, folder);
    // It builds itself where it lies, and keeps its database there.
    cpSync(file, home, { recursive: true });
    world.makeFolder(`${folder}/data/import`);
    world.write(`${folder}/data/import/bench-realm.json`, JSON.stringify(realm()));
    const argv = [
      ...['start', '--http-enabled=true', '--hostname-strict=false', '--http-host=127.0.0.1'],
      ...[`--http-port=${port}`, '--db=dev-file', '--import-realm', '--cache=local'],
      '--log-level=warn',
    ];
    const program = world.start(join(home, 'bin/kc.sh'), argv, { JAVA_HOME: java });
    const path = '/realms/bench/protocol/openid-connect';
    await untilAnswering(`${origin}${path}/certs`, program, {
      ...{ status: 200, patienceMs: START_MS_MAX },
    });
    return {
      ...{
        program,
        origin,
        tokenPath: `${path}/token`,
        introspectionPath: `${path}/token/introspect`,
      },
      ...{ client: CLIENT, asks: {} },
    };
  },
};

function realm(): object {
  return {
    ...{ realm: 'bench', enabled: true, sslRequired: 'none', accessTokenLifespan: 300 },
    defaultSignatureAlgorithm: 'ES256',
    clients: [
      {
        ...{ clientId: CLIENT.id, secret: CLIENT.secret, enabled: true, publicClient: false },
        ...{ serviceAccountsEnabled: true, standardFlowEnabled: false },
        attributes: { 'access.token.signed.response.alg': 'ES256' },
      },
    ],
  };
}

export const ISSUER_PEERS: readonly IssuerPeer[] = [poorter, plain, keycloak];
