import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { poorterHere } from './world/commands.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';

const poorterCommand = (argv: readonly string[], input = '', environment = {}) =>
  poorterHere(argv, { input, environment });

const description = {
  openapi: '3.1.0',
  info: { title: 'Commands', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } } },
  paths: {
    '/things': {
      get: { security: [{ key: ['read'] }], responses: { 200: { description: 'ok' } } },
    },
  },
};

test('an operator manages keys, blocks and operators of a running server from the command line', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const at = ['--data', join(poorter.folder, 'data')];
  const call = async (key: string) => {
    const answer = await fetch(`${poorter.url}/things`, { headers: { 'x-api-key': key } });
    await answer.arrayBuffer();
    return answer.status;
  };
  const run = async (argv: readonly string[], input = '', env = {}) => {
    const said = await poorterCommand([...argv, ...at], input, env);
    assert.equal(said.status, 0, `${argv.join(' ')}: ${said.err}`);
    return said;
  };

  const made = await run([
    'keys',
    'create',
    '--name',
    'Shop',
    '--scopes',
    'read',
    '--owner',
    'Ann',
  ]);
  const key = made.out.trim();
  assert.match(key, /^poorter_[0-9A-Za-z]{49}$/);
  assert.ok(!made.err.includes(key));
  const id = /key_[0-9a-f]+/.exec(made.err)?.[0] as string;
  assert.equal(await call(key), 200);

  const listed = JSON.parse((await run(['keys', 'list', '--json'])).out);
  assert.deepEqual(
    listed.keys.map((one: { id: string; owner: string }) => [one.id, one.owner]),
    [[id, 'Ann']],
  );
  assert.match((await run(['keys', 'show', id])).out, /^name +Shop$/m);

  const rights = await run(['keys', 'create', '--name', 'Wide', '--scopes', 'read,write,delete']);
  const wide = /key_[0-9a-f]+/.exec(rights.err)?.[0] as string;
  assert.equal(await call(rights.out.trim()), 200);
  // Whoever asks right after a call is not told to take away what it used.
  const unused = await run(['keys', 'unused', wide]);
  assert.equal(unused.out, 'write\ndelete\n');
  assert.match(unused.err, /^2 unused from \S+ to \S+; it called 1 operations\./);
  assert.match((await run(['keys', 'change', wide, '--scopes', 'read'])).out, / {2}read {2}/);
  const limited = ['keys', 'change', wide, '--rate', '5/minute', '--owner', 'jan', '--json'];
  const { owner, limits } = JSON.parse((await run(limited)).out);
  assert.equal(owner, 'jan');
  assert.deepEqual([limits.limit[0].requests, limits.limit[0].per], [5, 'minute']);
  const free = JSON.parse((await run(['keys', 'change', wide, '--limits', 'none', '--json'])).out);
  assert.equal(free.limits, null);
  assert.equal(await call(rights.out.trim()), 200);

  const rotated = (await run(['keys', 'rotate', id, '--overlap', '1h'])).out.trim();
  assert.deepEqual([await call(key), await call(rotated)], [200, 200]);

  const leak = await run(['keys', 'leaked', '--stdin'], `found in app.js:12: "${rotated}"\n`);
  assert.equal(await call(rotated), 401);
  assert.equal(await call(leak.out.trim()), 200);
  assert.match(leak.err, /every gateway refuses it/);
  assert.ok(!leak.err.includes(rotated));

  await run(['keys', 'revoke', id, '--reason', 'left the company']);
  assert.equal(await call(key), 401);

  const block = await run([
    'blocks',
    'add',
    'address',
    '127.0.0.1',
    '--reason',
    'x',
    '--until',
    '1h',
  ]);
  assert.equal(await call(leak.out.trim()), 403);
  await run(['blocks', 'undo', block.out.split(' ')[0] as string]);
  assert.equal(await call(leak.out.trim()), 200);

  // A name is no id: nobody is to believe that Shop is kept out.
  const [, shop = ''] = /^(key_\w+) +active +Shop /m.exec((await run(['keys', 'list'])).out) ?? [];
  const reason = ['--reason', 'x'];
  const byName = await run(['blocks', 'add', 'key', 'Shop', ...reason]);
  assert.match(byName.err, new RegExp(`^warning: no kept key has the id Shop; .* ${shop}\n$`));
  assert.match((await run(['blocks', 'add', 'key', 'other', ...reason])).err, /^warning: /);
  assert.equal(await call(leak.out.trim()), 200);
  for (const named of [
    ['key', shop],
    ['client', 'Shop'],
  ]) {
    const added = await run(['blocks', 'add', ...named, ...reason]);
    assert.equal(added.err, '');
    assert.equal(await call(leak.out.trim()), 403, named.join(' '));
    await run(['blocks', 'undo', added.out.split(' ')[0] as string]);
  }

  // Nor in other letters' case; another client's name is its own.
  const byCase = await run(['blocks', 'add', 'client', 'sHoP', ...reason]);
  assert.equal(
    byCase.err,
    "warning: no kept key is called 'sHoP', and no client is known by it; one is called 'Shop', which this does not block\n",
  );
  // Whoever was meant goes on; a client of another issuer has a name of its own.
  const bySlip = await run(['blocks', 'add', 'client', 'shoppp', ...reason]);
  assert.match(
    bySlip.err,
    /^warning: no kept key is called 'shoppp'.* 'Shop', which this does not/,
  );
  const byNone = await run(['blocks', 'add', 'client', 'of-another-issuer', ...reason]);
  assert.match(byNone.err, /'of-another-issuer', and no client is known by it\n$/);

  // The key itself is sent nowhere, and shown to nobody.
  const secret = leak.out.trim();
  for (const argv of [
    ...[
      ['blocks', 'add', 'key', secret, ...reason],
      ['blocks', 'add', 'client', secret, ...reason],
    ],
    ...[
      ['blocks', 'add', 'key', shop, '--reason', `it was ${secret}`],
      ['blocks', secret],
    ],
    ...[
      ['keys', 'revoke', secret],
      ['log', 'list', '--client', secret],
    ],
  ]) {
    const wrong = await poorterCommand([...argv, ...at]);
    assert.equal(wrong.status, 2, argv.join(' '));
    assert.match(wrong.err, /name it by its id/);
    assert.ok(!`${wrong.out}${wrong.err}`.includes(secret));
  }
  assert.ok(!(await run(['blocks', 'list', '--ended'])).out.includes(secret));
  assert.equal(await call(secret), 200);

  const auditor = await run(['operators', 'create', '--name', 'Audit', '--roles', 'auditor']);
  const env = { POORTER_OPERATOR_KEY: auditor.out.trim() };
  await run(['keys', 'list'], '', env);
  const refused = await poorterCommand(['keys', 'revoke', id, ...at], '', env);
  assert.equal(refused.status, 1);
  assert.match(refused.err, /^poorter keys: /);
  await run(['status']);
});

