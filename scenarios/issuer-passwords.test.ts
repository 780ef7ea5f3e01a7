import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, signIn } from './world/person.fixture.ts';
import type { Lifetime } from './world/poorter.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { PASSWORD, withPassword } from './world/with-password.fixture.ts';

const CALLBACK = 'https://budget.test/callback';

async function start(t: Lifetime, issuerSettings: object = { passwords: true }) {
  const upstream = await startRawUpstream(t);
  return startIssuer(t, upstream.url, { issuer: issuerSettings });
}

test('a password and a code sign somebody in, with a class of their own, and neither does alone', async (t) => {
  const issuer = await start(t);
  const { codes } = await withPassword(issuer, 'griet@example.test');
  const application = await makeApplication(issuer, CALLBACK);
  const browser = new SoftBrowser(issuer.origin);
  const asked = await askFor(application);
  const { at } = await browser.follow(`${asked.url.pathname}${asked.url.search}`);
  const page = new URL(at).pathname;
  assert.match((await browser.get(page)).text, new RegExp(`href="${page}/password"`));
  const path = `${page}/password`;
  assert.equal((await browser.get(path)).status, 200);
  const used = codes.used();
  const typed = { login: 'Griet@example.test', password: PASSWORD, code: await codes.next() };
  const refusals = [
    await browser.postForm(path, { ...typed, login: 'jan@example.test' }),
    await browser.postForm(path, { ...typed, password: 'een andere zin' }),
    await browser.postForm(path, { ...typed, code: '000000' }),
    await browser.postForm(path, { ...typed, code: used }),
  ];
  const texts = new Set(refusals.map(({ text }) => text.replaceAll(/[0-9a-f]{16}-\w+/g, '')));
  assert.deepEqual([texts.size, ...refusals.map(({ status }) => status)], [1, 401, 401, 401, 401]);
  assert.equal((await browser.postForm(path, typed, 'https://evil.test')).status, 400);

  const sent = await browser.postForm(path, typed);
  assert.equal(sent.status, 303, sent.text);
  const consent = await browser.follow(String(sent.location));
  const { location } = await browser.postForm(`${new URL(consent.at).pathname}/consent`, {
    decision: 'allow',
  });
  const back = await browser.follow(String(location));
  const claims = decodeJwt((await redeem(application, asked, back.at)).access_token);
  assert.equal(claims['acr'], 'https://refeds.org/profile/mfa');
  const again = await askFor(application);
  const silent = await browser.follow(`${again.url.pathname}${again.url.search}`);
  const tokens = await redeem(application, again, silent.at);
  assert.equal(decodeJwt(tokens.access_token)['acr'], claims['acr'], 'also the next time');

  // A guessed password opens no lasting way in: whoever has a passkey shows it.
  assert.equal((await browser.get('/account')).status, 200);
  assert.equal((await browser.get('/account/passkey')).location, '/account/sign-in?to=passkey');
  assert.equal(
    (await browser.postForm('/account/password', { password: 'nog een andere zin' })).location,
    '/account/sign-in?to=password',
  );
});

test('a code is taken once, whoever is disabled hears what everybody hears, and strangers lock nobody out', async (t) => {
  const issuer = await start(t);
  const { person, codes } = await withPassword(issuer, 'griet@example.test');
  const path = '/account/sign-in/password?to=sessions';
  const typed = { login: 'griet@example.test', password: PASSWORD, code: await codes.next() };
  const own = new SoftBrowser(issuer.origin);
  const first = await own.postForm(path, typed);
  assert.equal(first.location, '/account/sessions', first.text);
  assert.equal((await own.postForm(path, typed)).status, 401, 'shown twice');

  // Drawn first: for a code one may have to wait, and who has guessed waits no longer than that.
  const next = { ...typed, code: await codes.next() };
  const stranger = new SoftBrowser(issuer.origin);
  for (let guess = 0; guess < 8; guess += 1) {
    await stranger.postForm(path, { ...typed, password: `guess number ${guess}` });
  }
  const waiting = await stranger.postForm(path, next);
  assert.equal(waiting.status, 401, 'who guesses waits, also with the right ones');
  const elsewhere = await new SoftBrowser(issuer.origin).postForm(path, next);
  assert.equal(elsewhere.status, 401, 'and so does every other stranger');
  const known = await own.postForm(path, next);
  assert.equal(known.location, '/account/sessions', 'a device that is known does not');
  await issuer.run('accounts', 'disable', person.id);
  const disabled = await own.postForm(path, next);
  assert.deepEqual([disabled.status, disabled.text], [401, waiting.text]);
});

test('what is set is judged by length and by what is guessed first; it can be removed while something is left', async (t) => {
  const issuer = await start(t);
  const { person, browser } = await withPassword(issuer, 'griet@example.test');
  for (const [password, said] of [
    ['kort', /shorter than 12/],
    ['griet@example.test!', /Your login is part of it/],
    ['Wachtwoord2026', /tried first/],
    ['é'.repeat(100), /longer than 128/],
  ] as const) {
    const refused = await browser.postForm('/account/password', { password });
    assert.equal(refused.status, 422);
    assert.match(refused.text, said);
    assert.ok(!refused.text.includes(password), 'it stands on no page');
  }
  const set = await browser.postForm('/account/password', { password: 'een nieuwe lange zin' });
  assert.equal(set.location, '/account/credentials', 'with a code already there');
  const list = async () =>
    JSON.parse(await issuer.run('accounts', 'credentials', person.id, '--json')).credentials as {
      id: string;
      kind: string;
    }[];
  assert.deepEqual((await list()).map(({ kind }) => kind).toSorted(), [
    'passkey',
    'password',
    'totp',
  ]);
  const remove = async (kind: string) => {
    const credential = (await list()).find((one) => one.kind === kind)?.id ?? '';
    return (await browser.postForm('/account/credentials/remove', { credential })).text;
  };
  assert.match(await remove('passkey'), /Removed at/, 'the other two are enough together');
  assert.match(await remove('totp'), /This stays/);
});

test('without passwords there is no trace of them', async (t) => {
  const issuer = await start(t, {});
  const { passkey } = await enrol(issuer, 'griet@example.test');
  const browser = new SoftBrowser(issuer.origin);
  assert.doesNotMatch((await browser.get('/account/sign-in')).text, /password/);
  const typed = { login: 'griet@example.test', password: PASSWORD, code: '000000' };
  assert.equal((await browser.get('/account/sign-in/password')).status, 400);
  assert.equal((await browser.postForm('/account/sign-in/password', typed)).status, 400);
  await signIn(browser, passkey);
  assert.doesNotMatch((await browser.get('/account/credentials')).text, /password/);
  assert.equal((await browser.get('/account/password')).status, 404);
  assert.equal((await browser.postForm('/account/code', { code: '000000' })).status, 404);
  const metadata = JSON.parse((await browser.get('/.well-known/openid-configuration')).text);
  assert.deepEqual(metadata.acr_values_supported, ['phr']);
});
