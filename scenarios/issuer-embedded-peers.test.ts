import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  allowOnPage,
  Installation,
  makeInstalled,
  makeOwnPhone,
  shown,
  type Told,
} from './world/installed-application.fixture.ts';
import { type RunningIssuer, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, type Person } from './world/person.fixture.ts';
import { PASSWORD, type WithPassword, withPassword } from './world/with-password.fixture.ts';

// Situations that users of others have met at such an API, rebuilt one by one.

const ends: (() => unknown)[] = [];
let issuer: RunningIssuer;
let client: string;
let griet: WithPassword;

before(async () => {
  const t = { after: (end: () => unknown) => void ends.push(end) };
  const upstream = await startRawUpstream(t);
  issuer = await startIssuer(t, upstream.url, {
    issuer: { passwords: true, tokens: { requireProofNonce: true } },
    api: { flows: ['redirect', 'embedded'] },
  });
  client = await makeInstalled(issuer);
  griet = await withPassword(issuer, 'griet@example.test');
});

after(async () => {
  for (const end of ends.toReversed()) await end();
});

const ownPhone = (person: Person) => makeOwnPhone(issuer, client, person);

/** What anybody can tell from an answer: all but what is drawn anew each time. */
function plain({ status, text }: Told): string {
  const drawn = /"(?:auth_session|challenge|request_uri)":"[^"]+"/g;
  return `${status} ${text.replaceAll(drawn, '')}`;
}

// Abblix/Oidc.Server#111, better-auth/better-auth#10039.
test('a nonce that is asked for stands in the header, and the session is there for the second try', async () => {
  const phone = await Installation.of(issuer, client);
  phone.forgetNonce();
  const asked = await phone.once('/authorize-challenge', phone.request);
  assert.deepEqual([asked.status, asked.body.error], [400, 'use_dpop_nonce'], asked.text);
  assert.ok(asked.headers['dpop-nonce']);
  const begun = await phone.begin();
  phone.forgetNonce();
  const on = { client_id: client, auth_session: begun.body.auth_session };
  const without = await phone.once('/authorize-challenge', on);
  assert.equal(without.body.error, 'use_dpop_nonce');
  const told = await phone.goOn(begun, { passkey: shown(griet.person.passkey, begun) });
  assert.equal(told.body.error, 'redirect_to_web', told.text);
});

// keycloak/keycloak#47619, aliasvault/aliasvault#868, emqx/emqx#6791, chall37/pve-webauthn-login#14.
test('a name that is nobody’s is answered as one that is somebody’s', async () => {
  const phone = await ownPhone(griet.person);
  const jan = await enrol(issuer, 'jan@example.test');
  await issuer.run('accounts', 'disable', jan.id);
  await enrol(issuer, 'els@example.test');
  const names = [
    'els@example.test',
    'jan@example.test',
    'nobody@example.test',
    '\u0000',
    'a'.repeat(3_000),
  ];
  for (const more of [{}, { password: PASSWORD }, { password: PASSWORD, otp: '000000' }]) {
    const answers = [];
    for (const username of names) answers.push(plain(await phone.begin({ username, ...more })));
    assert.deepEqual([...new Set(answers)], [answers[0]], JSON.stringify(more));
  }
});

// keycloak/keycloak#12298 (its pull request 29304): the time told who exists.
test('a password for somebody else is not looked at, so that no time is taken by it', async () => {
  const phone = await ownPhone(griet.person);
  await withPassword(issuer, 'tine@example.test');
  const told = await phone.begin({ username: 'tine@example.test', password: PASSWORD });
  assert.equal(told.body.error, 'redirect_to_web', told.text);
  assert.doesNotMatch(told.text, /otp/);
});

// CapSoftware/Cap#2221, keycloak/keycloak#46164: codes guessed without end by whoever has the password; strangers locking out.
test('whoever holds the device and the password guesses a few codes, and then signs in on our page', async () => {
  const wout = await withPassword(issuer, 'wout@example.test');
  const phone = await ownPhone(wout.person);
  let told = await phone.begin({ username: 'wout@example.test' });
  const seen: (string | undefined)[] = [];
  for (let guess = 0; guess < 7; guess += 1) {
    if (told.body.auth_session === undefined)
      told = await phone.begin({ username: 'wout@example.test' });
    told = await phone.goOn(told, { password: PASSWORD, otp: '000000' });
    seen.push(told.body.refused ?? told.body.error);
  }
  assert.deepEqual(
    seen.slice(0, 5),
    Array.from({ length: 5 }, () => 'password_refused'),
  );
  assert.equal(
    seen[5],
    'redirect_to_web',
    'told apart from a wrong code (auth0/auth0-guardian.js#90)',
  );
  const right = await phone.begin({
    username: 'wout@example.test',
    password: PASSWORD,
    otp: await wout.codes.next(),
  });
  assert.equal(right.body.error, 'redirect_to_web', 'also with the right ones');
  const again = await allowOnPage(issuer, phone, right, wout.person);
  assert.equal(again.status, 200, 'nobody is locked out: on our page they sign in');
  const other = await phone.begin({
    username: 'wout@example.test',
    password: PASSWORD,
    otp: wout.codes.used(),
  });
  assert.equal(other.status, 200, `and from then on here, too: ${other.text}`);
});

