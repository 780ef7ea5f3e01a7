import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startIssuer } from './world/own-issuer.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { type PasskeyLie, SoftPasskey } from './world/soft-passkey.fixture.ts';

const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url);
let people = 0;

async function invite() {
  people += 1;
  const profile = ['--login', `person-${people}@example.test`, '--name', 'Griet'];
  const id = await issuer.run('accounts', 'create', ...profile);
  const link = new URL(await issuer.run('accounts', 'link', id)).hash.slice(1);
  const browser = new SoftBrowser(issuer.origin);
  const make = async (passkey: SoftPasskey, lie: PasskeyLie = {}) => {
    const begun = await browser.postJson('/enrol/begin', { link });
    const credential = passkey.create(JSON.parse(begun.text), lie);
    return (await browser.postJson('/enrol/finish', { link, credential })).status;
  };
  return { id, make };
}

async function signIn(passkey: SoftPasskey, lie: PasskeyLie = {}) {
  const browser = new SoftBrowser(issuer.origin);
  const begun = await browser.postJson('/account/sign-in/begin', {});
  const credential = passkey.get(JSON.parse(begun.text), lie);
  const { status } = await browser.postJson('/account/sign-in/finish?to=account', { credential });
  return { status, browser };
}

const ELIGIBLE = { isEligible: true };
const BACKED_UP = { isEligible: true, isBackedUp: true };

const LIES: readonly (readonly [string, PasskeyLie])[] = [
  ['answers another question', { type: 'webauthn.get' }],
  ['is of another site', { host: 'evil.test' }],
  ['has nobody in front of it', { isPresent: false }],
  ['does not know who is in front of it', { isVerified: false }],
  ['is kept elsewhere and cannot be', { isBackedUp: true }],
  ['signs in a way that was not offered', { algorithm: -47 }],
  ['was asked by another page', { origin: 'https://evil.test' }],
];

test('a new passkey is of this site, for this question, of a kind that was offered, and says nothing that cannot be', async () => {
  const { make } = await invite();
  const passkey = new SoftPasskey(issuer.origin);
  for (const [what, lie] of LIES) assert.notEqual(await make(passkey, lie), 200, what);
  const long = new SoftPasskey(issuer.origin, randomBytes(1_024));
  assert.notEqual(await make(long), 200, 'a name of 1,024 bytes');
  assert.equal(await make(new SoftPasskey(issuer.origin, randomBytes(1_023))), 200);
});

test('a passkey is one person’s: nobody makes it theirs a second time', async () => {
  const [griet, jan] = [await invite(), await invite()];
  const passkey = new SoftPasskey(issuer.origin);
  assert.equal(await griet.make(passkey), 200);
  const copy = new SoftPasskey(issuer.origin, passkey.id);
  assert.notEqual(await jan.make(copy), 200);
  assert.equal((await signIn(passkey)).status, 200);
  assert.notEqual((await signIn(copy)).status, 200);
});

test('a passkey that is shown is of this site, for this question, and agrees with itself', async () => {
  const { make } = await invite();
  const passkey = new SoftPasskey(issuer.origin);
  assert.equal(await make(passkey), 200);
  for (const [what, lie] of [
    ['answers another question', { type: 'webauthn.create' }],
    ['is of another site', { host: 'evil.test' }],
    ['has nobody in front of it', { isPresent: false }],
    ['is kept elsewhere and cannot be', { isBackedUp: true }],
  ] as const) {
    assert.notEqual((await signIn(passkey, lie)).status, 200, what);
  }
  assert.equal((await signIn(passkey)).status, 200);
});

test('whether a passkey may be kept elsewhere never changes, and whether it is follows what it says', async () => {
  const kept = async (id: string) => {
    const { credentials } = JSON.parse(await issuer.run('accounts', 'credentials', id, '--json'));
    return (credentials as { synced: boolean }[]).map(({ synced }) => synced);
  };
  const { id, make } = await invite();
  const passkey = new SoftPasskey(issuer.origin);
  assert.equal(await make(passkey, ELIGIBLE), 200);
  assert.deepEqual(await kept(id), [false]);
  assert.notEqual((await signIn(passkey)).status, 200, 'of one place all at once');
  const { status, browser } = await signIn(passkey, BACKED_UP);
  assert.equal(status, 200);
  assert.deepEqual(await kept(id), [true]);
  assert.match((await browser.get('/account/credentials')).text, /Kept in more places than one/);
  assert.equal((await signIn(passkey, ELIGIBLE)).status, 200);
  assert.deepEqual(await kept(id), [false]);
  const { make: makeBound, id: other } = await invite();
  const bound = new SoftPasskey(issuer.origin);
  assert.equal(await makeBound(bound), 200);
  for (const lie of [ELIGIBLE, BACKED_UP]) {
    assert.notEqual((await signIn(bound, lie)).status, 200, 'of many places all at once');
  }
  const own = await signIn(bound);
  assert.match((await own.browser.get('/account/credentials')).text, /On one device alone/);
  assert.deepEqual(await kept(other), [false]);
});
