import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import { call, eventually } from './world/calls.fixture.ts';
import {
  beginAt,
  comeBack,
  consent,
  entryFor,
  leaveBy,
  startFederated,
} from './world/federation.fixture.ts';
import { type ForeignProvider, startForeignProvider } from './world/foreign-provider.fixture.ts';
import { startLogoutNotices } from './world/logout-notices.fixture.ts';
import { makeApplication, redeem } from './world/own-issuer.fixture.ts';
import { enrol, signIn } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

/** Whoever signs out at another provider is signed out here. OpenID Connect Back-Channel Logout 1.0. */

const bank = await startForeignProvider({ after }, 'poorter-at-bank');
const town = await startForeignProvider({ after }, 'poorter-at-town');
const notices = await startLogoutNotices({ after });
const federation = [
  entryFor(bank, 'bank', { signUp: 'everybody' }),
  entryFor(town, 'town', { signUp: 'everybody' }),
];
const issuer = await startFederated({ after }, federation, {
  files: { 'notices.pem': notices.authority },
  issuer: { outgoing: { addresses: ['127.0.0.0/8', '::1/128'], authorities: ['notices.pem'] } },
});
const application = await makeApplication(
  ...([issuer, 'https://budget.test/callback'] as const),
  ...['--logout-notice-uri', `${notices.origin}/signed-out`],
);

const isIn = async (browser: SoftBrowser) => (await browser.get('/account')).status === 200;

async function signInBy(
  provider: ForeignProvider,
  claims: Record<string, unknown>,
  more: Record<string, string> = {},
  by = application,
) {
  const browser = new SoftBrowser(issuer.origin);
  const { asked, page } = await beginAt(browser, by, more);
  const id = provider === bank ? 'bank' : 'town';
  const address = await leaveBy(browser, `${page}/provider`, id);
  const at = await consent(browser, await comeBack(browser, provider.authorize(address, claims)));
  return { browser, tokens: await redeem(by, asked, at) };
}

