import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { poorterHere } from './world/commands.fixture.ts';
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
      oidc: {
        type: 'openIdConnect',
        openIdConnectUrl: 'https://login.example/.well-known/openid-configuration',
      },
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
  readonly data: string;
  readonly said: () => string;
}

async function tryDocument(): Promise<Trial> {
  const data = mkdtempSync(join(folder, 'data-'));
  const argv = ['serve', spec, '--upstream', service.url, '--listen', '127.0.0.1:0'];
  const more = ['--control', '127.0.0.1:0', '--data', data, '--threads', '1'];
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
    data,
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

test('a document that is checked where it is served raises no alarm about what nobody gave, nor does the issuer that ends a trial', async () => {
  const { data, control, gate } = await tryDocument();
  const places = ['--listen', new URL(gate).host, '--control', new URL(control).host];
  const check = async (document: string, ...more: string[]) => {
    const { status, out, err } = await poorterHere(['check', document, '--data', data, ...more]);
    assert.equal(status, 0, out + err);
    return out;
  };
  const issuer = ['--issuer', 'https://login.example', '--audience', 'api'];
  for (const more of [[], places, ['--upstream', service.url, ...places], issuer]) {
    assert.doesNotMatch(await check(spec, ...more), /less than what is in force/, more.join(' '));
  }
  const real = await check(spec, '--upstream', service.url, ...places, ...issuer);
  assert.doesNotMatch(real, /less than what is in force|TRIAL|trial/);

  const elsewhere = await check(spec, '--upstream', 'http://127.0.0.1:9', ...places);
  assert.match(elsewhere, /upstream-elsewhere/);
  const opened = join(folder, 'opened.json');
  writeFileSync(opened, document.replace('[{"oauth":["write"]}]', '[]'));
  assert.match(await check(opened), /less than what is in force: operation-opened/);
  assert.match(await check(spec, '--mode', 'observe'), /less than what is in force: validation/);
});

test('an option of serve or check that would have no effect is refused, and says what it needs', async () => {
  for (const [options, says] of [
    [['--audience', 'api'], /--audience needs --issuer/],
    [['--jwks', 'file:jwks.json'], /--jwks needs --issuer/],
    [['--audience', 'api', '--jwks', 'none-such.json'], /needs --issuer/],
    [['--role', 'control', '--threads', '2'], /--threads has no effect with --role control/],
    [['--role', 'gateway', '--keys', 'keys.yaml'], /--keys has no effect with --role gateway/],
  ] as const) {
    for (const line of [
      ['serve', spec, '--upstream', service.url],
      ['check', spec],
      ['serve', '--config', 'poorter.yaml'],
    ]) {
      const { status, err } = await poorterHere([...line, ...options]);
      assert.equal(status, 2, `${line.join(' ')} ${options.join(' ')}: ${err}`);
      assert.match(err, says);
    }
  }
  for (const option of ['--mode', '--response'] as const) {
    const value = option === '--mode' ? 'observe' : 'block';
    const { status, err } = await poorterHere(['check', '--config', 'p.yaml', option, value]);
    assert.equal(status, 2);
    assert.match(err, new RegExp(`either --config or ${option}`));
  }
});

test('an issuer of whose tokens no operation asks for one is refused: whoever names it believes the document protected', async () => {
  const open = join(folder, 'open.json');
  const paths = { '/orders': { get: { security: [], responses } } };
  writeFileSync(open, JSON.stringify({ ...JSON.parse(document), paths }));
  const data = ['--data', join(folder, 'no-data')];
  const issuer = ['--issuer', 'https://login.example', '--audience', 'api'];
  const { status, out } = await poorterHere(['check', open, ...data, ...issuer]);
  assert.equal(status, 1);
  assert.match(
    out,
    /error: no operation takes tokens: --issuer and --audience would have no effect/,
  );
  assert.equal((await poorterHere(['check', open, ...data])).status, 0);
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
