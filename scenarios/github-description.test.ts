import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readGithubDescription } from '../packages/openapi/fixtures/github-description/github-description.fixture.ts';
import { call, codeOf } from './world/calls.fixture.ts';
import { removeFolder } from './world/folders.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { MAIN } from './world/program.fixture.ts';
import { startService } from './world/service.fixture.ts';

/** A minute of work for a machine that does ten other things. */
const START_MAX_MS = 5 * PATIENCE_MS;

test('the description of GitHub, 12 MB and 1,000 operations, is served as it is', async (t) => {
  const service = await startService({ after }, (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"login":"x"}');
  });
  const folder = mkdtempSync(join(tmpdir(), 'poorter-github-'));
  const description = join(folder, 'api.github.com.json');
  writeFileSync(description, readGithubDescription());
  const startedAt = Date.now();
  const poorter = spawn(
    process.execPath,
    [
      ...['--conditions=source', MAIN, 'serve', description, '--upstream', service.url],
      ...['--listen', '127.0.0.1:0', '--control', '127.0.0.1:0', '--data', join(folder, 'data')],
      ...['--threads', '2', '--json'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  t.after(async () => {
    const gone = once(poorter, 'exit');
    poorter.kill('SIGTERM');
    await gone;
    await removeFolder(folder);
  });
  let said = '';
  let warned = '';
  poorter.stdout.on('data', (text: Buffer) => {
    said += text;
  });
  poorter.stderr.on('data', (text: Buffer) => {
    warned += text;
  });
  while (!said.includes('\n')) {
    assert.equal(poorter.exitCode, null, warned);
    assert.ok(Date.now() - startedAt < START_MAX_MS, 'it starts in time');
    await sleep(25);
  }
  const startMs = Date.now() - startedAt;
  const { addresses, summary } = JSON.parse(said) as {
    addresses: string[];
    summary: { apis: { operations: number; unprotected: object[] }[] };
  };
  const [api] = summary.apis;
  assert.ok((api?.operations ?? 0) > 900, `${api?.operations} operations`);
  assert.equal(api?.unprotected.length, api?.operations, 'the description declares no security');
  assert.match(warned, /declare no security and are open to everyone on this machine/);

  const url = `http://${addresses[0]}`;
  const valid = await call(`${url}/repos/nodejs/node/issues?per_page=5&state=open`);
  assert.equal(valid.status, 200, valid.text);
  assert.equal(service.last().target, '/repos/nodejs/node/issues?per_page=5&state=open');
  const invalid = await call(`${url}/repos/nodejs/node/issues?state=asleep`);
  assert.equal(codeOf(invalid), 'request_invalid');
  const headers = { 'content-type': 'application/json' };
  const post = (body: object) =>
    call(`${url}/repos/a/b/issues`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.equal((await post({ title: 'Broken', labels: ['bug'] })).status, 200);
  assert.equal(codeOf(await post({ labels: ['bug'] })), 'request_invalid');
  assert.equal(codeOf(await call(`${url}/no/such/path/at/all`)), 'no_such_operation');

  const rss = processesOf(poorter.pid as number).map(({ name, bytes }) => {
    return `${name} ${Math.round(bytes / 1_048_576)} MB`;
  });
  t.diagnostic(`started in ${startMs} ms, ${api?.operations} operations`);
  t.diagnostic(`RSS: ${rss.join(', ')}`);
});

/** The supervisor and its children, with their resident memory. */
function processesOf(pid: number): { name: string; bytes: number }[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return [String(pid), ...children].map((one) => {
    const command = readFileSync(`/proc/${one}/cmdline`, 'utf8');
    const status = readFileSync(`/proc/${one}/status`, 'utf8');
    return {
      name: /(control|gateway)-process/.exec(command)?.[1] ?? 'supervisor',
      bytes: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024,
    };
  });
}
