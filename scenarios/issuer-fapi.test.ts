import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { type RunningIssuer, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';

import { SoftBrowser } from './world/soft-browser.fixture.ts';

const CALLBACK = 'https://tpp.test/callback';

/** One for all who change nothing of it: a start takes seconds of processor time. */
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url);

async function start() {
  return { issuer, person: await enrol(issuer, 'griet@example.test') };
}

/** A licensed third party: its key is its name, and its tokens are bound to another. */
async function makeParty(issuer: RunningIssuer, ...more: readonly string[]) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  issuer.poorter.write('party.jwk', JSON.stringify(jwk));
  const made = ['clients', 'create', '--name', 'Account information', '--profile', 'fapi2'];
  const keys = ['--jwks', `${issuer.poorter.folder}/party.jwk`, '--redirect-uri', CALLBACK];
  const id = await issuer.run(...made, ...keys, '--scopes', 'accounts.read', ...more);
  const configuration = await oidc.discovery(
    ...([
      new URL(issuer.origin),
      id,
      {},
      oidc.PrivateKeyJwt({ key: privateKey, kid: 'k1' }),
    ] as const),
    { execute: [oidc.allowInsecureRequests] },
  );
  const dpop = oidc.getDPoPHandle(configuration, await oidc.randomDPoPKeyPair('ES256'));
  return { id, privateKey, configuration, dpop };
}

type Party = Awaited<ReturnType<typeof makeParty>>;

async function parametersOf(): Promise<{ verifier: string; asked: Record<string, string> }> {
  const verifier = oidc.randomPKCECodeVerifier();
  const asked = {
    ...{ redirect_uri: CALLBACK, scope: 'openid accounts.read', state: 's1', nonce: 'n1' },
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  };
  return { verifier, asked };
}

/** What a client signs by which it shows that it is itself. */
function assertion({ id, privateKey }: Party, claims: Record<string, unknown>): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    ...{ iss: id, sub: id, jti: crypto.randomUUID(), iat: now, exp: now + 60, ...claims },
  })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .sign(privateKey);
}

const CLIENT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

async function push(
  issuer: RunningIssuer,
  fields: Record<string, string>,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await call(`${issuer.origin}/request`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: String(new URLSearchParams({ client_assertion_type: CLIENT_ASSERTION, ...fields })),
  });
  return { status: answer.status, ...(JSON.parse(answer.text) as Record<string, unknown>) };
}

test('a FAPI 2.0 client pushes its request, shows a key, and has tokens that are bound to another', async () => {
  const { issuer, person } = await start();
  const party = await makeParty(issuer);
  const { verifier, asked } = await parametersOf();
  const url = await oidc.buildAuthorizationUrlWithPAR(party.configuration, asked, {
    DPoP: party.dpop,
  });
  assert.deepEqual([...url.searchParams.keys()].toSorted(), ['client_id', 'request_uri']);
  const back = await goThrough(new SoftBrowser(issuer.origin), url, person);
  const checks = { pkceCodeVerifier: verifier, expectedState: 's1', expectedNonce: 'n1' };
  const tokens = await oidc.authorizationCodeGrant(
    ...([party.configuration, new URL(back), checks, undefined, { DPoP: party.dpop }] as const),
  );
  assert.equal(tokens.token_type, 'dpop');
  const accounts = new URL(`${issuer.poorter.url}/accounts`);
  const fetched = await oidc.fetchProtectedResource(
    ...([party.configuration, tokens.access_token, accounts, 'GET'] as const),
    ...([undefined, undefined, { DPoP: party.dpop }] as const),
  );
  assert.equal(fetched.status, 200);
  const bare = { authorization: `Bearer ${tokens.access_token}` };
  assert.equal((await call(accounts.href, { headers: bare })).status, 401, 'without its key');
});

test('what FAPI 2.0 forbids is refused: no push, another audience, no PKCE, a bearer token, http', async () => {
  const { issuer } = await start();
  const party = await makeParty(issuer);
  const { asked } = await parametersOf();
  const direct = oidc.buildAuthorizationUrl(party.configuration, asked);
  const { location } = await new SoftBrowser(issuer.origin).get(
    `${direct.pathname}${direct.search}`,
  );
  assert.equal(new URL(String(location)).searchParams.get('error'), 'invalid_request');
  const common = { client_id: party.id, response_type: 'code', ...asked };
  const good = async (audience: unknown = issuer.origin, more: Record<string, unknown> = {}) => ({
    ...common,
    client_assertion: await assertion(party, { aud: audience, ...more }),
  });
  assert.equal((await push(issuer, await good())).status, 201);
  for (const audience of [
    `${issuer.origin}/token`,
    `${issuer.origin}/request`,
    [issuer.origin],
    [issuer.origin, 'https://other.test'],
    `${issuer.origin}/`,
  ]) {
    const refused = await push(issuer, await good(audience));
    assert.deepEqual([refused.status, refused['error']], [401, 'invalid_client'], String(audience));
  }
  const year = Math.floor(Date.now() / 1000) + 31_536_000;
  assert.equal((await push(issuer, await good(issuer.origin, { exp: year }))).status, 401);
  for (const [member, value] of [
    ['code_challenge', null],
    ['code_challenge_method', 'plain'],
    ['redirect_uri', 'http://tpp.test/callback'],
    ['redirect_uri', null],
    ['response_type', 'code id_token'],
    ['response_mode', 'fragment'],
  ] as const) {
    const fields: Record<string, string> = { ...(await good()) };
    if (value === null) delete fields[member];
    else fields[member] = value;
    const refused = await push(issuer, fields);
    assert.equal(refused.status, 400, `${member} ${value}`);
  }
});

