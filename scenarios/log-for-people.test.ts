import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { adminOf } from './world/admin.fixture.ts';
import { poorterHere } from './world/commands.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { MAIN } from './world/program.fixture.ts';

const ok = { 200: { description: 'ok' } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key' } } },
  security: [{ key: [] }],
  paths: {
    '/orders': {
      get: { operationId: 'listOrders', responses: ok },
      post: {
        operationId: 'placeOrder',
        'x-poorter': { authorize: { scopes: ['orders:write'] } },
        responses: ok,
      },
      delete: {
        operationId: 'dropOrders',
        'x-poorter': { authorize: { roles: ['keeper', 'owner'] } },
        responses: ok,
      },
      put: { operationId: 'sealOrders', 'x-poorter': { audit: 'durable' }, responses: ok },
    },
    '/never': { get: { operationId: 'neverCalled', responses: ok } },
  },
};

const upstream = await startRawUpstream({ after });
const poorter = await startPoorter(
  { after },
  {
    description,
    upstream: upstream.url,
    configuration: {
      records: { file: undefined },
      forwardAuth: [{ address: '127.0.0.1:0', for: 'traefik' }],
      trust: { proxies: ['127.0.0.1'] },
    },
  },
);
const config = join(poorter.folder, 'poorter.yaml');
const argvOf = (argv: readonly string[]) => [
  '--conditions=source',
  MAIN,
  ...argv,
  '--config',
  config,
];

const run = (...argv: string[]) => poorterHere([...argv, '--config', config]);
const log = (...argv: string[]) => run('log', ...argv);

/** Its output, as soon as it has this. */
async function until(pattern: RegExp, ...argv: string[]): Promise<string> {
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(200)) {
    const { out, err } = await log(...argv);
    if (pattern.test(out)) return out;
    assert.ok(Date.now() < deadline, `${argv.join(' ')}: ${out} ${err}`);
  }
}

const shop = await poorter.createKey('Shop');
const depot = await poorter.createKey('Depot');
const call = (method: string, path: string, key: string, more: object = {}) =>
  fetch(`${poorter.url}${path}`, { method, headers: { 'x-key': key, ...more } });

test('whoever is handed a problem finds its record, and nobody else’s', async () => {
  const refused = await call('POST', '/orders', shop);
  const { instance } = (await refused.json()) as { instance: string };
  assert.equal(instance, `urn:poorter:call:${refused.headers.get('poorter-call')}`);
  const id = refused.headers.get('poorter-call') as string;
  const line = await until(new RegExp(`call ${id}`), 'search', '--code', 'insufficient_scope');
  assert.match(line, /refused insufficient_scope .*missing: orders:write/);
  for (const name of [instance, id, instance.toUpperCase()]) {
    const { status, out } = await log('show', name, '--json');
    assert.equal(status, 0, name);
    assert.deepEqual(
      out
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text).leaf.id),
      [id],
    );
  }
  const stranger = await log('show', 'urn:poorter:call:0000000000000000-00000000');
  assert.deepEqual([stranger.status, stranger.out], [1, '']);
  assert.match(stranger.err, /no record of call 0000000000000000-00000000/);
  const none = await log('show', 'urn:poorter:call:unrecorded');
  assert.deepEqual([none.status, none.out], [2, '']);
});

test('an answer of the service carries the id by which all its records are found', async () => {
  const answered = await call('PUT', '/orders', shop);
  await answered.arrayBuffer();
  const id = answered.headers.get('poorter-call') as string;
  assert.match(id, /^[0-9a-f]{16}-[0-9a-f]{8}$/);
  await until(new RegExp(`call ${id}`), 'search', '--type', 'call', '--operation', 'sealOrders');
  const types = (await log('show', id, '--json')).out
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text).leaf.type);
  assert.deepEqual(types, ['intent', 'outcome', 'call']);
});

