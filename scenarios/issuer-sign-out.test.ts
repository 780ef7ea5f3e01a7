import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startLogoutNotices as startNotices } from './world/logout-notices.fixture.ts';
import {
  type Application,
  askFor,
  makeApplication,
  redeem,
  startIssuer,
} from './world/own-issuer.fixture.ts';
import { enrol, goOn, goThrough, type Person } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const CALLBACK = 'https://budget.test/callback';
const GOODBYE = 'https://budget.test/goodbye';

const secretIn = (text: string) => /name="xsrf" value="([\w-]+)"/.exec(text)?.[1] ?? '';

async function signIn(browser: SoftBrowser, application: Application, person: Person) {
  const asked = await askFor(application);
  return redeem(application, asked, await goThrough(browser, asked.url, person));
}

test('whoever signs out is signed out, the applications are told, tokens of that session end, and the consent stays', async (t) => {
  const upstream = await startRawUpstream(t);
  const notices = await startNotices(t);
  const issuer = await startIssuer(t, upstream.url, {
    files: { 'notices.pem': notices.authority },
    issuer: { outgoing: { addresses: ['127.0.0.0/8', '::1/128'], authorities: ['notices.pem'] } },
  });
  const person = await enrol(issuer, 'griet@example.test');
  const application = await makeApplication(
    ...([issuer, CALLBACK, '--post-logout-redirect-uri', GOODBYE] as const),
    ...['--logout-notice-uri', `${notices.origin}/signed-out`],
  );
  const browser = new SoftBrowser(issuer.origin);
  const elsewhere = new SoftBrowser(issuer.origin);
  const tokens = await signIn(browser, application, person);
  const others = await signIn(elsewhere, application, person);
  const accounts = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await call(`${issuer.poorter.url}/accounts`, { headers })).status;
  };
  assert.equal(await accounts(tokens.access_token), 200);

  const query = new URLSearchParams({
    ...{ id_token_hint: String(tokens.id_token), post_logout_redirect_uri: GOODBYE, state: 's1' },
    ui_locales: 'nl',
  });
  const page = await browser.get(`/session/end?${query}`);
  assert.equal(page.status, 200);
  assert.match(page.text, /<html lang="nl">[\s\S]*Afmelden\?/);
  assert.doesNotMatch(page.text, /<script/);
  assert.match(
    String(page.headers['content-security-policy']),
    /form-action 'self' https:\/\/budget\.test;/,
  );
  const forged = await browser.postForm('/session/end/confirm', { xsrf: 'aaaa', logout: 'yes' });
  assert.equal(forged.status, 400, 'a form that we did not draw');
  const { text } = await browser.get(`/session/end?${query}`);
  const out = await browser.postForm('/session/end/confirm', {
    xsrf: secretIn(text),
    logout: 'yes',
  });
  assert.equal(out.location, `${GOODBYE}?state=s1`);

  const [notice] = notices.told;
  assert.equal(notices.told.length, 1);
  assert.equal(notice?.path, '/signed-out');
  const logoutToken = new URLSearchParams(notice?.body).get('logout_token') ?? '';
  const { payload } = await jwtVerify(
    logoutToken,
    createRemoteJWKSet(new URL(`${issuer.origin}/jwks`)),
    {
      issuer: issuer.origin,
      audience: application.configuration.clientMetadata().client_id,
    },
  );
  assert.equal(payload.sub, tokens.claims()?.sub);
  assert.equal(payload['sid'], decodeJwt(String(tokens.id_token))['sid']);
  assert.ok(!logoutToken.includes(person.id));

  assert.equal(await accounts(tokens.access_token), 401, 'what came of this session');
  assert.equal(await accounts(others.access_token), 200, 'what came of another');
  const silent = await askFor(application, { prompt: 'none' });
  const asked = await browser.get(`${silent.url.pathname}${silent.url.search}`);
  assert.match(String(asked.location), /error=login_required/);

  // Nobody is asked again for what they have said yes to.
  const again = await askFor(application);
  const { at } = await browser.follow(`${again.url.pathname}${again.url.search}`);
  const path = new URL(at).pathname;
  const begun = JSON.parse((await browser.postJson(`${path}/begin`, {})).text);
  const done = await browser.postJson(`${path}/finish`, { credential: person.passkey.get(begun) });
  const back = await browser.follow(JSON.parse(done.text).location);
  assert.ok(back.at.startsWith(CALLBACK), back.at);
});

