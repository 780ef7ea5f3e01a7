import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { startBank } from '../examples/bank/bank.ts';
import { servePage } from '../examples/browser-app/serve-page.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { type Chromium, skipChromium, startChromium } from './world/chromium.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { runningIssuer, startIssuer } from './world/own-issuer.fixture.ts';
import { faultsOf } from './world/page-faults.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const BANK = join(import.meta.dirname, '../examples/bank/bank.openapi.yaml');

/** By keyboard: the button that has the focus first. */
async function go(chromium: Chromium): Promise<void> {
  await chromium.press('Tab');
  await chromium.press('Enter');
}

/** In both themes, by the style that the page brings as a file. */
async function looksRight(chromium: Chromium): Promise<void> {
  const grounds = new Set<unknown>();
  for (const theme of ['light', 'dark'] as const) {
    await chromium.show(theme, 'en');
    assert.deepEqual(await faultsOf(chromium), [], theme);
    grounds.add(await chromium.read('getComputedStyle(document.body).backgroundColor'));
  }
  assert.equal(grounds.size, 2);
}

const text = (id: string) => `document.getElementById('${id}')?.textContent ?? ''`;

test('in a real browser: somebody signs in from the sample page, which sees accounts and no token, and signs out', {
  skip: skipChromium,
}, async (t) => {
  const bank = await startBank();
  t.after(() => bank.server.close());
  const [login, port, pagePort] = [await unusedPort(), await unusedPort(), await unusedPort()];
  const [origin, gate] = [`http://localhost:${login}`, `http://localhost:${port}`];
  const page = `http://localhost:${pagePort}`;
  const poorter = await startPoorter(t, {
    description: parse(readFileSync(BANK, 'utf8')),
    upstream: bank.url,
    configuration: {
      ...{ listen: [{ address: `127.0.0.1:${port}` }], publicOrigin: gate },
      issuer: { origin, address: `127.0.0.1:${login}` },
      api: { flows: ['session'], cors: { origins: [page], credentials: true } },
    },
  });
  const issuer = runningIssuer(poorter, origin);
  const made = ['clients', 'create', '--name', 'Page', '--profile', 'browser'];
  const client = await issuer.run(
    ...made,
    '--flows',
    'session',
    '--page',
    page,
    '--scopes',
    'accounts',
  );
  const served = await servePage({ gate, client }, pagePort);
  t.after(() => served.server.close());
  const chromium = await startChromium(t);
  const id = await issuer.run('accounts', 'create', '--login', 'an@example.test', '--name', 'An');
  await chromium.go(await issuer.run('accounts', 'link', id));
  await chromium.until(`location.hash === '' && document.readyState === 'complete'`);
  await go(chromium);
  await chromium.until(`document.querySelector('[data-done]')?.innerText.length > 0`);

  await chromium.go(`${page}/`);
  await chromium.until(`(${text('who')}) === 'Nobody is signed in.'`);
  await looksRight(chromium);
  await chromium.read(`document.getElementById('sign-in').click()`);
  await chromium.until(
    `location.origin === '${origin}' && document.querySelector('button') !== null && document.readyState === 'complete'`,
  );
  await go(chromium);
  await chromium.until(`document.querySelector('button[value=allow]') !== null`);
  await chromium.read(`document.querySelector('button[value=allow]').click()`);
  await chromium.until(`location.href === '${page}/' && (${text('who')}).startsWith('Signed in')`);
  await chromium.until(`(${text('accounts')}).includes('acc-1001')`);
  await looksRight(chromium);

  assert.equal(await chromium.read('document.cookie'), '', 'no script reads it');
  assert.equal(
    await chromium.read('JSON.stringify([localStorage.length, sessionStorage.length])'),
    '[0,0]',
  );
  const readable = await chromium.read('document.documentElement.outerHTML');
  assert.doesNotMatch(String(readable), /eyJ/);
  assert.ok(chromium.asked.every((url) => !/access_token|id_token/.test(url)));
  assert.deepEqual(chromium.complaints, [], 'its policy keeps out nothing that it needs');

  // A page of the same site, which the browser sends the cookie for, and of another origin.
  const sibling = createServer((_, response) => response.end('<!doctype html><title>x</title>'));
  await new Promise<void>((resolve) => sibling.listen(0, '127.0.0.1', resolve));
  t.after(() => sibling.close());
  await chromium.go(`http://localhost:${(sibling.address() as AddressInfo).port}/`);
  await chromium.until(`document.title === 'x'`);
  const stolen = await chromium.read(`
    (async () => {
      const tried = [];
      for (const [path, options] of [
        ['/v1/accounts', {}],
        ['/.poorter/app/${client}/session', {}],
        ['/.poorter/app/${client}/sign-out', { method: 'POST' }],
      ]) {
        const url = '${gate}' + path;
        tried.push(await fetch(url, { credentials: 'include', ...options }).then((a) => a.status, () => 'kept out'));
        await fetch(url, { credentials: 'include', mode: 'no-cors', ...options }).catch(() => undefined);
      }
      const socket = new WebSocket('${gate.replace('http', 'ws')}/v1/accounts');
      tried.push(await new Promise((done) => { socket.onopen = () => done('open'); socket.onerror = () => done('kept out'); }));
      return tried.join();
    })()`);
  assert.equal(stolen, 'kept out,kept out,kept out,kept out');
  const tried = await poorter.awaitRecords(4, ({ code }) => code === 'page_not_allowed');
  assert.ok(tried.length >= 4, 'the browser had sent the cookie along');

  await chromium.go(`${page}/`);
  await chromium.until(`(${text('who')}).startsWith('Signed in')`);
  await chromium.read(`document.getElementById('sign-out').click()`);
  await chromium.until(`(${text('who')}) === 'Nobody is signed in.'`);
  assert.equal(await chromium.read(text('accounts')), '');
});

