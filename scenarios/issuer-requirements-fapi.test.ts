import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oidc from 'openid-client';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startIssuer } from './world/own-issuer.fixture.ts';
import { type Fields, makeSigningParty, nowSeconds, type Party } from './world/party.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { makeProver } from './world/proof.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const CALLBACK = 'https://tpp.test/callback';
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url);
const person = await enrol(issuer, 'griet@example.test');

const TERMS = ['--profile', 'fapi2', '--redirect-uri', CALLBACK, '--scopes', 'accounts.read'];
const party = await makeSigningParty(issuer, 'ES256', ...TERMS);
const signer = await makeSigningParty(issuer, 'ES256', ...TERMS, '--message-signing');
const prover = await makeProver();
const other = await makeProver();
const verifier = oidc.randomPKCECodeVerifier();
const ASKED = {
  ...{ response_type: 'code', redirect_uri: CALLBACK, scope: 'openid accounts.read', state: 's1' },
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  ...{ code_challenge_method: 'S256', nonce: 'n'.repeat(64) },
};
const proof = (path: string, by = prover) => by.prove(`${issuer.origin}${path}`, 'POST');

/** Pushes, signs in, says yes; null: the push was refused. */
async function codeOf(fields: Fields = {}, headers: Record<string, string> = {}) {
  const pushed = await party.ask('/request', { ...ASKED, ...fields }, headers);
  assert.equal(pushed.status, 201, JSON.stringify(pushed.body));
  const url = new URL(`${issuer.origin}/auth`);
  url.searchParams.set('client_id', party.id);
  url.searchParams.set('request_uri', String(pushed.body['request_uri']));
  const back = new URL(await goThrough(new SoftBrowser(issuer.origin), url, person));
  return back.searchParams.get('code') ?? '';
}

async function redeem(code: string, by = prover) {
  const fields = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK };
  const headers = { dpop: await proof('/token', by) };
  return party.ask('/token', { ...fields, code_verifier: verifier }, headers);
}

test('a code that was asked for with a key is redeemed with that key alone, however the key was named', async () => {
  const pushes = [
    ['by its thumbprint', { dpop_jkt: prover.thumbprint }, {}],
    ['by a proof', {}, { dpop: await proof('/request') }],
    ['by both', { dpop_jkt: prover.thumbprint }, { dpop: await proof('/request') }],
  ] as const;
  for (const [how, fields, headers] of pushes) {
    const stolen = await redeem(await codeOf(fields, headers), other);
    assert.deepEqual([stolen.status, stolen.body['error']], [400, 'invalid_grant'], how);
  }
  const given = await redeem(await codeOf({ dpop_jkt: prover.thumbprint }));
  assert.equal(given.status, 200, JSON.stringify(given.body));
  const two = { ...ASKED, dpop_jkt: other.thumbprint };
  const refused = await party.ask('/request', two, { dpop: await proof('/request') });
  assert.equal(refused.status, 400, 'a proof by another key than is named');
  assert.match(String(refused.body['error']), /^invalid_(?:request|dpop_proof)$/);
});

test('a FAPI 2.0 client is given nothing without a proof, keeps its refresh token, and gets back a long nonce', async () => {
  const code = await codeOf({ scope: 'openid offline_access accounts.read', prompt: 'consent' });
  const fields = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK };
  const bare = await party.ask('/token', { ...fields, code_verifier: verifier });
  assert.deepEqual([bare.status, bare.body['access_token']], [400, undefined]);
  assert.match(String(bare.body['error']), /^invalid_(?:dpop_proof|grant|request)$/);

  const whole = await codeOf({ scope: 'openid offline_access accounts.read', prompt: 'consent' });
  const given = await redeem(whole);
  assert.equal(given.status, 200, JSON.stringify(given.body));
  const idToken = decodeJwt(String(given.body['id_token']));
  assert.equal(idToken['nonce'], ASKED.nonce);
  const refresh = String(given.body['refresh_token']);
  // What nobody types has at least 128 bits: FAPI 2.0 §5.4.
  for (const secret of [code, refresh]) assert.match(secret, /^[\w-]{22,}$/);
  for (let time = 0; time < 2; time += 1) {
    const again = await party.ask(
      '/token',
      { grant_type: 'refresh_token', refresh_token: refresh },
      { dpop: await proof('/token') },
    );
    assert.equal(again.status, 200, JSON.stringify(again.body));
    assert.ok([undefined, refresh].includes(again.body['refresh_token'] as string | undefined));
    // OpenID Connect Core §12.2.
    const fresh = decodeJwt(String(again.body['id_token']));
    for (const claim of ['iss', 'sub', 'aud', 'auth_time', 'acr']) {
      assert.deepEqual(fresh[claim], idToken[claim], claim);
    }
  }
  const looked = await party.ask('/token/introspection', {
    token: String(given.body['access_token']),
  });
  assert.deepEqual(looked.body['cnf'], { jkt: prover.thumbprint });
  assert.deepEqual([looked.body['acr'], typeof looked.body['auth_time']], ['phr', 'number']);
});

