import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ajvEntry } from '../equipment.ts';
import { AUDIENCE, ISSUER, ORDER_SCHEMA, SCOPE } from '../orders.ts';
import type { AssembledSettings } from './assembled-proxy.ts';
import {
  CALLS_PER_MINUTE,
  type Peer,
  type Protection,
  SCARCE_CALLS_PER_MINUTE,
  type ScenarioName,
  THREADS,
} from './peer.ts';

/** The yardstick: it forwards and checks nothing, in every scenario. */
export const undiciRequest = bareProxy('undici', 'undici-proxy.ts', {
  bare: [],
  jwt: [],
  fresh: [],
  everything: [],
  key: [],
});
/** What the library can do at best; once without and once with bodies says enough. */
export const undiciDispatch = bareProxy('undici dispatch', 'undici-dispatch-proxy.ts', {
  bare: [],
  key: [],
});

export const joseProxy = assembled('node + jose', {
  jwt: ['token', 'scope', 'limit'],
  fresh: ['token', 'scope', 'limit'],
});
export const joseAjvProxy = assembled('node + jose + ajv', {
  everything: ['token', 'scope', 'limit', 'request body', 'answer'],
});
export const keyAjvProxy = assembled('node + key + ajv', {
  key: ['key', 'limit', 'request body', 'answer'],
});

function bareProxy(name: string, file: string, does: Peer['does']): Peer {
  return {
    name,
    does,
    version: () => versionOf('undici'),
    async start({ world, upstream, port }) {
      const argv = [join(import.meta.dirname, file), String(port), upstream.origin];
      const program = world.start(process.execPath, [...QUIET, ...argv, String(THREADS)]);
      return { program };
    },
  };
}

function assembled(name: string, does: Partial<Record<ScenarioName, readonly Protection[]>>): Peer {
  const needsAjv = name.includes('ajv');
  return {
    name,
    does,
    unavailable: () => (needsAjv ? ajvEntry().missing : undefined),
    version: () => `(jose ${versionOf('jose')}, undici ${versionOf('undici')})`,
    async start({ world, upstream, issuer, port, scenario }) {
      const apiKey = 'a-key-of-the-assembled-proxy';
      const withToken = { jwks: issuer.jwks, issuer: ISSUER, audience: AUDIENCE, scope: SCOPE };
      const isKey = scenario === 'key';
      const settings: AssembledSettings = {
        port,
        upstream: upstream.origin,
        workers: THREADS,
        token: isKey ? null : (withToken as AssembledSettings['token']),
        keyHash: isKey ? createHash('sha256').update(apiKey).digest('hex') : null,
        bodies: needsAjv ? { ajv: ajvEntry().file, schema: ORDER_SCHEMA } : null,
        callsPerMinute: CALLS_PER_MINUTE,
        scarceCallsPerMinute: SCARCE_CALLS_PER_MINUTE,
      };
      const file = join(import.meta.dirname, 'assembled-proxy.ts');
      const argv = [...QUIET, file, JSON.stringify(settings)];
      return { program: world.start(process.execPath, argv), apiKey };
    },
  };
}

const QUIET = ['--disable-warning=ExperimentalWarning'];

function versionOf(name: string): string {
  const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
  return version;
}
