import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeJwt } from 'jose';
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
import { enrol, type Person, signIn } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { PASSWORD, withPassword } from './world/with-password.fixture.ts';

const ends: (() => unknown)[] = [];
let issuer: RunningIssuer;
let client: string;
let person: Person;

before(async () => {
  const t = { after: (end: () => unknown) => void ends.push(end) };
  const upstream = await startRawUpstream(t);
  const certificates = [Array.from({ length: 32 }, () => 'AB').join(':')];
  issuer = await startIssuer(t, upstream.url, {
    issuer: {
      passwords: true,
      applications: {
        android: [{ package: 'test.bank.app', certificates }],
        apple: ['ABCDE12345.test.bank.app'],
      },
    },
    api: { flows: ['redirect', 'embedded', 'decoupled'] },
  });
  client = await makeInstalled(issuer);
  person = await enrol(issuer, 'griet@example.test');
});

after(async () => {
  for (const end of ends.toReversed()) await end();
});

const ownPhone = (of = person, by = client) => makeOwnPhone(issuer, by, of);

test('somebody signs in on our page the first time, and from then on within the application', async () => {
  const phone = await Installation.of(issuer, client);
  const first = await phone.begin();
  assert.deepEqual(
    [first.status, first.body.error, first.headers['cache-control']],
    [403, 'insufficient_authorization', 'no-store'],
    first.text,
  );
  assert.deepEqual(first.body.factors, ['passkey', 'password']);
  const told = await phone.goOn(first, { passkey: shown(person.passkey, first) });
  assert.match(told.body.error_description ?? '', /new device/);
  assert.equal(told.body.expires_in, 60);
  const web = await allowOnPage(issuer, phone, told, person);
  assert.equal(web.status, 200, web.text);

  const given = await phone.signIn(person.passkey);
  assert.equal(given.status, 200, given.text);
  assert.deepEqual(Object.keys(given.body), ['authorization_code']);
  const tokens = await phone.redeem(given.body.authorization_code);
  assert.deepEqual([tokens.status, tokens.body.token_type], [200, 'DPoP'], tokens.text);
  const [one, other] = [web, tokens].map(({ body }) => decodeJwt(body.access_token ?? ''));
  assert.deepEqual(Object.keys(other ?? {}), Object.keys(one ?? {}), 'what gates decide by');
  const same = ({ sub, aud, acr, scope, client_id: by }: Record<string, unknown> = {}) =>
    [sub, aud, acr, scope, by] as const;
  assert.deepEqual(same(other), same(one));
  assert.equal(other?.['acr'], 'phr');
  assert.equal((other?.['cnf'] as { jkt?: string } | undefined)?.jkt, phone.thumbprint);
  const ids = [web, tokens].map(({ body }) =>
    Object.keys(decodeJwt(body.id_token ?? '')).toSorted(),
  );
  assert.deepEqual(ids[0], ids[1]);
  const again = await phone.redeem(given.body.authorization_code);
  assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
});

test('a new device of somebody who has allowed everything signs in on our page all the same', async () => {
  await ownPhone();
  const other = await Installation.of(issuer, client);
  const told = await other.signIn(person.passkey);
  assert.equal(told.body.error, 'redirect_to_web');
  assert.match(told.body.error_description ?? '', /new device/);
});

test('name, password and code are taken one by one on a device that is known, and told of together', async () => {
  const { person: griet, codes } = await withPassword(issuer, 'jan@example.test');
  const phone = await ownPhone(griet);
  const begun = await phone.begin();
  const named = await phone.goOn(begun, { username: 'Jan@example.test' });
  assert.deepEqual(named.body.factors, ['passkey', 'password'], named.text);
  const wrong = await phone.goOn(named, { password: 'een andere zin' });
  assert.deepEqual(
    [wrong.status, wrong.body.factors, wrong.body.refused],
    [403, ['otp'], undefined],
  );
  const code = await codes.next();
  const refused = await phone.goOn(wrong, { otp: code });
  assert.equal(refused.body.refused, 'password_refused', refused.text);
  const half = await phone.goOn(refused, { password: PASSWORD });
  assert.deepEqual(half.body.factors, ['otp'], 'right or wrong, it is asked for the other half');
  const given = await phone.goOn(half, { otp: code });
  const tokens = await phone.redeem(given.body.authorization_code);
  assert.equal(tokens.status, 200, given.text + tokens.text);
  const claims = decodeJwt(tokens.body.access_token ?? '');
  assert.equal(claims['acr'], 'https://refeds.org/profile/mfa');

  const whole = await phone.begin({
    login_hint: 'jan@example.test',
    password: PASSWORD,
    otp: await codes.next(),
  });
  assert.equal(whole.status, 200, `also at once: ${whole.text}`);
});

