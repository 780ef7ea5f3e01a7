import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayEnvironment } from './gateway-environment.ts';

test('secrets of the environment do not reach the process that faces callers', () => {
  const secrets = {
    POORTER_MASTER_KEY: 'c2VjcmV0',
    DATABASE_URL: 'postgres://poorter:secret@db/poorter',
    PGPASSWORD: 'secret',
    AWS_SECRET_ACCESS_KEY: 'secret',
    NODE_AUTH_TOKEN: 'secret',
    VAULT_TOKEN: 'secret',
    npm_config__authToken: 'secret',
    // Named like a path, and yet no path.
    DATABASE_PATH: 'postgres://poorter:secret@db/poorter',
    KEY_FILE: 'c2VjcmV0',
    TOKEN_DIR: '/user:secret@host',
  };
  const passed = Object.keys(gatewayEnvironment(secrets));
  assert.deepEqual(
    passed.filter((name) => name in secrets),
    [],
  );
});

test('what a runtime needs is passed on', () => {
  const needed = {
    PATH: '/usr/bin',
    TZ: 'Europe/Brussels',
    LC_ALL: 'nl_BE.UTF-8',
    NODE_OPTIONS: '--max-old-space-size=512',
    NODE_EXTRA_CA_CERTS: '/etc/ca.pem',
    SSL_CERT_FILE: '/etc/ssl/certs.pem',
    MALLOC_ARENA_MAX: '4',
    RESOLVER_FILE: '/etc/resolver',
  };
  assert.deepEqual({ ...gatewayEnvironment(needed), ...needed }, gatewayEnvironment(needed));
});
