import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { call, codeOf } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  makePage,
  PageBrowser,
  SESSION_COOKIE,
  startGateWithSessions,
} from './world/gate-session.fixture.ts';
import { enrol } from './world/person.fixture.ts';

const upstream = await startRawUpstream({ after });
const gate = await startGateWithSessions({ after }, upstream.url);
const { issuer, origin } = gate;
const client = await makePage(gate);
const griet = await enrol(issuer, 'griet@example.test');

test('somebody signs in for a page, and its calls count as those of its client with a token', async () => {
  const browser = new PageBrowser(gate, client);
  assert.deepEqual(await browser.shown(), { signedIn: false });
  assert.equal((await browser.fetch('/accounts')).status, 401);
  const back = await browser.signIn(griet, '?return=/app?tab=1%23top');
  assert.equal(back.headers.location, `${origin}/app?tab=1#top`);
  const called = await browser.fetch('/accounts');
  assert.equal(called.status, 200, called.text);
  const shown = await browser.shown();
  assert.equal(shown['signedIn'], true);
  assert.deepEqual(shown['scopes'], ['openid', 'accounts.read']);
  assert.equal(shown['acr'], 'phr');
  const calls = await issuer.poorter.awaitRecords(1, ({ operation, code }) => operation === 'GET /accounts' && code === null);
  const principal = calls[0]?.['principal'] as Record<string, unknown>;
  assert.equal(principal['client'], client);
  assert.equal(principal['subject'], shown['subject']);
});
