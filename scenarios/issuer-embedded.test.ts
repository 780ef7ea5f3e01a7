import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  allowOnPage,
  CLAIMED,
  Installation,
  makeInstalled,
  shown,
  type Told,
} from './world/installed-application.fixture.ts';
import { makeApplication, type RunningIssuer, startIssuer } from './world/own-issuer.fixture.ts';
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

/** Of somebody who has signed in by it before, and has allowed it what it asks for. */
async function ownPhone(of = person, by = client): Promise<Installation> {
  const phone = await Installation.of(issuer, by);
  const web = await allowOnPage(issuer, phone, await phone.signIn(of.passkey), of);
  assert.equal(web.status, 200, web.text);
  return phone;
}

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
  const code = codes.next();
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
    otp: codes.next(),
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
  const given = await phone.signIn(griet.passkey);
  const browser = new SoftBrowser(issuer.origin);
  await signIn(browser, griet.passkey);
  const page = await browser.get('/account/sessions');
  assert.match(page.text, /Bank app/);
  const [, session = ''] = /Bank app[\s\S]*?name="session" value="([^"]+)"/.exec(page.text) ?? [];
  const ended = await browser.postForm('/account/sessions/end', { session });
  assert.equal(ended.status, 200, ended.text);
  const late = await phone.redeem(given.body.authorization_code);
  assert.equal(late.body.error, 'invalid_grant', 'the session of this code has ended');

  assert.equal((await phone.signIn(griet.passkey)).status, 200);
  await issuer.run('accounts', 'sign-out', griet.id);
  const after = await phone.signIn(griet.passkey);
  assert.equal(after.body.error, 'redirect_to_web', 'signed out everywhere is signed out here');
});

test('in what way people are asked is said for each API and each client, and told to whoever asks otherwise', async () => {
  const outside = await makeInstalled(issuer, '--flows', 'redirect');
  const phone = await Installation.of(issuer, outside);
  const refused = await phone.begin();
  assert.deepEqual(
    [refused.status, refused.body.error],
    [400, 'unauthorized_client'],
    refused.text,
  );
  assert.match(refused.body.error_description ?? '', /flow embedded/);

  const inside = await Installation.of(issuer, await makeInstalled(issuer, '--flows', 'embedded'));
  const pushed = await inside.post('/request', inside.request);
  assert.equal(pushed.body.error, 'unauthorized_client', 'it sends nobody to us by itself');
  const web = await allowOnPage(issuer, inside, await inside.signIn(person.passkey), person);
  assert.equal(web.status, 200, 'but it does where it was told to');

  const television = await makeInstalled(issuer, '--flows', 'redirect,device');
  const device = await Installation.of(issuer, television);
  const code = await device.post('/device/auth', { client_id: television, scope: 'accounts.read' });
  assert.deepEqual([code.status, code.body.error], [400, 'invalid_target'], code.text);
  assert.match(code.body.error_description ?? '', /does not offer the flow device/);

  const metadata = JSON.parse(
    (await call(`${issuer.origin}/.well-known/oauth-authorization-server`)).text,
  );
  assert.equal(metadata.authorization_challenge_endpoint, `${issuer.origin}/authorize-challenge`);
  const shownClient = await issuer.run('clients', 'show', inside.client);
  assert.match(shownClient, /embedded/);
  await issuer.run(
    ...['clients', 'change', inside.client, '--name', 'Bank app', '--profile', 'native'],
    ...['--binding', 'dpop', '--redirect-uri', CLAIMED, '--scopes', 'accounts.read'],
    ...['--flows', 'redirect'],
  );
  const changed = await inside.begin();
  assert.equal(changed.body.error, 'unauthorized_client', 'from the answer on');
});

test('a server of the provider’s own may do so with a secret and a proof, and nobody without either', async () => {
  const { configuration } = await makeApplication(
    issuer,
    'https://desk.bank.test/back',
    ...['--flows', 'redirect,embedded', '--binding', 'dpop'],
  );
  const { client_id: id, client_secret: secret } = configuration.clientMetadata();
  const desk = await Installation.of(issuer, id);
  const basic = `Basic ${Buffer.from(`${id}:${String(secret)}`).toString('base64')}`;
  const request = { ...desk.request, client_id: undefined, redirect_uri: undefined };
  const told = await desk.challenge(request, { headers: { authorization: basic } });
  assert.equal(told.body.error, 'insufficient_authorization', told.text);
  const on = { auth_session: told.body.auth_session, username: 'griet@example.test' };
  const silent = await desk.challenge(on);
  assert.deepEqual([silent.status, silent.body.error], [401, 'invalid_client'], silent.text);
  const wrong = await desk.challenge(on, {
    headers: { authorization: `Basic ${Buffer.from(`${id}:wrong`).toString('base64')}` },
  });
  assert.equal(wrong.body.error, 'invalid_client');
  const right = await desk.challenge(on, { headers: { authorization: basic } });
  assert.equal(right.body.error, 'insufficient_authorization', 'neither of them used it up');
});