test('with a refresh token that is taken back go the access tokens of its grant, and no kind of token is unknown', async () => {
  const given = await redeem(
    await codeOf({ scope: 'openid offline_access accounts.read', prompt: 'consent' }),
  );
  const token = String(given.body['access_token']);
  const accounts = async () => {
    const headers = await prover.show(token, `${issuer.poorter.url}/accounts`);
    return (await call(`${issuer.poorter.url}/accounts`, { headers })).status;
  };
  assert.equal(await accounts(), 200);
  const refresh = String(given.body['refresh_token']);
  // RFC 7009 §2.1: a wrong hint is no reason to keep it.
  for (const hint of ['access_token', 'colour']) {
    const told = await party.ask('/token/revocation', { token: 'x', token_type_hint: hint });
    assert.equal(told.status, 200, hint);
  }
  const ended = await party.ask('/token/revocation', {
    ...{ token: refresh, token_type_hint: 'access_token' },
  });
  assert.equal(ended.status, 200);
  assert.equal(await accounts(), 401);
  const again = await party.ask(
    '/token',
    { grant_type: 'refresh_token', refresh_token: refresh },
    { dpop: await proof('/token') },
  );
  assert.deepEqual([again.status, again.body['error']], [400, 'invalid_grant']);
});

test('what is pushed is judged when it is pushed', async () => {
  for (const [what, fields] of [
    ['a challenge of 42 characters', { code_challenge: 'x'.repeat(42) }],
    ['a challenge of 129 characters', { code_challenge: 'x'.repeat(129) }],
    ['a challenge of other characters', { code_challenge: `${'x'.repeat(42)}=` }],
    ['no way in which it was made', { code_challenge_method: undefined }],
    ['a request within', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }],
    ['no page and a sign-in', { prompt: 'none login' }],
    ['an age that is none', { max_age: '-1' }],
    ['an address that is no API', { resource: 'https://other.test/' }],
    ['an address with a fragment', { resource: `${issuer.poorter.url}/#x` }],
    ['claims that are none', { claims: '[]' }],
    ['a response that is none', { response_type: 'token' }],
    ['details of no kind', { authorization_details: '[{"type":"gold"}]' }],
  ] as const) {
    const refused = await party.ask('/request', { ...ASKED, ...fields });
    assert.equal(refused.status, 400, `${what}: ${JSON.stringify(refused.body)}`);
    assert.match(
      String(refused.body['error']),
      /^(?:invalid|unsupported|unauthorized|request_uri_not)_/,
      what,
    );
  }
  const claims = JSON.stringify({
    id_token: { colour: null },
    userinfo: { x: { essential: true } },
  });
  for (const fields of [
    { claims },
    { colour: 'blue' },
    { max_age: '3600' },
    { nonce: undefined },
  ]) {
    const taken = await party.ask('/request', { ...ASKED, ...fields });
    assert.equal(taken.status, 201, JSON.stringify(taken.body));
  }
});

test('a signed request is by a key of its client, for us, whole, and what stands outside it counts for nothing', async () => {
  const claims = { ...ASKED, response_mode: 'jwt', client_id: signer.id };
  const push = (request: string, fields: Fields = {}) =>
    signer.ask('/request', { request, ...fields });
  const header = { typ: 'oauth-authz-req+jwt' };
  const good = await push(await signer.sign(claims, header));
  assert.equal(good.status, 201, JSON.stringify(good.body));
  const list = await push(await signer.sign({ ...claims, aud: [issuer.origin, 'https://x.test'] }));
  assert.equal(list.status, 201, 'we are one of those it is for');
  const foreign = await makeSigningParty(issuer, 'ES256', ...TERMS, '--message-signing');
  for (const [what, request] of [
    ['a request within', await signer.sign({ ...claims, request: 'x' })],
    ['an address of a request within', await signer.sign({ ...claims, request_uri: 'urn:x' })],
    ['the key of another', await foreign.sign({ ...claims, iss: signer.id })],
    ['another algorithm', await (await rsaParty('RS256')).sign({ ...claims, iss: signer.id })],
    ['for somebody else', await signer.sign({ ...claims, aud: ['https://x.test'] })],
  ] as const) {
    const refused = await push(request);
    assert.equal(refused.status, 400, what);
    assert.match(String(refused.body['error']), /^invalid_request(?:_object)?$/, what);
  }
  const outside = await push(await signer.sign(claims), { redirect_uri: 'https://evil.test/' });
  assert.equal(outside.status, 201);
  const url = new URL(`${issuer.origin}/auth`);
  url.searchParams.set('client_id', signer.id);
  url.searchParams.set('request_uri', String(outside.body['request_uri']));
  url.searchParams.set('state', 'of somebody else');
  const back = new URL(await goThrough(new SoftBrowser(issuer.origin), url, person));
  assert.equal(back.origin + back.pathname, CALLBACK);
  assert.equal(decodeJwt(back.searchParams.get('response') ?? '')['state'], 's1');
});

