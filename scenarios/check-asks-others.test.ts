import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { stringify } from 'yaml';
import { commands } from '../packages/server/src/cli/commands.ts';
import { runCommand } from '../packages/server/src/cli/definition/run-command.ts';
import { recordingWorld } from '../packages/server/src/cli/definition/world.fixture.ts';
import { openDatabase } from '../packages/server/src/platform/database/index.ts';
import {
  type PostgresServer,
  skipPostgres,
  startPostgres,
} from '../packages/server/src/platform/database/postgres.fixture.ts';
import {
  startVault,
  type VaultUnderTest,
} from '../packages/server/src/platform/secrets/vault.fixture.ts';
import { type Certificate, makeAuthority } from './world/certificates.fixture.ts';
import { startIssuer } from './world/issuer.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { hasRedis, RedisFixture } from './world/redis.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const description = {
  openapi: '3.1.0',
  info: { title: 'Checked', version: '1' },
  paths: { '/x': { get: { security: [], responses: { 200: { description: 'ok' } } } } },
};

function folderOf(configuration: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-check-others-'));
  after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'api.yaml'), stringify(description), { mode: 0o600 });
  const file = {
    listen: [{ address: '127.0.0.1:0' }],
    control: { address: '127.0.0.1:0' },
    apis: [{ spec: './api.yaml', upstream: 'http://127.0.0.1:9' }],
    dataDirectory: './data',
    ...configuration,
  };
  writeFileSync(join(folder, 'poorter.yaml'), stringify(file), { mode: 0o600 });
  return folder;
}

interface Told {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly suggestion?: string;
}

/** What it says of other machines, and that it leaves nothing here. */
async function check(
  folder: string,
  environment: NodeJS.ProcessEnv = {},
  more: readonly string[] = ['--ask-others'],
) {
  const argv = ['check', '--config', join(folder, 'poorter.yaml'), '--json', ...more];
  const world = recordingWorld({ environment: { ...process.env, ...environment }, now: Date.now });
  const names = () => readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  const there = names();
  // A server that runs there writes files of its own meanwhile.
  const serves = existsSync(join(folder, 'poorter-data/gateway.holder.json'));
  const status = await runCommand(argv, world, commands);
  const left = names().filter((name) => !serves || !name.startsWith('poorter-data/'));
  const wasThere = there.filter((name) => !serves || !name.startsWith('poorter-data/'));
  assert.deepEqual(left, wasThere, 'nothing is left');
  const { diagnostics } = JSON.parse(world.told.out) as { diagnostics: readonly Told[] };
  return { status, diagnostics, text: world.told.out };
}

/** One sentence each, and whether it ends the check. */
function said({ status, diagnostics }: { status: number; diagnostics: readonly Told[] }) {
  return { status, told: diagnostics.map(({ code, message }) => `${code}: ${message}`) };
}