test('what is to be decided on our page is led there with the request that was made', async () => {
  const phone = await ownPhone();
  const cases: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    ['another scope', { scope: 'openid accounts.write' }, /own page/],
    ['consent anew', { prompt: 'consent' }, /consent/],
    ['somebody else', { max_age: '60', acr_values: 'phr', scope: 'openid profile' }, /own page/],
  ];
  const wide = await makeInstalled(issuer, '--scopes', 'accounts.read,accounts.write,profile');
  const bound = await ownPhone(person, wide);
  for (const [what, more, why] of cases) {
    const told = await (async () => {
      const first = await bound.begin(more);
      return first.body.error === 'redirect_to_web'
        ? first
        : bound.goOn(first, { passkey: shown(person.passkey, first) });
    })();
    assert.equal(told.body.error, 'redirect_to_web', `${what} ${told.text}`);
    assert.match(told.body.error_description ?? '', why, what);
    assert.match(told.body.request_uri ?? '', /^urn:ietf:params:oauth:request_uri:/);
  }
  const none = await phone.begin({ recovery: 'true' });
  assert.equal(none.body.error, 'redirect_to_web', 'whoever has nothing at hand');
  const silent = await phone.begin({ prompt: 'none' });
  assert.equal(silent.body.error, 'interaction_required');
  const strong = await phone.begin({
    claims: JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:never' } } }),
  });
  assert.equal(strong.body.error, 'unmet_authentication_requirements', strong.text);
  const fresh = await phone.signIn(person.passkey, { max_age: '0', acr_values: 'phr' });
  assert.equal(fresh.status, 200, 'whoever has just signed in is fresh, and as strong as can be');
});

test('what somebody allowed this device is one thing, however often they sign in by it, and what they allow elsewhere counts here', async () => {
  const wide = await makeInstalled(issuer, '--scopes', 'accounts.read,accounts.write');
  const els = await enrol(issuer, 'lien@example.test');
  const [phone, tablet] = [await ownPhone(els, wide), await ownPhone(els, wide)];
  const grantOf = async (given: Told, by: Installation) => {
    const tokens = await by.redeem(given.body.authorization_code);
    return decodeJwt(tokens.body.access_token ?? '')['grant_id'];
  };
  const first = await grantOf(await phone.signIn(els.passkey), phone);
  assert.equal(await grantOf(await phone.signIn(els.passkey), phone), first);
  assert.notEqual(await grantOf(await tablet.signIn(els.passkey), tablet), first);
  const more = { scope: 'openid accounts.read accounts.write' };
  const led = await tablet.signIn(els.passkey, more);
  assert.equal((await allowOnPage(issuer, tablet, led, els)).status, 200);
  const here = await phone.signIn(els.passkey, more);
  assert.equal(here.status, 200, here.text);
  const code = await phone.signIn(els.passkey);
  await phone.redeem(code.body.authorization_code);
  await phone.redeem(code.body.authorization_code);
  const after = await phone.signIn(els.passkey);
  assert.equal(after.status, 200, 'a code that was used twice ends one grant, and no consent');
});

