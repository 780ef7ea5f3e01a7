import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startIssuer } from './world/own-issuer.fixture.ts';
import { nowSeconds } from './world/party.fixture.ts';

const CALLBACK = 'https://tpp.test/callback';
const DIRECTORY = 'https://directory.test';
type Body = Readonly<Record<string, unknown>>;

const [directory, other, own] = await Promise.all(
  Array.from({ length: 3 }, () => generateKeyPair('PS256', { extractable: true })),
);
if (directory === undefined || other === undefined || own === undefined) throw new Error('no keys');
const published = {
  keys: [{ ...(await exportJWK(directory.publicKey)), kid: 'd1', alg: 'PS256' }],
};
const jwks = { keys: [{ ...(await exportJWK(own.publicKey)), kid: 'k1' }] };
const statements = [
  {
    ...{ issuer: DIRECTORY, keys: './directory.json', profile: 'fapi2', clients: 4 },
    scopes: ['accounts.read'],
  },
];
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url, {
  files: { 'directory.json': JSON.stringify(published) },
  issuer: { registration: { statements } },
});

const SAID = {
  ...{ software_id: 'budget', client_name: 'Budget Ltd', redirect_uris: [CALLBACK] },
  scope: 'accounts.read',
};

function state(claims: Body = {}, by = directory, header: object = {}): Promise<string> {
  const times = { iat: nowSeconds(), exp: nowSeconds() + 300 };
  return new SignJWT({ iss: DIRECTORY, jti: crypto.randomUUID(), ...times, ...SAID, ...claims })
    .setProtectedHeader({ alg: 'PS256', kid: 'd1', ...header })
    .sign((by as { privateKey: CryptoKey }).privateKey);
}

async function ask(method: string, path: string, body?: Body, token?: string) {
  const answer = await call(`${issuer.origin}${path}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const isJson = String(answer.headers['content-type']).includes('json');
  return { ...answer, body: (isJson ? JSON.parse(answer.text) : {}) as Body };
}

const register = async (statement: string, more: Body = {}) =>
  ask('POST', '/reg', { jwks, software_statement: statement, ...more });

test('a statement that nobody signed who is believed lets nobody in', async () => {
  const now = nowSeconds();
  const unsecured = new UnsecuredJWT({ iss: DIRECTORY, iat: now, exp: now + 60, ...SAID }).encode();
  for (const [what, statement, error] of [
    ['of another authority', await state({ iss: 'https://evil.test' }), 'unapproved'],
    ['of nobody', await state({ iss: undefined }), 'unapproved'],
    ['by another key', await state({}, other), 'invalid'],
    ['by the key of its client', await state({}, own, { jwk: jwks.keys[0] }), 'invalid'],
    ['unsigned', `${unsecured}`, 'invalid'],
    ['changed', `${(await state()).slice(0, -6)}AAAAAA`, 'invalid'],
    ['over', await state({ exp: now - 60 }), 'invalid'],
    ['for later', await state({ nbf: now + 600 }), 'invalid'],
    ['made in an hour', await state({ iat: now + 3_600 }), 'invalid'],
    ['of no time', await state({ iat: undefined }), 'invalid'],
    ['old, without an end', await state({ iat: now - 40 * 86_400, exp: undefined }), 'invalid'],
    ['about no program', await state({ software_id: undefined }), 'invalid'],
    ['no JWT', 'a.b.c', 'invalid'],
  ] as const) {
    const { status, body, text } = await register(statement);
    assert.deepEqual(
      [status, body['error']],
      [400, `${error}_software_statement`],
      `${what}: ${text}`,
    );
  }
  assert.ok([400, 401].includes((await ask('POST', '/reg', { jwks, ...SAID })).status), 'none');
});

test('a statement counts before what the client says of itself, within what its issuer may say', async () => {
  const made = await register(await state(), {
    ...{ client_name: 'A bank', redirect_uris: ['https://evil.test/'], scope: 'accounts.write' },
  });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(
    ['client_name', 'redirect_uris', 'scope'].map((member) => made.body[member]),
    ['Budget Ltd', [CALLBACK], 'openid offline_access accounts.read'],
  );
  assert.equal(made.body['require_pushed_authorization_requests'], true);
  for (const more of [
    { scope: 'accounts.write' },
    { token_endpoint_auth_method: 'none' },
    { redirect_uris: ['http://tpp.test/callback'] },
    { subject_type: 'public' },
  ]) {
    const refused = await register(await state(more));
    assert.equal(refused.status, 400, JSON.stringify(more));
    assert.match(String(refused.body['error']), /^invalid_(?:client_metadata|redirect_uri)$/);
  }
});

test('what was said of a client is said again with each change, and as many come of it as may', async () => {
  const statement = await state();
  const made = await register(statement);
  assert.equal(made.status, 201, made.text);
  const path = `/reg/${String(made.body['client_id'])}`;
  const client = { client_id: made.body['client_id'], jwks };
  const token = String(made.body['registration_access_token']);
  for (const software_statement of [undefined, await state({}, other)]) {
    const refused = await ask('PUT', path, { ...client, software_statement }, token);
    assert.deepEqual([refused.status, refused.body['error']], [400, 'invalid_software_statement']);
  }
  const named = await state({ client_name: 'Budget Holding' });
  const changed = await ask('PUT', path, { ...client, software_statement: named }, token);
  assert.deepEqual([changed.status, changed.body['client_name']], [200, 'Budget Holding']);
  // Four may, and two are there.
  const answers = await Promise.all(Array.from({ length: 8 }, () => register(statement)));
  assert.equal(answers.filter(({ status }) => status === 201).length, 2);
  const next = String(changed.body['registration_access_token']);
  assert.equal((await ask('DELETE', path, undefined, next)).status, 204);
  // One that has ended makes room a day later: nobody fills a table by making and ending.
  assert.equal((await register(statement)).status, 401);
});
