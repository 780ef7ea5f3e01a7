import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { runPoorter, startPoorter } from './world/poorter.fixture.ts';
import { MAIN } from './world/program.fixture.ts';

const description = {
  openapi: '3.1.0',
  info: { title: 'Start', version: '1' },
  paths: {
    '/things': {
      get: {
        security: [],
        responses: { 200: { description: 'ok', content: { 'application/json': {} } } },
      },
    },
  },
};

test('a call passes, leaves one record, and SIGTERM ends with status 0', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const answer = await fetch(`${poorter.url}/things`);
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), '{}');
  const records = await poorter.awaitRecords(1);
  assert.equal(records.length, 1);
  assert.equal(records[0]?.['decision'], 'forwarded');
  assert.equal(await poorter.stop(), 0);
});

test('a reload that is asked for while the configuration is still being read ends nothing', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  assert.equal(await poorter.stop(), 0);
  const argv = ['serve', '--config', join(poorter.folder, 'poorter.yaml'), '--json'];
  const again = spawn(process.execPath, ['--conditions=source', MAIN, ...argv], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(again, 'exit');
  t.after(() => again.kill('SIGKILL'));
  const { pid } = again;
  // Control is its first child: it reads, and the supervisor waits for what it finds.
  while (readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8') === '') await sleep(1);
  again.kill('SIGHUP');
  const [said] = await Promise.race([once(again.stdout, 'data'), ended]);
  assert.equal(JSON.parse(String(said)).code, 'started');
  again.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

test('a second start on the same data directory exits non-zero and says who holds it', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const second = await runPoorter(['serve', '--config', `${poorter.folder}/poorter.yaml`]);
  assert.equal(second.status, 1);
  assert.match(second.stderr, new RegExp(`in use by process ${poorter.process.pid}`));
});

test('a second gate on the same port takes no call of the first: it does not start, and says why', async (t) => {
  const upstream = await startRawUpstream(t);
  const first = await startPoorter(t, { description, upstream: upstream.url });
  const folder = mkdtempSync(join(tmpdir(), 'poorter-second-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const second = (listen: string, control: string) => {
    writeFileSync(
      join(folder, 'poorter.yaml'),
      stringify({
        listen: [{ address: listen, insecure: true }],
        control: { address: control },
        storage: './data',
        apis: [{ spec: join(first.folder, 'api.yaml'), upstream: upstream.url }],
      }),
    );
    return runPoorter(['serve', '--config', join(folder, 'poorter.yaml')]);
  };
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const { status, stderr } = await second(`${host}:${first.port}`, '127.0.0.1:0');
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`listening on ${host}:${first.port}: EADDRINUSE`));
  }
  const control = new URL(first.controlUrl).host;
  const { status, stderr } = await second('127.0.0.1:0', control);
  assert.equal(status, 1);
  assert.match(stderr, /EADDRINUSE/);
  for (let call = 0; call < 20; call++) {
    const answer = await fetch(`${first.url}/things`, { headers: { connection: 'close' } });
    assert.equal(answer.status, 200);
  }
  assert.equal((await first.awaitRecords(20)).length, 20);
});

test('a reload that names a port of another gate is refused, and the version before goes on', async (t) => {
  const upstream = await startRawUpstream(t);
  const other = await startPoorter(t, { description, upstream: upstream.url });
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const configuration = parse(poorter.read('poorter.yaml')) as { listen: object[] };
  const listen = [{ address: `127.0.0.1:${poorter.port}` }, { address: `127.0.0.1:${other.port}` }];
  poorter.write('poorter.yaml', { ...configuration, listen });
  const { message } = await poorter.awaitNotice('snapshot_unserved');
  assert.match(message, new RegExp(`listening on 127.0.0.1:${other.port}: EADDRINUSE`));
  assert.equal((await fetch(`${poorter.url}/things`)).status, 200);
  assert.equal((await poorter.awaitRecords(1)).length, 1);
});