test('over TLS a real browser keeps the session as one of this host, of no script and of no other site', {
  skip: skipChromium,
}, async (t) => {
  const upstream = await startRawUpstream(t);
  const { certificate, key } = makeAuthority(t).issue('/CN=localhost', { names: 'DNS:localhost' });
  const port = await unusedPort();
  const gate = `https://localhost:${port}`;
  const tls = { certificate: './gate.pem', key: './gate.key' };
  const issuer = await startIssuer(t, upstream.url, {
    ...{ listen: [{ address: `127.0.0.1:${port}`, tls }], publicOrigin: gate },
    ...{ files: { 'gate.pem': certificate, 'gate.key': key }, api: { flows: ['session'] } },
  });
  const made = ['clients', 'create', '--name', 'Page', '--profile', 'browser'];
  const client = await issuer.run(...made, '--flows', 'session', '--scopes', 'accounts.read');
  const chromium = await startChromium(t);
  await chromium.trustAnything();
  const id = await issuer.run('accounts', 'create', '--login', 'bo@example.test', '--name', 'Bo');
  await chromium.go(await issuer.run('accounts', 'link', id));
  await chromium.until(`location.hash === '' && document.readyState === 'complete'`);
  await go(chromium);
  await chromium.until(`document.querySelector('[data-done]')?.innerText.length > 0`);
  await chromium.go(`${gate}/.poorter/app/${client}/sign-in?return=/back`);
  await chromium.until(
    `location.origin === '${issuer.origin}' && document.querySelector('button') !== null && document.readyState === 'complete'`,
  );
  await go(chromium);
  await chromium.until(`document.querySelector('button[value=allow]') !== null`);
  await chromium.read(`document.querySelector('button[value=allow]').click()`);
  await chromium.until(`location.href === '${gate}/back'`);
  const shown = await chromium.read(
    `fetch('/.poorter/app/${client}/session').then((a) => a.json()).then((s) => s.signedIn)`,
  );
  assert.equal(shown, true);
  assert.equal(await chromium.read(`fetch('/accounts').then((a) => a.status)`), 200);
  assert.equal(
    await chromium.read(
      `fetch('/accounts', { method: 'POST' }).then((a) => a.json()).then((told) => told.code)`,
    ),
    'insufficient_scope',
    'it comes from the page, which may not write',
  );
  assert.equal(await chromium.read('document.cookie'), '');
  const kept = (await chromium.cookies(gate)).filter(({ name }) => String(name).includes('gate'));
  assert.deepEqual(
    kept
      .map(({ name, httpOnly, secure, sameSite, domain, path }) =>
        [name, httpOnly, secure, sameSite, domain, path].join(' '),
      )
      .toSorted(),
    [
      '__Host-Http-poorter-gate true true Strict localhost /',
      '__Host-Http-poorter-gate-sign-in true true Lax localhost /',
    ],
  );
});