test('an error is signed where answers are, and an introspection says of what type it is', async () => {
  const claims = { ...ASKED, response_mode: 'jwt', client_id: signer.id, prompt: 'none' };
  const pushed = await signer.ask('/request', { request: await signer.sign(claims) });
  const path = `/auth?client_id=${signer.id}&request_uri=${String(pushed.body['request_uri'])}`;
  const { location, status } = await new SoftBrowser(issuer.origin).get(path);
  assert.equal(status, 303);
  const back = new URL(String(location));
  assert.deepEqual([...back.searchParams.keys()], ['response']);
  const answer = decodeJwt(back.searchParams.get('response') ?? '');
  assert.deepEqual(
    [answer.iss, answer.aud, answer['error'], answer['state']],
    [issuer.origin, signer.id, 'login_required', 's1'],
  );
  assert.ok(Number(answer.exp) <= nowSeconds() + 600, 'JARM §2.1');

  const url = `${issuer.origin}/token/introspection`;
  const looked = await call(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/token-introspection+jwt',
    },
    body: String(
      new URLSearchParams({
        ...{ token: 'unknown', client_id: signer.id },
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await signer.assertion(),
      }),
    ),
  });
  assert.equal(decodeProtectedHeader(looked.text).typ, 'token-introspection+jwt');
  assert.deepEqual(decodeJwt(looked.text)['token_introspection'], { active: false });
});

async function rsaParty(algorithm: string): Promise<Party> {
  return makeSigningParty(issuer, algorithm, ...TERMS);
}

test('a client with an RSA or an Ed25519 key does what one with a curve does, and RS256 signs nothing of it', async () => {
  for (const algorithm of ['PS256', 'EdDSA']) {
    const one = await makeSigningParty(issuer, algorithm, ...TERMS, '--message-signing');
    const request = await one.sign({ ...ASKED, response_mode: 'jwt', client_id: one.id });
    const pushed = await one.ask('/request', { request });
    assert.equal(pushed.status, 201, `${algorithm}: ${JSON.stringify(pushed.body)}`);
  }
  const weak = await rsaParty('RS256');
  const told = await weak.ask('/request', ASKED);
  assert.deepEqual([told.status, told.body['error']], [401, 'invalid_client']);
});

test('a call is found again by the name that its client gave it, or was given, and by no other', async () => {
  const FIELD = 'x-fapi-interaction-id';
  const given = await redeem(await codeOf());
  const url = `${issuer.poorter.url}/accounts`;
  const ask = async (more: Record<string, string>, token = String(given.body['access_token'])) => {
    const headers = { ...(await prover.show(token, url)), ...more };
    const answer = await call(url, { headers });
    return { status: answer.status, named: answer.headers[FIELD] };
  };
  const name = 'C770AEF3-6784-41F7-8E0E-FF5F97BDDB3A';
  assert.deepEqual(await ask({ [FIELD]: name }), { status: 200, named: name });
  assert.ok(upstream.received().join().includes(name));
  // FAPI 1.0 Baseline §6.2.1: a name of RFC 4122 where none was given, and both sides have it.
  const own = await ask({});
  assert.match(
    String(own.named),
    /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.ok(upstream.received().join().includes(String(own.named)));
  assert.notEqual((await ask({})).named, own.named);
  const bad = await ask({ [FIELD]: 'x <script>' });
  assert.match(String(bad.named), /^[0-9a-f-]{36}$/, 'what is no name is not said again');
  assert.deepEqual(await ask({ [FIELD]: name }, 'nobody'), { status: 401, named: name });
  assert.equal((await call(url)).headers[FIELD], undefined, 'a stranger who names nothing');
  const told = await party.ask('/token', { grant_type: 'x' }, { [FIELD]: name });
  assert.equal(told.headers[FIELD], name, 'at the authorization server');
});
