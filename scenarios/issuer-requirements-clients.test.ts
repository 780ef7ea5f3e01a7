import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oidc from 'openid-client';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { type Fields, postForm } from './world/party.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { makeProver } from './world/proof.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const CALLBACK = 'https://budget.test/callback';
const LOOPBACK = 'http://127.0.0.1/callback';
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url);
const person = await enrol(issuer, 'griet@example.test');
const site = await makeApplication(issuer, CALLBACK, '--scopes', 'accounts.read');
const accounts = `${issuer.poorter.url}/accounts`;

const native = async (...more: readonly string[]) =>
  issuer.run(
    ...['clients', 'create', '--name', 'Budget', '--profile', 'native', '--scopes'],
    ...['accounts.read', '--redirect-uri', LOOPBACK, '--redirect-uri', `${CALLBACK}/app`, ...more],
  );
const program = await native();

const verifier = oidc.randomPKCECodeVerifier();
const CHALLENGE = {
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
};
const MINE = 'http://127.0.0.1:49152/callback';
const STAY = { scope: 'openid offline_access accounts.read', prompt: 'consent' };

function authUrl(fields: Fields): URL {
  const url = new URL(`${issuer.origin}/auth`);
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

const askAs = (client: string, more: Fields = {}) =>
  authUrl({
    ...{ client_id: client, response_type: 'code', redirect_uri: MINE, state: 's1' },
    ...{ scope: 'openid accounts.read', ...CHALLENGE, ...more },
  });

async function codeOf(client: string, more: Fields = {}): Promise<string> {
  const at = await goThrough(new SoftBrowser(issuer.origin), askAs(client, more), person);
  assert.ok(at.startsWith(more['redirect_uri'] ?? MINE), at);
  return new URL(at).searchParams.get('code') ?? '';
}

const token = (client: string, fields: Fields, headers: Record<string, string> = {}) =>
  postForm(`${issuer.origin}/token`, { client_id: client, ...fields }, headers);

const redeemAs = (client: string, code: string, headers: Record<string, string> = {}) =>
  token(
    client,
    { grant_type: 'authorization_code', code, redirect_uri: MINE, code_verifier: verifier },
    headers,
  );

const refreshAs = (client: string, refresh: unknown, headers: Record<string, string> = {}) =>
  token(client, { grant_type: 'refresh_token', refresh_token: String(refresh) }, headers);

/** Where somebody is sent who is not signed in; the page itself, where nobody is. */
async function sentTo(url: URL): Promise<string> {
  const { at } = await new SoftBrowser(issuer.origin).follow(`${url.pathname}${url.search}`);
  return at;
}

test('a program on somebody’s own device is sent back to any port of this machine, and nowhere near it', async () => {
  await codeOf(program);
  for (const uri of [
    ...['http://127.0.0.1:49152/callback/x', 'http://127.0.0.1:49152/Callback'],
    ...['http://localhost:49152/callback', 'https://127.0.0.1:49152/callback'],
    ...['http://127.0.0.1.evil.test/callback', 'http://127.0.0.1:49152/callback?x=y'],
    ...[`${CALLBACK}/app:444`, 'https://budget.test:444/callback/app', `${CALLBACK}/app/`],
  ]) {
    const at = await sentTo(askAs(program, { redirect_uri: uri }));
    assert.ok(at.startsWith(`${issuer.origin}/auth?`), `${uri}: ${at}`);
  }
});

test('a program that keeps no secret is given no code without a challenge, and no token for itself', async () => {
  for (const [what, more] of [
    ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }],
    ['the plain one', { code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' }],
    ['no method', { code_challenge_method: undefined }],
  ] as const) {
    const back = new URL(await sentTo(askAs(program, more)));
    assert.equal(back.searchParams.get('error'), 'invalid_request', what);
  }
  const own = await token(program, { grant_type: 'client_credentials', scope: 'accounts.read' });
  assert.deepEqual([own.status, own.body['error']], [400, 'unauthorized_client']);
});

test('a refresh token of a program without a secret is another each time; who comes second ends them all', async () => {
  const given = await redeemAs(program, await codeOf(program, STAY));
  assert.equal(given.status, 200, JSON.stringify(given.body));
  const first = given.body['refresh_token'];
  const next = await refreshAs(program, first);
  const second = next.body['refresh_token'];
  assert.equal(next.status, 200, JSON.stringify(next.body));
  assert.notEqual(second, first);
  const headers = { authorization: `Bearer ${String(next.body['access_token'])}` };
  assert.equal((await call(accounts, { headers })).status, 200);
  const stolen = await refreshAs(program, first);
  assert.deepEqual([stolen.status, stolen.body['error']], [400, 'invalid_grant']);
  const after = await refreshAs(program, second);
  assert.deepEqual([after.status, after.body['error']], [400, 'invalid_grant']);
  assert.equal((await call(accounts, { headers })).status, 401, 'what came of it');

  // RFC 9700 §4.14.2: of many at once one goes on, or nobody does.
  for (let round = 0; round < 3; round += 1) {
    const one = await redeemAs(program, await codeOf(program, STAY));
    const refresh = one.body['refresh_token'];
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => refreshAs(program, refresh)),
    );
    assert.ok(answers.filter(({ status }) => status === 200).length <= 1);
    const others = answers.filter(({ status }) => status !== 200);
    assert.ok(others.every(({ body }) => body['error'] === 'invalid_grant'));
  }
});

