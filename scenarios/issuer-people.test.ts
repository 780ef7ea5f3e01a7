import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  askFor,
  makeApplication,
  type RunningIssuer,
  redeem,
  startIssuer,
} from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';

import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { SoftPasskey } from './world/soft-passkey.fixture.ts';

const CALLBACK = 'https://budget.test/callback';

const register = (issuer: RunningIssuer, callback = CALLBACK) => makeApplication(issuer, callback);

/** One for all who change nothing of it: a start takes seconds of processor time. */
const upstream = await startRawUpstream({ after });
const shared = await startIssuer({ after }, upstream.url);

function start(issuer = shared) {
  return { issuer, ...issuer };
}

test('somebody enrols, signs in, says yes, and the application calls for them, without learning who they are', async () => {
  const { issuer, poorter } = start();
  const person = await enrol(issuer, 'griet@example.test');
  const application = await register(issuer);
  const asked = await askFor(application);
  const back = await goThrough(new SoftBrowser(issuer.origin), asked.url, person);
  assert.equal(new URL(back).searchParams.get('iss'), issuer.origin);
  const tokens = await redeem(application, asked, back);
  const claims = decodeJwt(tokens.access_token);
  const text = JSON.stringify([claims, tokens.claims()]);
  for (const known of [person.id, 'griet']) assert.ok(!text.includes(known), known);
  assert.equal(claims.sub, tokens.claims()?.sub);
  assert.equal(claims['acr'], 'phr');
  assert.equal(typeof claims['auth_time'], 'number');
  assert.equal(typeof claims['grant_id'], 'string');
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  assert.equal((await call(`${poorter.url}/accounts`, { headers })).status, 200);
  const idToken = { authorization: `Bearer ${tokens.id_token}` };
  assert.equal((await call(`${poorter.url}/accounts`, { headers: idToken })).status, 401);

  // OpenID Connect Core §8.1: elsewhere the same person has another name.
  const other = await register(issuer, 'https://ledger.test/callback');
  const again = await askFor(other);
  const elsewhere = await goThrough(new SoftBrowser(issuer.origin), again.url, person);
  const theirs = await redeem(other, again, elsewhere);
  assert.notEqual(decodeJwt(theirs.access_token).sub, claims.sub);
});

// A hundred tries are as many guesses as one address has.
test('a code is good once: whoever comes second ends what the first was given', async (t) => {
  const { issuer, poorter } = start(await startIssuer(t, upstream.url));
  const person = await enrol(issuer, 'griet@example.test');
  const application = await register(issuer);
  const asked = await askFor(application);
  const back = await goThrough(new SoftBrowser(issuer.origin), asked.url, person);
  const race = () => redeem(application, asked, back).catch(() => null);
  const answers = await Promise.all(Array.from({ length: 100 }, race));
  const given = answers.filter((one) => one !== null);
  assert.equal(given.length, 1);
  const headers = { authorization: `Bearer ${given[0]?.access_token}` };
  assert.equal((await call(`${poorter.url}/accounts`, { headers })).status, 401);
});

test('what an application asks wrongly is refused, and nobody is sent where they should not be', async () => {
  const { issuer } = start();
  await enrol(issuer, 'griet@example.test');
  const application = await register(issuer);
  const browser = new SoftBrowser(issuer.origin);
  const askWith = async (change: (url: URL) => void) => {
    const { url } = await askFor(application);
    change(url);
    return browser.get(`${url.pathname}${url.search}`);
  };
  for (const uri of [
    `${CALLBACK}/x`,
    `${CALLBACK}?a=1`,
    'https://budget.test/',
    'https://evil.test/callback',
  ]) {
    const answer = await askWith((url) => url.searchParams.set('redirect_uri', uri));
    assert.deepEqual([answer.status, answer.location], [400, null], uri);
    assert.match(String(answer.headers['content-type']), /^text\/html/);
    assert.match(answer.text, /<html lang="en">/);
  }
  // RFC 6749 §4.2.2.1: whoever asked for a token is told behind the #.
  const errorOf = ({ location }: { location: string | null }) =>
    new URL((location ?? 'x:').replace('#', '?')).searchParams.get('error');
  for (const [name, value, error] of [
    ['code_challenge', null, 'invalid_request'],
    ['code_challenge_method', 'plain', 'invalid_request'],
    ['response_type', 'token', 'invalid_request'],
    ['scope', 'openid accounts.write', 'invalid_scope'],
    ['resource', 'https://other.test', 'invalid_target'],
    ['prompt', 'none', 'login_required'],
  ] as const) {
    const answer = await askWith((url) => {
      if (value === null) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    });
    assert.equal(errorOf(answer), error, name);
    assert.ok(answer.location?.startsWith(CALLBACK), name);
  }
});

