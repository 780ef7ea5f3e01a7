import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeFolder } from './world/folders.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { runPoorter } from './world/poorter.fixture.ts';
import { MAIN } from './world/program.fixture.ts';
import { startService } from './world/service.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'poorter-trial-'));
const running: ChildProcess[] = [];
after(async () => {
  for (const child of running) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await removeFolder(folder);
});
const service = await startService({ after });

const responses = { 200: { description: 'ok' } };
const flows = {
  clientCredentials: { tokenUrl: 'https://login.example/t', scopes: { read: 'r', write: 'w' } },
};
const document = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: {
      oauth: { type: 'oauth2', flows },
      oidc: { type: 'openIdConnect', openIdConnectUrl: 'https://login.example/oidc' },
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    },
  },
  paths: {
    '/orders': {
      get: { security: [{ oauth: ['read'] }], responses },
      delete: { security: [{ oauth: ['write'] }], responses },
    },
    '/oidc': { get: { security: [{ oidc: ['read'] }], responses } },
    '/bearer': { get: { security: [{ bearer: [] }], responses } },
  },
});
const spec = join(folder, 'shop.json');
writeFileSync(spec, document);

interface Trial {
  readonly gate: string;
  readonly control: string;
  readonly token: string;
  readonly said: () => string;
}

async function tryDocument(): Promise<Trial> {
  const argv = ['serve', spec, '--upstream', service.url, '--listen', '127.0.0.1:0'];
  const more = [
    '--control',
    '127.0.0.1:0',
    '--data',
    mkdtempSync(join(folder, 'data-')),
    '--threads',
    '1',
  ];
  const child = spawn(process.execPath, ['--conditions=source', MAIN, ...argv, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let said = '';
  child.stdout?.on('data', (text: Buffer) => {
    said += text;
  });
  child.stderr?.on('data', (text: Buffer) => {
    said += text;
  });
  const deadline = Date.now() + PATIENCE_MS;
  while (!/poorter: TRIAL/.test(said) || !/another +curl/.test(said)) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(said);
    await sleep(25);
  }
  const find = (pattern: RegExp) => pattern.exec(said)?.[1] ?? '';
  return {
    gate: `http://${find(/gate +(\S+?),? /)}`,
    control: find(/control +(\S+)/),
    token: find(/^(eyJ\S+)$/m),
    said: () => said,
  };
}

const statusOf = async (url: string, token: string | null, method = 'GET') => {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { method, headers });
  await answer.arrayBuffer();
  return answer.status;
};

test('a document that takes tokens is tried at once: 401 without, 200 with the printed one, 403 with a narrower one', async () => {
  const trial = await tryDocument();
  assert.equal(await statusOf(`${trial.gate}/orders`, null), 401);
  for (const path of ['/orders', '/oidc', '/bearer']) {
    assert.equal(await statusOf(trial.gate + path, trial.token), 200, path);
  }
  assert.equal(await statusOf(`${trial.gate}/orders`, trial.token, 'DELETE'), 200);

  const asked = await fetch(`${trial.control}/trial/token?scope=read`, { method: 'POST' });
  assert.equal(asked.status, 200);
  const { access_token: narrow, scope } = (await asked.json()) as Record<string, string>;
  assert.equal(scope, 'read');
  assert.equal(await statusOf(`${trial.gate}/orders`, narrow as string), 200);
  assert.equal(await statusOf(`${trial.gate}/orders`, narrow as string, 'DELETE'), 403);

  // No page in a browser, and no name that somebody else may point here, gets a token.
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    const refused = await fetch(`${trial.control}/trial/token`, { method: 'POST', headers });
    assert.equal(refused.status, 403);
  }
  assert.equal((await fetch(`${trial.control}/trial/token`)).status, 405);

  const other = await tryDocument();
  assert.notEqual(other.token, trial.token);
  assert.equal(
    await statusOf(`${other.gate}/orders`, trial.token),
    401,
    'a token of another trial',
  );
});

test('nobody leaves a trial on by accident: not with a listener or a control address for others, not with a file', async () => {
  const others = [
    ['--listen', '0.0.0.0:0', '--control', '127.0.0.1:0'],
    ['--listen', '[::]:0', '--control', '127.0.0.1:0'],
    ['--listen', '127.0.0.1:0', '--control', '0.0.0.0:0'],
    ['--listen', '127.0.0.1:0', '--control', '127.0.0.1:0', '--role', 'control'],
  ];
  for (const [index, options] of others.entries()) {
    const data = ['--data', join(folder, `refused-${index}`)];
    const argv = ['serve', spec, '--upstream', service.url, ...options, ...data];
    const { status, stdout, stderr } = await runPoorter(argv);
    assert.equal(status, 1, options.join(' '));
    assert.equal(/TRIAL|eyJ/.test(stdout + stderr), false, stdout + stderr);
  }
  writeFileSync(
    join(folder, 'poorter.yaml'),
    `apis: [{ spec: ./shop.json, upstream: '${service.url}' }]
listen: [{ address: '127.0.0.1:0' }]
control: { address: '127.0.0.1:0' }
dataDirectory: ./with-file
`,
  );
  const { status, stdout, stderr } = await runPoorter([
    'serve',
    '--config',
    join(folder, 'poorter.yaml'),
  ]);
  assert.equal(status, 1);
  assert.match(stderr, /no token issuer is trusted/);
  assert.equal(/TRIAL|eyJ/.test(stdout + stderr), false);
});
