import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { adminOf } from './world/admin.fixture.ts';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { runPoorter, startPoorter } from './world/poorter.fixture.ts';

const ok = { responses: { 200: { description: 'ok' } } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Things', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key' } } },
  security: [{ key: [] }],
  paths: { '/things': { get: { operationId: 'listThings', ...ok } } },
};

test('a restored gate refuses the key that was rotated after the backup, and its log says that it was restored', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const admin = adminOf(poorter);
  const make = async (name: string): Promise<{ id: string; key: string }> => {
    const { status, body } = await admin(
      'POST',
      '/v1/keys',
      { name },
      { 'idempotency-key': `make-key-${name}` },
    );
    assert.equal(status, 201, JSON.stringify(body));
    return { id: body.record.id, key: body.key };
  };
  const [kept, rotated] = [await make('kept'), await make('rotated')];
  const config = ['--config', join(poorter.folder, 'poorter.yaml')];
  const backup = join(poorter.folder, 'backup');
  const made = await runPoorter(['backup', '--out', backup, ...config]);
  assert.equal(made.status, 0, made.stderr);
  const path = `/v1/keys/${rotated.id}/rotate`;
  const rotation = await admin('POST', path, {}, { 'idempotency-key': 'rotate-it' });
  assert.equal(rotation.status, 201, JSON.stringify(rotation.body));
  await poorter.stop();

  const data = join(poorter.folder, 'restored');
  mkdirSync(data, { mode: 0o700 });
  for (const name of ['master.key', 'tombstones.jsonl']) {
    copyFileSync(join(poorter.folder, 'data', name), join(data, name));
  }
  const restored = await runPoorter(['restore', backup, '--data', data, '--storage', data]);
  assert.equal(restored.status, 0, restored.stderr);
  assert.match(restored.stdout, new RegExp(`rotated, narrowed or shortened since: ${rotated.id}`));

  const again = await startPoorter(t, {
    ...{ description, upstream: upstream.url },
    configuration: { storage: data },
    files: { 'keys.yaml': poorter.read('keys.yaml') },
  });
  const visit = async (key: string) =>
    (await call(`${again.url}/things`, { headers: { 'x-key': key } })).status;
  assert.equal(await visit(kept.key), 200);
  assert.equal(await visit(rotated.key), 401);
  const there = ['--config', join(again.folder, 'poorter.yaml')];
  const ofRestore = async () => {
    const query = ['log', 'search', '--operation', 'restoreBackup', '--json', ...there];
    const { stdout } = await runPoorter(query);
    return stdout.split('\n').filter((line) => line !== '');
  };
  await eventually('the log tells of it', async () => (await ofRestore()).length > 0);
  const [record = '', ...more] = await ofRestore();
  assert.deepEqual(more, []);
  assert.match(record, new RegExp(`"outdatedKeys":1.*${rotated.id}`));
  assert.equal(existsSync(join(data, 'restored.json')), false, 'told once');
  assert.match((await runPoorter(['log', 'verify', ...there])).stdout, /^good/);
});
