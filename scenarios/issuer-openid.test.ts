import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  type Application,
  askFor,
  makeApplication,
  type RunningIssuer,
  redeem,
  startIssuer,
} from './world/own-issuer.fixture.ts';
import { enrol, goThrough, type Person } from './world/person.fixture.ts';

import { SoftBrowser } from './world/soft-browser.fixture.ts';

const CALLBACK = 'https://budget.test/callback';

/** One for all who change nothing of it: a start takes seconds of processor time. */
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url);

async function start(...more: readonly string[]) {
  const person = await enrol(issuer, 'griet@example.test');
  const application = await makeApplication(issuer, CALLBACK, ...more);
  return { issuer, person, application };
}

async function signIn(
  issuer: RunningIssuer,
  application: Application,
  person: Person,
  more: Record<string, string>,
  browser = new SoftBrowser(issuer.origin),
) {
  const asked = await askFor(application, more);
  return redeem(application, asked, await goThrough(browser, asked.url, person));
}

async function whoIs(
  { origin }: RunningIssuer,
  token: string,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await call(`${origin}/me`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, ...(JSON.parse(answer.text) as Record<string, unknown>) };
}

/** What is said where somebody is sent back to. */
async function refusal(
  application: Application,
  browser: SoftBrowser,
  more: Record<string, string>,
) {
  const { url } = await askFor(application, more);
  const { at } = await browser.follow(`${url.pathname}${url.search}`);
  return at.startsWith(CALLBACK) ? new URL(at).searchParams.get('error') : null;
}

test('an application is told who signed in as far as it may know, and not a word more', async () => {
  const { issuer, person, application } = await start();
  const only = await signIn(issuer, application, person, { scope: 'openid' });
  const told = await whoIs(issuer, only.access_token);
  assert.deepEqual(told, { status: 200, sub: only.claims()?.sub });
  const headers = { authorization: `Bearer ${only.access_token}` };
  const accounts = `${issuer.poorter.url}/accounts`;
  assert.equal((await call(accounts, { headers })).status, 401, 'it is for no API');
  const forApi = await signIn(issuer, application, person, {});
  assert.equal((await whoIs(issuer, forApi.access_token)).status, 401, 'that is for the API');
  const none = await call(`${issuer.origin}/me`);
  assert.equal(none.status, 401);
  assert.match(String(none.headers['www-authenticate']), /^Bearer /);
  const browser = new SoftBrowser(issuer.origin);
  for (const scope of ['openid profile', 'openid email']) {
    assert.equal(await refusal(application, browser, { scope }), 'invalid_scope', scope);
  }
  const claims = JSON.stringify({ userinfo: { name: null } });
  const named = await signIn(issuer, application, person, { scope: 'openid', claims });
  assert.deepEqual(await whoIs(issuer, named.access_token), told, 'left out, and no error');

  const known = await makeApplication(
    ...([issuer, 'https://ledger.test/callback', '--scopes', 'profile,email'] as const),
  );
  const more = await signIn(issuer, known, person, { scope: 'openid profile' });
  const { sub, ...rest } = await whoIs(issuer, more.access_token);
  assert.equal(sub, more.claims()?.sub);
  assert.deepEqual(rest, {
    ...{ status: 200, name: 'Griet Maes', locale: 'en', preferred_username: person.login },
  });
  await issuer.run('accounts', 'disable', person.id);
  assert.equal((await whoIs(issuer, more.access_token)).status, 401);
});

test('how and when somebody signed in is as strong and as fresh as the application asks, or it is told', async () => {
  const { issuer, person, application } = await start();
  const browser = new SoftBrowser(issuer.origin);
  const first = await signIn(issuer, application, person, { acr_values: 'phr' }, browser);
  assert.equal(first.claims()?.['acr'], 'phr');
  assert.equal(decodeJwt(first.access_token)['acr'], 'phr');
  assert.equal(await refusal(application, browser, { prompt: 'none' }), null, 'signed in');
  assert.equal(await refusal(application, browser, { prompt: 'none', acr_values: 'phr' }), null);
  const essential = (value: object) =>
    JSON.stringify({ id_token: { acr: { essential: true, ...value } } });
  const silent = { prompt: 'none', scope: 'openid accounts.read' };
  for (const value of [{ value: 'phr' }, { values: ['gold', 'phr'] }]) {
    assert.equal(
      await refusal(application, browser, { ...silent, claims: essential(value) }),
      null,
    );
  }
  for (const value of [{ value: 'gold' }, { values: ['gold'] }]) {
    const claims = essential(value);
    const error = await refusal(application, browser, { claims });
    assert.equal(error, 'unmet_authentication_requirements', claims);
  }
  // A wish for what is not known here is none.
  assert.equal(await refusal(application, browser, { prompt: 'none', acr_values: 'gold' }), null);

  const again = await signIn(issuer, application, person, { max_age: '0' }, browser);
  assert.ok(
    Number(again.claims()?.['auth_time']) >= Number(decodeJwt(first.access_token)['auth_time']),
  );
  assert.equal(
    await refusal(application, browser, { prompt: 'none', max_age: '0' }),
    'login_required',
  );
  const { url } = await askFor(application, { prompt: 'login' });
  const { at } = await browser.follow(`${url.pathname}${url.search}`);
  assert.match(at, /\/sign-in\//, 'asked again');
  const consent = await askFor(application, { prompt: 'consent' });
  const shown = await browser.follow(`${consent.url.pathname}${consent.url.search}`);
  assert.match(shown.text, /value="allow"/);
});

test('an application that thinks of somebody else is told so, and is not given who is there', async () => {
  const { issuer, person, application } = await start();
  const browser = new SoftBrowser(issuer.origin);
  await signIn(issuer, application, person, {}, browser);
  const jan = await enrol(issuer, 'jan@example.test');
  const theirs = await signIn(issuer, application, jan, {});
  const hint = { prompt: 'none', id_token_hint: String(theirs.id_token) };
  assert.equal(await refusal(application, browser, hint), 'login_required');
});

test('a person is never sent in circles: the page of an error says what was wrong, and to whom', async () => {
  const { issuer, application } = await start();
  const browser = new SoftBrowser(issuer.origin);
  const { url } = await askFor(application);
  url.searchParams.set('redirect_uri', 'https://evil.test/<script>');
  const answer = await browser.get(`${url.pathname}${url.search}`);
  assert.equal(answer.status, 400);
  assert.match(answer.text, /invalid_redirect_uri: /);
  const [, call = ''] = /number: ([0-9a-f-]+)/.exec(answer.text) ?? [];
  assert.equal(answer.headers['poorter-call'], call);
  assert.doesNotMatch(answer.text, /evil|<script/);
});
