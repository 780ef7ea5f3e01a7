import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { type Fields, makeSigningParty, nowSeconds, postForm } from './world/party.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { makeProver } from './world/proof.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { steppedClock } from './world/stepped-clock.fixture.ts';

const CALLBACK = 'https://budget.test/callback';
const folder = mkdtempSync(join(tmpdir(), 'poorter-time-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const clock = steppedClock(folder, 0);
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url, {}, clock.env);
const person = await enrol(issuer, 'griet@example.test');
const site = await makeApplication(issuer, CALLBACK, '--scopes', 'accounts.read');

let ahead = 0;
/** As clocks go: only on. */
function pass(seconds: number): void {
  ahead += seconds;
  clock.step(ahead * 1000);
}

const { client_id: id, client_secret: secret } = site.configuration.clientMetadata();
const authorization = `Basic ${Buffer.from(`${id}:${String(secret)}`).toString('base64')}`;
const ask = (path: string, fields: Fields) =>
  postForm(`${issuer.origin}${path}`, fields, { authorization });

test('a code lives for a minute', async () => {
  const codeFor = async () => {
    const asked = await askFor(site);
    const back = new URL(await goThrough(new SoftBrowser(issuer.origin), asked.url, person));
    const code = back.searchParams.get('code') ?? '';
    const verifier = { code_verifier: asked.verifier, redirect_uri: CALLBACK };
    return { grant_type: 'authorization_code', code, ...verifier };
  };
  const early = await codeFor();
  pass(55);
  assert.equal((await ask('/token', early)).status, 200);
  const late = await codeFor();
  pass(61);
  const refused = await ask('/token', late);
  assert.deepEqual([refused.status, refused.body['error']], [400, 'invalid_grant']);
});

test('a request that was pushed a while ago is nobody’s', async () => {
  const { url } = await askFor(site);
  const pushed = await ask('/request', Object.fromEntries(url.searchParams));
  assert.equal(pushed.status, 201);
  pass(Number(pushed.body['expires_in']) + 1);
  const uri = String(pushed.body['request_uri']);
  const query = new URLSearchParams({ client_id: String(id), request_uri: uri });
  const { at, status } = await new SoftBrowser(issuer.origin).follow(`/auth?${query}`);
  assert.ok(at.startsWith(`${issuer.origin}/auth?`), at);
  assert.equal(status, 400);
});

test('whoever signed in longer ago than an application wants signs in again', async () => {
  const browser = new SoftBrowser(issuer.origin);
  const first = await askFor(site);
  const tokens = await redeem(site, first, await goThrough(browser, first.url, person));
  pass(120);
  const at = async (age: string) => {
    const { url } = await askFor(site, { max_age: age });
    return (await browser.follow(`${url.pathname}${url.search}`)).at;
  };
  assert.ok((await at('600')).startsWith(CALLBACK));
  assert.match(await at('60'), /\/sign-in\//);
  // OpenID Connect Core §3.1.2.1: a hint that has run out is a hint.
  pass(301);
  const hint = { id_token_hint: String(tokens.id_token), prompt: 'none' };
  const { url } = await askFor(site, hint);
  const silent = await browser.follow(`${url.pathname}${url.search}`);
  assert.ok(new URL(silent.at).searchParams.has('code'), silent.at);
  // RP-Initiated Logout §2.
  assert.ok(Number(decodeJwt(String(tokens.id_token)).exp) < nowSeconds() + ahead);
  const out = await browser.get(`/session/end?id_token_hint=${String(tokens.id_token)}`);
  assert.equal(out.status, 200);
  assert.match(out.text, /name="xsrf"/);
});

test('a device that waited too long is told that it is over, and how long it could', async () => {
  const made = ['clients', 'create', '--name', 'Kijkdoos', '--profile', 'native'];
  const device = await issuer.run(...made, '--flows', 'device', '--scopes', 'accounts.read');
  const asked = await postForm(`${issuer.origin}/device/auth`, {
    ...{ client_id: device, scope: 'openid accounts.read' },
  });
  const life = Number(asked.body['expires_in']);
  assert.ok(life > 0 && life <= 1_800, String(life));
  const poll = async () => {
    const told = await postForm(`${issuer.origin}/token`, {
      ...{ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: device },
      device_code: String(asked.body['device_code']),
    });
    return [told.status, told.body['error']];
  };
  assert.deepEqual(await poll(), [400, 'authorization_pending']);
  pass(life + 1);
  assert.deepEqual(await poll(), [400, 'expired_token']);
});

test('a proof and an assertion count once, for as long as they would be accepted', async () => {
  const terms = ['--profile', 'machine', '--scopes', 'accounts.read'];
  const machine = await makeSigningParty(issuer, 'ES256', ...terms);
  const prover = await makeProver();
  const fields = { grant_type: 'client_credentials', scope: 'accounts.read' };
  const at = (seconds: number) => {
    const now = nowSeconds() + ahead + seconds;
    return { iat: now, exp: now + 240 };
  };
  const prove = async (seconds: number) => {
    const proof = await prover.prove(`${issuer.origin}/token`, 'POST', at(seconds));
    const client_assertion = await machine.assertion(at(0));
    return (given = proof, assertion = client_assertion) =>
      machine.ask('/token', { ...fields, client_assertion: assertion }, { dpop: given });
  };
  // Made for a little later, as clocks differ.
  const first = await prover.prove(`${issuer.origin}/token`, 'POST', { iat: at(9).iat });
  const assertion = await machine.assertion(at(0));
  const good = await (await prove(0))(first, assertion);
  assert.equal(good.status, 200, JSON.stringify(good.body));
  for (const seconds of [1, 100, 100, 100, 100]) {
    pass(seconds);
    assert.notEqual((await (await prove(0))(first)).status, 200, 'a proof shown twice');
    const again = await (await prove(0))(undefined, assertion);
    assert.deepEqual([again.status, again.body['error']], [401, 'invalid_client']);
  }
});