test('a passkey that lies lets nobody in, and neither does another page, an old challenge or a used link', async () => {
  const { issuer } = start();
  const { passkey } = await enrol(issuer, 'griet@example.test');
  const application = await register(issuer);
  const browser = new SoftBrowser(issuer.origin);
  const { url } = await askFor(application);
  const { at } = await browser.follow(`${url.pathname}${url.search}`);
  const path = new URL(at).pathname;
  const options = async () => JSON.parse((await browser.postJson(`${path}/begin`, {})).text);
  const finish = async (credential: object, origin?: string) =>
    (await browser.postJson(`${path}/finish`, { credential }, origin)).status;
  assert.equal(await finish(passkey.get(await options(), { isVerified: false })), 401, 'UV=0');
  assert.equal(await finish(passkey.get(await options(), { origin: 'https://evil.test' })), 401);
  assert.equal(await finish(passkey.get({ challenge: 'AAAA' })), 401, 'never asked');
  const userHandle = Buffer.from('account_000000000000000000000000').toString('base64url');
  assert.equal(await finish(passkey.get(await options(), { userHandle })), 401, 'another account');
  assert.equal(
    await finish(passkey.get(await options(), { crossOrigin: true })),
    401,
    'in a frame',
  );
  const stranger = new SoftPasskey(issuer.origin);
  assert.equal(await finish(stranger.get(await options())), 401);
  assert.equal(await finish(passkey.get(await options()), 'https://evil.test'), 403);
  assert.equal((await new SoftBrowser(issuer.origin).postJson(`${path}/begin`, {})).status, 400);
  const good = passkey.get(await options());
  assert.equal(await finish(good), 200);
  assert.equal(await finish(good), 401, 'shown twice');

  const login = ['--login', 'sofie@example.test', '--name', 'Jan'];
  const id = await issuer.run('accounts', 'create', ...login);
  const link = new URL(await issuer.run('accounts', 'link', id)).hash.slice(1);
  const own = new SoftPasskey(issuer.origin);
  const begun = JSON.parse((await browser.postJson('/enrol/begin', { link })).text);
  const second = JSON.parse((await browser.postJson('/enrol/begin', { link })).text);
  const finished = await Promise.all([
    browser.postJson('/enrol/finish', { link, credential: own.create(begun) }),
    browser.postJson('/enrol/finish', { link, credential: stranger.create(second) }),
  ]);
  assert.deepEqual(finished.map(({ status }) => status).toSorted(), [200, 403], 'two at once');
  assert.equal((await browser.postJson('/enrol/begin', { link })).status, 403, 'a used link');
});

test('whoever refuses is sent back with that; whoever is disabled or signed out is asked again', async () => {
  const { issuer } = start();
  const person = await enrol(issuer, 'griet@example.test');
  const application = await register(issuer);
  const browser = new SoftBrowser(issuer.origin);
  const first = await askFor(application);
  await goThrough(browser, first.url, person);
  const silent = async () => {
    const { url } = await askFor(application, { prompt: 'none' });
    const { location } = await browser.get(`${url.pathname}${url.search}`);
    return new URL(String(location)).searchParams.get('error');
  };
  assert.equal(await silent(), null, 'signed in');
  // In seconds, as sessions have it.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await issuer.run('accounts', 'sign-out', person.id);
  assert.equal(await silent(), 'login_required');
  const again = await askFor(application);
  assert.ok((await goThrough(browser, again.url, person)).startsWith(CALLBACK));
  const paid = await askFor(application);
  const tokens = await redeem(application, paid, await goThrough(browser, paid.url, person));
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  const accounts = `${issuer.poorter.url}/accounts`;
  assert.equal((await call(accounts, { headers })).status, 200);
  await issuer.run('accounts', 'disable', person.id);
  assert.equal((await call(accounts, { headers })).status, 401, 'when the operator is answered');
  assert.equal(await silent(), 'login_required');

  const other = await enrol(issuer, 'jan@example.test');
  const fresh = new SoftBrowser(issuer.origin);
  const asked = await askFor(application);
  let { at } = await fresh.follow(`${asked.url.pathname}${asked.url.search}`);
  const path = new URL(at).pathname;
  const begun = JSON.parse((await fresh.postJson(`${path}/begin`, {})).text);
  const credential = other.passkey.get(begun);
  const finished = await fresh.postJson(`${path}/finish`, { credential });
  ({ at } = await fresh.follow(JSON.parse(finished.text).location));
  const form = `${new URL(at).pathname}/consent`;
  const foreign = await fresh.postForm(form, { decision: 'allow' }, 'https://evil.test');
  assert.equal(foreign.status, 400, 'another page says yes for nobody');
  const refused = await fresh.postForm(form, { decision: 'refuse' });
  ({ at } = await fresh.follow(String(refused.location)));
  assert.equal(new URL(at).searchParams.get('error'), 'access_denied');
});

test('every page keeps strangers out of it: nothing inline, in no frame, nothing stored', async () => {
  const { issuer } = start();
  const application = await register(issuer);
  const browser = new SoftBrowser(issuer.origin);
  const { url } = await askFor(application, { ui_locales: 'nl' });
  const { at } = await browser.follow(`${url.pathname}${url.search}`);
  for (const path of [new URL(at).pathname, '/enrol', '/sign-in/unknown']) {
    const { headers, text } = await browser.get(path);
    assert.match(
      String(headers['content-security-policy']),
      /default-src 'none'.*frame-ancestors 'none'/,
    );
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'same-origin');
    assert.doesNotMatch(text, /<script(?![^>]* src=)|<style|\son[a-z]+=|\sstyle=/);
    for (const [, src = ''] of text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      assert.equal((await browser.get(src)).status, 200, src);
    }
  }
});
