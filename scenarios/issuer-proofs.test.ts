import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  askFor,
  makeApplication,
  makeMachine,
  type RunningIssuer,
  startIssuer,
} from './world/own-issuer.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

interface Key {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

async function makeKey(): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { privateKey, jwk: await exportJWK(publicKey) };
}

/** A proof as somebody makes it who does not use our libraries. RFC 9449 §4.2. */
function proofOf({ privateKey, jwk }: Key, claims: object, header: object = {}): Promise<string> {
  return new SignJWT({ jti: crypto.randomUUID(), htm: 'POST', iat: now(), ...claims })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...header })
    .sign(privateKey);
}

const now = () => Math.floor(Date.now() / 1000);

/** A machine asks for a token, with this proof. */
async function ask(
  { origin }: RunningIssuer,
  { id, key }: { readonly id: string; readonly key: CryptoKey },
  proof: string | undefined,
  claims: object = {},
) {
  const assertion = await new SignJWT({
    ...{ iss: id, sub: id, aud: origin, jti: crypto.randomUUID(), iat: now(), exp: now() + 60 },
    ...claims,
  })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .sign(key);
  const answer = await call(`${origin}/token`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(proof !== undefined && { dpop: proof }),
    },
    body: String(
      new URLSearchParams({
        ...{ grant_type: 'client_credentials', scope: 'accounts.read', client_id: id },
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }),
    ),
  });
  const { error, token_type: type } = JSON.parse(answer.text) as Record<string, string>;
  return { status: answer.status, error, type, nonce: answer.headers['dpop-nonce'] };
}

/** One for all who change nothing of it: a start takes seconds of processor time. */
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url);

test('a proof at the token endpoint is for it, of now, whole, and counts once', async () => {
  const machine = await makeMachine(issuer, 'accounts.read');
  const key = await makeKey();
  const htu = `${issuer.origin}/token`;
  const good = await proofOf(key, { htu });
  const given = await ask(issuer, machine, good);
  assert.deepEqual([given.status, given.type], [200, 'DPoP']);
  const again = await ask(issuer, machine, good);
  assert.notEqual(again.status, 200, 'shown twice');
  assert.equal(
    (await ask(issuer, machine, undefined)).status,
    400,
    'no proof, where terms ask for it',
  );
  const other = await makeKey();
  for (const [what, proof] of [
    ['another method', await proofOf(key, { htu, htm: 'GET' })],
    ['another address', await proofOf(key, { htu: `${issuer.origin}/request` })],
    ['another host', await proofOf(key, { htu: 'https://evil.test/token' })],
    ['too old', await proofOf(key, { htu, iat: now() - 600 })],
    ['far ahead', await proofOf(key, { htu, iat: now() + 900 })],
    ['no moment', await proofOf(key, { htu, iat: undefined })],
    ['no id', await proofOf(key, { htu, jti: undefined })],
    ['another type', await proofOf(key, { htu }, { typ: 'jwt' })],
    ['of another key', await proofOf({ ...key, jwk: other.jwk }, { htu })],
    ['with a private key', await proofOf(key, { htu }, { jwk: await exportJWK(key.privateKey) })],
    ['no JWT', 'x.y.z'],
  ] as const) {
    const refused = await ask(issuer, machine, proof);
    assert.equal(refused.status, 400, what);
    // Whose clock is wrong is given a nonce of ours in place of it.
    assert.match(String(refused.error), /^(?:invalid_dpop_proof|use_dpop_nonce)$/, what);
  }
  const many = await proofOf(key, { htu });
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(issuer, machine, many)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1, 'of fifty at once');
});

