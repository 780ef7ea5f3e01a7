import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  CLAIMED,
  type Fields,
  Installation,
  makeInstalled,
  makeOwnPhone,
  type ProofLie,
  shown,
  type Told,
} from './world/installed-application.fixture.ts';
import { type RunningIssuer, startIssuer } from './world/own-issuer.fixture.ts';
import { goThrough, type Person } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { SoftPasskey } from './world/soft-passkey.fixture.ts';
import { type WithPassword, withPassword } from './world/with-password.fixture.ts';

const ends: (() => unknown)[] = [];
let issuer: RunningIssuer;
let client: string;
let griet: WithPassword;
let phone: Installation;

before(async () => {
  const t = { after: (end: () => unknown) => void ends.push(end) };
  const upstream = await startRawUpstream(t);
  issuer = await startIssuer(t, upstream.url, {
    issuer: { passwords: true },
    api: { flows: ['redirect', 'embedded'] },
  });
  client = await makeInstalled(issuer);
  griet = await withPassword(issuer, 'griet@example.test');
  phone = await ownPhone(griet.person);
});

after(async () => {
  for (const end of ends.toReversed()) await end();
});

const ownPhone = (person: Person, by = client) => makeOwnPhone(issuer, by, person);

/** One thing wrong with the first call, and what it is answered with. */
const FIRST: readonly (readonly [what: string, more: Fields, lie: ProofLie, error: string])[] = [
  ['no client', { client_id: undefined }, {}, 'invalid_request'],
  ['an unknown client', { client_id: 'client_000000000000000000000000' }, {}, 'invalid_client'],
  [
    'no PKCE',
    { code_challenge: undefined, code_challenge_method: undefined },
    {},
    'invalid_request',
  ],
  ['PKCE in clear', { code_challenge_method: 'plain' }, {}, 'invalid_request'],
  ['a token at once', { response_type: 'token' }, {}, 'invalid_request'],
  ['no kind of answer', { response_type: undefined }, {}, 'invalid_request'],
  ['a scope that it may not have', { scope: 'openid accounts.write' }, {}, 'invalid_scope'],
  ['an API that is not here', { resource: 'https://else.test/' }, {}, 'invalid_target'],
  ['an address that is not its own', { redirect_uri: 'https://evil.test/' }, {}, 'invalid_request'],
  ['a signed request', { request: 'e30.e30.' }, {}, 'request_not_supported'],
  ['a pushed request', { request_uri: 'urn:x' }, {}, 'request_uri_not_supported'],
  ['no proof', {}, { proof: null }, 'invalid_dpop_proof'],
  [
    'a thumbprint and no proof',
    { dpop_jkt: 'a'.repeat(43) },
    { proof: null },
    'invalid_dpop_proof',
  ],
  ['a thumbprint of another key', { dpop_jkt: 'a'.repeat(43) }, {}, 'invalid_request'],
  ['a proof for elsewhere', {}, { claims: { htu: 'https://evil.test/x' } }, 'invalid_dpop_proof'],
  ['a proof of another method', {}, { claims: { htm: 'GET' } }, 'invalid_dpop_proof'],
  ['a proof of yesterday', {}, { claims: { iat: 1 } }, 'use_dpop_nonce'],
  ['a proof that is none', {}, { proof: 'proof' }, 'invalid_dpop_proof'],
  ['a session that never was', { auth_session: 'a'.repeat(43) }, {}, 'invalid_session'],
  [
    'details that are none',
    { authorization_details: '[{"type":"x"}]' },
    {},
    'invalid_authorization_details',
  ],
  ['more than is kept', { state: 'a'.repeat(9_000) }, {}, 'invalid_request'],
  ['nobody to be asked', { prompt: 'none' }, {}, 'interaction_required'],
];

test('twenty wrong ways to begin are refused one by one, each by its name', async () => {
  const answers: unknown[] = [];
  for (const [what, more, lie] of FIRST) {
    phone.forgetNonce();
    const told = await phone.once('/authorize-challenge', { ...phone.request, ...more }, lie);
    answers.push([what, told.body.error]);
    assert.ok(told.status === 400 || told.status === 401, `${what} ${told.status}`);
    const given = [told.body.authorization_code, told.body.auth_session, told.body.request_uri];
    assert.deepEqual(given, [undefined, undefined, undefined], what);
  }
  assert.deepEqual(
    answers,
    FIRST.map(([what, , , error]) => [what, error]),
  );
  const pushed = await phone.proof('/request');
  const elsewhere = await phone.begin({}, { proof: pushed });
  assert.equal(elsewhere.body.error, 'invalid_dpop_proof', 'made for where requests are pushed');
  const proof = await phone.proof('/authorize-challenge');
  assert.equal((await phone.begin({}, { proof })).body.error, 'insufficient_authorization');
  assert.match((await phone.begin({}, { proof })).text, /Replay/, 'shown twice');
});

