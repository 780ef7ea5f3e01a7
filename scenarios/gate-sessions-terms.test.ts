import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { call, codeOf } from './world/calls.fixture.ts';
import { poorterHere } from './world/commands.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { makePage, PageBrowser, startGateWithSessions } from './world/gate-session.fixture.ts';
import { startIssuer } from './world/own-issuer.fixture.ts';
import { things } from './world/things.fixture.ts';

test('sessions that no browser could keep, or would send nowhere, are refused where they are written, with the line', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-sessions-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'api.yaml'), JSON.stringify(things), { mode: 0o600 });
  const issuer = 'issuer: { origin: "http://localhost:9091" }';
  const cases: readonly (readonly [string, string[], RegExp])[] = [
    ['nobody signs in', ['publicOrigin: https://api.test'], /poorter\.yaml:4:.*there is none/s],
    ['no name', [issuer], /poorter\.yaml:4:.*none is known/s],
    ['in clear', [issuer, 'publicOrigin: http://api.test'], /poorter\.yaml:4:.*over https alone/s],
    [
      'elsewhere',
      [issuer, 'publicOrigin: https://api.test'],
      /poorter\.yaml:4:.*cookies are kept for api\.test/s,
    ],
    ['too long', [`${issuer.slice(0, -2)}, sessions: { lifeHours: 9 } }`], /lifeHours/],
  ];
  for (const [what, more, says] of cases) {
    const hosts = what === 'elsewhere' ? ['    hosts: [other.test]'] : [];
    const lines = [
      ...['apis:', '  - spec: api.yaml', '    upstream: http://127.0.0.1:3000'],
      ...['    flows: [session]', ...hosts, ...more, 'storage: ./data'],
    ];
    const file = join(folder, 'poorter.yaml');
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    const { status, out, err } = await poorterHere(['check', '--config', file]);
    assert.notEqual(status, 0, `${what}: ${out}`);
    assert.match(`${out}${err}`, says, what);
  }
});

test('an API that does not offer sessions takes none, and a gate without any has no address for them', async (t) => {
  const upstream = await startRawUpstream(t);
  const issuer = await startIssuer(t, upstream.url);
  const client = await makePage({ issuer });
  const browser = new PageBrowser({ issuer, origin: issuer.poorter.url }, client);
  assert.equal(codeOf(await browser.ask(browser.at('sign-in'))), 'no_such_operation');
  const headers = { cookie: `poorter-gate=${'a'.repeat(43)}`, 'sec-fetch-site': 'same-origin' };
  const answer = await call(`${issuer.poorter.url}/accounts`, { headers });
  assert.equal(codeOf(answer), 'credentials_required');
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const asked = await call(`${issuer.origin}/gate/sessions/resolve`, {
    ...{ method: 'POST', headers: form, body: 'token=a+b' },
  });
  assert.equal(asked.status, 404, asked.text);
});

test('whoever makes a client for a page is told where its people sign in, and what it cannot be', async (t) => {
  const upstream = await startRawUpstream(t);
  const gate = await startGateWithSessions(t, upstream.url);
  const { issuer } = gate;
  const id = await makePage(gate, '--page', 'https://app.bank.example');
  const shown = JSON.parse(await issuer.run('clients', 'show', id, '--json'));
  assert.deepEqual([shown.flows, shown.page], [['session'], 'https://app.bank.example']);
  assert.deepEqual(shown.authentication, { method: 'none' });
  const data = ['--data', `${issuer.poorter.folder}/data`];
  const made = ['clients', 'create', '--name', 'Budget', '--profile', 'browser', ...data];
  const told = await poorterHere([...made, '--flows', 'session']);
  assert.match(
    told.err,
    new RegExp(`people sign in at /\\.poorter/app/${told.out.trim()}/sign-in`),
  );
  for (const [more, says] of [
    [['--flows', 'session,redirect', '--redirect-uri', 'https://a.test/b'], /stands alone/],
    [['--flows', 'session', '--page', 'https://app.test/x'], /is no origin/],
    [
      ['--flows', 'redirect', '--redirect-uri', 'https://a.test/b', '--page', 'https://a.test'],
      /page: is for/,
    ],
  ] as const) {
    const { status, err } = await poorterHere([...made, ...more]);
    assert.notEqual(status, 0);
    assert.match(err, says);
  }
  const invited = ['clients', 'invite', '--name', 'A', '--profile', 'browser', ...data];
  const { status, err } = await poorterHere([...invited, '--flows', 'session']);
  assert.notEqual(status, 0);
  assert.match(err, /--flows is one of redirect, embedded, decoupled, device, exchange$/m);
});