test('an assertion is of now, for here, and of a key that is known', async () => {
  const machine = await makeMachine(issuer, 'accounts.read');
  const key = await makeKey();
  const asked = async (claims: object, signer = machine.key) => {
    const proof = await proofOf(key, { htu: `${issuer.origin}/token` });
    return (await ask(issuer, { id: machine.id, key: signer }, proof, claims)).status;
  };
  assert.equal(await asked({ iat: now() + 8 }), 200, 'clocks differ by seconds');
  for (const [what, claims] of [
    ['issued in an hour', { iat: now() + 3_600 }],
    ['not yet valid', { nbf: now() + 3_600 }],
    ['over', { exp: now() - 60 }],
    ['for a year', { exp: now() + 31_536_000 }],
    ['for ever', { exp: undefined }],
    ['of nobody', { sub: undefined }],
    ['of somebody else', { sub: 'client_other' }],
    ['from somebody else', { iss: 'client_other' }],
    ['for another place', { aud: 'https://other.test' }],
    ['for no place', { aud: undefined }],
    ['without an id', { jti: undefined }],
  ] as const) {
    assert.ok([400, 401].includes(await asked(claims)), what);
  }
  assert.equal(await asked({}, (await makeKey()).privateKey), 401, 'an unknown key');
});

test('where proofs need a nonce of ours, a client that follows gets its token, and a proof made beforehand does not', async (t) => {
  const issuer = await startIssuer(t, upstream.url, {
    issuer: { tokens: { requireProofNonce: true } },
  });
  const machine = await makeMachine(issuer, 'accounts.read');
  const key = await makeKey();
  const refused = await ask(issuer, machine, await proofOf(key, { htu: `${issuer.origin}/token` }));
  assert.deepEqual([refused.status, refused.error], [400, 'use_dpop_nonce']);
  assert.match(String(refused.nonce), /^[\w-]{20,}$/);
  const invented = await proofOf(key, { htu: `${issuer.origin}/token`, nonce: 'x'.repeat(43) });
  assert.equal((await ask(issuer, machine, invented)).status, 400);
  const dpop = oidc.getDPoPHandle(machine.configuration, await oidc.randomDPoPKeyPair('ES256'));
  const wish = { scope: 'accounts.read' };
  const tokens = await oidc.clientCredentialsGrant(machine.configuration, wish, { DPoP: dpop });
  assert.equal(tokens.token_type, 'dpop');
});

test('a request is pushed by whoever shows who they are; what goes back names us, and what was sent along', async () => {
  const application = await makeApplication(issuer, 'https://budget.test/callback');
  const { client_id: id, client_secret: secret } = application.configuration.clientMetadata();
  const { url, state } = await askFor(application);
  const push = async (fields: Record<string, string>, headers: Record<string, string> = {}) => {
    const answer = await call(`${issuer.origin}/request`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: String(new URLSearchParams({ ...Object.fromEntries(url.searchParams), ...fields })),
    });
    return { ...answer, ...(JSON.parse(answer.text) as { error?: string; expires_in?: number }) };
  };
  const basic = `Basic ${Buffer.from(`${id}:${String(secret)}`).toString('base64')}`;
  const unknown = await push({});
  assert.deepEqual([unknown.status, unknown.error], [401, 'invalid_client'], 'nobody');
  const wrong = await push(
    {},
    { authorization: `Basic ${Buffer.from(`${id}:x`).toString('base64')}` },
  );
  assert.deepEqual([wrong.status, wrong.error], [401, 'invalid_client']);
  assert.match(String(wrong.headers['www-authenticate']), /^Basic /);
  const nested = await push(
    { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
    { authorization: basic },
  );
  assert.equal(nested.status, 400);
  const pushed = await push({}, { authorization: basic });
  assert.equal(pushed.status, 201);
  assert.ok((pushed.expires_in ?? 0) > 0 && (pushed.expires_in ?? 0) <= 600);
  assert.match(String(pushed.headers['cache-control']), /no-store/);
  assert.equal((await call(`${issuer.origin}/request`)).status, 405);
  assert.equal((await call(`${issuer.origin}/token`)).status, 405);
  // RFC 9207 §2: errors, too.
  url.searchParams.set('prompt', 'none');
  const { location, status } = await new SoftBrowser(issuer.origin).get(
    `${url.pathname}${url.search}`,
  );
  const back = new URL(String(location)).searchParams;
  assert.equal(status, 303);
  assert.deepEqual(
    ['error', 'iss', 'state'].map((name) => back.get(name)),
    ['login_required', issuer.origin, state],
  );
});
