import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { test } from 'node:test';
import { LiveRights } from '@poorter/engine';
import { sql } from 'kysely';
import pg from 'pg';
import { parse } from 'yaml';
import { accountAccessRoutes } from '../access/accounts/account-access-routes.ts';
import { accountImportRoutes } from '../access/accounts/account-import-routes.ts';
import { accountRoutes } from '../access/accounts/account-routes.ts';
import { blockRoutes } from '../access/blocks/block-routes.ts';
import { clientRoutes } from '../access/clients/client-routes.ts';
import { browser } from '../access/clients/clients.fixture.ts';
import { invitationRoutes } from '../access/clients/invitation-routes.ts';
import { subjectRoutes } from '../access/erasure/subject-routes.ts';
import { keyRoutes } from '../access/keys/key-routes.ts';
import { operatorRoutes } from '../access/operators/operator-routes.ts';
import { signingKeyRoutes } from '../access/signing-keys/signing-key-routes.ts';
import { AdminApi } from '../admin-api/admin-api.ts';
import { AdminProblem } from '../messages/admin-problems.ts';
import { monotonicMs } from '../platform/clock/index.ts';
import { createCounterMemory, SharedCounters } from '../platform/counters/index.ts';
import { type Backend, onEveryBackend } from '../platform/database/backends.fixture.ts';
import { logRoutes } from '../security-log/log-routes.ts';
import { configurationRoutes } from './configuration-routes.ts';
import { gatewayRoutes } from './gateway-routes.ts';
import { issuerRoutes } from './issuer-routes.ts';
import { statusRoutes } from './status-routes.ts';
import type { ActStores } from './stores/index.ts';
import { NOON, openFreshState, type StateUnderTest } from './stores/stores.fixture.ts';

/**
 * Fails the Nth thing that is done to a database or a file, while it is armed. A fault that says of
 * itself that nothing was done is the only one after which that may be expected.
 */
const faults = { step: 0, count: 0, isArmed: false };
const FULL = { code: 'ERR_SQLITE_ERROR', errcode: 13 };

function mayFail(owner: object, names: readonly string[], faultOf: () => object): void {
  const members = owner as Record<string, (...values: unknown[]) => unknown>;
  for (const name of names) {
    const original = members[name] as (...values: unknown[]) => unknown;
    members[name] = function failing(this: unknown, ...values: unknown[]) {
      if (faults.isArmed) {
        faults.count += 1;
        if (faults.count === faults.step) {
          const fault = Object.assign(new Error(`fault ${faults.step}`), faultOf());
          if (owner === pg.Client.prototype) return Promise.reject(fault);
          throw fault;
        }
      }
      return original.apply(this, values);
    };
  }
}
mayFail(StatementSync.prototype, ['run', 'all'], () => FULL);
mayFail(DatabaseSync.prototype, ['exec'], () => FULL);
mayFail(pg.Client.prototype, ['query'], () => ({ code: '53100' }));
const fs = createRequire(import.meta.url)('node:fs');
mayFail(fs, ['openSync', 'writeSync', 'fsyncSync', 'ftruncateSync'], () => ({ code: 'EIO' }));
syncBuiltinESMExports();

/** All that there are: one that is added is swept. */
async function tablesOf({ database }: Pick<StateUnderTest, 'database'>): Promise<string[]> {
  const { rows } =
    database.dialect === 'sqlite'
      ? await sql<{ name: string }>`SELECT name FROM sqlite_schema
          WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`.execute(database.kysely)
      : await sql<{ name: string }>`SELECT table_name AS name FROM information_schema.tables
          WHERE table_schema = current_schema()`.execute(database.kysely);
  // What is known of the file beside it: each start looks, and keeps what it saw.
  return rows
    .map(({ name }) => name)
    .filter((name) => name !== 'tombstone_mark')
    .toSorted();
}

