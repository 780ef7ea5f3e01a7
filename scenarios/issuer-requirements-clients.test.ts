import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oidc from 'openid-client';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { type Fields, makeSigningParty, postForm } from './world/party.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
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

/** Where somebody is sent who is not signed in; the page itself, where nobody is. */
async function sentTo(url: URL): Promise<string> {
  const { at } = await new SoftBrowser(issuer.origin).follow(`${url.pathname}${url.search}`);
  return at;
}

test('an application that names another way back than we offer is told so in one that we do, and by no page', async () => {
  for (const [mode, told] of [
    ['form_post', 'error'],
    ['fragment', 'error'],
    ['web_message', 'error'],
    ['form_post.jwt', 'response'],
    ['fragment.jwt', 'response'],
  ] as const) {
    const { url } = await askFor(site);
    for (const isSilent of [false, true]) {
      url.searchParams.set('response_mode', mode);
      if (isSilent) url.searchParams.set('prompt', 'none');
      const answer = await new SoftBrowser(issuer.origin).get(`${url.pathname}${url.search}`);
      assert.equal(answer.status, 303, `${mode}: ${answer.text}`);
      const back = new URL(String(answer.location));
      assert.equal(`${back.origin}${back.pathname}${back.hash}`, CALLBACK, mode);
      const said = back.searchParams.get(told) ?? '';
      const error = told === 'error' ? said : decodeJwt(said)['error'];
      assert.match(String(error), /^(?:invalid_request|unsupported_response_mode)$/, mode);
    }
  }
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
  for (const path of ['/interaction/x', '/interaction/x/login', '/clients', '/debug', '/']) {
    assert.equal((await call(`${issuer.origin}${path}`)).status, 404, path);
  }
});

test('where nobody may register, nothing answers: neither to an invitation nor to what came of one', async () => {
  const headers = { authorization: 'Bearer x', 'content-type': 'application/json' };
  const body = '{"redirect_uris":["https://a.test/"]}';
  for (const [method, path] of [
    ['POST', '/reg'],
    ['GET', '/reg/client_x'],
    ['PUT', '/reg/client_x'],
    ['DELETE', '/reg/client_x'],
  ] as const) {
    const hasBody = method === 'POST' || method === 'PUT';
    const answer = await call(`${issuer.origin}${path}`, {
      ...{ method, headers: hasBody ? headers : { authorization: 'Bearer x' } },
      ...(hasBody && { body }),
    });
    assert.equal(answer.status, 404, `${method} ${path}`);
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

test('a client that acts for itself is nobody: no person is called as it is, at the gate and in its token', async () => {
  const free = ['--binding', 'none', '--accept', 'unbound-tokens', '--scopes', 'accounts.read'];
  const machine = await makeSigningParty(issuer, 'ES256', '--profile', 'machine', ...free);
  const fields = { grant_type: 'client_credentials', scope: 'accounts.read' };
  for (const more of [{}, { sub: person.id }, { login_hint: person.id }]) {
    const given = await machine.ask('/token', { ...fields, ...more });
    const claims = decodeJwt(String(given.body['access_token']));
    // RFC 9700 §4.15, RFC 9068 §2.2: the client is its own subject, and names are drawn apart.
    assert.deepEqual([claims.sub, claims['client_id']], [machine.id, machine.id]);
    assert.match(machine.id, /^client_[0-9a-f]{24}$/);
    for (const claim of ['acr', 'auth_time', 'grant_id']) assert.equal(claims[claim], undefined);
  }
});
