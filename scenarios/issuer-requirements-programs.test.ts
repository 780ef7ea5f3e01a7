import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
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
  for (let round = 0; round < 2; round += 1) {
    const one = await redeemAs(program, await codeOf(program, STAY));
    const refresh = one.body['refresh_token'];
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => refreshAs(program, refresh)),
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

test('what was taken back is gone for those who look, refresh or wait as well', async () => {
  const asked = await askFor(site, STAY);
  const browser = new SoftBrowser(issuer.origin);
  const tokens = await redeem(site, asked, await goThrough(browser, asked.url, person));
  const grant = String(decodeJwt(tokens.access_token)['grant_id']);
  const { configuration } = site;
  const isActive = async () =>
    (await oidc.tokenIntrospection(configuration, tokens.access_token)).active;
  assert.equal(await isActive(), true);
  const later = await askFor(site, STAY);
  const code = await goThrough(browser, later.url, person);
  const own = decodeJwt((await redeem(site, later, code)).access_token)['grant_id'];
  for (const one of new Set([grant, String(own)])) {
    await issuer.run('accounts', 'end-grant', person.id, one);
  }
  assert.equal(await isActive(), false);
  await assert.rejects(oidc.refreshTokenGrant(configuration, String(tokens.refresh_token)), {
    error: 'invalid_grant',
  });
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  assert.equal((await call(accounts, { headers })).status, 401);
  const silent = await askFor(site, { prompt: 'none' });
  const { at } = await browser.follow(`${silent.url.pathname}${silent.url.search}`);
  assert.equal(new URL(at).searchParams.get('error'), 'consent_required');
});

test('of a pushed request that many open at once one comes of it, and no more', async () => {
  const { url } = await askFor(site);
  const { client_id: id, client_secret: secret } = site.configuration.clientMetadata();
  const authorization = `Basic ${Buffer.from(`${id}:${String(secret)}`).toString('base64')}`;
  const browser = new SoftBrowser(issuer.origin);
  await goThrough(browser, (await askFor(site)).url, person);
  for (let round = 0; round < 2; round += 1) {
    const fields = Object.fromEntries(url.searchParams);
    const pushed = await postForm(`${issuer.origin}/request`, fields, { authorization });
    const uri = String(pushed.body['request_uri']);
    const query = new URLSearchParams({ client_id: String(id), request_uri: uri });
    const ends = await Promise.all(
      Array.from({ length: 10 }, () => browser.follow(`/auth?${query}`)),
    );
    const codes = ends.filter(({ at }) => at.startsWith(CALLBACK) && at.includes('code='));
    assert.ok(codes.length <= 1, String(codes.length));
  }
});