test('what lasts is asked for on our page once, and given within the application from then on', async () => {
  const phone = await ownPhone();
  const lasting = { scope: 'openid accounts.read offline_access' };
  const before = await phone.redeem(
    (await phone.signIn(person.passkey, lasting)).body.authorization_code,
  );
  assert.deepEqual([before.status, before.body.refresh_token], [200, undefined]);
  const led = await phone.begin({ ...lasting, prompt: 'consent' });
  const web = await allowOnPage(issuer, phone, led, person);
  assert.ok(web.body.refresh_token, web.text);
  const given = await phone.signIn(person.passkey, lasting);
  const tokens = await phone.redeem(given.body.authorization_code);
  const refresh = {
    grant_type: 'refresh_token',
    client_id: client,
    refresh_token: tokens.body.refresh_token,
  };
  assert.equal((await phone.post('/token', refresh)).status, 200, tokens.text);
  const thief = await Installation.of(issuer, client);
  assert.equal((await thief.post('/token', refresh)).body.error, 'invalid_grant', 'of another key');
});

test('where a passkey is asked for, a password is neither offered nor taken', async () => {
  const phone = await ownPhone();
  const told = await phone.begin({
    acr_values: 'phr',
    username: 'griet@example.test',
    password: PASSWORD,
  });
  assert.deepEqual(
    [told.body.factors, told.body.refused],
    [['passkey'], 'passwords_off'],
    told.text,
  );
  const essential = JSON.stringify({ id_token: { acr: { essential: true, values: ['phr'] } } });
  const strict = await phone.begin({ claims: essential });
  assert.deepEqual(strict.body.factors, ['passkey']);
  const given = await phone.goOn(strict, { passkey: shown(person.passkey, strict) });
  assert.equal(given.status, 200, given.text);
});

test('a payment is never allowed within the application: it is signed where it is shown', async () => {
  const payer = await makeInstalled(issuer, '--detail-types', 'payment_initiation');
  const phone = await Installation.of(issuer, payer);
  const told = await phone.begin({
    authorization_details: JSON.stringify([
      {
        type: 'payment_initiation',
        instructedAmount: { amount: '12.50', currency: 'EUR' },
        creditorAccount: { iban: 'BE68539007547034' },
        creditorName: 'Bakkerij',
      },
    ]),
  });
  assert.deepEqual([told.status, told.body.error], [403, 'redirect_to_web'], told.text);
  const web = await allowOnPage(issuer, phone, told, person);
  const claims = decodeJwt(web.body.access_token ?? '');
  assert.match(JSON.stringify(claims['authorization_details']), /12\.50/);
});

test('where somebody signed in by an application is seen and ended at their account, and they are told of a new device', async () => {
  const griet = await enrol(issuer, 'els@example.test');
  const phone = await ownPhone(griet);
  for (let day = 0; day < 3; day += 1) {
    const earlier = await phone.signIn(griet.passkey);
    const redeemed = await phone.redeem(earlier.body.authorization_code);
    assert.equal(redeemed.status, 200, `${day} ${earlier.text} ${redeemed.text}`);
  }
  const browser = new SoftBrowser(issuer.origin);
  await signIn(browser, griet.passkey);
  const seen = await browser.get('/account/sessions');
  assert.equal(seen.text.split('<h2>Bank app').length, 2, 'one for the device');
  const given = await phone.signIn(griet.passkey);
  const page = await browser.get('/account/sessions');
  const [, session = ''] = /Bank app[\s\S]*?name="session" value="([^"]+)"/.exec(page.text) ?? [];
  const ended = await browser.postForm('/account/sessions/end', { session });
  assert.equal(ended.status, 200, ended.text);
  const [, other = ''] = /Bank app[\s\S]*?name="session" value="([^"]+)"/.exec(ended.text) ?? [];
  await browser.postForm('/account/sessions/end', { session: other });
  const late = await phone.redeem(given.body.authorization_code);
  assert.equal(late.body.error, 'invalid_grant', 'the session of this code has ended');

  assert.equal((await phone.signIn(griet.passkey)).status, 200);
  await issuer.run('accounts', 'sign-out', griet.id);
  const after = await phone.signIn(griet.passkey);
  assert.equal(after.body.error, 'redirect_to_web', 'signed out everywhere is signed out here');
});