test('an assertion of a client may name this endpoint, and counts once', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  issuer.poorter.write('desk.jwk', JSON.stringify(jwk));
  const id = await issuer.run(
    ...['clients', 'create', '--name', 'Desk', '--profile', 'browser', '--binding', 'dpop'],
    ...['--authentication', 'private_key_jwt', '--jwks', `${issuer.poorter.folder}/desk.jwk`],
    ...['--redirect-uri', CLAIMED, '--flows', 'embedded', '--scopes', 'accounts.read'],
  );
  const assertionFor = (aud: string) =>
    new SignJWT({ iss: id, sub: id, aud, jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey);
  const desk = await Installation.of(issuer, id);
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  const by = (assertion: string) => ({
    ...{ client_id: undefined, client_assertion_type: type, client_assertion: assertion },
  });
  const assertion = await assertionFor(`${issuer.origin}/authorize-challenge`);
  const told = await desk.begin(by(assertion));
  assert.equal(told.body.error, 'insufficient_authorization', told.text);
  assert.equal((await desk.begin(by(assertion))).body.error, 'invalid_client', 'shown twice');
  const elsewhere = await desk.begin(by(await assertionFor(`${issuer.origin}/request`)));
  assert.equal(elsewhere.body.error, 'invalid_client', 'made for where requests are pushed');
  assert.equal((await desk.begin()).body.error, 'invalid_client', 'and none at all');
});

test('the systems of devices are told which applications may ask for passkeys, and theirs are taken from those alone', async () => {
  const android = await call(`${issuer.origin}/.well-known/assetlinks.json`);
  assert.match(android.text, /get_login_creds.*test\.bank\.app/);
  const apple = await call(`${issuer.origin}/.well-known/apple-app-site-association`);
  assert.deepEqual(JSON.parse(apple.text), {
    webcredentials: { apps: ['ABCDE12345.test.bank.app'] },
  });
  const hash = (byte: number) => Buffer.alloc(32, byte).toString('base64url');
  const phone = await ownPhone();
  for (const [origin, status] of [
    [`android:apk-key-hash:${hash(0xab)}`, 200],
    [`android:apk-key-hash:${hash(0xcd)}`, 403],
    ['https://evil.test', 403],
  ] as const) {
    const asked = await phone.begin();
    const told = await phone.goOn(asked, { passkey: shown(person.passkey, asked, { origin }) });
    assert.equal(told.status, status, `${origin} ${told.text}`);
  }
  const browser = new SoftBrowser(issuer.origin);
  const begun = await browser.postJson('/account/sign-in/begin', {});
  const credential = person.passkey.get(JSON.parse(begun.text), {
    origin: `android:apk-key-hash:${hash(0xab)}`,
  });
  const page = await browser.postJson('/account/sign-in/finish?to=account', { credential });
  assert.equal(page.status, 401, 'at a page there is no such thing');
});

test('each step stands in the record with its client, its person and why it was refused', async () => {
  const phone = await ownPhone();
  const given = await phone.signIn(person.passkey);
  assert.equal(given.status, 200);
  const said = async (...what: string[]) => {
    let text = '';
    await eventually('it is found', async () => {
      const search = issuer.run('log', 'search', ...what, '--names', '--json');
      text = await search.catch(() => '');
      return text.includes('"challenge"');
    });
    return text;
  };
  const of = await said('--subject', person.id);
  assert.match(of, new RegExp(client));
  assert.doesNotMatch(of, new RegExp(String(given.body.authorization_code)));
  for (const code of ['insufficient_authorization', 'redirect_to_web']) {
    assert.match(await said('--code', code), /"challenge"/);
  }
});

test('a redirect address may be left out, and is then nowhere compared', async () => {
  const phone = await ownPhone();
  const asked = await phone.begin({ redirect_uri: undefined });
  const given = await phone.goOn(asked, { passkey: shown(person.passkey, asked) });
  const other = await phone.redeem(given.body.authorization_code, {
    redirect_uri: 'https://evil.test/',
  });
  assert.equal(other.body.error, 'invalid_grant', 'another is still another');
  const tokens = await phone.redeem(given.body.authorization_code);
  assert.equal(tokens.status, 200, tokens.text);
});