async function send(provider: string, token: string) {
  const answer = await call(`${issuer.origin}/federation/${provider}/logout`, {
    ...{ method: 'POST', body: String(new URLSearchParams({ logout_token: token })) },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  assert.equal(answer.headers['cache-control'], 'no-store');
  return answer;
}

const api = async (token: string) => {
  const headers = { authorization: `Bearer ${token}` };
  return (await call(`${issuer.poorter.url}/accounts`, { headers })).status;
};

test('whoever signs out of one session there is out of that one here, with its tokens, and its applications are told', async () => {
  const one = await signInBy(bank, { sub: 'an', sid: 's-1' });
  const other = await signInBy(bank, { sub: 'an', sid: 's-2' });
  assert.equal(await api(one.tokens.access_token), 200);
  const told = notices.told.length;
  assert.equal((await send('bank', await bank.logoutToken({ sid: 's-1' }))).status, 200);
  assert.equal(await isIn(one.browser), false);
  assert.equal(await isIn(other.browser), true);
  assert.equal(await api(one.tokens.access_token), 401);
  assert.equal(await api(other.tokens.access_token), 200);
  await eventually('the application is told', () => notices.told.length > told);
  const [notice] = notices.told.slice(told);
  const claims = decodeJwt(new URLSearchParams(notice?.body).get('logout_token') ?? '');
  assert.equal(claims.sub, decodeJwt(String(one.tokens.id_token)).sub);
  // Once more, by both names: the provider means that session alone.
  const both = await bank.logoutToken({ sub: 'an', sid: 's-2' });
  assert.equal((await send('bank', both)).status, 200);
  assert.equal(await isIn(other.browser), false);
});

test('whoever signs out of all there is out of all that came from there, and of nothing else', async () => {
  const bea = await signInBy(bank, { sub: 'bea', sid: 's-3' });
  const again = await signInBy(bank, { sub: 'bea' });
  const namesake = await signInBy(town, { sub: 'bea' });
  const stranger = await signInBy(bank, { sub: 'carl' });
  // Somebody who has linked it, and came in by a passkey.
  const person = await enrol(issuer, 'dina@example.test');
  const own = new SoftBrowser(issuer.origin);
  await signIn(own, person.passkey);
  const link = await leaveBy(own, '/account/credentials/link', 'bank');
  await comeBack(own, bank.authorize(link, { sub: 'dina' }));
  const byBank = await signInBy(bank, { sub: 'dina' });
  for (const sub of ['bea', 'dina', 'nobody here']) {
    assert.equal((await send('bank', await bank.logoutToken({ sub }))).status, 200);
  }
  const all = [bea, again, namesake, stranger, byBank].map(({ browser }) => isIn(browser));
  assert.deepEqual(await Promise.all(all), [false, false, true, true, false]);
  assert.equal(await isIn(own), true);
});

test('of two sign-ins at one provider that open one account, the other stays', async () => {
  const person = await enrol(issuer, 'gina@example.test');
  const own = new SoftBrowser(issuer.origin);
  await signIn(own, person.passkey);
  for (const sub of ['gina-home', 'gina-work']) {
    const link = await leaveBy(own, '/account/credentials/link', 'bank');
    await comeBack(own, bank.authorize(link, { sub }));
  }
  const home = await signInBy(bank, { sub: 'gina-home' });
  const work = await signInBy(bank, { sub: 'gina-work' });
  await send('bank', await bank.logoutToken({ sub: 'gina-home' }));
  assert.deepEqual([await isIn(home.browser), await isIn(work.browser)], [false, true]);
});

test('what an application was given for while nobody is there stays, and what it has for now does not', async () => {
  const refresh = async (tokens: { readonly refresh_token?: string }) =>
    oidc.refreshTokenGrant(offline.configuration, String(tokens.refresh_token));
  const offline = await makeApplication(
    ...([
      issuer,
      'https://ledger.test/callback',
      '--scopes',
      'accounts.read,offline_access',
    ] as const),
  );
  const asked = { scope: 'openid accounts.read offline_access', prompt: 'consent' };
  const { browser, tokens } = await signInBy(bank, { sub: 'hugo' }, asked, offline);
  const now = await signInBy(bank, { sub: 'hugo' });
  assert.equal((await send('bank', await bank.logoutToken({ sub: 'hugo' }))).status, 200);
  assert.deepEqual([await isIn(browser), await isIn(now.browser)], [false, false]);
  assert.equal(await api(now.tokens.access_token), 401);
  assert.equal(await api((await refresh(tokens)).access_token), 200);
});

test('a session of which the provider had said no name ends as well when it says one and whose it is', async () => {
  const { browser } = await signInBy(bank, { sub: 'els' });
  const token = await bank.logoutToken({ sub: 'els', sid: 'never said' });
  assert.equal((await send('bank', token)).status, 200);
  assert.equal(await isIn(browser), false);
});

test('a logout token that is not wholly right, or was sent before, ends nothing', async () => {
  const { browser } = await signInBy(bank, { sub: 'finn', sid: 's-9' });
  const now = Math.floor(Date.now() / 1000);
  const named = { sub: 'finn' };
  const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
  const wrong: Readonly<Record<string, Record<string, unknown>>> = {
    'of another issuer': { iss: town.url },
    'for another client': { aud: 'another' },
    'without an audience': { aud: undefined },
    'without a time': { iat: undefined },
    'of an hour ago': { iat: now - 3_600 },
    'of tomorrow': { iat: now + 86_400, exp: now + 86_500 },
    'that is over': { exp: now - 60 },
    'that never ends': { exp: undefined },
    'without a name of its own': { jti: undefined },
    'without an event': { events: undefined },
    'of another event': { events: { 'http://schemas.openid.net/event/other': {} } },
    'of an event that is no object': { events: { [EVENT]: 'yes' } },
    'with a nonce': { nonce: 'n' },
    'with no nonce in it': { nonce: null },
    'of nobody': { sub: undefined },
    'of a number': { sub: 1 },
  };
  for (const [what, change] of Object.entries(wrong)) {
    const answer = await send('bank', await bank.logoutToken({ ...named, ...change }));
    assert.deepEqual([answer.status, answer.text], [400, '{"error":"invalid_request"}'], what);
  }
  const good = await bank.logoutToken({ sub: 'somebody else' });
  assert.equal((await send('bank', good)).status, 200);
  for (const [what, token] of [
    ['an ID token', await bank.logoutToken({ ...named, events: undefined, nonce: 'n' }, {})],
    ['another type', await bank.logoutToken(named, { typ: 'at+jwt' })],
    ['another key', await bank.logoutToken(named, { kid: 'k2' })],
    ['signed by another', await town.logoutToken({ ...named, iss: bank.url, aud: bank.clientId })],
    ['no signature', `${good.split('.').slice(0, 2).join('.')}.`],
    ['unsigned', `${Buffer.from('{"alg":"none"}').toString('base64url')}.${good.split('.')[1]}.`],
    ['no token', 'x'],
    ['the one before', good],
  ] as const) {
    assert.equal((await send('bank', token)).status, 400, what);
  }
  const right = await bank.logoutToken(named);
  assert.equal((await send('town', right)).status, 400, 'at the place of another');
  assert.equal((await send('nowhere', right)).status, 400);
  assert.equal(await isIn(browser), true);
  // Of many at once, one; the others say that it was sent before.
  const answers = await Promise.all(Array.from({ length: 20 }, () => send('bank', right)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(await isIn(browser), false);
});