// keycloak/keycloak#46164: a stranger locks somebody out.
test('a stranger with the same application guesses as often as they like, and its owner signs in meanwhile', async () => {
  const lies = await withPassword(issuer, 'lies@example.test');
  const phone = await ownPhone(lies.person);
  const stranger = await Installation.of(issuer, client);
  for (let guess = 0; guess < 10; guess += 1) {
    const told = await stranger.begin({
      username: 'lies@example.test',
      password: PASSWORD,
      otp: '000000',
    });
    assert.equal(told.body.error, 'redirect_to_web');
  }
  const own = await phone.begin({
    username: 'lies@example.test',
    password: PASSWORD,
    otp: await lies.codes.next(),
  });
  assert.equal(own.status, 200, own.text);
});

// benavlabs/crudauth#44: the right password alone set the count back. KEYCLOAK-19773: refused tries counted on.
test('a password that is right sets nothing back before the code is', async () => {
  const piet = await withPassword(issuer, 'piet@example.test');
  const phone = await ownPhone(piet.person);
  for (let guess = 0; guess < 5; guess += 1) {
    const half = await phone.begin({ username: 'piet@example.test', password: PASSWORD });
    assert.deepEqual(half.body.factors, ['otp'], half.text);
  }
  const sixth = await phone.begin({ username: 'piet@example.test', password: PASSWORD });
  assert.equal(sixth.body.error, 'redirect_to_web');
});

// teamhanko/hanko#2723, nginx-http-auth-totp#4: a code is good as long as its half minute lasts.
test('a code that was taken is taken nowhere else', async () => {
  const mia = await withPassword(issuer, 'mia@example.test');
  const phone = await ownPhone(mia.person);
  const typed = { username: 'mia@example.test', password: PASSWORD };
  const code = await mia.codes.next();
  const both = await Promise.all([
    phone.begin({ ...typed, otp: code }),
    phone.begin({ ...typed, otp: code }),
  ]);
  assert.equal(both.filter(({ status }) => status === 200).length, 1, both.map(plain).join('\n'));
  assert.equal((await phone.begin({ ...typed, otp: code })).body.refused, 'password_refused');
});

// keycloak/keycloak#52783 (CVE-2026-88770), CVE-2026-9798: whoever may not come in any more is given tokens by another flow.
test('whoever is disabled between the code and the token is given none, and nothing goes on', async () => {
  const bo = await enrol(issuer, 'bo@example.test');
  const phone = await ownPhone(bo);
  const given = await phone.signIn(bo.passkey);
  const half = await phone.begin();
  await issuer.run('accounts', 'disable', bo.id);
  assert.equal((await phone.redeem(given.body.authorization_code)).body.error, 'invalid_grant');
  const told = await phone.goOn(half, { passkey: shown(bo.passkey, half) });
  assert.equal(told.body.refused, 'passkey_refused', 'as of any passkey that is not known');
});

// okta/okta-signin-widget#2532, wso2/product-is#17872: a session that is over is carried on for ever, and nobody says so.
test('a session that is over is told by a name of its own, and a call without it begins anew', async () => {
  const phone = await ownPhone(griet.person);
  const asked = await phone.begin();
  await phone.goOn(asked, { username: 'griet@example.test' });
  const stale = await phone.goOn(asked, { username: 'griet@example.test' });
  assert.deepEqual([stale.status, stale.body.error], [400, 'invalid_session']);
  assert.equal(stale.body.auth_session, undefined, 'nothing to carry on with');
  assert.equal((await phone.signIn(griet.person.passkey)).status, 200);
});

// wso2/product-is#27082, identity-inbound-auth-oauth#3006: what failed was told as done.
test('nothing but a code is answered with 200', async () => {
  const phone = await ownPhone(griet.person);
  for (const more of [
    {},
    { prompt: 'consent' },
    { code_challenge: undefined },
    { prompt: 'none login' },
  ]) {
    const told = await phone.begin(more);
    assert.ok(told.status >= 400 && told.body.error !== undefined, told.text);
  }
});

// wso2/product-is#20966: where nothing in the application helps, nothing said so. MSAL.js#7698: the way to the browser.
test('whoever has nothing of what is asked for is led to our page', async () => {
  const phone = await Installation.of(issuer, client);
  const begun = await phone.begin();
  const told = await phone.goOn(begun, { recovery: 'true' });
  assert.deepEqual([told.status, told.body.error], [403, 'redirect_to_web'], told.text);
  assert.equal((await allowOnPage(issuer, phone, told, griet.person)).status, 200);
});

// pwndoc/pwndoc#278, OpenIntegrationEngine/engine#240: a value of another shape is a fault for those who exist alone.
test('a password twice, as a list, or as large as may be is no fault, whoever it is for', async () => {
  const phone = await ownPhone(griet.person);
  for (const login of ['griet@example.test', 'nobody@example.test']) {
    const request = String(new URLSearchParams(phone.request));
    const name = encodeURIComponent(login);
    const twice = await phone.raw(`${request}&username=${name}&password=a&password=b`);
    assert.deepEqual([twice.status, twice.body.code], [400, 'request_invalid']);
    const list = await phone.raw(`${request}&username=${name}&password[$ne]=a`);
    assert.equal(list.body.error, 'insufficient_authorization', 'nothing was typed');
    const long = await phone.begin({ username: login, password: 'é'.repeat(5_000), otp: '0' });
    assert.ok(long.status < 500, long.text);
  }
  assert.deepEqual(issuer.poorter.notices('issuer_fault'), []);
});
