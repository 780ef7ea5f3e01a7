import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeFolder } from './world/folders.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const ROOT = join(import.meta.dirname, '..');
const START = join(ROOT, 'tools/start.ts');

/** As `npm start -- …` runs it. */
function start(argv: readonly string[], cwd: string): { child: ChildProcess; said: () => string } {
  const child = spawn(process.execPath, ['--conditions=source', START, ...argv], {
    ...{ cwd, stdio: ['ignore', 'pipe', 'pipe'] },
    env: { ...process.env, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text: Buffer) => {
      said += text;
    });
  }
  return { child, said: () => said };
}

test('whoever has the usual ports in use sees the sample bank at others, named like those of serve', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-npm-start-'));
  const [listen, control] = [await unusedPort(), await unusedPort()];
  const places = ['--listen', `127.0.0.1:${listen}`, `--control=127.0.0.1:${control}`];
  const { child, said } = start([...places, '--data', 'demo-data', '--threads', '1'], folder);
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
    await removeFolder(folder);
  });
  while (!said().includes('Stop with Ctrl-C')) {
    await Promise.race([
      once(child.stdout as NonNullable<typeof child.stdout>, 'data'),
      ended.then(() => assert.fail(said())),
    ]);
  }
  const [, key = ''] =
    /curl -i http:\/\/127\.0\.0\.1:\d+\/\S+ -H 'X-Api-Key: (\S+)'/.exec(said()) ?? [];
  const answer = await fetch(`http://127.0.0.1:${listen}/v1/accounts`, {
    headers: { 'x-api-key': key },
  });
  assert.equal(answer.status, 200, said());
  await answer.arrayBuffer();
  assert.equal((await fetch(`http://127.0.0.1:${control}/health/live`)).status, 200);
  assert.match(said(), /npx poorter status --data .*demo-data/);
});

test('what is not for the sample bank is answered as by serve', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-npm-start-'));
  t.after(() => removeFolder(folder));
  for (const [argv, says] of [
    [['--mode', 'observe'], /an OpenAPI document or --config is needed/],
    [['--colour', 'blue'], /unknown option --colour/],
    [['openapi.yaml'], /--upstream URL says where the service is/],
  ] as const) {
    const { child, said } = start(argv, folder);
    assert.deepEqual((await once(child, 'close'))[0], 2);
    assert.match(said(), says);
  }
});

for (const [name, before] of [
  ['npm start', ['start', '--']],
  ['npx poorter serve', ['exec', '--', 'poorter', 'serve']],
] as const) {
  test(`whoever ends ${name} by a signal leaves no gate behind`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'poorter-npm-ended-'));
    const api = join(folder, 'api.json');
    const info = { title: 'Nothing', version: '1' };
    writeFileSync(api, JSON.stringify({ openapi: '3.1.0', info, paths: {} }));
    const listen = await unusedPort();
    const places = ['--listen', `127.0.0.1:${listen}`, '--control', '127.0.0.1:0'];
    const argv = [...before, api, '--upstream', 'http://127.0.0.1:9', ...places];
    const npm = spawn('npm', [...argv, '--data', join(folder, 'data'), '--threads', '1'], {
      ...{ cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
      env: Object.fromEntries(
        Object.entries(process.env).filter(([variable]) => !variable.startsWith('npm_')),
      ),
    });
    t.after(async () => {
      // Whatever is left of it.
      try {
        process.kill(-(npm.pid as number), 'SIGKILL');
      } catch {
        // Nothing.
      }
      await removeFolder(folder);
    });
    let said = '';
    // Ends when the last process that writes here has ended.
    const silent = once(npm.stdout, 'close');
    npm.stderr.on('data', (text: Buffer) => {
      said += text;
    });
    for await (const text of npm.stdout.iterator({ destroyOnReturn: false })) {
      said += text;
      if (said.includes('  data ')) break;
    }
    assert.equal((await fetch(`http://127.0.0.1:${listen}/`)).status, 404, said);
    npm.kill('SIGTERM');
    npm.stdout.resume();
    await silent;
    await assert.rejects(fetch(`http://127.0.0.1:${listen}/`), said);
  });
}
