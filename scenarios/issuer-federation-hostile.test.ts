import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { SignJWT, UnsecuredJWT } from 'jose';
import { eventually } from './world/calls.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import {
  addressIn,
  beginAt,
  comeBack,
  entryFor,
  HERE,
  leaveBy,
  startFederated,
} from './world/federation.fixture.ts';
import { type Bent, startForeignProvider } from './world/foreign-provider.fixture.ts';
import { makeApplication } from './world/own-issuer.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

/** Providers that lie, fail and stall, and people who send what another was given. */

const bank = await startForeignProvider({ after }, 'poorter-at-bank');
const town = await startForeignProvider({ after }, 'poorter-at-town');
/** What each says of itself is read once, so that each lie has a provider of its own. */
const lies: Readonly<Record<string, Bent>> = {
  otherissuer: { document: (document) => ({ ...document, issuer: 'https://other.test' }) },
  slash: { document: (document) => ({ ...document, issuer: `${String(document['issuer'])}/` }) },
  nokeys: { document: ({ jwks_uri: _, ...document }) => document },
  unsigned: {
    document: (document) => ({ ...document, id_token_signing_alg_values_supported: ['none'] }),
  },
  shared: {
    document: (document) => ({ ...document, id_token_signing_alg_values_supported: ['HS256'] }),
  },
  script: {
    document: (document) => ({ ...document, authorization_endpoint: 'javascript:alert(1)' }),
  },
  inside: {
    document: (document) => ({ ...document, token_endpoint: 'http://169.254.169.254/token' }),
  },
  broken: { answer: (response) => Boolean(response.writeHead(500).end('{}')) },
  notjson: {
    answer: (response) =>
      Boolean(response.writeHead(200, { 'content-type': 'application/json' }).end('<html>')),
  },
  moved: {
    answer: (response) => Boolean(response.writeHead(302, { location: `${town.url}/` }).end()),
  },
  huge: {
    answer: (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      return Boolean(response.end(`{"x":"${'x'.repeat(1_000_000)}"}`));
    },
  },
  slow: { answer: () => true },
};
const liars = new Map<string, Awaited<ReturnType<typeof startForeignProvider>>>();
for (const [id, bent] of Object.entries(lies)) {
  const provider = await startForeignProvider({ after }, `poorter-at-${id}`);
  provider.bent = bent;
  liars.set(id, provider);
}
const authority = makeAuthority({ after });
const safe = await startForeignProvider({ after }, 'poorter-at-safe', authority.issue('/CN=safe'));
const posing = makeAuthority({ after }).issue('/CN=posing');
const poser = await startForeignProvider({ after }, 'poorter-at-poser', posing);
const federation = [
  entryFor(safe, 'safe', { signUp: 'everybody' }),
  entryFor(poser, 'poser', { signUp: 'everybody' }),
  entryFor(bank, 'bank', { signUp: 'everybody' }),
  entryFor(town, 'town', { signUp: 'everybody' }),
  ...[...liars].map(([id, provider]) => entryFor(provider, id, { signUp: 'everybody' })),
];
const issuer = await startFederated({ after }, federation, {
  files: { 'safe.pem': authority.certificate },
  issuer: { outgoing: { ...HERE, authorities: ['safe.pem'] } },
});
const application = await makeApplication(issuer, 'https://budget.test/callback');

beforeEach(() => {
  bank.bent = {};
  town.bent = {};
});

const SIGN_IN = '/account/sign-in/provider?to=account';
const fresh = () => new SoftBrowser(issuer.origin);
const hasSession = async (browser: SoftBrowser) => (await browser.get('/account')).status === 200;

async function tryWith(claims: Record<string, unknown> = { sub: 'an' }) {
  const browser = fresh();
  const address = await leaveBy(browser, SIGN_IN, 'bank');
  return { browser, came: await comeBack(browser, bank.authorize(address, claims)) };
}

/** What its developers find of it, and nobody else is told. */
function isRecorded(code: string, reason: RegExp) {
  const search = () => issuer.run('log', 'search', '--code', code, '--json');
  return eventually(`${code} stands in the log`, async () => reason.test(await search()));
}

async function isRefused(bent: Bent, what: string, claims?: Record<string, unknown>) {
  bank.bent = bent;
  const { browser, came } = await tryWith(claims);
  assert.match(came.text, /provider_answer_wrong/, `${what}: ${came.status} ${came.text}`);
  assert.equal(came.status, 400, what);
  assert.equal(await hasSession(browser), false, what);
}

