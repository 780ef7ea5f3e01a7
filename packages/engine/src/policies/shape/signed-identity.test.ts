import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair, type JWK, jwtVerify } from 'jose';
import type { Principal } from '../../facts.ts';
import { createIdentitySigner, publicKeySet } from './signed-identity.ts';

const noon = Date.UTC(2026, 5, 1, 12);
const pair = await generateKeyPair('EdDSA', { extractable: true });
const key: JWK = { ...(await exportJWK(pair.privateKey)), kid: 'k1', alg: 'EdDSA' };
const newSigner = () => createIdentitySigner({ key, issuer: 'poorter', lifetimeSeconds: 60 });

const anna: Principal = {
  kind: 'token',
  client: 'app-1',
  subject: 'anna',
  issuer: 'https://login.example',
  scopes: ['read', 'pay'],
  roles: ['clerk'],
  credentialId: 'jti-1',
  expiresAt: null,
};

test('the service can verify who calls, for whom the token is and how long it lives', async () => {
  const signer = await newSigner();
  const token = await signer.sign(anna, 'http://service', noon);
  const { payload, protectedHeader } = await jwtVerify(token, pair.publicKey, {
    issuer: 'poorter',
    audience: 'http://service',
    currentDate: new Date(noon),
  });
  assert.deepEqual(protectedHeader, { alg: 'EdDSA', kid: 'k1', typ: 'JWT' });
  assert.deepEqual(payload, {
    ...{ sub: 'anna', client_id: 'app-1', scope: 'read pay', roles: ['clerk'] },
    ...{ idp: 'https://login.example', amr: ['token'] },
    ...{ iss: 'poorter', aud: 'http://service', iat: noon / 1000, exp: noon / 1000 + 60 },
  });
});

test('nobody is told apart from somebody called anonymous', async () => {
  const signer = await newSigner();
  const nobody = decodeJwt(await signer.sign(null, 'a', noon));
  assert.equal(nobody['anonymous'], true);
  const named = decodeJwt(await signer.sign({ ...anna, subject: 'anonymous' }, 'a', noon));
  assert.equal(named['anonymous'], undefined);
});

test('the identity never outlives the credential it stands for', async () => {
  const signer = await newSigner();
  const expiresAt = noon / 1000 + 7;
  assert.equal(decodeJwt(await signer.sign({ ...anna, expiresAt }, 'a', noon)).exp, expiresAt);
});

test('one token serves half of its life, and no longer', async () => {
  const signer = await newSigner();
  const first = await signer.sign(anna, 'a', noon);
  assert.equal(await signer.sign(anna, 'a', noon + 29_999), first);
  assert.notEqual(await signer.sign(anna, 'a', noon + 30_000), first);
});

test('who comes with a new token each time is not given a new identity each time, and none outlives its token', async () => {
  const signer = await newSigner();
  const at = noon / 1000;
  const withToken = (expiresAt: number | null, nowMs = noon) =>
    signer.sign({ ...anna, expiresAt }, 'a', nowMs);
  const first = await withToken(at + 3_600);
  assert.equal(await withToken(at + 3_601, noon + 1_000), first);
  assert.equal(await withToken(at + 60), first, 'in the same second it ends');
  assert.equal(await withToken(null), first);
  const short = await withToken(at + 59);
  assert.equal(decodeJwt(short).exp, at + 59);
  assert.equal(
    await withToken(at + 900, noon + 2_000),
    first,
    'a shorter one does not displace it',
  );
  assert.equal(decodeJwt(await withToken(at + 10)).exp, at + 10);
  // The longer one is not used in its second half: the next has the cache to itself.
  const next = await withToken(at + 31 + 20, noon + 31_000);
  assert.equal(decodeJwt(next).exp, at + 51);
  assert.equal(await withToken(at + 3_600, noon + 32_000), next);
  for (const expiresAt of [at + 5, at + 33, at + 50, at + 70, at + 4_000]) {
    const given = decodeJwt(await withToken(expiresAt, noon + 33_000));
    assert.ok((given.exp as number) <= expiresAt, `${expiresAt}`);
  }
});

test('callers who differ in anything the token says never share one', async () => {
  const signer = await newSigner();
  const others: Principal[] = [
    { ...anna, subject: 'ben' },
    { ...anna, subject: null },
    { ...anna, client: 'app-2' },
    { ...anna, scopes: ['read'] },
    { ...anna, roles: [] },
    { ...anna, issuer: null },
    { ...anna, kind: 'key' },
    { ...anna, expiresAt: noon / 1000 + 50 },
  ];
  const tokens = [await signer.sign(anna, 'a', noon), await signer.sign(anna, 'b', noon)];
  for (const other of others) tokens.push(await signer.sign(other, 'a', noon));
  assert.equal(new Set(tokens).size, tokens.length);
});

test('the public key set holds nothing private', () => {
  const [published] = publicKeySet([
    { ...key, k: 'x', p: 'x', q: 'x', dp: 'x', dq: 'x', qi: 'x' },
  ]).keys;
  assert.deepEqual(published, { kty: 'OKP', crv: 'Ed25519', x: key.x, kid: 'k1', alg: 'EdDSA' });
});
