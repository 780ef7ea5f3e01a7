import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { poorterHere } from './world/commands.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { amidOthers, contentsOf } from './world/folders.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const description = {
  openapi: '3.1.0',
  info: { title: 'Accounts', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key' } } },
  security: [{ key: [] }],
  paths: {
    '/accounts/{account}': {
      parameters: [{ name: 'account', in: 'path', required: true, schema: { type: 'string' } }],
      get: { operationId: 'getAccount', responses: { 200: { description: 'ok' } } },
      post: {
        operationId: 'closeAccount',
        'x-poorter': { audit: 'durable' },
        responses: { 200: { description: 'ok' } },
      },
    },
  },
};

const upstream = await startRawUpstream({ after });
const poorter = await startPoorter(
  { after },
  // Only the security log, no clear text beside it.
  {
    description,
    upstream: upstream.url,
    configuration: {
      // A port that stays when the gateway is killed.
      listen: [{ address: `127.0.0.1:${await unusedPort()}` }],
      records: { file: undefined },
    },
  },
);
const data = join(poorter.folder, 'data');

const run = (...argv: string[]) => poorterHere(argv);

const log = (verb: string, ...argv: string[]) => run('log', verb, ...argv, '--data', data);

type Found = { index: number; leaf: Record<string, unknown>; caller: unknown };

/** Records that a search finds, as soon as there are as many. */
async function search(count: number, ...argv: string[]): Promise<Found[]> {
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(200)) {
    const { out, err } = await log('search', '--json', ...argv);
    const found = out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Found);
    if (found.length >= count || Date.now() > deadline) {
      assert.equal(found.length, count, `${argv.join(' ')}: ${err}`);
      return found;
    }
  }
}

async function until(is: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(100)) {
    if (await is().catch(() => false)) return;
  }
  throw new Error('it did not come to pass');
}

/** By which the log knows the key; the first test learns it. */
let client = '';
const key = await poorter.createKey('Shop-of-Margarete');
const call = (
  method: string,
  account: string,
  headers: Record<string, string> = { 'x-key': key },
) => fetch(`${poorter.url}/accounts/${account}`, { method, headers });

for (let at = 0; at < 30; at++)
  assert.equal((await call('GET', `DE893704004405320130${at}`)).status, 200);
for (let at = 0; at < 5; at++) assert.equal((await call('POST', 'closing-4711-4712')).status, 200);
assert.equal((await call('GET', 'x', {})).status, 401);

test('every call is found by operation, client, decision, code and object', async () => {
  await search(30, '--operation', 'getAccount', '--decision', 'forwarded');
  await search(1, '--code', 'credentials_required');
  const [named] = await search(1, '--object', 'account=DE8937040044053201307', '--names');
  assert.ok(named !== undefined);
  ({ client } = named.caller as { client: string });
  const ofMine = ['--client', client, '--operation', 'getAccount', '--limit', '30'];
  const mine = await search(30, ...ofMine, '--names');
  assert.ok(mine.every(({ caller }) => (caller as { address: string }).address === '127.0.0.1'));
  await search(1, '--object', 'account=DE8937040044053201307', '--operation', 'getAccount');
  await search(0, '--client', 'somebody-else');
});

test('a durable call has an intent, an outcome and a record, in this order', async () => {
  const records = (await search(15, '--operation', 'closeAccount')).toReversed();
  const ids = new Set(records.map(({ leaf }) => leaf['id']));
  assert.equal(ids.size, 5);
  for (const id of ids) {
    const types = records.filter(({ leaf }) => leaf['id'] === id).map(({ leaf }) => leaf['type']);
    assert.deepEqual(types, ['intent', 'outcome', 'call']);
  }
});

test('the log verifies while the server writes, and so do an export and a proof, elsewhere', async () => {
  const deadline = Date.now() + PATIENCE_MS;
  let verified = await log('verify', '--json');
  while (JSON.parse(verified.out).signedSize < 40 && Date.now() < deadline) {
    await sleep(500);
    verified = await log('verify', '--json');
  }
  assert.equal(verified.status, 0, verified.err);
  assert.ok(JSON.parse(verified.out).signedSize >= 40, verified.out);
  const [file, proof, checkpoint] = ['out.jsonl', 'proof.json', 'checkpoint'].map((name) =>
    join(poorter.folder, name),
  ) as [string, string, string];
  assert.equal((await log('export', '--to', file)).status, 0);
  assert.equal((await log('verify', '--remember', checkpoint)).status, 0);
  writeFileSync(proof, (await log('prove', '3')).out);
  const publicKey = readFileSync(join(data, 'log-public-key'), 'utf8').trim();
  // A stranger has the key and the file, nothing else.
  for (const name of [file, proof]) {
    assert.match((await run('log', 'verify', name, '--key', publicKey)).out, /^good/);
    const bytes = readFileSync(name);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    writeFileSync(`${name}.bad`, bytes);
    const bad = await run('log', 'verify', `${name}.bad`, '--key', publicKey);
    assert.equal(bad.status, 1, bad.out + bad.err);
    assert.match(bad.out, /^bad/);
  }
  assert.equal((await log('verify', '--since', checkpoint)).status, 0);
  // As the guide has it: the first time there is nothing yet that it could be held against.
  const kept = join(poorter.folder, 'kept');
  const both = ['--since', kept, '--remember', kept];
  const first = await log('verify', ...both);
  assert.equal(first.status, 0, first.err);
  assert.match(first.err, /kept is not there: this time the log is held against no checkpoint/);
  const second = await log('verify', ...both);
  assert.deepEqual([second.status, second.err], [0, '']);
  const gone = await log('verify', '--since', join(poorter.folder, 'none'));
  assert.equal(gone.status, 2);
  assert.match(gone.err, /none: there is no such file; --remember writes one/);
  const proven = await run('log', 'verify', proof, '--key', publicKey, '--json');
  assert.deepEqual(JSON.parse(proven.out).fault, null);
  assert.equal((await run('log', 'verify', proof, '--key', publicKey, ...both)).status, 2);
  assert.equal((await run('log', 'verify', join(poorter.folder, 'none'))).status, 2);
});

