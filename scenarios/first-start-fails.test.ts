import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runPoorter, startPoorter } from './world/poorter.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'poorter-first-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const description = {
  openapi: '3.1.0',
  info: { title: 'Things', version: '1' },
  paths: { '/things': { get: { security: [], responses: { 200: { description: 'ok' } } } } },
};
const api = join(folder, 'api.json');
writeFileSync(api, JSON.stringify(description));
const taken = createServer();
await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
after(() => taken.close());
const inUse = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
const free = '127.0.0.1:0';

const failing = (data: string, more: object = {}) => {
  const { spec, listen, control } = { spec: api, listen: free, control: free, ...more };
  const argv = [spec, '--upstream', 'http://127.0.0.1:9', '--listen', listen, '--control', control];
  return runPoorter(['serve', ...argv, '--data', data, '--threads', '2']);
};
const FAULTS: Readonly<Record<string, { readonly more: object; readonly says: RegExp }>> = {
  'a description that is not there': {
    more: { spec: join(folder, 'nofile.yaml') },
    says: /nofile\.yaml: ENOENT/,
  },
  'a port that is taken': { more: { listen: inUse }, says: /EADDRINUSE.*\(--listen\)/ },
  'a control port that is taken': { more: { control: inUse }, says: /EADDRINUSE.*\(--control\)/ },
};

for (const [name, { more, says }] of Object.entries(FAULTS)) {
  test(`a first start that fails for ${name} leaves no master key, nor anything else`, async () => {
    const outer = mkdtempSync(join(folder, 'outer-'));
    const fails = async (data: string) => {
      const { status, stderr } = await failing(data, more);
      assert.equal(status, 1, stderr);
      assert.match(stderr, says);
      // Whoever reads that a master key was made must not look for one that is gone.
      if (!stderr.includes('the master key was made')) return;
      assert.equal(
        stderr.includes('is removed again'),
        !existsSync(join(data, 'master.key')),
        stderr,
      );
    };
    await fails(join(outer, 'a/b/data'));
    assert.deepEqual(readdirSync(outer), []);

    const empty = join(outer, 'empty');
    mkdirSync(empty, { mode: 0o700 });
    await fails(empty);
    assert.deepEqual(readdirSync(empty), [], 'a directory that was made for it stays');

    const kept = join(outer, 'kept');
    mkdirSync(kept, { mode: 0o700 });
    writeFileSync(join(kept, 'keys.yaml'), 'keys: []\n', { mode: 0o600 });
    await fails(kept);
    assert.ok(readdirSync(kept).includes('keys.yaml'));
  });
}

test('a start that fails removes nothing of one that has served', async (t) => {
  const data = join(folder, 'served');
  const first = await startPoorter(t, {
    description,
    upstream: 'http://127.0.0.1:9',
    threads: 1,
    configuration: { storage: data, records: { file: undefined } },
  });
  await first.stop();
  const before = readdirSync(data).filter((name) => !/lock|holder|-wal|-shm/.test(name));
  assert.ok(before.includes('master.key') && before.includes('state.sqlite'), before.join(' '));
  for (const { more } of Object.values(FAULTS)) {
    assert.equal((await failing(data, more)).status, 1);
    for (const name of before) assert.ok(existsSync(join(data, name)), name);
  }
});