/** Everything that lasts, in one text. */
async function all(state: Pick<StateUnderTest, 'database'>, directory: string) {
  const { kysely, dialect } = state.database;
  const tables = await tablesOf(state);
  const rows: string[] = [];
  if (dialect === 'sqlite') {
    for (const table of tables) {
      const found = await sql`SELECT * FROM ${sql.table(table)}`.execute(kysely);
      for (const row of found.rows) rows.push(JSON.stringify([table, row]));
    }
  } else {
    // Asked at once: thousands of times, each table by itself took half of the time.
    const each = tables.map(
      (table) =>
        sql`SELECT ${sql.lit(table)} || to_jsonb(x)::text AS row FROM ${sql.table(table)} x`,
    );
    const found = await sql<{ row: string }>`${sql.join(each, sql` UNION ALL `)}`.execute(kysely);
    rows.push(...found.rows.map(({ row }) => row));
  }
  let tombstones = '';
  try {
    tombstones = readFileSync(`${directory}/tombstones.jsonl`, 'utf8');
  } catch {
    // There are none yet.
  }
  return JSON.stringify([rows.toSorted(), tombstones]);
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The real API over a real store, whose recorder and whose gateways a test can break. */
async function startApi(t: Parameters<typeof openFreshState>[0], backend: Backend) {
  const state = await openFreshState(t, backend.freshPlace());
  const world = { records: 0, failingRecord: 0, isReached: true };
  const operators = new LiveRights();
  const operatorsChanged = async () => {
    const credentials = await state.operators.credentials();
    operators.take({
      type: 'live',
      state: {
        sequence: 0,
        keyHashKey: Buffer.from(state.operators.hashKey).toString('hex'),
        keys: credentials.map(({ id, name, roles, hash }) => ({
          ...{ id, name, hash, roles, scopes: [], expiresAt: null },
        })),
        blocks: [],
      },
    });
  };
  const everywhere = {
    untilEnforced: async () => {
      if (!world.isReached) throw new AdminProblem('not_everywhere_yet', { gateways: ['a'] });
    },
    announce: async () => (world.isReached ? [] : ['a']),
  };
  const record = async () => {
    world.records += 1;
    if (world.records === world.failingRecord) throw new Error('the disk is full');
  };
  const nothing = { search: null, show: null, prove: null, checkpoints: null };
  const api = new AdminApi<ActStores>({
    handlers: {
      ...keyRoutes({
        ...{ keys: state.keys, everywhere },
        rotation: () => ({ warnAfterMs: null, refuseAfterMs: null }),
        knowsUses: async () => true,
        unheard: () => [],
        rightsOf: () => ({ scopes: new Set(), roles: new Set() }),
        usesOf: async () => [],
        remarksOn: () => [],
      }),
      ...blockRoutes({ blocks: state.blocks, everywhere }),
      ...clientRoutes({
        ...{ clients: state.clients, everywhere, remarksOn: () => [] },
        issuer: () => ({ origin: 'https://login.bank.test', tokenLifeMs: 300_000 }),
      }),
      ...invitationRoutes({ invitations: state.invitations, remarksOn: () => [] }),
      ...accountRoutes({
        ...{ accounts: state.accounts, credentials: state.credentials, everywhere },
        issuer: () => ({ origin: 'https://login.bank.test', tokenLifeMs: 300_000 }),
        clearSessions: async () => undefined,
        originOf: async () => ({}),
      }),
      ...accountImportRoutes(() => ({ passwords: true, providers: [PROVIDER] })),
      ...accountAccessRoutes({
        ...{ accounts: state.accounts, grants: state.grants, clients: state.clients },
        ...{ everywhere, askIssuer: async () => [] },
        issuer: () => ({ origin: 'https://login.bank.test', tokenLifeMs: 300_000 }),
      }),
      ...issuerRoutes(() => null),
      ...signingKeyRoutes({
        ...{ signingKeys: state.signingKeys, keysChanged: async () => undefined },
      }),
      ...operatorRoutes({ operators: state.operators, operatorsChanged: async () => undefined }),
      ...subjectRoutes(everywhere, async () => undefined),
      ...configurationRoutes(async () => ({ kind: 'nothing-waits' })),
      ...gatewayRoutes({ list: () => [], remove: () => 0 }),
      ...logRoutes(nothing as never),
      ...statusRoutes(nothing as never),
    },
    operators,
    counters: new SharedCounters(
      createCounterMemory({ entries: 512, threads: 1, seed: [1, 2] }),
      0,
      monotonicMs,
    ),
    act: (work) => state.act(work),
    recorder: { reserve: () => true, write: () => undefined, commit: record },
    hosts: [],
    now: () => state.clock.now,
    monotonicMs,
    notify: () => undefined,
    onUse: () => undefined,
  });
  const server = createServer((request, response) => api.answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const owner = await state.operators.create({ name: 'O', roles: ['owner'], expiresAt: null });
  const other = await state.operators.create({ name: 'P', roles: ['auditor'], expiresAt: null });
  await operatorsChanged();
  const call = async ({ method, path, body, headers }: Call) => {
    world.records = 0;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        'poorter-operator-key': owner.credential,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: whatever the contract promises.
    return { status: answer.status, body: (await answer.json()) as any };
  };
  const stored = () => all(state, state.dataDirectory);
  return { state, world, call, stored, owner: owner.operator, other: other.operator };
}

type Api = Awaited<ReturnType<typeof startApi>>;

const terms = {
  ...{ name: 'Shop', owner: 'griet@example.test', scopes: ['read'], roles: [], limits: null },
  ...{ networks: [], expiresAt: NOON + 3_600_000 },
};
const LATER = new Date(NOON + 7_200_000).toISOString();
const PAST = new Date(NOON - 1).toISOString();
const once = { 'idempotency-key': 'the-same-key-1' };
const wish = { kind: 'subject', value: 'griet@example.test', reason: 'for Griet' } as const;

const person = {
  ...({ login: 'griet@example.test', name: 'Griet', email: null, language: 'nl' } as const),
};
const page = {
  ...{ name: 'Budget', profile: 'browser', authentication: { method: 'secret' } },
  ...{ redirectUris: ['https://budget.example/callback'], scopes: ['accounts.read'] },
};

const PROVIDER = 'https://login.partner.test';
const foreign = {
  ...{ login: 'griet@example.test', name: 'Griet', code: 'JBSWY3DPEHPK3PXPJBSWY3DP' },
  password: `$pbkdf2-sha256$i=1000$${'c2FsdHNhbHQ'}$${'A'.repeat(43)}`,
  identities: [{ issuer: PROVIDER, subject: 'g-1' }],
};

const giveGrant = (state: Api['state'], accountId: string) =>
  state.grants.keep({
    ...{ id: 'grant', accountId, clientId: 'client_1', expiresAt: state.clock.now + 60_000 },
    rights: { own: ['openid'], apis: {}, details: [] },
  });

/** Each verb of the contract that changes something, on something that is there. */
const VERBS: Readonly<Record<string, (api: Api) => Promise<Call>>> = {
  createKey: async () => ({
    ...{ method: 'POST', path: '/v1/keys', headers: once },
    body: { name: 'Swept', expires: LATER },
  }),
  changeKey: async ({ state }) => {
    const { record } = await state.keys.create(terms);
    const headers = { 'if-match': '"1"' };
    return { method: 'PATCH', path: `/v1/keys/${record.id}`, body: { scopes: [] }, headers };
  },
  rotateKey: async ({ state }) => {
    const { record } = await state.keys.create(terms);
    const path = `/v1/keys/${record.id}/rotate`;
    return { method: 'POST', path, body: { expires: LATER }, headers: once };
  },
  revokeKey: async ({ state }) => {
    const { record } = await state.keys.create(terms);
    return { method: 'POST', path: `/v1/keys/${record.id}/revoke`, body: { reason: 'x' } };
  },
  reportLeakedKey: async ({ state }) => {
    const { key } = await state.keys.create(terms);
    return { method: 'POST', path: '/v1/keys/leaked', body: { key } };
  },
  createBlock: async ({ state }) => {
    const until = NOON + 60_000;
    await state.blocks.block({ ...wish, until, createdBy: 'operator_1' });
    return { method: 'POST', path: '/v1/blocks', body: wish, headers: once };
  },
  undoBlock: async ({ state }) => {
    const { id } = await state.blocks.block({ ...wish, until: null, createdBy: 'operator_1' });
    return { method: 'DELETE', path: `/v1/blocks/${id}` };
  },
  createClient: async () => ({
    ...{ method: 'POST', path: '/v1/clients', headers: once },
    body: { ...page, authentication: { method: 'secret' } },
  }),
  replaceClient: async ({ state }) => {
    const { client } = await state.clients.create(browser);
    const headers = { 'if-match': '"1"' };
    return {
      method: 'PUT',
      path: `/v1/clients/${client.id}`,
      body: { ...page, scopes: [] },
      headers,
    };
  },
  disableClient: async ({ state }) => {
    const { client } = await state.clients.create(browser);
    return { method: 'POST', path: `/v1/clients/${client.id}/disable` };
  },
  rotateClientSecret: async ({ state }) => {
    const { client } = await state.clients.create(browser);
    const path = `/v1/clients/${client.id}/secret`;
    return { method: 'POST', path, body: { overlapSeconds: 60 }, headers: once };
  },
  createClientInvitation: async () => ({
    ...{ method: 'POST', path: '/v1/client-invitations', headers: once },
    body: { name: 'Budget Ltd', profile: 'browser' },
  }),
  endClientInvitation: async ({ state }) => {
    const terms = { name: 'Budget Ltd', profile: 'machine' } as const;
    const { invitation } = await state.invitations.create({
      terms: { ...terms, flows: [], scopes: [], detailTypes: [] },
      ...{ clients: 1, expiresAt: NOON + 60_000, createdBy: null },
    });
    return { method: 'POST', path: `/v1/client-invitations/${invitation.id}/end` };
  },
  createAccount: async () => ({
    ...{ method: 'POST', path: '/v1/accounts', headers: once },
    body: { login: 'griet@example.test', name: 'Griet' },
  }),
  importAccounts: async ({ state }) => {
    await state.accounts.create({ ...person, login: 'jan@example.test' });
    const accounts = [foreign, { login: 'JAN@example.test', name: 'Jan' }];
    const body = { accounts, existing: 'skip' };
    return { method: 'POST', path: '/v1/accounts/import', headers: once, body };
  },
  changeAccount: async ({ state }) => {
    const { id } = await state.accounts.create(person);
    const headers = { 'if-match': '"1"' };
    const body = { login: 'griet@example.test', name: 'G.' };
    return { method: 'PUT', path: `/v1/accounts/${id}`, body, headers };
  },
  disableAccount: async ({ state }) => {
    const { id } = await state.accounts.create(person);
    await giveGrant(state, id);
    return { method: 'POST', path: `/v1/accounts/${id}/disable` };
  },
  signOutAccount: async ({ state }) => {
    const { id } = await state.accounts.create(person);
    state.clock.now += 1;
    return { method: 'POST', path: `/v1/accounts/${id}/sign-out` };
  },
  endAccountGrant: async ({ state }) => {
    const { id } = await state.accounts.create(person);
    await giveGrant(state, id);
    return { method: 'POST', path: `/v1/accounts/${id}/grants/grant/end` };
  },
  removeAccountCredential: async ({ state }) => {
    const { id } = await state.accounts.create(person);
    const wish = { accountId: id, kind: 'passkey', data: {}, label: 'Phone' } as const;
    const made = await state.credentials.add(wish);
    return { method: 'DELETE', path: `/v1/accounts/${id}/credentials/${made?.id}` };
  },
  linkAccount: async ({ state }) => {
    const { id } = await state.accounts.create(person);
    return { method: 'POST', path: `/v1/accounts/${id}/link`, body: { purpose: 'enrol' } };
  },
  makeSigningKey: async () => ({
    ...{ method: 'POST', path: '/v1/issuer/keys', headers: once },
    body: { algorithm: 'ES256' },
  }),
  revokeSigningKey: async ({ state }) => {
    const { id } = await state.signingKeys.make('ES256', NOON);
    return { method: 'POST', path: `/v1/issuer/keys/${id}/revoke` };
  },
  createOperator: async () => ({
    ...{ method: 'POST', path: '/v1/operators', headers: once },
    body: { name: 'Swept', roles: ['developer'] },
  }),
  revokeOperator: async ({ other }) => ({
    ...{ method: 'POST', path: `/v1/operators/${other.id}/revoke` },
  }),
  eraseSubject: async ({ state }) => {
    const subject = { kind: 'subject', value: 'griet@example.test' };
    await state.subjectKeys.keyOf(subject);
    await state.keys.create(terms);
    await state.blocks.block({ ...wish, until: null, createdBy: 'operator_1' });
    return { method: 'POST', path: '/v1/subjects/erase', body: subject };
  },
};
/** Those that take an Idempotency-Key. */
const REPEATABLE = [
  ...['createKey', 'rotateKey', 'createBlock', 'createOperator'],
  ...[
    'createClient',
    'createClientInvitation',
    'rotateClientSecret',
    'createAccount',
    'importAccounts',
    'makeSigningKey',
  ],
];
/** Not of this database: in files of control's own, or in that of the authorization server, and tested with those. */
const ELSEWHERE = ['removeGateway', 'applyConfiguration', 'endAccountSession'];

test('every verb of the contract that changes something is swept', () => {
  const contract = parse(
    readFileSync(new URL('../../contract/admin.openapi.yaml', import.meta.url), 'utf8'),
  ) as { paths: Record<string, Record<string, { operationId?: string }>> };
  const changing = Object.values(contract.paths).flatMap((item) =>
    ['post', 'put', 'patch', 'delete'].flatMap((method) => item[method]?.operationId ?? []),
  );
  assert.deepEqual(changing.toSorted(), [...Object.keys(VERBS), ...ELSEWHERE].toSorted());
});

onEveryBackend('acts are whole', (backend) => {
  for (const [verb, prepare] of Object.entries(VERBS)) {
    test(`${verb} that fails at any step has changed nothing, also after a restart`, async (t) => {
      const api = await startApi(t, backend);
      const call = await prepare(api);
      const before = await api.stored();
      let steps = 0;
      for (; ; steps++) {
        Object.assign(faults, { step: steps + 1, count: 0, isArmed: true });
        const answer = await api.call(call).finally(() => {
          faults.isArmed = false;
        });
        // Fewer things were done than would have to fail: this time it was done.
        if (faults.count <= steps) {
          assert.ok(answer.status < 300, `${answer.status} ${JSON.stringify(answer.body)}`);
          break;
        }
        // What stands outside the transaction may fail, and it is done all the same.
        if (answer.status < 300) break;
        assert.equal(answer.status, 503, `step ${steps + 1}: ${JSON.stringify(answer.body)}`);
        assert.equal(await api.stored(), before, `step ${steps + 1}`);
        const restarted = await api.state.reopen();
        assert.deepEqual(restarted.replayed, { erased: 0, revoked: 0 }, `step ${steps + 1}`);
        assert.equal(await all(restarted, api.state.dataDirectory), before, `step ${steps + 1}`);
        await restarted.close();
      }
      assert.ok(steps >= 3, `${steps} steps could fail`);
      assert.notEqual(await api.stored(), before, 'and at last it was done');
    });

    test(`${verb} that cannot be recorded has changed nothing, and is not denied once it is done`, async (t) => {
      const api = await startApi(t, backend);
      const call = await prepare(api);
      const before = await api.stored();
      api.world.failingRecord = 1;
      const refused = await api.call(call);
      assert.deepEqual([refused.status, refused.body.code], [503, 'record_unavailable']);
      assert.equal(await api.stored(), before);
      api.world.failingRecord = 2;
      const done = await api.call(call);
      assert.deepEqual([done.status, done.body.code], [503, 'outcome_unrecorded']);
      assert.notEqual(await api.stored(), before);
    });
  }

  for (const verb of REPEATABLE) {
    const prepare = VERBS[verb] as (typeof VERBS)[string];
    test(`${verb} that is asked again with its Idempotency-Key is done once, also when no gateway heard of it`, async (t) => {
      const api = await startApi(t, backend);
      const prepared = await prepare(api);
      api.world.isReached = false;
      const first = await api.call(prepared);
      const stored = await api.stored();
      api.world.isReached = true;
      const second = await api.call(prepared);
      assert.ok(second.status < 300, JSON.stringify(second.body));
      assert.equal(await api.stored(), stored);
      if (first.status < 300) assert.deepEqual(second.body, first.body);
      else assert.equal(first.body.code, 'not_everywhere_yet');
      const other = { ...prepared, body: { ...prepared.body, name: 'Another', reason: 'another' } };
      const { status } = await api.call(other);
      assert.ok(status === 422 || status === 400, `${status}`);
      assert.equal(await api.stored(), stored);
    });
  }

  test('whatever an act is refused for, it has changed nothing', async (t) => {
    const api = await startApi(t, backend);
    const { state, owner } = api;
    const key = (await state.keys.create(terms)).record;
    const revoked = (await state.keys.create(terms)).record;
    await state.keys.revoke(revoked.id, 'x');
    const rotated = (await state.keys.create(terms)).record;
    await state.keys.rotate(rotated.id, 1);
    const block = await state.blocks.block({ ...wish, until: null, createdBy: 'operator_1' });
    await state.blocks.undo(block.id, 'operator_1');
    const before = await api.stored();
    const match = { 'if-match': '"1"' };
    const post = (path: string, body?: object): Call => ({
      ...{ method: 'POST', path, headers: once },
      ...(body !== undefined && { body }),
    });
    const patch = (id: string, body: object, headers = match): Call => ({
      ...{ method: 'PATCH', path: `/v1/keys/${id}`, body, headers },
    });
    const badLimits = { limit: { requests: 0, per: 'minute' } };
    const refusals: readonly [number, Call][] = [
      [422, post('/v1/keys', { name: 'a', expires: PAST })],
      [422, post('/v1/keys', { name: 'a', networks: ['10.0.0.0/99'] })],
      [422, post('/v1/keys', { name: 'a', limits: badLimits })],
      [422, post(`/v1/keys/${key.id}/rotate`, { expires: PAST })],
      [422, post(`/v1/keys/${key.id}/rotate`, { expires: PAST, overlapSeconds: 0 })],
      [409, post(`/v1/keys/${revoked.id}/rotate`, {})],
      [409, post(`/v1/keys/${rotated.id}/rotate`, {})],
      [404, post('/v1/keys/key_none/rotate', {})],
      [404, post('/v1/keys/key_none/revoke')],
      [404, post('/v1/keys/leaked', { key: `poorter_${'0'.repeat(49)}` })],
      [422, patch(key.id, { name: 'b', expires: PAST })],
      [422, patch(key.id, { name: 'b', networks: ['nowhere'] })],
      [422, patch(key.id, { name: 'b', limits: badLimits })],
      [412, patch(key.id, { name: 'b' }, { 'if-match': '"7"' })],
      [409, patch(revoked.id, { name: 'b' }, { 'if-match': '"2"' })],
      [422, post('/v1/blocks', { kind: 'address', value: 'nobody', reason: 'x' })],
      [422, post('/v1/blocks', { kind: 'network', value: '10.0.0.0/99', reason: 'x' })],
      [422, post('/v1/blocks', { ...wish, until: PAST })],
      [409, { method: 'DELETE', path: `/v1/blocks/${block.id}` }],
      [404, { method: 'DELETE', path: '/v1/blocks/block_none' }],
      [422, post('/v1/operators', { name: 'a', roles: ['owner'], expires: PAST })],
      [409, post(`/v1/operators/${owner.id}/revoke`)],
      [404, post('/v1/operators/operator_none/revoke')],
    ];
    for (const [status, call] of refusals) {
      const answer = await api.call(call);
      const what = `${call.method} ${call.path} ${JSON.stringify(call.body)}`;
      assert.equal(answer.status, status, `${what}: ${JSON.stringify(answer.body)}`);
      assert.equal(await api.stored(), before, what);
    }
  });
});