test('operators find a call by its id over the admin API, and nobody else does', async () => {
  const owner = adminOf(poorter);
  const answered = await call('PUT', '/orders', shop);
  await answered.arrayBuffer();
  const id = answered.headers.get('poorter-call') as string;
  await until(new RegExp(`call ${id}`), 'search', '--type', 'call', '--operation', 'sealOrders');
  for (const name of [id, `urn:poorter:call:${id}`, id.toUpperCase()]) {
    const { status, body } = await owner('GET', `/v1/log/calls/${encodeURIComponent(name)}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(
      body.items.map(({ leaf }: { leaf: { id: string; type: string } }) => [leaf.id, leaf.type]),
      ['intent', 'outcome', 'call'].map((type) => [id, type]),
    );
  }
  const status = async (path: string, as = owner) => (await as('GET', path)).status;
  assert.equal(await status('/v1/log/calls/0000000000000000-00000000'), 404);
  assert.equal(await status('/v1/log/calls/4711'), 400);
  assert.equal(await status(`/v1/log/calls/${id}`, adminOf(poorter, null)), 401);
  for (const [role, expected] of [
    ['auditor', 200],
    ['security-officer', 200],
    ['developer', 403],
    ['operator', 403],
  ] as const) {
    const made = await owner('POST', '/v1/operators', { name: `as ${role}`, roles: [role] });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(await status(`/v1/log/calls/${id}`, adminOf(poorter, made.body.key)), expected);
  }
  // What no record can have is an error there, too.
  for (const query of [
    'object=account',
    'address=nowhere',
    'subject=%20',
    'from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z',
  ]) {
    assert.ok([400, 422].includes(await status(`/v1/log/records?${query}`)), query);
  }
});

test('what was asked of a proxy is not told as if it had been forwarded', async () => {
  const asked = await fetch(`http://${poorter.addresses[1]}/`, {
    headers: {
      ...{ 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/orders', 'x-key': depot },
      ...{ 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http' },
    },
  });
  assert.equal(asked.status, 200, await asked.text());
  const id = asked.headers.get('poorter-call');
  const line = await until(new RegExp(`call ${id}`), 'search', '--decision', 'allowed');
  assert.match(line, /allowed GET \/orders listOrders/);
  // Times and ids may hold any digits.
  assert.doesNotMatch(line, /forwarded|(?<=\s)200(?=\s)/);
});

test('a role that was missing and the shape of an undocumented path stand in the record', async () => {
  assert.equal((await call('DELETE', '/orders', shop)).status, 403);
  assert.match(
    await until(/role_required/, 'search', '--operation', 'dropOrders'),
    /missing: one of keeper, owner/,
  );
  assert.equal((await call('GET', '/orders/471147114711/margarete', shop)).status, 404);
  const line = await until(/no_such_operation/, 'search', '--code', 'no_such_operation', '--names');
  assert.match(line, /\/orders\/\{number\}\/\{word\}/);
  assert.doesNotMatch(line, /471147114711|margarete/);
});

test('a client is found by the name of its key, and shown by it', async () => {
  assert.equal((await call('GET', '/orders', shop)).status, 200);
  assert.equal((await call('GET', '/orders', depot)).status, 200);
  const line = await until(
    /listOrders/,
    'search',
    '--client',
    'Shop',
    '--operation',
    'listOrders',
    '--names',
  );
  assert.match(line, / {2}Shop /);
  assert.doesNotMatch(line, /Depot/);
  const ofShop = ['search', '--client', 'Shop', '--limit', '1', '--json'];
  const { leaf, caller } = JSON.parse((await log(...ofShop, '--names')).out);
  assert.equal(caller.name, 'Shop');
  const unasked = JSON.parse((await log(...ofShop)).out);
  assert.equal(
    unasked.caller,
    'sealed',
    'who looks for a name has not asked to see all the others',
  );
  const byPseudonym = await log('search', '--client', leaf.who.client, '--limit', '1', '--json');
  assert.equal(JSON.parse(byPseudonym.out).leaf.who.client, leaf.who.client);
  assert.match(
    (await log('search', '--credential', 'Shop', '--limit', '1', '--names')).out,
    / Shop /,
  );
});

test('a filter value that cannot exist is no proof that nothing happened', async () => {
  const cases: [string[], number, RegExp][] = [
    [['--decision', 'denied'], 2, /--decision is one of forwarded, allowed, refused/],
    [['--type', 'calls'], 2, /--type is one of call, intent/],
    [['--code', 'rate_limit'], 2, /--code is one of .*rate_limited/],
    [['--address', 'localhost'], 2, /--address is an IPv4/],
    [
      ['--operation', 'listOrder'],
      1,
      /no record is of the operation listOrder; recorded are: .*listOrders/,
    ],
    [['--api', 'nowhere'], 1, /no record is of the API nowhere; recorded are: \S/],
    [
      ['--client', 'Shopp'],
      1,
      /no key and no record has the client Shopp; keys are named: Depot, Shop/,
    ],
    [['--credential', 'Shopp'], 1, /keys are named: Depot, Shop/],
    [['--subject', 'nobody-of-that-name'], 1, /no record has the subject nobody-of-that-name/],
    [['--object', 'account=4711'], 1, /no record has the object account=4711/],
    [['--object', 'account'], 2, /--object is PARAMETER=VALUE, or a pseudonym/],
    [['--object', '=4711'], 2, /--object is PARAMETER=VALUE, or a pseudonym/],
    [['--subject', ''], 2, /--subject is empty/],
    [['--client', ' '], 2, /--client is empty/],
    [['--api', 'x'.repeat(2_000)], 2, /--api is longer than 1024 characters/],
    [
      ['--from', '2026-02-02T00:00:00Z', '--to', '2026-02-01T00:00:00Z'],
      2,
      /--to lies before --from/,
    ],
  ];
  for (const [argv, status, said] of cases) {
    const ran = await log('search', ...argv);
    assert.deepEqual([ran.status, ran.out], [status, ''], argv.join(' '));
    assert.match(ran.err, said);
  }
  const uncalled = await log('search', '--operation', 'neverCalled');
  assert.deepEqual([uncalled.status, uncalled.out, uncalled.err], [0, '', ''], 'it can exist');
  const nothing = await log('search', '--operation', 'listOrders', '--code', 'rate_limited');
  assert.deepEqual([nothing.status, nothing.out, nothing.err], [0, '', '']);
});

test('`log … | head` ends quietly, and so does a log that is followed', async () => {
  for (let at = 0; at < 30; at++) await (await call('GET', '/orders', shop)).arrayBuffer();
  for (const argv of [
    ['log', 'search', '--names'],
    // There is more, and nobody to be told.
    ['log', 'search', '--limit', '5'],
    ['log', 'tail', '--follow'],
    ['keys', '--help'],
    ['help'],
  ]) {
    const argvAll = argv.includes('log') ? argvOf(argv) : ['--conditions=source', MAIN, ...argv];
    const child = spawn(process.execPath, argvAll, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text: Buffer) => {
      said += text;
    });
    child.stdout.destroy();
    const calling = setInterval(
      () => void call('GET', '/orders', shop).catch(() => undefined),
      300,
    );
    const [status] = await once(child, 'close');
    clearInterval(calling);
    assert.deepEqual([status, said], [0, ''], argv.join(' '));
  }
});