test('wrong ways to go on give nothing, and the session of somebody else is not used up by them', async () => {
  const stranger = await Installation.of(issuer, client);
  const otherClient = await makeInstalled(issuer);
  const others = await Installation.of(issuer, otherClient);
  const asked = await phone.begin();
  const passkey = shown(griet.person.passkey, asked);
  const wrong: readonly (readonly [string, Promise<Told>, string])[] = [
    ['another key', stranger.goOn(asked, { passkey }), 'invalid_session'],
    ['another client', others.goOn(asked, { passkey }), 'invalid_session'],
    ['another client by name', phone.goOn(asked, { client_id: otherClient }), 'invalid_session'],
    ['another scope', phone.goOn(asked, { scope: 'openid' }), 'invalid_request'],
    ['another challenge', phone.goOn(asked, { code_challenge: 'b'.repeat(43) }), 'invalid_request'],
    ['without proof', phone.goOn(asked, { passkey }, { proof: null }), 'invalid_dpop_proof'],
    ['half of it', phone.goOn({ ...asked, body: { auth_session: 'x' } }, {}), 'invalid_session'],
  ];
  for (const [what, told, error] of wrong) {
    assert.equal((await told).body.error, error, `${what}: ${(await told).text}`);
  }
  const twice = `client_id=${client}&auth_session=${asked.body.auth_session}&auth_session=x`;
  assert.match(
    (await phone.raw(twice)).text,
    /request_invalid/,
    'our own gate reads it in no two ways',
  );
  const given = await phone.goOn(asked, { passkey });
  assert.equal(given.status, 200, given.text);
  const replayed = await phone.goOn(asked, { passkey });
  assert.equal(replayed.body.error, 'invalid_session');
  const otherKey = await stranger.redeem(given.body.authorization_code, {
    code_verifier: phone.verifier,
  });
  assert.equal(otherKey.body.error, 'invalid_grant', 'the code is of the same key');
  const unproved = await phone.redeem(given.body.authorization_code, {
    code_verifier: 'x'.repeat(43),
  });
  assert.equal(unproved.body.error, 'invalid_grant');
});

test('what a passkey signs holds for this session, verified, and once', async () => {
  const [asked, other] = [await phone.begin(), await phone.begin()];
  const { passkey } = griet.person;
  const lies: readonly (readonly [string, string])[] = [
    ['of another session', shown(passkey, other)],
    ['of a page of another', shown(passkey, asked, { crossOrigin: true })],
    ['without its holder', shown(passkey, asked, { isVerified: false })],
    ['made for somebody else', shown(passkey, asked, { userHandle: 'eA' })],
    ['of nobody', shown(new SoftPasskey(issuer.origin), asked)],
    ['no JSON', '{'],
    ['a list', '[]'],
    ['with other insides', '{"id":"x","response":{"clientDataJSON":5}}'],
  ];
  let last = asked;
  for (const [what, lie] of lies) {
    last = await phone.goOn(last, { passkey: lie });
    assert.equal(last.body.refused, 'passkey_refused', `${what}: ${last.text}`);
    assert.equal(last.body.authorization_code, undefined);
  }
  const given = await phone.goOn(last, { passkey: shown(passkey, last) });
  assert.equal(given.status, 200, given.text);
});

test('what was begun on a device and led to a browser comes back to that device alone', async () => {
  const [one, other] = [
    await Installation.of(issuer, client),
    await Installation.of(issuer, client),
  ];
  const led = await one.signIn(griet.person.passkey);
  const url = new URL('/auth', issuer.origin);
  url.searchParams.set('client_id', client);
  url.searchParams.set('request_uri', led.body.request_uri ?? '');
  const back = new URL(await goThrough(new SoftBrowser(issuer.origin), url, griet.person));
  const code = back.searchParams.get('code') ?? '';
  const redirect = { redirect_uri: CLAIMED, code_verifier: one.verifier };
  assert.equal((await other.redeem(code, redirect)).body.error, 'invalid_grant');
  const twice = await new SoftBrowser(issuer.origin).follow(`${url.pathname}${url.search}`);
  assert.match(twice.text, /invalid_request_uri/, 'and is good once');
});

test('of fifty who show the same session at once one goes on, and of fifty who show the same code one is given tokens', async () => {
  const asked = await phone.begin();
  const passkey = shown(griet.person.passkey, asked);
  const told = await Promise.all(Array.from({ length: 50 }, () => phone.goOn(asked, { passkey })));
  const given = told.filter(({ status }) => status === 200);
  assert.equal(given.length, 1, told.map(({ text }) => text).join('\n'));
  assert.deepEqual(
    [...new Set(told.filter((one) => !given.includes(one)).map(({ body }) => body.error))],
    ['invalid_session'],
  );
  const once = await phone.signIn(griet.person.passkey);
  const code = once.body.authorization_code;
  const tokens = await Promise.all(Array.from({ length: 20 }, () => phone.redeem(code)));
  assert.ok(tokens.filter(({ status }) => status === 200).length <= 1);
});

test('a session ends after a few steps, in a browser', async () => {
  let told = await phone.begin();
  for (let step = 0; step < 20; step += 1) {
    if (told.body.error !== 'insufficient_authorization') break;
    told = await phone.goOn(told, { username: `nobody-${step}@example.test` });
  }
  assert.equal(told.body.error, 'redirect_to_web', told.text);
  assert.match(told.body.error_description ?? '', /too many steps/);
});