test('whoever makes a client whose page nobody can sign in to is told so, and gets the client', async (t) => {
  const upstream = await startRawUpstream(t);
  const offered = await startGateWithSessions(t, upstream.url);
  const without = await startIssuer(t, upstream.url, { publicOrigin: 'https://api.bank.example' });
  const create = async (data: string, ...more: readonly string[]) => {
    const made = ['clients', 'create', '--name', 'Budget', '--profile', 'browser'];
    const told = await poorterHere([...made, '--flows', 'session', '--data', data, ...more]);
    assert.equal(told.status, 0, told.err);
    return { ...told, warnings: told.err.match(/^warning: .*$/gm) ?? [] };
  };
  const page = ['--page', 'https://app.shop.example'];
  const here = `${offered.issuer.poorter.folder}/data`;
  assert.deepEqual((await create(here)).warnings, []);
  assert.deepEqual((await create(here, ...page)).warnings, [
    `warning: the page https://app.shop.example is of another site than the gate (publicOrigin: ${offered.origin}): browsers send no cookie with its calls`,
  ]);
  const both = await create(`${without.poorter.folder}/data`, ...page, '--json');
  assert.equal(both.warnings.length, 2, both.err);
  assert.match(String(both.warnings[0]), /no API in the configuration has 'session' in its flows/);
  assert.match(String(both.warnings[1]), /app\.shop\.example is of another site/);
  const { id, page: kept } = JSON.parse(both.out);
  assert.equal(kept, 'https://app.shop.example');
  const change = ['clients', 'change', id, '--name', 'Budget', '--profile', 'browser'];
  const { err } = await poorterHere([
    ...[...change, '--flows', 'session', '--data', `${without.poorter.folder}/data`],
  ]);
  assert.match(err, /^warning: no API in the configuration has 'session' in its flows/m);
});

test('whoever asks under another host is told which origin is expected, and nothing of what stands there', async (t) => {
  const upstream = await startRawUpstream(t);
  const gate = await startGateWithSessions(t, upstream.url);
  const browser = new PageBrowser(gate, await makePage(gate));
  const unknown = `/.poorter/app/client_${'0'.repeat(24)}/session`;
  const told = new Set<string>();
  for (const host of ['127.0.0.1', 'api.evil.example', 'localhost.evil.example:443']) {
    for (const path of [browser.at('session'), browser.at('sign-in'), unknown, '/.poorter/app/x']) {
      const answer = await browser.ask(path, { headers: { host } });
      assert.deepEqual([answer.status, codeOf(answer)], [421, 'other_host'], answer.text);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      assert.equal(answer.headers['set-cookie'], undefined);
      const { instance, ...problem } = JSON.parse(answer.text);
      assert.equal(problem.expected, gate.origin);
      assert.match(instance, /^urn:poorter:call:/);
      assert.doesNotMatch(answer.text, /evil|127\.0\.0\.1/);
      told.add(JSON.stringify(problem));
    }
  }
  assert.equal(told.size, 1, 'the same, whatever is asked');
  const right = await browser.ask(browser.at('session'), { headers: { host: 'LOCALHOST' } });
  assert.deepEqual(JSON.parse(right.text), { signedIn: false });
});
