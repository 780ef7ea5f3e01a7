import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { makeApplication, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const PYTHON = '/usr/bin/python3';
const CALLBACK = 'https://budget.test/callback';

const skipAuthlib =
  spawnSync(PYTHON, ['-c', 'import authlib, requests']).status !== 0 &&
  'python3-authlib is not installed';

test('an application on a library of other authors (Authlib) signs somebody in, calls, refreshes, looks and takes back', {
  skip: skipAuthlib,
}, async (t) => {
  const upstream = await startRawUpstream(t);
  const issuer = await startIssuer(t, upstream.url);
  const person = await enrol(issuer, 'griet@example.test');
  const { configuration } = await makeApplication(
    ...([issuer, CALLBACK, '--scopes', 'accounts.read,profile'] as const),
  );
  const { client_id: id, client_secret: secret } = configuration.clientMetadata() as {
    client_id: string;
    client_secret: string;
  };
  const script = join(import.meta.dirname, 'world/authlib-client.py');
  const api = `${issuer.poorter.url}/accounts`;
  const child = spawn(PYTHON, [script, issuer.origin, id, secret, CALLBACK, api], {
    env: { ...process.env, AUTHLIB_INSECURE_TRANSPORT: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  child.stdin.on('error', () => undefined);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () =>
    JSON.parse(String((await lines.next()).value)) as Record<string, unknown>;
  const { url } = await next();
  const back = await goThrough(new SoftBrowser(issuer.origin), new URL(String(url)), person);
  child.stdin.write(`${back}\n`);
  const told = await next();
  assert.deepEqual(told['statuses'], [200, 200, 401]);
  assert.equal(told['active'], true);
  assert.equal(told['looked'], told['sub']);
  assert.equal(told['revoked'], 200);
  if (child.exitCode === null) await once(child, 'exit');
  assert.equal(child.exitCode, 0);
});