test('an ID token that is not wholly right signs nobody in', async () => {
  assert.equal((await tryWith()).came.location, '/account', 'an honest one does');
  const seconds = Math.floor(Date.now() / 1000);
  const claims: Readonly<Record<string, Record<string, unknown>>> = {
    'of another issuer': { iss: town.url },
    'of the issuer with a slash': { iss: `${bank.url}/` },
    'without an issuer': { iss: undefined },
    'for another client': { aud: 'poorter-at-town' },
    'for two, without saying for which': { aud: ['poorter-at-bank', 'another'] },
    'given to another': { azp: 'another' },
    'given to another of two': { aud: ['poorter-at-bank', 'another'], azp: 'another' },
    'without an audience': { aud: undefined },
    'with another nonce': { nonce: 'x'.repeat(43) },
    'without a nonce': { nonce: undefined },
    'that is over': { exp: seconds - 60 },
    'that never ends': { exp: undefined },
    'that is not yet': { nbf: seconds + 600 },
    'of no time': { iat: undefined },
    'of nobody': { sub: undefined },
    'of an empty name': { sub: '' },
    'of a number': { sub: 1 },
    'of a long name': { sub: 'x'.repeat(300) },
    'of another access token': { at_hash: 'x'.repeat(22) },
    'of an access token that is a number': { at_hash: 1 },
  };
  for (const [what, change] of Object.entries(claims)) {
    await isRefused({ claims: (honest) => ({ ...honest, ...change }) }, `one ${what}`);
  }
});

