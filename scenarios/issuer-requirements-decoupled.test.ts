import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { type Fields, makeSigningParty, nowSeconds, type Party } from './world/party.fixture.ts';
import { enrol, goThrough, signIn } from './world/person.fixture.ts';
import { makeProver } from './world/proof.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const CALLBACK = 'https://tpp.test/callback';
const GRANT = 'urn:openid:params:grant-type:ciba';
const authority = makeAuthority({ after });
const notices = await startNotices();
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url, {
  files: { 'notices.pem': authority.certificate },
  issuer: { outgoing: { addresses: ['127.0.0.0/8', '::1/128'], authorities: ['notices.pem'] } },
});
const LOGIN = 'griet@example.test';
const person = await enrol(issuer, LOGIN);
const TERMS = ['--redirect-uri', CALLBACK, '--scopes', 'accounts.read'];
const BANK = ['--profile', 'fapi2', '--flows', 'redirect,decoupled', ...TERMS];
const TILL = [
  '--profile',
  'browser',
  '--authentication',
  'private_key_jwt',
  '--flows',
  'redirect,decoupled',
  ...TERMS,
];
const bank = await makeSigningParty(issuer, 'PS256', ...BANK);
const till = await makeSigningParty(issuer, 'ES256', ...TILL);
const ASKED = { scope: 'openid accounts.read', login_hint: LOGIN, binding_message: 'W4SCT' };

