import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { stringify } from 'yaml';
import { createKey } from '../../packages/server/src/configuration/key-file/index.ts';
import { AUDIENCE, ISSUER, ORDER_SCHEMA, SCOPE } from '../orders.ts';
import type { World } from '../world.ts';
import {
  CALLS_PER_MINUTE,
  type Peer,
  SCARCE_CALLS_PER_MINUTE,
  type ScenarioName,
  THREADS,
} from './peer.ts';

const ROOT = join(import.meta.dirname, '../..');
/** As it is installed: nothing is stripped of its types while it runs. */
const MAIN = join(ROOT, 'packages/server/dist/main.js');

export const poorter: Peer = {
  name: 'Poorter',
  does: {
    bare: ['record'],
    jwt: ['token', 'scope', 'limit', 'record'],
    fresh: ['token', 'scope', 'limit', 'record'],
    everything: ['token', 'scope', 'limit', 'request body', 'answer', 'record'],
    key: ['key', 'limit', 'request body', 'answer', 'record'],
  },
  version: () => {
    const text = readFileSync(join(ROOT, 'packages/server/package.json'), 'utf8');
    return `${(JSON.parse(text) as { version: string }).version} on Node ${process.versions.node}`;
  },
  async start({ world, upstream, issuer, folder, port, scenario }) {
    const { apiKey, keys } = makeKeys(1);
    world.write(`${folder}/jwks.json`, JSON.stringify(issuer.jwks));
    const program = startPoorter(world, folder, {
      description: descriptionOf(scenario),
      keys,
      configuration: {
        listen: [{ address: `127.0.0.1:${port}` }],
        apis: [{ spec: './api.yaml', upstream: upstream.origin, response: 'block' }],
        trust: { issuers: [{ issuer: ISSUER, audience: AUDIENCE, jwks: 'file:./jwks.json' }] },
      },
    });
    return {
      program,
      apiKey,
      countRecords: () => logSize(join(world.folder, folder, 'data/log.sqlite')),
    };
  },
};

/** `poorter serve` with its files in `folder`, a folder of the benchmark's own. */
export function startPoorter(
  world: World,
  folder: string,
  files: { description: object | string; keys: string; configuration: object },
) {
  const { description, keys, configuration } = files;
  // JSON is YAML; large descriptions are written and read faster so.
  const text = typeof description === 'string' ? description : JSON.stringify(description);
  world.write(`${folder}/api.yaml`, text);
  world.write(`${folder}/keys.yaml`, keys);
  const file = world.write(
    `${folder}/poorter.yaml`,
    stringify({
      control: { address: '127.0.0.1:0' },
      keys: './keys.yaml',
      storage: './data',
      gateway: { threads: THREADS },
      ...configuration,
    }),
  );
  const env = { NODE_OPTIONS: process.env['POORTER_BENCH_NODE_OPTIONS'] ?? '' };
  return world.start(process.execPath, [MAIN, 'serve', '--config', file, '--json'], env);
}

/** A key file of so many keys, and the first of them in clear. */
export function makeKeys(count: number): { apiKey: string; keys: string } {
  let apiKey = '';
  const entries = Array.from({ length: count }, (_, index) => {
    const name = `caller-${index}`;
    const wish = { name, scopes: [SCOPE], roles: [], expiresAt: null, random: randomBytes };
    const { key, record } = createKey(wish);
    if (index === 0) apiKey = key;
    const { id, hash, scopes } = record;
    return `  - { id: ${id}, name: ${name}, hash: "sha256:${hash}", scopes: ${JSON.stringify(scopes)} }`;
  });
  return { apiKey, keys: `keys:\n${entries.join('\n')}\n` };
}

function descriptionOf(scenario: ScenarioName): object {
  const order = { content: { 'application/json': { schema: ORDER_SCHEMA } } };
  const opaque = { 200: { description: 'Done.', content: { '*/*': {} } } };
  const limited = (requests: number) =>
    scenario === 'bare' ? {} : { 'x-poorter': { limit: { requests, per: 'minute' } } };
  const placeOrder = {
    post: {
      requestBody: { required: true, ...order },
      responses: { 200: { description: 'Done.', ...order } },
      ...limited(CALLS_PER_MINUTE),
    },
  };
  return {
    openapi: '3.1.1',
    info: { title: 'Orders', version: '1.0.0' },
    servers: [{ url: '/v1' }],
    security: SECURITY[scenario],
    paths: {
      '/small': { get: { responses: opaque } },
      '/status': { get: { responses: opaque, ...limited(CALLS_PER_MINUTE) } },
      '/scarce': { get: { responses: opaque, ...limited(SCARCE_CALLS_PER_MINUTE) } },
      '/orders': placeOrder,
      '/wrong-answer': placeOrder,
    },
    components: {
      securitySchemes: {
        key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
    },
  };
}

const SECURITY: Readonly<Record<ScenarioName, readonly object[]>> = {
  bare: [],
  jwt: [{ token: [SCOPE] }],
  fresh: [{ token: [SCOPE] }],
  everything: [{ token: [SCOPE] }],
  key: [{ key: [SCOPE] }],
};

function logSize(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const row = database.prepare('SELECT size FROM log_node').get() as { size: number } | undefined;
    return row?.size ?? 0;
  } finally {
    database.close();
  }
}