test('an ID token that the provider did not sign signs nobody in', async () => {
  const parts = (token: string) => token.split('.') as [string, string, string];
  const payloadOf = (token: string) =>
    JSON.parse(Buffer.from(parts(token)[1], 'base64url').toString()) as Record<string, unknown>;
  const header = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const changed = (token: string) => {
    const payload = { ...payloadOf(token), sub: 'somebody else' };
    return [parts(token)[0], header(payload), parts(token)[2]].join('.');
  };
  const bent: Readonly<Record<string, (honest: string) => string>> = {
    none: (honest) => new UnsecuredJWT(payloadOf(honest)).encode(),
    'none, with a signature': (honest) =>
      [header({ alg: 'none' }), parts(honest)[1], parts(honest)[2]].join('.'),
    'no signature': (honest) => `${parts(honest)[0]}.${parts(honest)[1]}.`,
    'another payload': changed,
    'no token': () => '',
    'not a token': () => 'a.b.c',
  };
  for (const [what, change] of Object.entries(bent)) await isRefused({ idToken: change }, what);
  await isRefused({ header: { kid: 'unknown' } }, 'a key that is not its own');
  await isRefused({ header: { crit: ['x'], x: 1 } }, 'what must be understood and is not');
  // RFC 8725 §2.1: signed with what both know, as if that were a key.
  const secret = new TextEncoder().encode(bank.clientSecret.padEnd(32, ' '));
  const now = Math.floor(Date.now() / 1000);
  const shared = await new SignJWT({ sub: 'an', nonce: 'x', iat: now, exp: now + 60 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(secret);
  await isRefused({ idToken: () => shared }, 'a shared secret');
  // The keys of one are not those of another.
  const foreign = await town.sign({ iss: bank.url, aud: bank.clientId, sub: 'an' });
  await isRefused({ idToken: () => foreign }, 'a key of another provider');
});

test('what one provider answers is not taken from another, and who says nothing of itself is not believed', async () => {
  for (const [what, change] of [
    ['another', { iss: town.url }],
    ['none', { iss: undefined }],
    ['two', { iss: [bank.url, town.url] }],
  ] as const) {
    const browser = fresh();
    const back = bank.authorize(await leaveBy(browser, SIGN_IN, 'bank'), { sub: 'an' });
    back.searchParams.delete('iss');
    for (const iss of [change.iss ?? []].flat()) back.searchParams.append('iss', iss);
    const came = await comeBack(browser, back);
    assert.ok(came.status === 400, `${what}: ${came.status}`);
    assert.equal(await hasSession(browser), false);
  }
  // RFC 9700 §4.4.1: somebody was sent to the bank, and comes back with a code of the town.
  const browser = fresh();
  const atBank = await leaveBy(browser, SIGN_IN, 'bank');
  const mixed = new URL(atBank);
  mixed.searchParams.set('redirect_uri', `${issuer.origin}/federation/town/callback`);
  const came = await comeBack(browser, town.authorize(mixed, { sub: 'an' }));
  assert.deepEqual([came.status, /provider_answer_wrong/.test(came.text)], [400, true]);
  assert.equal(town.seen.filter(({ target }) => target === '/token').length, 0, 'no code was sent');
  assert.equal(await hasSession(browser), false);
});

test('whoever comes back is the one who left, once: a code is not taken in another browser, nor twice', async () => {
  const browser = fresh();
  const back = bank.authorize(await leaveBy(browser, SIGN_IN, 'bank'), { sub: 'an' });
  const stranger = fresh();
  assert.equal((await comeBack(stranger, back)).status, 400, 'nobody was sent from there');
  await leaveBy(stranger, SIGN_IN, 'bank');
  assert.equal((await comeBack(stranger, back)).status, 400, 'somebody else was');
  for (const state of ['', 'x', 'x'.repeat(43), 'x'.repeat(5_000)]) {
    const changed = new URL(back);
    changed.searchParams.set('state', state);
    assert.equal((await comeBack(browser, changed)).status, 400, state);
  }
  assert.equal((await comeBack(browser, back)).location, '/account', 'and used up nothing');
  const again = await comeBack(browser, back);
  assert.equal(again.status, 400);
  assert.equal(await hasSession(browser), true, 'who loads the page again stays signed in');

  // Of two at once, one.
  const racing = fresh();
  const both = bank.authorize(await leaveBy(racing, SIGN_IN, 'bank'), { sub: 'an' });
  const answers = await Promise.all(Array.from({ length: 20 }, () => comeBack(racing, both)));
  assert.equal(answers.filter(({ status }) => status === 303).length, 1);
});

test('two tabs of one browser do not end each other', async () => {
  const browser = fresh();
  const first = await leaveBy(browser, SIGN_IN, 'bank');
  const second = await leaveBy(browser, SIGN_IN, 'town');
  assert.equal((await comeBack(browser, bank.authorize(first, { sub: 'an' }))).status, 303);
  assert.equal((await comeBack(browser, town.authorize(second, { sub: 'an' }))).status, 303);
});

test('whoever gave up there hears it in their language, and finds another way', async () => {
  const browser = fresh();
  const { page } = await beginAt(browser, application, { ui_locales: 'fr' });
  for (const error of ['access_denied', 'login_required', 'server_error', '<script>x']) {
    const address = await leaveBy(browser, `${page}/provider`, 'bank');
    const back = bank.authorize(address, {}, { error, error_description: '<script>y' });
    back.searchParams.delete('code');
    const came = await comeBack(browser, back);
    assert.equal(came.status, 403, error);
    assert.match(
      came.text,
      /lang="fr"[\s\S]*The bank ne vous a pas connecté[\s\S]*provider_refused/,
    );
    assert.doesNotMatch(came.text, /<script/);
    assert.match(came.text, new RegExp(`href="${page}"`));
    assert.equal((await browser.get(page)).status, 200);
  }
  await isRecorded('provider_refused', /bank: access_denied/);
});

test('UserInfo of somebody else makes no account, and what is too large or fails makes none', async () => {
  for (const [what, bent, code] of [
    ['of somebody else', { userInfo: () => ({ sub: 'other' }) }, 'provider_answer_wrong'],
    ['of nobody', { userInfo: () => ({}) }, 'provider_answer_wrong'],
    [
      'too large',
      { userInfo: (claims) => ({ ...claims, x: 'x'.repeat(600_000) }) },
      'provider_unavailable',
    ],
  ] as [string, Bent, string][]) {
    bank.bent = bent;
    const { browser, came } = await tryWith({ sub: `new ${what}` });
    assert.match(came.text, new RegExp(code), what);
    assert.equal(await hasSession(browser), false);
  }
});

test('a provider that fails, lies of itself, or is somewhere inside is not gone to, and the others stand', async () => {
  for (const [id, code, reason] of [
    ['otherissuer', 'provider_answer_wrong', /issuer/],
    ['slash', 'provider_answer_wrong', /issuer/],
    ['nokeys', 'provider_answer_wrong', /names no keys/],
    ['unsigned', 'provider_answer_wrong', /algorithm/],
    ['shared', 'provider_answer_wrong', /algorithm/],
    ['script', 'provider_answer_wrong', /HTTP/],
    ['broken', 'provider_unavailable', /./],
    ['notjson', 'provider_answer_wrong', /JSON/],
    ['moved', 'provider_unavailable', /./],
    ['huge', 'provider_unavailable', /./],
    ['slow', 'provider_unavailable', /./],
  ] as const) {
    const browser = fresh();
    const { page } = await beginAt(browser, application);
    const began = performance.now();
    const left = await browser.postForm(`${page}/provider`, { provider: id });
    assert.ok(performance.now() - began < 9_000, id);
    assert.match(left.text, new RegExp(code), `${id}: ${left.status} ${left.text}`);
    assert.equal(left.headers['refresh'], undefined, id);
    assert.match(left.text, new RegExp(`The ${id}`));
    await isRecorded(code, reason);
    const other = await browser.postForm(`${page}/provider`, { provider: 'bank' });
    addressIn(other);
  }
  assert.equal(
    town.seen.some(({ target }) => target === '/'),
    false,
    'no redirect was followed',
  );
});

test('an answer of a provider does not lead into the network of whoever runs this', async () => {
  const browser = fresh();
  const inside = liars.get('inside');
  const address = await leaveBy(browser, SIGN_IN, 'inside');
  const came = await comeBack(browser, inside?.authorize(address, { sub: 'an' }) as URL);
  assert.equal(came.status, 503);
  assert.match(came.text, /provider_unavailable/);
});

test('over TLS a provider is believed with a certificate of an authority that is named, and with no other', async () => {
  const browser = fresh();
  const address = await leaveBy(browser, SIGN_IN, 'safe');
  assert.equal(address.protocol, 'https:');
  assert.equal((await comeBack(browser, safe.authorize(address, { sub: 'an' }))).status, 303);
  assert.equal(await hasSession(browser), true);
  const left = await fresh().postForm(SIGN_IN, { provider: 'poser' });
  assert.deepEqual([left.status, /provider_unavailable/.test(left.text)], [503, true]);
  assert.equal(poser.seen.length, 0, 'nothing was asked of it');
});
