import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  allowOnPage,
  CLAIMED,
  Installation,
  makeInstalled,
  makeOwnPhone,
  shown,
} from './world/installed-application.fixture.ts';
import { makeApplication, type RunningIssuer, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, type Person } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

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
