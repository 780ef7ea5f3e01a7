import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RefusedConfiguration } from './refused-configuration.ts';
import { dataDirectoryOf, resolveStorage } from './resolve-storage.ts';
import { configurationSchema } from './schema.ts';

const api = { spec: 'a.yaml', upstream: 'http://127.0.0.1:1' };
const read = (own: object) => configurationSchema.parse({ apis: [api], ...own });
const secret = 'postgres://poorter:hunter2@db.example/poorter?sslmode=verify-full'; // poorter:allow

test('without a word about it, everything is in ./poorter-data, state apart from log', () => {
  assert.deepEqual(resolveStorage(read({}), '/srv', {}), {
    dataDirectory: '/srv/poorter-data',
    state: { kind: 'sqlite', file: '/srv/poorter-data/state.sqlite' },
    log: { kind: 'sqlite', file: '/srv/poorter-data/log.sqlite' },
    issuer: { kind: 'sqlite', file: '/srv/poorter-data/issuer.sqlite' },
  });
  const moved = resolveStorage(read({ storage: './old', dataDirectory: '/new' }), '/srv', {});
  assert.deepEqual(moved.state, { kind: 'sqlite', file: '/new/state.sqlite' });
});

test('with PostgreSQL the data directory stays local, and a secret URL stands elsewhere', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-storage-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'url'), `${secret}&schema=gate\n`);
  for (const storage of ['env:URL', 'file:url', `${secret}&schema=gate`]) {
    const wishes = read({ storage });
    const { dataDirectory, state, log, issuer } = resolveStorage(wishes, folder, {
      URL: `${secret}&schema=gate`,
    });
    assert.equal(dataDirectory, join(folder, 'poorter-data'));
    assert.equal(dataDirectoryOf(wishes, folder), dataDirectory);
    assert.deepEqual(state, { kind: 'postgres', url: secret, schema: 'gate' });
    assert.deepEqual(log, { kind: 'postgres', url: secret, schema: 'gate_log' });
    assert.deepEqual(issuer, { kind: 'postgres', url: secret, schema: 'gate_issuer' });
  }
});

test('a storage that cannot be used is refused without saying the secret', () => {
  for (const [storage, environment] of [
    ['env:URL', {}],
    ['env:URL', { URL: secret.replace('postgres', 'mysql') }],
    ['env:URL', { URL: `${secret}&schema=public;drop` }],
    ['file:./none', {}],
  ] as const) {
    assert.throws(
      () => resolveStorage(read({ storage }), '/srv', environment),
      (error) => error instanceof RefusedConfiguration && !error.message.includes('hunter2'),
    );
  }
  for (const wrong of [
    { storage: 'mysql://x/y' },
    { storage: 'postgre://x' },
    { masterKey: 'x' },
  ]) {
    assert.equal(configurationSchema.safeParse({ apis: [api], ...wrong }).success, false);
  }
});