test('without a server a command says what to do, and a wrong call exits 2', async () => {
  const alone = await poorterCommand(['keys', 'list', '--data', '/nonexistent']);
  assert.equal(alone.status, 1);
  assert.match(alone.err, /start the server first/);
  for (const argv of [
    ['keys', 'nonsense'],
    ['blocks', 'add', 'address'],
    ['blocks', 'add', 'bogus', 'x', '--reason', 'x'],
    ['blocks', 'add', 'key', 'x', '--reason', 'x', '--until', '2020-01-01'],
    ['operators', 'create', '--name', 'x'],
    ['keys', 'leaked', 'not-a-key'],
    ['status', '--unknown'],
  ]) {
    const wrong = await poorterCommand(argv);
    assert.equal(wrong.status, 2, `${argv.join(' ')}: ${wrong.err}`);
    assert.match(wrong.err, /Usage: /);
  }
  for (const until of ['1s', '1000000d', 'soon', '12H', '2027-13-01', '-1d']) {
    const wrong = await poorterCommand([
      'blocks',
      'add',
      'key',
      'x',
      '--reason',
      'x',
      `--until=${until}`,
    ]);
    assert.equal(wrong.status, 2, until);
    assert.match(wrong.err, /--until is a span in minutes, hours, days or weeks, .*at most 99999/);
  }
});

test('a key is named by its name where only one has it, and never by a name that is another key’s id', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const at = ['--data', join(poorter.folder, 'data'), '--json'];
  const keys = (...argv: string[]) => poorterCommand(['keys', ...argv, ...at]);
  const make = async (name: string) => {
    const { status, out, err } = await keys('create', '--name', name, '--scopes', 'read');
    assert.equal(status, 0, err);
    return (JSON.parse(out) as { id: string }).id;
  };
  const shop = await make('Shop');
  const shown = await keys('show', 'Shop');
  assert.equal((JSON.parse(shown.out) as { id: string }).id, shop);
  const hiding = await make(shop);
  await make('Twins');
  await make('Twins');
  assert.match((await keys('revoke', 'Twins')).err, /several keys are called Twins/);
  // Each of them rotated: four good keys, of two lines.
  const lines = JSON.parse((await keys('list')).out) as { keys: { id: string; name: string }[] };
  for (const { id, name } of lines.keys) if (name === 'Twins') await keys('rotate', id);
  assert.match(
    (await keys('revoke', 'Twins')).err,
    /several keys are called Twins.*(?:key_\S+ of .*){4}/,
  );
  assert.match((await keys('revoke', 'Nobody')).err, /no key with the id or name Nobody/);
  const revoked = await keys('revoke', shop);
  assert.equal((JSON.parse(revoked.out) as { id: string }).id, shop, `not ${hiding}`);
  assert.equal((await keys('revoke')).status, 2);
});