test('a pushed request is of one client and good once', async () => {
  const { issuer, person } = await start();
  const party = await makeParty(issuer);
  const other = await makeParty(issuer);
  const { asked } = await parametersOf();
  const url = await oidc.buildAuthorizationUrlWithPAR(party.configuration, asked, {
    DPoP: party.dpop,
  });
  const stolen = new URL(url);
  stolen.searchParams.set('client_id', other.id);
  const browser = new SoftBrowser(issuer.origin);
  const refused = await browser.get(`${stolen.pathname}${stolen.search}`);
  assert.equal(refused.status, 400);
  // FAPI 2.0 §5.3.2.2, note 3: a look before the sign-in does not use it up.
  await browser.follow(`${url.pathname}${url.search}`);
  assert.ok((await goThrough(browser, url, person)).includes('code='));
  const again = await browser.follow(`${url.pathname}${url.search}`);
  assert.ok(!again.at.includes('code='), again.at);
});

test('a client that signs its messages is asked for signed requests, and is answered with signatures', async () => {
  const { issuer, person } = await start();
  const party = await makeParty(issuer, '--message-signing');
  const { verifier, asked } = await parametersOf();
  const now = Math.floor(Date.now() / 1000);
  const requestOf = (claims: Record<string, unknown> = {}) =>
    new SignJWT({
      ...{
        ...asked,
        response_type: 'code',
        response_mode: 'jwt',
        client_id: party.id,
        iss: party.id,
      },
      ...{ aud: issuer.origin, nbf: now, exp: now + 300, ...claims },
    })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'oauth-authz-req+jwt' })
      .sign(party.privateKey);
  const pushWith = async (fields: Record<string, string>) =>
    push(issuer, {
      ...{ client_id: party.id, ...fields },
      client_assertion: await assertion(party, { aud: issuer.origin }),
    });
  const plain = await pushWith({ response_type: 'code', response_mode: 'jwt', ...asked });
  assert.deepEqual([plain.status, plain['error']], [400, 'invalid_request']);
  for (const claims of [
    { aud: 'https://other.test' },
    { exp: now - 60 },
    { exp: undefined },
    { nbf: undefined },
    { nbf: now - 7_200 },
    { exp: now + 7_200 },
    { iss: 'somebody' },
    { client_id: 'somebody' },
  ]) {
    const refused = await pushWith({ request: await requestOf(claims) });
    assert.equal(refused.status, 400, JSON.stringify(claims));
  }
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await requestOf()).split('.')[1]}.`;
  assert.equal((await pushWith({ request: unsigned })).status, 400);
  const query = await pushWith({ request: await requestOf({ response_mode: 'query' }) });
  assert.equal(query.status, 400, 'an answer that nobody signed');

  const pushed = await pushWith({ request: await requestOf() });
  assert.equal(pushed.status, 201, JSON.stringify(pushed));
  const url = new URL(`${issuer.origin}/auth`);
  url.searchParams.set('client_id', party.id);
  url.searchParams.set('request_uri', String(pushed['request_uri']));
  const back = new URL(await goThrough(new SoftBrowser(issuer.origin), url, person));
  assert.deepEqual([...back.searchParams.keys()], ['response']);
  oidc.useJwtResponseMode(party.configuration);
  const checks = { pkceCodeVerifier: verifier, expectedState: 's1', expectedNonce: 'n1' };
  const tokens = await oidc.authorizationCodeGrant(
    ...([party.configuration, back, checks, undefined, { DPoP: party.dpop }] as const),
  );
  const answer = await call(`${issuer.origin}/token/introspection`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/token-introspection+jwt',
    },
    body: String(
      new URLSearchParams({
        ...{ token: tokens.access_token, client_id: party.id },
        client_assertion_type: CLIENT_ASSERTION,
        client_assertion: await assertion(party, { aud: issuer.origin }),
      }),
    ),
  });
  assert.equal(
    answer.headers['content-type'],
    'application/token-introspection+jwt; charset=utf-8',
  );
  const { keys } = JSON.parse((await call(`${issuer.origin}/jwks`)).text) as { keys: JWK[] };
  const key = keys.find(({ alg }) => alg === 'ES256') as JWK;
  const { payload } = await jwtVerify(answer.text, key, {
    issuer: issuer.origin,
    audience: party.id,
  });
  assert.equal((payload['token_introspection'] as { active: boolean }).active, true);
});
