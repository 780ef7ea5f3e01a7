import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import * as oidc from 'openid-client';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const CALLBACK = 'https://budget.test/callback';
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url, { issuer: { registration: {} } });
const person = await enrol(issuer, 'griet@example.test');
const accounts = `${issuer.poorter.url}/accounts`;

type Body = Readonly<Record<string, unknown>>;

async function invite(...more: readonly string[]): Promise<{ id: string; token: string }> {
  const usual = ['--name', 'Budget Ltd', '--scopes', 'accounts.read'];
  const [id = '', token = ''] = (await issuer.run('clients', 'invite', ...usual, ...more)).split(
    '\n',
  );
  return { id, token };
}

/** The registration endpoint and what it leads to, as one asks it who knows no library. */
async function ask(method: string, path: string, token: string | null, body?: Body | string) {
  const answer = await call(`${issuer.origin}${path}`, {
    method,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const isJson = String(answer.headers['content-type']).includes('json');
  return { ...answer, body: (isJson ? JSON.parse(answer.text) : {}) as Body };
}

const register = (token: string, body: Body) => ask('POST', '/reg', token, body);
const browserInvitation = await invite('--profile', 'browser', '--clients', '50');
const SITE = { client_name: 'Budget', redirect_uris: [CALLBACK] };

async function registered(token = browserInvitation.token, metadata: Body = SITE) {
  const { status, body, text } = await register(token, metadata);
  assert.equal(status, 201, text);
  const id = String(body['client_id']);
  return { id, path: `/reg/${id}`, token: String(body['registration_access_token']), body };
}

test('a site registers itself by an invitation, signs somebody in, and calls for them', async () => {
  const metadata = await (await fetch(`${issuer.origin}/.well-known/openid-configuration`)).json();
  assert.equal((metadata as Body)['registration_endpoint'], `${issuer.origin}/reg`);
  const configuration = await oidc.dynamicClientRegistration(
    new URL(issuer.origin),
    { ...SITE, id_token_signed_response_alg: 'ES256' },
    undefined,
    { initialAccessToken: browserInvitation.token, execute: [oidc.allowInsecureRequests] },
  );
  const { client_id: id, client_secret: secret } = configuration.clientMetadata();
  assert.match(String(id), /^client_[0-9a-f]{24}$/);
  assert.ok(secret);
  const site = { callback: CALLBACK, configuration };
  const asked = await askFor(site);
  const tokens = await redeem(
    site,
    asked,
    await goThrough(new SoftBrowser(issuer.origin), asked.url, person),
  );
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  assert.equal((await call(accounts, { headers })).status, 200);
  const shown = JSON.parse(await issuer.run('clients', 'show', String(id), '--json'));
  assert.equal(shown.createdBy, browserInvitation.id);
});

test('who registers learns all that holds, and nothing of how we keep it', async () => {
  const { body, path, token } = await registered();
  assert.equal(body['registration_client_uri'], `${issuer.origin}${path}`);
  assert.equal(body['client_secret_expires_at'], 0);
  assert.ok(Number(body['client_id_issued_at']) > 1_700_000_000);
  assert.deepEqual(body['grant_types'], ['authorization_code', 'refresh_token']);
  assert.equal(body['scope'], 'openid offline_access accounts.read');
  assert.equal(body['id_token_signed_response_alg'], 'RS256', 'OpenID Connect Registration §2');
  assert.doesNotMatch(JSON.stringify(body), /poorter_(?:pkce|profile|grants)|hashed|sector/);
  const read = await ask('GET', path, token);
  assert.equal(read.status, 200);
  assert.equal(read.headers['cache-control'], 'no-store');
  const { client_secret: _, client_secret_expires_at: __, ...rest } = body;
  assert.deepEqual(read.body, rest, 'as it was told, but for the secret');
});

test('nobody registers without an invitation, with one that has ended, or more often than it says', async () => {
  for (const token of [null, 'nobody', `${browserInvitation.token}x`]) {
    const refused = await ask('POST', '/reg', token, SITE);
    assert.ok([400, 401].includes(refused.status), String(token));
    assert.match(String(refused.body['error']), /^invalid_(?:token|request)$/);
    if (token !== null) assert.match(String(refused.headers['www-authenticate']), /^Bearer /);
  }
  const three = await invite('--profile', 'browser', '--clients', '3');
  const answers = await Promise.all(Array.from({ length: 12 }, () => register(three.token, SITE)));
  assert.equal(answers.filter(({ status }) => status === 201).length, 3, 'of twelve at once');
  const others = answers.filter(({ status }) => status !== 201);
  assert.ok(others.every(({ body }) => body['error'] === 'invalid_token'));
  const ended = await invite('--profile', 'browser');
  const before = await registered(ended.token);
  await issuer.run('clients', 'end-invitation', ended.id);
  assert.equal((await register(ended.token, SITE)).status, 401);
  assert.equal((await ask('GET', before.path, before.token)).status, 200, 'what came of it stays');
});

test('what registers and is not of its profile is told so as RFC 7591 has it, and uses up no invitation', async () => {
  const { token } = await invite('--profile', 'browser');
  for (const [what, more, error] of [
    ['a name of two lines', { client_name: 'Bank\nof yours' }, 'invalid_client_metadata'],
    ['addresses that are none', { redirect_uris: CALLBACK }, 'invalid_client_metadata'],
    ['the implicit flow', { response_types: ['token'] }, 'invalid_client_metadata'],
    ['an address in clear', { redirect_uris: ['http://a.test/'] }, 'invalid_redirect_uri'],
  ] as const) {
    const { status, body, text } = await register(token, { ...SITE, ...more });
    assert.deepEqual([status, body['error']], [400, error], `${what}: ${text}`);
    assert.match(String(body['error_description']), /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/, what);
  }
  for (const body of ['[]', '{', '{"client_name":"a","client_name":"b"}', '"x"']) {
    const refused = await ask('POST', '/reg', token, body);
    assert.deepEqual(
      [refused.status, refused.body['error']],
      [400, 'invalid_client_metadata'],
      body,
    );
  }
  // What is not known is passed over: RFC 7591 §2.
  const { status } = await register(token, { ...SITE, colour: 'blue', 'client_name#nl': 'B' });
  assert.equal(status, 201);
});

test('what is left unsaid is chosen, told and works: no method, no scope, no name, no secret', async () => {
  // obot-platform/mcp-oauth-proxy#52, appstrate#1267: what a server chooses it must take itself.
  const bare = await registered(browserInvitation.token, { redirect_uris: [CALLBACK] });
  assert.equal(bare.body['token_endpoint_auth_method'], 'client_secret_basic');
  assert.equal(bare.body['client_name'], 'budget.test');
  assert.match(String(bare.body['scope']), /accounts\.read/);
  // lobu#2695: whoever asks for one of two ways to send a secret is told that one, and it works.
  const post = await registered(browserInvitation.token, {
    ...SITE,
    token_endpoint_auth_method: 'client_secret_post',
  });
  assert.equal(post.body['token_endpoint_auth_method'], 'client_secret_post');
  const looked = await call(`${issuer.origin}/token/introspection`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: String(
      new URLSearchParams({
        ...{ token: 'x', client_id: post.id, client_secret: String(post.body['client_secret']) },
      }),
    ),
  });
  assert.deepEqual([looked.status, looked.text], [200, '{"active":false}']);
});

test('a program that keeps no secret registers without one, with addresses of this machine and of its own site', async () => {
  // onyx#12874, keycloak#51315, SolidInvoice#2370: no secret, no end of one, and a valid address is taken.
  const native = await invite('--profile', 'native', '--clients', '5');
  const loopback = 'http://127.0.0.1/callback';
  const made = await registered(native.token, {
    ...{ client_name: 'Budget', redirect_uris: [loopback, `${CALLBACK}/app`] },
    ...{ grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
    ...{ token_endpoint_auth_method: 'none', application_type: 'native' },
    id_token_signed_response_alg: 'ES256',
  });
  assert.equal(made.body['client_secret'], undefined);
  assert.equal(made.body['client_secret_expires_at'], undefined);
  const configuration = await oidc.discovery(new URL(issuer.origin), made.id, {}, oidc.None(), {
    execute: [oidc.allowInsecureRequests],
  });
  const callback = 'http://127.0.0.1:49152/callback';
  const asked = await askFor({ callback, configuration });
  const back = await goThrough(new SoftBrowser(issuer.origin), asked.url, person);
  const url = new URL(back);
  assert.equal(url.origin + url.pathname, callback);
  assert.ok(url.searchParams.has('code'));
});

test('a bank registers with a key, and is bound by all that FAPI 2.0 asks', async () => {
  const bank = await invite('--profile', 'fapi2', '--clients', '5');
  const { publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] };
  const made = await registered(bank.token, {
    ...{ ...SITE, jwks, require_pushed_authorization_requests: false },
    dpop_bound_access_tokens: false,
  });
  assert.deepEqual(
    [
      ...['token_endpoint_auth_method', 'dpop_bound_access_tokens'].map((one) => made.body[one]),
      made.body['require_pushed_authorization_requests'],
    ],
    ['private_key_jwt', true, true],
  );
  const query = new URLSearchParams({
    ...{ client_id: made.id, response_type: 'code', redirect_uri: CALLBACK, scope: 'openid' },
    ...{ code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' },
  });
  const { location } = await new SoftBrowser(issuer.origin).get(`/auth?${query}`);
  assert.match(String(location), /error=invalid_request/, 'a request that was not pushed');
});

test('whoever guesses at what a client shows is soon answered no more', async () => {
  const { path } = await registered();
  let last = await ask('GET', path, 'guess');
  for (let guess = 0; guess < 150 && last.status === 401; guess += 1) {
    last = await ask('GET', path, `guess-${guess}`);
  }
  assert.equal(last.status, 429);
  assert.equal(last.body['error'], 'temporarily_unavailable');
  // They count as failures of this address everywhere: a few wrong secrets more, and it is answered nowhere.
  let told = last;
  // A hundred would be too many of themselves.
  for (let guess = 0; guess < 90 && told.body['code'] !== 'too_many_failures'; guess += 1) {
    const authorization = `Basic ${Buffer.from(`client_x:${guess}`).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
    const url = `${issuer.origin}/token`;
    const answer = await call(url, { method: 'POST', headers, body: 'grant_type=x' });
    told = { ...answer, body: JSON.parse(answer.text) as Body };
  }
  assert.equal(told.body['code'], 'too_many_failures');
});