test('whoever ends a session, in whatever way, applications are told which one is over, and once', async (t) => {
  const upstream = await startRawUpstream(t);
  const notices = await startNotices(t);
  const issuer = await startIssuer(t, upstream.url, {
    files: { 'notices.pem': notices.authority },
    issuer: { outgoing: { addresses: ['127.0.0.0/8', '::1/128'], authorities: ['notices.pem'] } },
  });
  const notice = ['--logout-notice-uri', `${notices.origin}/signed-out`];
  const application = await makeApplication(issuer, CALLBACK, ...notice);
  const person = await enrol(issuer, 'griet@example.test');
  const toldOf = (body: string) =>
    decodeJwt(new URLSearchParams(body).get('logout_token') ?? '')['sid'];
  const sidOf = (tokens: { id_token?: string | undefined }) =>
    decodeJwt(String(tokens.id_token))['sid'];
  const signedIn = async () => {
    const browser = new SoftBrowser(issuer.origin);
    return { browser, sid: sidOf(await signIn(browser, application, person)) };
  };
  const sessions = async () => {
    const told = await issuer.run('accounts', 'sessions', person.id, '--json');
    return (JSON.parse(told) as { sessions: { id: string }[] }).sessions;
  };
  const ways: Readonly<Record<string, (browser: SoftBrowser) => Promise<unknown>>> = {
    'they leave at the account': (browser) => browser.postForm('/account/sign-out', {}),
    'they end it by its name': async (browser) => {
      const [one] = await sessions();
      return browser.postForm('/account/sessions/end', { session: one?.id ?? '' });
    },
    'they end all': (browser) => browser.postForm('/account/sessions/end-all', {}),
    'an operator ends it': async () => {
      const [one] = await sessions();
      return issuer.run('accounts', 'end-session', person.id, one?.id ?? '');
    },
    'an operator signs them out': () => issuer.run('accounts', 'sign-out', person.id),
    'an operator disables them': () => issuer.run('accounts', 'disable', person.id),
  };
  for (const [way, end] of Object.entries(ways)) {
    const before = notices.told.length;
    const { browser, sid } = await signedIn();
    await end(browser);
    await eventually(way, () => notices.told.length > before);
    const told = notices.told.slice(before).map(({ body }) => toldOf(body));
    assert.deepEqual(told, [sid], way);
    assert.deepEqual(await sessions(), [], way);
    // In seconds, as sessions have it: whoever signs in within the second of a sign-out is signed out.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
  }
});

test('an application that cannot be told, or is at an address that nobody named, keeps nobody signed in', async (t) => {
  const upstream = await startRawUpstream(t);
  const notices = await startNotices(t);
  const issuer = await startIssuer(t, upstream.url);
  const person = await enrol(issuer, 'griet@example.test');
  const browser = new SoftBrowser(issuer.origin);
  for (const notice of [notices.origin, 'https://nowhere.invalid', 'https://[::1]:1']) {
    const uri = `https://${new URL(notice).host.replace(/\W/g, '-')}.test/callback`;
    const told = ['--logout-notice-uri', `${notice}/out`];
    await signIn(browser, await makeApplication(issuer, uri, ...told), person);
  }
  const { text } = await browser.get('/session/end');
  const out = await browser.postForm('/session/end/confirm', {
    xsrf: secretIn(text),
    logout: 'yes',
  });
  assert.equal(out.location, `${issuer.origin}/session/end/success`);
  assert.match((await browser.get('/session/end/success')).text, /You are signed out/);
  assert.deepEqual(
    notices.told,
    [],
    'an address of our own network is called only where it is named',
  );
  await issuer.poorter.awaitNotice('issuer_notice_failed');
  // Nobody is signed in now: the page says so, and no script sends anything.
  const page = await browser.get('/session/end');
  assert.match(page.text, /You are signed out/);
  assert.doesNotMatch(page.text, /<script/);
});

