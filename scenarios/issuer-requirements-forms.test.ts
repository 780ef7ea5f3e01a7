import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { problems } from '@poorter/engine';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { makeApplication, startIssuer } from './world/own-issuer.fixture.ts';
import { makeSigningParty, nowSeconds, postForm, type Told } from './world/party.fixture.ts';

const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url);
const free = ['--binding', 'none', '--accept', 'unbound-tokens', '--scopes', 'accounts.read'];
const machine = await makeSigningParty(issuer, 'ES256', '--profile', 'machine', ...free);

const ENDPOINTS = [
  ...['/token', '/token/introspection', '/token/revocation', '/request', '/device/auth'],
  '/backchannel',
];
const ASK = { grant_type: 'client_credentials', scope: 'accounts.read' };

/** As OAuth has it, as RFC 9457 has it, and never kept. */
function assertRefused({ status, headers, body }: Told, expected: number, what: string): void {
  assert.equal(status, expected, what);
  assert.match(String(headers['content-type']), /^application\/json/, what);
  assert.equal(headers['cache-control'], 'no-store', what);
  assert.equal(body['error'], 'invalid_request', what);
  assert.equal(body['status'], expected, what);
  assert.match(String(body['type']), /^urn:poorter:problem:/, what);
  assert.match(String(body['instance']), /^urn:poorter:call:/, what);
}

test('what our own gate refuses of a form is told as OAuth has it, at each endpoint, and is kept nowhere', async () => {
  for (const endpoint of ENDPOINTS) {
    const url = `${issuer.origin}${endpoint}`;
    assertRefused(await postForm(url, 'scope=a&scope=b'), 400, `${endpoint} twice`);
    assertRefused(await postForm(url, 'x=%ff'), 400, `${endpoint} no UTF-8`);
    const json = { 'content-type': 'application/json' };
    assertRefused(await postForm(url, '{}', json), 415, `${endpoint} as JSON`);
    const packed = { 'content-encoding': 'gzip' };
    assertRefused(await postForm(url, 'x=y', packed), 415, `${endpoint} packed`);
    assertRefused(await postForm(url, `x=${'y'.repeat(60_000)}`), 413, `${endpoint} too large`);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await call(url, { method });
      const told = { ...answer, body: JSON.parse(answer.text) as Told['body'] };
      assertRefused(told, 405, `${endpoint} ${method}`);
      assert.equal(answer.headers.allow, 'POST', endpoint);
    }
  }
  // Where people look, a problem is a problem.
  const page = await call(`${issuer.origin}/auth`, { method: 'PUT' });
  assert.equal(page.headers['content-type'], 'application/problem+json');
});