test('a refresh token that was bound to a key stays one, and is of no use without it', async () => {
  const bound = await native('--binding', 'dpop');
  const [prover, thief] = [await makeProver(), await makeProver()];
  const url = `${issuer.origin}/token`;
  const proof = async (by = prover) => ({ dpop: await by.prove(url, 'POST') });
  const given = await redeemAs(bound, await codeOf(bound, STAY), await proof());
  assert.equal(given.status, 200, JSON.stringify(given.body));
  assert.equal(given.body['token_type'], 'DPoP');
  const refresh = given.body['refresh_token'];
  for (const headers of [{}, await proof(thief)]) {
    const refused = await refreshAs(bound, refresh, headers);
    assert.equal(refused.status, 400);
    assert.equal(refused.body['access_token'], undefined);
  }
  const again = await refreshAs(bound, refresh, await proof());
  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.ok([undefined, refresh].includes(again.body['refresh_token'] as string));
  assert.deepEqual(decodeJwt(String(again.body['access_token']))['cnf'], {
    jkt: prover.thumbprint,
  });
});

test('where a challenge may be left out, a verifier without one is refused', async () => {
  const lax = await makeApplication(issuer, 'https://lax.test/callback', '--accept', 'no-pkce');
  const url = oidc.buildAuthorizationUrl(lax.configuration, {
    ...{ redirect_uri: lax.callback, scope: 'openid accounts.read', state: 's1', nonce: 'n1' },
  });
  const code = async () =>
    new URL(await goThrough(new SoftBrowser(issuer.origin), url, person)).searchParams.get(
      'code',
    ) ?? '';
  const { client_id: id, client_secret: secret } = lax.configuration.clientMetadata();
  const basic = `Basic ${Buffer.from(`${id}:${String(secret)}`).toString('base64')}`;
  const ask = async (more: Fields) =>
    postForm(
      `${issuer.origin}/token`,
      {
        grant_type: 'authorization_code',
        ...{ code: await code(), redirect_uri: lax.callback, ...more },
      },
      { authorization: basic },
    );
  const added = await ask({ code_verifier: verifier });
  assert.deepEqual([added.status, added.body['error']], [400, 'invalid_grant']);
  assert.equal((await ask({})).status, 200);
});

test('an authorization request may come as a form, too; pages of other origins read nothing of it', async () => {
  const fields = Object.fromEntries(askAs(program).searchParams);
  const origin = 'https://evil.test';
  const asked = await call(`${issuer.origin}/auth`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin },
    body: String(new URLSearchParams(fields)),
  });
  assert.equal(asked.status, 303);
  const { at } = await new SoftBrowser(issuer.origin).follow(String(asked.headers.location));
  assert.match(at, /\/sign-in\//);
  const long = { ...fields, state: 'x'.repeat(9_000) };
  const refused = await new SoftBrowser(issuer.origin).postForm('/auth', long);
  assert.equal(refused.status, 400);
  assert.match(refused.text, /<title>/);
  assert.equal(asked.headers['access-control-allow-origin'], undefined);
  for (const path of ['/auth', '/token', '/request', '/me', '/session/end']) {
    const preflight = await call(`${issuer.origin}${path}`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    assert.ok(preflight.status >= 400, path);
    assert.equal(preflight.headers['access-control-allow-origin'], undefined, path);
  }
});

test('a token is shown in the header field, at the gate and at the authorization server, and nowhere else', async () => {
  const asked = await askFor(site);
  const back = await goThrough(new SoftBrowser(issuer.origin), asked.url, person);
  const tokens = await redeem(site, asked, back);
  const query = `access_token=${tokens.access_token}`;
  assert.equal((await call(`${accounts}?${query}`)).status, 401);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const posted = await call(accounts, { method: 'POST', headers: form, body: query });
  assert.equal(posted.status, 401);
  assert.equal((await call(`${issuer.origin}/me?${query}`)).status, 400);
  const plain = await askFor(site, { scope: 'openid' });
  const browser = new SoftBrowser(issuer.origin);
  const own = await redeem(site, plain, await goThrough(browser, plain.url, person));
  const headers = { authorization: `Bearer ${own.access_token}` };
  const me = await call(`${issuer.origin}/me`, { method: 'POST', headers });
  assert.deepEqual([me.status, JSON.parse(me.text).sub], [200, own.claims()?.sub]);
});