describe('what PostgreSQL would refuse at a start is found before it', {
  skip: skipPostgres,
}, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());
  /** One after another; then the names of all schemas. */
  const asAdministrator = async (...texts: string[]): Promise<unknown> => {
    const place = { kind: 'postgres', url: server.url, schema: 'public' } as const;
    const database = await openDatabase<{ pg_namespace: { nspname: string } }>(place);
    for (const text of texts) await database.write((open) => database.runScript(open, text));
    const names = database.kysely.selectFrom('pg_namespace').select('nspname').orderBy('nspname');
    return names.execute().finally(() => database.close());
  };
  const addressOf = (user: string, schema: string) => {
    const address = server.url.replace('poorter@', `${user}@`);
    return `${address}${address.includes('?') ? '&' : '?'}schema=${schema}`;
  };

  test('a server that does not answer, and only for whoever asks', async () => {
    const folder = folderOf({
      storage: `postgres://poorter:hidden@127.0.0.1:${await unusedPort()}/x`,
    });
    assert.equal((await check(folder, {}, [])).status, 0);
    const found = await check(folder);
    assert.equal(found.status, 1);
    assert.match(said(found).told.join(), /^storage: opening the database postgres:.*ECONNREFUSED/);
    assert.ok(!found.text.includes('hidden'));
  });

  test('a user who may make no schema, and one who may not use the one that is there', async () => {
    const { schema } = server.freshPlace();
    const role = `role_${schema}`;
    await asAdministrator(
      `CREATE ROLE ${role} LOGIN`,
      'REVOKE CREATE ON DATABASE postgres FROM PUBLIC',
      `CREATE SCHEMA ${schema}_there`,
    );
    const none = said(await check(folderOf({ storage: addressOf(role, schema) })));
    assert.match(none.told.join(), /the schema is not there, and this user may not make one/);
    const other = said(await check(folderOf({ storage: addressOf(role, `${schema}_there`) })));
    assert.match(other.told.join(), /this user may not use the schema and make tables in it/);
    assert.deepEqual([none.status, other.status], [1, 1]);
  });

  test('one that was written by a newer program, and the master key of another server; and a sound one is changed in nothing', async (t) => {
    const { schema } = server.freshPlace();
    const storage = addressOf('poorter', schema);
    const empty = folderOf({ storage });
    const schemas = await asAdministrator();
    assert.deepEqual(said(await check(empty)), { status: 0, told: [] });
    assert.deepEqual(await asAdministrator(), schemas, 'nothing is made');

    const poorter = await startPoorter(t, {
      ...{ description, upstream: 'http://127.0.0.1:9' },
      configuration: { storage },
    });
    const beside = await check(poorter.folder);
    assert.deepEqual(said(beside), { status: 0, told: [] }, 'beside the server');

    const masterKey = 'env:OTHER_KEY';
    const other = await check(folderOf({ storage, masterKey }), {
      OTHER_KEY: Buffer.alloc(32, 7).toString('base64'),
    });
    assert.match(said(other).told.join(), /^master-key: .*does not open this database/);
    await asAdministrator(
      `INSERT INTO "${schema}_log".migration SELECT domain, 9999, name, checksum, '99.0.0', applied_at FROM "${schema}_log".migration LIMIT 1`,
    );
    const newer = await check(poorter.folder);
    assert.match(said(newer).told.join(), /^storage: the database is newer than this program/);
  });
});

describe('what a vault would refuse at a start is found before it', () => {
  let vault: VaultUnderTest;
  before(async () => {
    vault = await startVault();
  });
  after(() => vault.close());
  const masterKey = () => `vault:${vault.origin}/transit/keys/poorter?token=env:VAULT`;

  test('a vault is asked by whoever asks for it, and what it says is told', async () => {
    const folder = folderOf({ masterKey: masterKey() });
    const good = { VAULT: vault.token };
    assert.equal((await check(folder, good, [])).status, 0);
    assert.deepEqual(vault.requests, [], 'not asked');
    assert.deepEqual(said(await check(folder, good)), { status: 0, told: [] });
    assert.ok(vault.requests.length > 0);
    const refused = await check(folder, { VAULT: 'another-token-that-is-wrong' });
    assert.equal(refused.status, 1);
    assert.match(said(refused).told.join(), /^master-key: vault:.* answered 403 to encrypt/);
    assert.ok(!refused.text.includes('another-token'));
  });
});