test('every refusal of our own gate can be read by a client: RFC 6749 allows few characters', () => {
  for (const { title } of Object.values(problems)) {
    assert.match(title, /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
  }
});

test('a parameter without a value counts as left out, and one that nobody knows is passed over', async () => {
  assert.equal((await machine.ask('/token', { ...ASK, resource: '' })).status, 200);
  assert.equal((await machine.ask('/token', { ...ASK, colour: 'blue' })).status, 200);
  const none = await machine.ask('/token', { ...ASK, grant_type: '' });
  assert.deepEqual([none.status, none.body['error']], [400, 'invalid_request']);
});

test('what gives tokens is stored nowhere, and says what it is', async () => {
  const given = await machine.ask('/token', ASK);
  assert.equal(given.headers['cache-control'], 'no-store');
  assert.match(String(given.headers['content-type']), /^application\/json/);
  assert.equal(given.body['token_type'], 'Bearer');
  const looked = await machine.ask('/token/introspection', {
    token: String(given.body['access_token']),
  });
  assert.equal(looked.body['active'], true);
  assert.equal(looked.headers['cache-control'], 'no-store');
});

test('whoever does not show who they are is given nothing, is told how, and looks at nothing', async () => {
  for (const endpoint of ENDPOINTS) {
    const told = await postForm(`${issuer.origin}${endpoint}`, { token: 'x', ...ASK });
    assert.ok([400, 401].includes(told.status), endpoint);
    assert.match(String(told.body['error']), /^invalid_(?:client|request)$/, endpoint);
    const alone = await postForm(`${issuer.origin}${endpoint}`, {
      ...{ ...ASK, token: 'x', client_id: machine.id },
    });
    assert.deepEqual([alone.status, alone.body['error']], [401, 'invalid_client'], endpoint);
  }
});

test('a client shows who it is in one way, and as one client', async () => {
  const application = await makeApplication(issuer, 'https://one.test/callback');
  const { client_id: id, client_secret: secret } = application.configuration.clientMetadata();
  const basic = `Basic ${Buffer.from(`${id}:${String(secret)}`).toString('base64')}`;
  const url = `${issuer.origin}/token/introspection`;
  for (const [what, fields] of [
    ['a secret in two places', { client_secret: String(secret) }],
    ['another client', { client_id: machine.id }],
  ] as const) {
    const told = await postForm(url, { token: 'x', ...fields }, { authorization: basic });
    assert.ok([400, 401].includes(told.status), what);
  }
  const both = await machine.ask('/token', ASK, { authorization: basic });
  assert.ok([400, 401].includes(both.status), 'a secret beside an assertion');
  const other = await machine.ask('/token', { ...ASK, client_id: String(id) });
  assert.deepEqual([other.status, other.body['error']], [400, 'invalid_request']);
  const good = await postForm(url, { token: 'x' }, { authorization: basic });
  assert.deepEqual([good.status, good.body], [200, { active: false }]);
});

test('an assertion names a place here as its audience; one that is for later, or by another algorithm, is refused', async () => {
  for (const aud of [issuer.origin, `${issuer.origin}/token`]) {
    const assertion = await machine.assertion({ aud });
    assert.equal(
      (await machine.ask('/token', { ...ASK, client_assertion: assertion })).status,
      200,
    );
  }
  // RFC 9126 §2: where something is pushed, this place as well.
  const pushed = `${issuer.origin}/request`;
  for (const aud of [issuer.origin, `${issuer.origin}/token`, pushed]) {
    const told = await postForm(pushed, {
      ...{ client_id: machine.id, client_assertion: await machine.assertion({ aud }) },
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    // It shows who it is, and nobody says yes to it.
    assert.notEqual(told.body['error'], 'invalid_client', aud);
  }
  const at = async (claims: Readonly<Record<string, unknown>>) => {
    const assertion = await machine.assertion(claims);
    return (await machine.ask('/token', { ...ASK, client_assertion: assertion })).status;
  };
  assert.equal(await at({ iat: nowSeconds() + 9, nbf: nowSeconds() + 9 }), 200, 'by 9 seconds');
  assert.equal(await at({ nbf: nowSeconds() + 90 }), 401, 'by 90 seconds');
  assert.equal(await at({ iat: nowSeconds() + 90 }), 401, 'made in 90 seconds');
  for (const alg of ['RS256', 'RS384', 'PS512']) {
    const { algorithm } = await makeSigningParty(issuer, 'PS256', '--profile', 'machine', ...free);
    assert.equal(algorithm, 'PS256');
    const party = await makeSigningParty(issuer, alg, '--profile', 'machine', ...free);
    const told = await party.ask('/token', ASK);
    assert.deepEqual([told.status, told.body['error']], [401, 'invalid_client'], alg);
  }
});

test('a key that is too short is nobody’s', async () => {
  // RFC 7518 §3.5, FAPI 2.0 §5.4.
  const made = ['clients', 'create', '--name', 'Short', '--profile', 'machine', ...free];
  const make = (modulus: Buffer) => {
    const key = { kty: 'RSA', e: 'AQAB', kid: 'k1', n: modulus.toString('base64url') };
    issuer.poorter.write('short.jwk', JSON.stringify(key));
    return issuer.run(...made, '--jwks', `${issuer.poorter.folder}/short.jwk`);
  };
  await assert.rejects(make(Buffer.alloc(128, 0xa7)), /RSA key of less than 2048 bits/);
  const padded = Buffer.concat([Buffer.alloc(128), Buffer.alloc(128, 0xa7)]);
  await assert.rejects(make(padded), /RSA key of less than 2048 bits/);
  await assert.rejects(
    make(Buffer.alloc(256, 0x27)),
    /RSA key of less than 2048 bits/,
    '2046 bits',
  );
  assert.match(await make(Buffer.alloc(256, 0xa7)), /^client_/);
});

test('whoever guesses at secrets is soon answered no more', async () => {
  const application = await makeApplication(issuer, 'https://guessed.test/callback');
  const { client_id: id } = application.configuration.clientMetadata();
  const statuses = new Set<number>();
  let last: Told | null = null;
  for (let guess = 0; guess < 200 && !statuses.has(429); guess += 1) {
    const authorization = `Basic ${Buffer.from(`${id}:${guess}`).toString('base64')}`;
    last = await postForm(`${issuer.origin}/token`, ASK, { authorization });
    statuses.add(last.status);
    if (guess === 0) assert.match(String(last.headers['www-authenticate']), /^Basic /);
  }
  assert.deepEqual([...statuses], [401, 429]);
  assert.equal(last?.body['error'], 'temporarily_unavailable');
  assert.ok(Number(last?.headers['retry-after']) > 0);
});
