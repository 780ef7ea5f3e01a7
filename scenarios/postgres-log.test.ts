import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  skipPostgres,
  startPostgres,
} from '../packages/server/src/platform/database/postgres.fixture.ts';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { type RunningPoorter, runPoorter, startPoorter } from './world/poorter.fixture.ts';

const ok = { responses: { 200: { description: 'ok' } } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Accounts', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key' } } },
  security: [{ key: [] }],
  paths: {
    '/accounts': {
      get: { operationId: 'listAccounts', ...ok },
      post: { operationId: 'openAccount', 'x-poorter': { audit: 'durable' }, ...ok },
    },
  },
};

/** As an operator has it: everything stands in poorter.yaml. */
function operatorOf({ folder }: RunningPoorter) {
  const config = ['--config', join(folder, 'poorter.yaml')];
  const good = async (...argv: string[]) => {
    const { status, stdout, stderr } = await runPoorter([...argv, ...config]);
    assert.equal(status, 0, `${argv.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const count = async (...argv: string[]) =>
    (await good('log', 'search', '--json', '--limit', '5000', ...argv)).split('\n').length - 1;
  return { good, count };
}

test('a log in PostgreSQL is searched, verified, exported, backed up and restored, and goes on', {
  skip: skipPostgres,
}, async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  const upstream = await startRawUpstream(t);
  const { url } = postgres.freshPlace();
  const start = (schema: string, more: { data: string; files?: Record<string, string> }) =>
    startPoorter(t, {
      description,
      upstream: upstream.url,
      configuration: {
        storage: `${url}&schema=${schema}`,
        dataDirectory: more.data,
        log: { node: 'bank' },
        records: { file: undefined },
      },
      ...(more.files !== undefined && { files: more.files }),
    });
  const poorter = await start('first', { data: './data' });
  const { good, count } = operatorOf(poorter);
  const key = await poorter.createKey('shop');
  const visit = (at: string, method: string) =>
    call(`${at}/accounts`, { method, headers: { 'x-key': key } });
  for (let at = 0; at < 600; at++) assert.equal((await visit(poorter.url, 'GET')).status, 200);
  for (let at = 0; at < 5; at++) assert.equal((await visit(poorter.url, 'POST')).status, 200);
  await eventually('600 records', async () => (await count('--operation', 'listAccounts')) === 600);
  await eventually('15 records', async () => (await count('--operation', 'openAccount')) === 15);
  assert.equal(await count('--type', 'outcome', '--decision', 'forwarded'), 5);
  assert.equal(await good('log', 'open'), '');
  const signed = async (wanted: number) =>
    eventually('all is signed', async () => {
      const { signedSize } = JSON.parse(await good('log', 'verify', '--json'));
      return signedSize >= wanted;
    });
  await signed(615);
  const [named] = (await good('log', 'search', '--names', '--json', '--limit', '1')).split('\n');
  assert.equal(JSON.parse(named as string).caller.address, '127.0.0.1');
  const file = join(poorter.folder, 'all.jsonl');
  await good('log', 'export', '--to', file);
  const publicKey = readFileSync(join(poorter.folder, 'data/log-public-key'), 'utf8').trim();
  assert.match((await runPoorter(['log', 'verify', file, '--key', publicKey])).stdout, /^good/);
  const remembered = join(poorter.folder, 'checkpoint');
  await good('log', 'verify', '--remember', remembered);

  const backup = join(poorter.folder, 'backup');
  await good('backup', '--out', backup);
  const data = join(poorter.folder, 'restored');
  mkdirSync(data, { mode: 0o700 });
  copyFileSync(join(poorter.folder, 'data/master.key'), join(data, 'master.key'));
  const where = ['--storage', `${url}&schema=second`, '--data', data];
  const restored = await runPoorter(['restore', backup, ...where]);
  assert.equal(restored.status, 0, restored.stderr);
  await poorter.stop();

  const second = await start('second', { data, files: { 'keys.yaml': poorter.read('keys.yaml') } });
  const again = operatorOf(second);
  await again.good('log', 'verify', '--since', remembered);
  assert.equal(await again.count('--operation', 'listAccounts', '--names'), 600);
  assert.equal((await visit(second.url, 'POST')).status, 200);
  await eventually(
    'the log goes on',
    async () => (await again.count('--operation', 'openAccount')) === 18,
  );
  await again.good('log', 'verify', '--since', remembered);
});