/** Where applications are told of things: each call, and what it is answered with. */
async function startNotices() {
  const { certificate: cert, key } = authority.issue('/CN=kassa');
  const told: { path: string; body: string }[] = [];
  const answers = { status: 204 };
  const server = createServer({ cert, key }, (request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => {
      body += piece;
    });
    request.on('end', () => {
      told.push({ path: request.url ?? '', body });
      const location = { location: `${origin}/elsewhere` };
      response.writeHead(answers.status, answers.status >= 300 ? location : {}).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  after(() => server.close().closeAllConnections());
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  return { origin, told, answers };
}

const askSigned = async (by: Party, claims: Readonly<Record<string, unknown>> = {}) =>
  by.ask('/backchannel', { request: await by.sign({ ...ASKED, ...claims }) });

const browser = new SoftBrowser(issuer.origin);
await signIn(browser, person.passkey, 'decision');

async function decide(isYes: boolean): Promise<void> {
  if (!isYes) return void (await browser.postForm('/account/decision/refuse', {}));
  const begun = await browser.postJson('/account/decision/begin', {});
  const credential = person.passkey.get(JSON.parse(begun.text));
  const done = await browser.postJson('/account/decision/finish', { credential });
  assert.equal(done.status, 200, done.text);
}

const poll = async (by: Party, asked: unknown, headers: Record<string, string> = {}) =>
  by.ask('/token', { grant_type: GRANT, auth_req_id: String(asked) }, headers);

test('a bank asks elsewhere by what it signs, with whatever key it has, and is answered', async () => {
  const prover = await makeProver();
  for (const algorithm of ['PS256', 'ES256', 'EdDSA']) {
    const one = await makeSigningParty(issuer, algorithm, ...BANK);
    const asked = await askSigned(one);
    assert.equal(asked.status, 200, `${algorithm}: ${JSON.stringify(asked.body)}`);
    await decide(true);
    const dpop = await prover.prove(`${issuer.origin}/token`, 'POST');
    const given = await poll(one, asked.body['auth_req_id'], { dpop });
    assert.equal(given.status, 200, JSON.stringify(given.body));
    assert.deepEqual(decodeJwt(String(given.body['access_token']))['cnf'], {
      jkt: prover.thumbprint,
    });
  }
});

test('what a bank did not sign, or cannot be told from another request, asks nobody', async () => {
  const plain = await bank.ask('/backchannel', ASKED);
  assert.deepEqual([plain.status, plain.body['error']], [400, 'invalid_request']);
  const bare = await askSigned(bank, { binding_message: undefined });
  assert.deepEqual([bare.status, bare.body['error']], [400, 'invalid_request']);
  const numbered = { binding_message: undefined, number_matching: 'true' };
  assert.equal((await askSigned(bank, numbered)).status, 200, 'a number tells them apart');
  // Others may sign, and need not.
  assert.equal((await till.ask('/backchannel', ASKED)).status, 200);
  assert.equal((await askSigned(till)).status, 200);
});

test('a signed request is whole, of its client, for us, of now, and of an hour at most', async () => {
  const now = nowSeconds();
  const stranger = await makeSigningParty(issuer, 'PS256', ...BANK);
  const foreign = await stranger.sign({ ...ASKED, iss: bank.id });
  const refused: readonly (readonly [string, string])[] = [
    ...(await Promise.all(
      ['aud', 'iss', 'exp', 'iat', 'nbf', 'jti'].map(
        async (claim) =>
          [`no ${claim}`, await bank.sign({ ...ASKED, [claim]: undefined })] as const,
      ),
    )),
    ['for another', await bank.sign({ ...ASKED, aud: 'https://other.test' })],
    ['of another', await bank.sign({ ...ASKED, iss: stranger.id })],
    ['by the key of another', foreign],
    ['over', await bank.sign({ ...ASKED, exp: now - 60 })],
    ['for later', await bank.sign({ ...ASKED, nbf: now + 600 })],
    ['for two hours', await bank.sign({ ...ASKED, exp: now + 7_200 })],
    ['begun two hours ago', await bank.sign({ ...ASKED, nbf: now - 7_200 })],
    ['with a request within', await bank.sign({ ...ASKED, request: 'x' })],
  ];
  for (const [what, request] of refused) {
    const told = await bank.ask('/backchannel', { request });
    assert.ok([400, 401].includes(told.status), `${what}: ${JSON.stringify(told.body)}`);
    assert.match(String(told.body['error']), /^invalid_(?:request|request_object|client)$/, what);
  }
  const beside = { request: await bank.sign(ASKED), login_hint: 'nobody@example.test' };
  const told = await bank.ask('/backchannel', beside);
  // CIBA Core §7.1.1: nothing of it stands outside, and what does counts for nothing.
  assert.equal(told.status, 200, JSON.stringify(told.body));
});

test('what may not be asked is told by the words and numbers of the specification', async () => {
  const without = await till.ask('/backchannel', { ...ASKED, scope: 'accounts.read' });
  assert.deepEqual([without.status, without.body['error']], [400, 'invalid_request']);
  const redirecting = ['--profile', 'browser', '--authentication', 'private_key_jwt', ...TERMS];
  const other = await makeSigningParty(issuer, 'ES256', ...redirecting);
  const may = await other.ask('/backchannel', ASKED);
  assert.deepEqual([may.status, may.body['error']], [400, 'unauthorized_client']);
  const asker = await makeSigningParty(issuer, 'ES256', ...TILL);
  const told = [];
  for (let round = 0; round < 11; round += 1) told.push(await asker.ask('/backchannel', ASKED));
  const last = told.at(-1);
  assert.deepEqual([last?.status, last?.body['error']], [403, 'access_denied']);
});

test('whoever is refused is told why, and an address that points elsewhere is told nothing', async () => {
  const told = ['--decision-notice-uri', `${notices.origin}/decided`];
  const one = await makeSigningParty(issuer, 'ES256', ...TILL, ...told);
  const ask = async (fields: Fields = {}) =>
    one.ask('/backchannel', { ...ASKED, client_notification_token: 'n'.repeat(40), ...fields });
  const refused = await ask();
  await decide(false);
  const denial = await poll(one, refused.body['auth_req_id']);
  assert.deepEqual([denial.status, denial.body['error']], [400, 'access_denied']);
  assert.match(String(denial.body['error_description']), /\w/);
  for (const status of [200, 204]) {
    notices.answers.status = status;
    await ask();
    await decide(true);
  }
  for (const status of [302, 307]) {
    notices.answers.status = status;
    const asked = await ask();
    await decide(true);
    assert.equal((await poll(one, asked.body['auth_req_id'])).status, 200, 'the decision stands');
  }
  assert.deepEqual(new Set(notices.told.map(({ path }) => path)), new Set(['/decided']));
});

test('what somebody allowed elsewhere and took back is not given to an application that had not asked yet', async () => {
  const asked = await till.ask('/backchannel', ASKED);
  await decide(true);
  const grants = await issuer.run('accounts', 'grants', person.id, '--json');
  const [latest] = (JSON.parse(grants) as { grants: { id: string; client: string }[] }).grants;
  assert.equal(latest?.client, till.id);
  await issuer.run('accounts', 'end-grant', person.id, String(latest?.id));
  const told = await poll(till, asked.body['auth_req_id']);
  assert.deepEqual([told.status, told.body['access_token']], [400, undefined]);
  assert.match(String(told.body['error']), /^(?:invalid_grant|access_denied)$/);
});

test('who looks at a token is told what was allowed in detail, and no refresh makes it more', async () => {
  const payment = {
    type: 'payment_initiation',
    instructedAmount: { currency: 'EUR', amount: '12.50' },
    creditorName: 'Bakkerij Peeters',
    creditorAccount: { iban: 'BE71096123456769' },
  };
  const shop = await makeSigningParty(issuer, 'ES256', ...TILL, '--detail-types', payment.type);
  const details = JSON.stringify([payment]);
  const scope = 'openid offline_access accounts.read';
  const asked = await shop.ask('/backchannel', { ...ASKED, scope, authorization_details: details });
  assert.equal(asked.status, 200, JSON.stringify(asked.body));
  await decide(true);
  const given = await poll(shop, asked.body['auth_req_id']);
  const looked = await shop.ask('/token/introspection', {
    token: String(given.body['access_token']),
  });
  const [seen] = looked.body['authorization_details'] as Record<string, unknown>[];
  assert.deepEqual(seen?.['instructedAmount'], payment.instructedAmount);
  const more = { ...payment, instructedAmount: { currency: 'EUR', amount: '12.51' } };
  const refresh = String(given.body['refresh_token']);
  const wider = await shop.ask('/token', {
    ...{ grant_type: 'refresh_token', refresh_token: refresh },
    authorization_details: JSON.stringify([more]),
  });
  assert.deepEqual(
    [wider.status, wider.body['access_token'], wider.body['error']],
    [400, undefined, 'invalid_authorization_details'],
  );
});

test('an application is told of a sign-out in the form of the specification', async () => {
  notices.answers.status = 200;
  const callback = 'https://budget.test/callback';
  const told = ['--logout-notice-uri', `${notices.origin}/signed-out`];
  const site = await makeApplication(issuer, callback, ...told);
  const visitor = new SoftBrowser(issuer.origin);
  const asked = await askFor(site);
  const tokens = await redeem(site, asked, await goThrough(visitor, asked.url, person));
  const { text } = await visitor.get(`/session/end?id_token_hint=${String(tokens.id_token)}`);
  const xsrf = /name="xsrf" value="([0-9a-f]+)"/.exec(text)?.[1] ?? '';
  await visitor.postForm('/session/end/confirm', { xsrf, logout: 'yes' });
  const notice = notices.told.find(({ path }) => path === '/signed-out');
  const token = new URLSearchParams(notice?.body).get('logout_token') ?? '';
  assert.equal(decodeProtectedHeader(token).typ, 'logout+jwt');
  const claims = decodeJwt(token);
  assert.deepEqual(claims['events'], {
    'http://schemas.openid.net/event/backchannel-logout': {},
  });
  assert.match(String(claims.jti), /^[\w-]{16,}$/);
  assert.equal(typeof claims.iat, 'number');
  assert.ok(Number(claims.exp) <= nowSeconds() + 120, 'two minutes at most');
  assert.equal(claims['nonce'], undefined);
  assert.equal(claims.sub, tokens.claims()?.sub);
});