test('somebody who signs out is asked by a form as well, and for the application that the hint is of', async () => {
  const asked = await askFor(site);
  const browser = new SoftBrowser(issuer.origin);
  const tokens = await redeem(site, asked, await goThrough(browser, asked.url, person));
  const hint = { id_token_hint: String(tokens.id_token) };
  const id = site.configuration.clientMetadata().client_id;
  const ask = async (fields: Record<string, string>) => {
    const { location } = await browser.postForm('/session/end', fields);
    return browser.follow(String(location));
  };
  const page = await ask({ ...hint, client_id: String(id) });
  assert.equal(page.status, 200);
  assert.match(page.text, /name="xsrf"/);
  assert.equal((await ask({ ...hint, client_id: program })).status, 400, 'of another application');
  const forged = await ask({ id_token_hint: `${hint.id_token_hint}x` });
  assert.equal(forged.status, 400, 'that we did not sign');
});

test('a token is for one API, named whole: two of them, a part of one or an address with a fragment are refused', async () => {
  const api = issuer.poorter.url;
  const several = askAs(program);
  several.searchParams.append('resource', api);
  several.searchParams.append('resource', 'https://other.test');
  const back = new URL(await sentTo(several));
  assert.equal(back.searchParams.get('error'), 'invalid_target');
  for (const resource of [`${api}/#x`, '/accounts', 'accounts']) {
    const refused = new URL(await sentTo(askAs(program, { resource })));
    assert.match(
      String(refused.searchParams.get('error')),
      /^invalid_(?:target|request)$/,
      resource,
    );
  }
});

test('the document says what is offered, with the algorithms of it, and nothing unsigned', async () => {
  const answer = await call(`${issuer.origin}/.well-known/oauth-authorization-server`);
  assert.equal(answer.status, 200);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
  const metadata = JSON.parse(answer.text) as Record<string, unknown>;
  const listed = (name: string) => metadata[name] as string[];
  assert.equal(metadata['authorization_response_iss_parameter_supported'], true);
  assert.ok(listed('scopes_supported').includes('openid'));
  assert.deepEqual(listed('authorization_details_types_supported').toSorted(), [
    ...['account_information', 'payment_initiation'],
  ]);
  // CIBA Core §4.
  assert.equal(metadata['backchannel_authentication_endpoint'], `${issuer.origin}/backchannel`);
  assert.deepEqual(listed('backchannel_token_delivery_modes_supported').toSorted(), [
    ...['ping', 'poll'],
  ]);
  assert.equal(metadata['backchannel_user_code_parameter_supported'], false);
  for (const name of [
    'backchannel_authentication_request_signing_alg_values_supported',
    ...['token', 'introspection', 'revocation'].map(
      (endpoint) => `${endpoint}_endpoint_auth_signing_alg_values_supported`,
    ),
    'dpop_signing_alg_values_supported',
  ]) {
    assert.deepEqual(listed(name)?.toSorted(), ['ES256', 'EdDSA', 'PS256'], name);
  }
  for (const [name, values] of Object.entries(metadata)) {
    if (name.includes('_alg_')) assert.ok(!(values as string[]).includes('none'), name);
  }
  assert.equal(metadata['registration_endpoint'], undefined);
});

test('no page of a developer stands open, and no document but ours', async () => {
  for (const path of [
    '/interaction/x',
    '/interaction/x/login',
    '/reg',
    '/clients',
    '/debug',
    '/',
  ]) {
    assert.equal((await call(`${issuer.origin}${path}`)).status, 404, path);
  }
});

test('who has no token of an API is told at its revocation, and an ID token is none', async () => {
  const asked = await askFor(site);
  const browser = new SoftBrowser(issuer.origin);
  const tokens = await redeem(site, asked, await goThrough(browser, asked.url, person));
  const { client_id: id, client_secret: secret } = site.configuration.clientMetadata();
  const authorization = `Basic ${Buffer.from(`${id}:${String(secret)}`).toString('base64')}`;
  assert.notEqual(decodeProtectedHeader(String(tokens.id_token)).typ, 'at+jwt');
  const told = await postForm(
    `${issuer.origin}/token/revocation`,
    { token: String(tokens.id_token) },
    { authorization },
  );
  assert.ok(told.status === 200 || told.body['error'] === 'unsupported_token_type');
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  assert.equal((await call(accounts, { headers })).status, 200, 'nothing was taken back');
});