test('a rotated key is one by its name: in an emergency both end at once, and what is changed is the newest', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const at = ['--data', join(poorter.folder, 'data'), '--json'];
  const keys = async (...argv: string[]) => {
    const { status, out, err } = await poorterCommand(['keys', ...argv, ...at]);
    assert.equal(status, 0, err);
    return out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { id: string; key: string; scopes: string[] });
  };
  const statusOf = async (key: string) => {
    const answer = await fetch(`${poorter.url}/things`, { headers: { 'x-api-key': key } });
    await answer.arrayBuffer();
    return answer.status;
  };
  const [first] = await keys('create', '--name', 'shop', '--scopes', 'read,write');
  const [second] = await keys('rotate', 'shop');
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual([await statusOf(first.key), await statusOf(second.key)], [200, 200]);
  const [changed] = await keys('change', 'shop', '--scopes', 'read');
  assert.deepEqual([changed?.id, changed?.scopes], [second.id, ['read']]);
  assert.equal((await keys('show', 'shop'))[0]?.id, second.id);
  assert.deepEqual((await keys('unused', 'shop'))[0]?.scopes, []);
  const [third] = await keys('rotate', 'shop');
  assert.ok(third !== undefined && third.id !== second.id);
  const ended = await keys('revoke', 'shop', '--reason', 'stolen');
  assert.deepEqual(
    ended.map(({ id }) => id),
    [third.id, second.id, first.id],
  );
  for (const { key } of [first, second, third]) assert.equal(await statusOf(key), 401);
  // What is over stays over, and is still found by its name.
  assert.equal((await keys('show', 'shop'))[0]?.id, third.id);
});

test('a scope with a blank in it is refused in words, whatever makes it', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const at = ['--data', join(poorter.folder, 'data')];
  for (const line of [
    ['keys', 'create', '--name', 'x', '--scopes', 'a b'],
    ['keys', 'create', '--name', 'x', '--roles', 'a b'],
    ['clients', 'create', '--name', 'x', '--profile', 'machine', '--scopes', 'a b'],
  ]) {
    const { err } = await poorterCommand([...line, ...at]);
    assert.match(err, /(?:scopes|roles)\/0 is one word, without blanks.*divided by commas/);
  }
  const named = await poorterCommand(['keys', 'create', '--name', ' x', ...at]);
  assert.match(named.err, /name is text that neither begins nor ends with a blank/);
  assert.doesNotMatch(named.err, /\^/);
});

test('an address of the service without a scheme is understood, and a port that cannot be is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-commands-'));
  try {
    const spec = join(folder, 'api.json');
    writeFileSync(spec, JSON.stringify(description));
    const check = (...argv: string[]) => poorterCommand(['check', spec, ...argv]);
    assert.equal((await check('--upstream', 'localhost:3000')).status, 0);
    const scheme = await check('--upstream', 'ftp://localhost:3000');
    assert.equal(scheme.status, 1);
    assert.match(scheme.out, /such as http:\/\/127\.0\.0\.1:3000/);
    for (const address of [
      'http://127.0.0.1:99999',
      'localhost:99999',
      'https://[::1]:70000/base',
    ]) {
      const port = await check('--upstream', address);
      assert.equal(port.status, 1);
      assert.match(port.out, /--upstream: has the port \d{5}, and the highest is 65535/, address);
    }
    const trusted = ['--issuer', 'https://login.example', '--audience', 'api'];
    const file = await check(...trusted, '--jwks', './jwks.json');
    assert.equal(file.status, 1);
    assert.match(file.out, /\.\/jwks\.json is not a URL; a file is written file:\.\/jwks\.json/);
    const far = await check(...trusted, '--jwks', 'https://login.example:99999/jwks');
    assert.match(far.out, /the port 99999, and the highest is 65535/);
    for (const option of ['--listen', '--control']) {
      const port = await check(option, '127.0.0.1:99999');
      assert.equal(port.status, 1);
      assert.match(port.out, /a port above 65535/);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an operator is told in words of an operator why the server refuses', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const at = ['--data', join(poorter.folder, 'data')];
  const made = await poorterCommand([
    ...['operators', 'create', '--name', 'Reader', '--roles', 'auditor', ...at],
  ]);
  const refused = async (credential: string, argv: readonly string[]) => {
    const environment = { POORTER_OPERATOR_KEY: credential };
    const { status, err } = await poorterCommand([...argv, ...at], '', environment);
    assert.equal(status, 1);
    assert.doesNotMatch(err, /API provider|API description|If-Match|Retry-After|member/);
    return err;
  };
  const unknown = await refused(`poorter_${'0'.repeat(49)}`, ['status']);
  assert.match(unknown, /does not know this credential\. Set POORTER_OPERATOR_KEY to/);
  const lesser = await refused(made.out.trim(), ['keys', 'create', '--name', 'Shop']);
  assert.match(lesser, /This operator has no role that may do this\. `poorter operators list`/);
  const { err } = await poorterCommand(['blocks', 'add', 'address', 'nonsense', ...at]);
  assert.doesNotMatch(err, /member|errors;/);
});