test('whoever leaves one application stays signed in for the others', async (t) => {
  const upstream = await startRawUpstream(t);
  const issuer = await startIssuer(t, upstream.url);
  const person = await enrol(issuer, 'griet@example.test');
  const browser = new SoftBrowser(issuer.origin);
  const budget = await makeApplication(issuer, CALLBACK);
  const ledger = await makeApplication(issuer, 'https://ledger.test/callback');
  const tokens = await signIn(browser, budget, person);
  const others = await signIn(browser, ledger, person);
  const query = new URLSearchParams({ id_token_hint: String(tokens.id_token) });
  const { text } = await browser.get(`/session/end?${query}`);
  await browser.postForm('/session/end/confirm', { xsrf: secretIn(text) });
  const status = async (token: string) =>
    (
      await call(`${issuer.poorter.url}/accounts`, {
        headers: { authorization: `Bearer ${token}` },
      })
    ).status;
  assert.equal(await status(tokens.access_token), 401);
  assert.equal(await status(others.access_token), 200);
  const silent = await askFor(ledger, { prompt: 'none' });
  const { location } = await browser.get(`${silent.url.pathname}${silent.url.search}`);
  assert.match(String(location), /[?&]code=/);
});

test('whoever signs in where another person was is asked by a page of ours, and then is that one no more', async (t) => {
  const upstream = await startRawUpstream(t);
  const issuer = await startIssuer(t, upstream.url);
  const [griet, bart] = [
    await enrol(issuer, 'griet@example.test'),
    await enrol(issuer, 'bart@example.test'),
  ];
  const budget = await makeApplication(issuer, CALLBACK);
  const browser = new SoftBrowser(issuer.origin);
  const before = await signIn(browser, budget, griet);
  const asked = await askFor(budget, { prompt: 'login' });
  const at = await goThrough(browser, asked.url, bart);
  const page = await browser.get(new URL(at).pathname);
  assert.match(page.text, /Go on as somebody else\?/);
  assert.doesNotMatch(page.text, /<script/);
  // It leads on to where the application is: a browser blocks the redirect otherwise.
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'.* form-action 'self' https:\/\/budget\.test/);
  const { location } = await browser.postForm('/session/end/confirm', {
    xsrf: secretIn(page.text),
    logout: 'yes',
  });
  const on = await browser.follow(String(location));
  const after = await redeem(budget, asked, await goOn(browser, on.at, bart));
  assert.notEqual(after.claims()?.sub, before.claims()?.sub);
});

test('nobody is sent to an address that the application did not register', async (t) => {
  const upstream = await startRawUpstream(t);
  const issuer = await startIssuer(t, upstream.url);
  const application = await makeApplication(
    issuer,
    CALLBACK,
    '--post-logout-redirect-uri',
    GOODBYE,
  );
  const client = application.configuration.clientMetadata().client_id;
  const browser = new SoftBrowser(issuer.origin);
  for (const uri of [`${GOODBYE}/x`, 'https://evil.test/', 'javascript:alert(1)', '//evil.test']) {
    const query = new URLSearchParams({ client_id: client, post_logout_redirect_uri: uri });
    const answer = await browser.get(`/session/end?${query}`);
    assert.equal(answer.status, 400, uri);
    assert.ok(!answer.text.includes('evil'), uri);
  }
  // Without an application that stands for it, an address leads nowhere.
  const query = new URLSearchParams({ post_logout_redirect_uri: 'https://evil.test/' });
  const { text, status } = await browser.get(`/session/end?${query}`);
  assert.equal(status, 200);
  const out = await browser.postForm('/session/end/confirm', {
    xsrf: secretIn(text),
    logout: 'yes',
  });
  assert.equal(out.location, `${issuer.origin}/session/end/success`);
});