test('an issuer that is away, and counters that are, are told of and end nothing', {
  skip: !hasRedis,
}, async (t) => {
  const issuer = await startIssuer(t);
  const redis = await RedisFixture.start();
  t.after(() => redis.remove());
  const trust = (url: string) => ({ issuers: [{ issuer: url, audience: 'https://api.example' }] });
  const counters = { url: redis.url, machines: 2 };
  const folder = folderOf({ trust: trust(issuer.url), counters });
  assert.deepEqual(said(await check(folder)), { status: 0, told: [] });
  assert.equal(issuer.fetches(), 1);
  assert.equal(redis.command('SET', 'x', '1'), 'OK');

  const away = `http://127.0.0.1:${await unusedPort()}`;
  const found = await check(folderOf({ trust: trust(away), counters }));
  assert.match(said(found).told.join(), /^issuer-away: keys of http:.*ECONNREFUSED/);
  assert.match(String(found.diagnostics[0]?.suggestion), /refuse its tokens until it answers/);

  redis.command('ACL', 'SETUSER', 'small', 'on', '>secret-of-it', '+ping', '~*');
  const url = (user: string) => redis.url.replace('//', `//${user}@`);
  for (const [wrong, says] of [
    [url('small:secret-of-it'), /counters-away: .*may not run the commands.*NOPERM/],
    [url('small:not-this-one'), /counters-away: .*refuses the user name or password/],
    [`redis://127.0.0.1:${await unusedPort()}`, /counters-away: .*ECONNREFUSED/],
  ] as const) {
    const told = await check(
      folderOf({ trust: trust(issuer.url), counters: { ...counters, url: wrong } }),
    );
    assert.equal(told.status, 0);
    assert.match(said(told).told.join(), says);
    assert.ok(!/secret-of-it|not-this-one/.test(told.text));
  }
});

test('whose certificate is not believed is told so in words, with where its authority is named', async () => {
  const authority = makeAuthority({ after }, 'Of others');
  const leaf = authority.issue('/CN=other');
  const service = await startService({ after }, undefined, {
    tls: { cert: leaf.certificate, key: leaf.key },
  });
  const { host } = new URL(service.url);
  const found = await check(
    folderOf({
      trust: { issuers: [{ issuer: service.url, audience: 'https://api.example' }] },
      counters: { url: `valkeys://${host}`, machines: 2, timeoutMs: 5_000 },
    }),
  );
  const distrust =
    'leads to no authority that is trusted here (UNABLE_TO_VERIFY_LEAF_SIGNATURE): let it send its whole chain, or put its authority into';
  const { told } = said(found);
  assert.equal(told.length, 2, found.text);
  assert.match(String(told[0]), /^issuer-away: keys of https:/);
  assert.ok(
    told[0]?.includes(`${distrust} the PEM file that NODE_EXTRA_CA_CERTS names`),
    found.text,
  );
  assert.match(String(told[1]), /^counters-away: /);
  assert.ok(told[1]?.endsWith(`${distrust} counters.tls.authorities`), found.text);

  const key = `vault:https://${host}/transit/keys/poorter?token=env:VAULT`;
  const vault = await check(folderOf({ masterKey: key }), { VAULT: 'some-token' });
  assert.equal(vault.status, 1);
  assert.ok(
    said(vault).told.join().includes(`${distrust} the PEM file of ca in masterKey`),
    vault.text,
  );

  const database = await startDoorOf(leaf);
  const storage = `postgres://poorter@127.0.0.1:${database}/poorter?sslmode=verify-full`;
  const state = await check(folderOf({ storage, masterKey: 'env:MASTER' }), {
    MASTER: 'x'.repeat(44),
  });
  assert.equal(state.status, 1);
  assert.ok(
    said(state).told.join().includes(`${distrust} the PEM file of sslrootcert in storage`),
    state.text,
  );

  const world = recordingWorld({ environment: { POORTER_OPERATOR_KEY: 'a key' }, now: Date.now });
  assert.equal(await runCommand(['status', '--url', `https://${host}`], world, commands), 1);
  assert.match(world.told.err, /the server at https:\S+ is not believed: its certificate leads to/);
  assert.doesNotMatch(world.told.err, /is it running/);
});

/** As far as PostgreSQL shows its certificate: it says that it speaks TLS, and then does. */
async function startDoorOf({ certificate, key }: Certificate): Promise<number> {
  const door = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('S');
      const secured = new TLSSocket(socket, { isServer: true, cert: certificate, key });
      secured.on('error', () => undefined);
    });
  });
  after(() => door.close());
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  return (door.address() as AddressInfo).port;
}
