import assert from 'node:assert/strict';
import { after, test } from 'node:test';
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