test('what a killed gateway owed is in the log as a gap or as records, to the last call', async () => {
  const before = (
    await search(30, '--operation', 'getAccount', '--decision', 'forwarded', '--limit', '1000')
  ).length;
  let sent = 0;
  let isOver = false;
  const callers = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      sent++;
      await call('GET', 'killed').then(
        (answer) => answer.arrayBuffer(),
        () => undefined,
      );
    }
  });
  await sleep(400);
  process.kill(poorter.children().gateway, 'SIGKILL');
  isOver = true;
  await Promise.all(callers);
  await poorter.awaitNotice('gateway_ended');
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(300)) {
    if ((await log('search', '--type', 'gap', '--json')).out !== '') break;
  }
  const gaps = (await log('search', '--type', 'gap', '--json')).out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Found);
  const lost = gaps.reduce((sum, { leaf }) => sum + (leaf['count'] as number), 0);
  const found = (
    await log(
      'search',
      '--operation',
      'getAccount',
      '--decision',
      'forwarded',
      '--json',
      '--limit',
      '10000',
    )
  ).out;
  const recorded = found.split('\n').length - 1 - before;
  assert.ok(gaps.length >= 1 && gaps.every(({ leaf }) => leaf['cause'] === 'ended'));
  assert.ok(lost <= sent && recorded + lost >= sent - 16, `${recorded} + ${lost} of ${sent}`);
  assert.ok(recorded + lost <= sent, `${recorded} + ${lost} of ${sent}`);
  assert.equal((await log('verify')).status, 0);
});

test('an erased client is nowhere; nothing personal stands in any file, nor in a copy of them', async () => {
  await until(async () => (await call('GET', 'still-in-the-spool-4713')).status === 200);
  const copy = join(poorter.folder, 'copy');
  amidOthers(() => {
    rmSync(copy, { recursive: true, force: true });
    cpSync(data, copy, { recursive: true });
  });
  const { out } = await log('export', '--to', join(poorter.folder, 'all.jsonl'));
  assert.match(out, /\d+ records/);
  const leaves = readFileSync(join(poorter.folder, 'all.jsonl'), 'utf8')
    .split('\n')
    .flatMap((line) => /"leaf":"([^"]+)"/.exec(line)?.[1] ?? [])
    .map((text) => Buffer.from(text, 'base64').toString());
  assert.ok(leaves.length > 40 && leaves.some((leaf) => leaf.includes('getAccount')));
  const all = Buffer.concat([
    ...amidOthers(() => contentsOf(data)),
    ...contentsOf(copy),
    Buffer.from(leaves.join('\n')),
  ]);
  for (const value of [
    client,
    'Shop-of-Margarete',
    'closing-4711-4712',
    'DE8937040044053201307',
    key,
    'still-in-the-spool-4713',
  ]) {
    const encoded = [0, 1, 2].map((shift) =>
      Buffer.from(`${'x'.repeat(shift)}${value}`)
        .toString('base64')
        .slice(4, -4),
    );
    for (const text of [value, ...encoded]) assert.ok(!all.includes(text), `${value} as ${text}`);
  }
  const [record] = await search(1, '--client', client, '--limit', '1', '--names');
  const erased = await run('subjects', 'erase', 'client', client, '--data', data);
  assert.equal(erased.status, 0, erased.err);
  await search(0, '--client', client);
  const shown = JSON.parse((await log('show', String(record?.index), '--names')).out) as Found;
  assert.equal(shown.caller, 'erased');
  assert.deepEqual(shown.leaf, record?.leaf);
  assert.equal((await log('verify')).status, 0);
});

test('a command called wrongly says how it is called', async () => {
  for (const argv of [
    ['bite'],
    ['show'],
    ['show', '-1'],
    ['search', '--from', 'soon'],
    ['export'],
  ]) {
    const { status, err } = await log(argv[0] as string, ...argv.slice(1));
    assert.equal(status, 2, argv.join(' '));
    assert.match(err, /Usage: poorter log/);
  }
  const { status, err } = await run('log', 'tail', '--data', join(poorter.folder, 'nothing'));
  assert.equal(status, 1);
  assert.match(err, /there is no log at/);
});
