import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, type JWK, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { type Application, askFor, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { makeSigningParty } from './world/party.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const upstream = await startRawUpstream({ after });
// Access tokens by the other algorithm: ID tokens must not need it.
const issuer = await startIssuer({ after }, upstream.url, {
  issuer: { tokens: { algorithm: 'EdDSA' } },
});
const person = await enrol(issuer, 'griet@example.test');

const read = async (path: string) =>
  JSON.parse((await call(`${issuer.origin}${path}`)).text) as Record<string, unknown>;

async function makeSite(callback: string, algorithm: string): Promise<Application> {
  const made = ['clients', 'create', '--name', 'Budget', '--profile', 'browser'];
  const terms = ['--scopes', 'accounts.read', '--id-token-algorithm', algorithm];
  const [id = '', secret = ''] = (
    await issuer.run(...made, ...terms, '--redirect-uri', callback)
  ).split('\n');
  const configuration = await oidc.discovery(
    new URL(issuer.origin),
    id,
    { client_secret: secret, id_token_signed_response_alg: algorithm },
    oidc.ClientSecretBasic(secret),
    { execute: [oidc.allowInsecureRequests] },
  );
  return { callback, configuration };
}

const offered = async () =>
  (await read('/.well-known/openid-configuration'))['id_token_signing_alg_values_supported'];

test('an application that knows RS256 alone is told who signed in by an RSA key, and nobody else is', async () => {
  // Made beside what is waited for.
  await eventually('there is an RSA key', async () => String(await offered()).includes('RS256'));
  assert.deepEqual([...((await offered()) as string[])].toSorted(), ['ES256', 'RS256']);
  const keys = createRemoteJWKSet(new URL(`${issuer.origin}/jwks`));
  for (const algorithm of ['RS256', 'ES256']) {
    const site = await makeSite(`https://${algorithm.toLowerCase()}.test/callback`, algorithm);
    const browser = new SoftBrowser(issuer.origin);
    const asked = await askFor(site);
    const tokens = await redeem(site, asked, await goThrough(browser, asked.url, person));
    const { payload, protectedHeader } = await jwtVerify(String(tokens.id_token), keys, {
      ...{ issuer: issuer.origin, audience: site.configuration.clientMetadata().client_id },
      algorithms: [algorithm],
    });
    assert.equal(protectedHeader.alg, algorithm);
    assert.equal(payload['nonce'], asked.nonce);
    // OpenID Connect Core §3.1.3.6.
    assert.equal(payload.sub, tokens.claims()?.sub);
    const { alg } = decodeProtectedHeader(tokens.access_token);
    assert.equal(alg, 'EdDSA', 'the access token is for the gates');
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    assert.equal((await call(`${issuer.poorter.url}/accounts`, { headers })).status, 200);
    const hint = { prompt: 'none', id_token_hint: String(tokens.id_token) };
    const again = await askFor(site, hint);
    const { at } = await browser.follow(`${again.url.pathname}${again.url.search}`);
    assert.ok(new URL(at).searchParams.has('code'), at);
  }
});

test('each published key has a name of its own, says what it is for, is long enough, and keeps its private half', async () => {
  const { keys } = (await read('/jwks')) as { keys: JWK[] };
  assert.deepEqual(new Set(keys.map(({ kid }) => kid)).size, keys.length);
  assert.deepEqual(keys.map(({ alg }) => alg).toSorted(), ['ES256', 'EdDSA', 'RS256']);
  for (const key of keys) {
    assert.equal(key.use, 'sig');
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'x5u']) {
      assert.ok(!Object.hasOwn(key, member), member);
    }
    if (key.kty === 'RSA') assert.equal(Buffer.from(String(key.n), 'base64url').length, 256);
  }
});

test('what signs for nobody but OpenID Connect is no key of a gate: a token by RSA is none', async () => {
  const fapi = ['--profile', 'fapi2', '--redirect-uri', 'https://tpp.test/callback'];
  const wish = makeSigningParty(issuer, 'PS256', ...fapi, '--id-token-algorithm', 'RS256');
  await assert.rejects(wish, /idTokenAlgorithm: fapi2 knows PS256, ES256 and EdDSA alone/);
  const site = await makeSite('https://strange.test/callback', 'RS256');
  const asked = await askFor(site);
  const back = await goThrough(new SoftBrowser(issuer.origin), asked.url, person);
  const { id_token: token } = await redeem(site, asked, back);
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await call(`${issuer.poorter.url}/accounts`, { headers })).status, 401);
});

test('an RSA key that is taken back is followed by another at once', async () => {
  const kept = async () => {
    const { keys } = JSON.parse(await issuer.run('issuer', 'keys', '--json')) as {
      keys: { id: string; algorithm: string; revoked: string | null }[];
    };
    return keys.filter(({ algorithm, revoked }) => algorithm === 'RS256' && revoked === null);
  };
  const [before] = await kept();
  await issuer.run('issuer', 'revoke', String(before?.id));
  await eventually('another is published', async () => {
    const { keys } = (await read('/jwks')) as { keys: JWK[] };
    return keys.some(({ alg, kid }) => alg === 'RS256' && kid !== before?.id);
  });
  const made = await issuer.run('issuer', 'rotate', '--algorithm', 'RS256');
  assert.match(made, /RS256 {2}signs from/);
});
