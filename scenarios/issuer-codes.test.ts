import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  type Application,
  askFor,
  makeApplication,
  type RunningIssuer,
  startIssuer,
} from './world/own-issuer.fixture.ts';
import { enrol, goThrough, type Person } from './world/person.fixture.ts';

import { SoftBrowser } from './world/soft-browser.fixture.ts';

const CALLBACK = 'https://budget.test/callback';

/** One for all who change nothing of it: a start takes seconds of processor time. */
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url);

async function start(...more: readonly string[]) {
  const person = await enrol(issuer, 'griet@example.test');
  const application = await makeApplication(issuer, CALLBACK, ...more);
  return { issuer, person, application };
}

type Fields = Readonly<Record<string, string | undefined>>;

/** The token endpoint, as this application asks it. */
async function ask(
  { origin }: RunningIssuer,
  { configuration }: Application,
  fields: Fields,
): Promise<Readonly<Record<string, unknown>>> {
  const { client_id: id, client_secret: secret } = configuration.clientMetadata();
  const basic = Buffer.from(`${id}:${String(secret)}`).toString('base64');
  const sent = Object.entries(fields).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  const answer = await call(`${origin}/token`, {
    method: 'POST',
    headers: {
      ...{ authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
    },
    body: String(new URLSearchParams(sent)),
  });
  return {
    ...(JSON.parse(answer.text) as Record<string, unknown>),
    ...{ status: answer.status, stored: answer.headers['cache-control'] },
  };
}

/** A code that somebody was just sent back with, and what redeems it. */
async function codeFor(
  issuer: RunningIssuer,
  application: Application,
  person: Person,
  more: Record<string, string> = {},
) {
  const asked = await askFor(application, more);
  const back = new URL(await goThrough(new SoftBrowser(issuer.origin), asked.url, person));
  return {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? '',
    redirect_uri: CALLBACK,
    code_verifier: asked.verifier,
  };
}

test('a code is redeemed by whoever asked for it, with its proof, where it was sent', async () => {
  const { issuer, person, application } = await start();
  const other = await makeApplication(issuer, 'https://ledger.test/callback');
  for (const [what, change] of [
    ['no verifier', { code_verifier: undefined }],
    ['another verifier', { code_verifier: 'x'.repeat(43) }],
    ['the challenge itself', { code_verifier: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM' }],
    ['too short a verifier', { code_verifier: 'x'.repeat(42) }],
    ['another address', { redirect_uri: `${CALLBACK}/x` }],
    ['no address', { redirect_uri: undefined }],
    ['no code', { code: undefined }],
    ['another code', { code: 'x'.repeat(43) }],
  ] as const) {
    const fields = await codeFor(issuer, application, person);
    const refused = await ask(issuer, application, { ...fields, ...change });
    assert.equal(refused['status'], 400, what);
    assert.match(String(refused['error']), /^invalid_(?:grant|request)$/, what);
    assert.equal(refused['access_token'], undefined, what);
  }
  const fields = await codeFor(issuer, application, person);
  const stolen = await ask(issuer, other, fields);
  assert.deepEqual([stolen['status'], stolen['error']], [400, 'invalid_grant'], 'another client');
  const fresh = await codeFor(issuer, application, person);
  const given = await ask(issuer, application, fresh);
  assert.equal(given['status'], 200, JSON.stringify(given));
  assert.match(String(given['stored']), /no-store/);
});

test('a refresh token is of one application, gives no more than was allowed, and ends with what it came from', async () => {
  const { issuer, person, application } = await start('--scopes', 'accounts.read,accounts.write');
  const scope = 'openid offline_access accounts.read';
  const wish = { scope, prompt: 'consent' };
  const first = await ask(issuer, application, await codeFor(issuer, application, person, wish));
  assert.equal(first['status'], 200, JSON.stringify(first));
  const refresh = { grant_type: 'refresh_token', refresh_token: String(first['refresh_token']) };
  const other = await makeApplication(issuer, 'https://ledger.test/callback');
  assert.equal(
    (await ask(issuer, other, refresh))['error'],
    'invalid_grant',
    'another application',
  );
  const wider = await ask(issuer, application, { ...refresh, scope: 'accounts.write' });
  assert.equal(wider['error'], 'invalid_scope', 'more than was allowed');
  const again = await ask(issuer, application, refresh);
  assert.equal(again['status'], 200, JSON.stringify(again));
  const [one, two] = [first, again].map((given) => decodeJwt(String(given['access_token'])));
  for (const claim of ['sub', 'acr', 'auth_time', 'grant_id', 'aud'] as const) {
    assert.deepEqual(two?.[claim], one?.[claim], claim);
  }
  assert.notEqual(two?.jti, one?.jti);
  // A confidential client keeps its token: FAPI 2.0 §5.3.2.1 wants no routine rotation.
  const many = await Promise.all(
    Array.from({ length: 20 }, () => ask(issuer, application, refresh)),
  );
  assert.ok(many.every((given) => given['status'] === 200));
  const accounts = async (token: unknown) => {
    const headers = { authorization: `Bearer ${String(token)}` };
    return (await call(`${issuer.poorter.url}/accounts`, { headers })).status;
  };
  assert.equal(await accounts(again['access_token']), 200);
  await issuer.run('accounts', 'end-grant', person.id, String(one?.['grant_id']));
  assert.equal(await accounts(again['access_token']), 401);
  assert.equal((await ask(issuer, application, refresh))['error'], 'invalid_grant');
});

test('without a wish to stay there is no refresh token, and without consent none either', async () => {
  const { issuer, person, application } = await start();
  const plain = await ask(issuer, application, await codeFor(issuer, application, person));
  assert.equal(plain['refresh_token'], undefined);
  // OpenID Connect Core §11: passed over where nobody is asked.
  const silent = { scope: 'openid offline_access accounts.read' };
  const unasked = await ask(
    issuer,
    application,
    await codeFor(issuer, application, person, silent),
  );
  assert.equal(unasked['status'], 200, JSON.stringify(unasked));
  assert.equal(unasked['refresh_token'], undefined);
});
