import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base32Of, readCodeKey, readPasswordHash } from '../../access/accounts/index.ts';
import type { GivenAccount } from './given-account.ts';
import { keycloakProviders, readKeycloak } from './read-keycloak.ts';

const PARTNER = new Map([['partner', 'https://login.partner.test']]);

async function* textOf(value: unknown): AsyncGenerator<string> {
  yield typeof value === 'string' ? value : JSON.stringify(value);
}

async function read(users: readonly object[], providers = PARTNER): Promise<GivenAccount[]> {
  const found = [];
  for await (const one of readKeycloak(textOf({ realm: 'bank', users }), providers))
    found.push(one);
  return found;
}

async function readOne(user: object): Promise<GivenAccount> {
  const [one] = await read([{ username: 'griet', ...user }]);
  return one ?? assert.fail();
}

const credential = (type: string, secret: object, terms: object) => ({
  ...{ id: 'x', type, createdDate: 1690887741455 },
  ...{ secretData: JSON.stringify(secret), credentialData: JSON.stringify(terms) },
});
const value = Buffer.alloc(64, 7).toString('base64');
const salt = Buffer.alloc(16, 9).toString('base64');
const password = (algorithm: string, hashIterations: number, additionalParameters = {}) =>
  credential(
    'password',
    { value, salt, additionalParameters: {} },
    {
      ...{ hashIterations, algorithm, additionalParameters },
    },
  );
const code = (more: object = {}, secret = 'OKGQyZ8aCkJeV0ZqPl3d') =>
  credential(
    'otp',
    { value: secret },
    {
      ...{ subType: 'totp', digits: 6, counter: 0, period: 30, algorithm: 'HmacSHA1', ...more },
    },
  );

test('a user comes with name, language, address, state, and what they are linked to', async () => {
  const one = await readOne({
    ...{ firstName: 'Griet', lastName: 'Maes', email: 'griet@example.test', emailVerified: true },
    ...{ enabled: false, attributes: { locale: ['nl-BE'] }, realmRoles: ['user'], groups: ['/a'] },
    federatedIdentities: [{ identityProvider: 'partner', userId: 'g-1', userName: 'griet' }],
  });
  assert.deepEqual(one.faults, []);
  assert.deepEqual(one.wish, {
    ...{ login: 'griet', name: 'Griet Maes', email: 'griet@example.test', language: 'nl' },
    ...{ disabled: true, identities: [{ issuer: 'https://login.partner.test', subject: 'g-1' }] },
  });
  const plain = await readOne({ email: 'x@example.test', emailVerified: false, firstName: ' ' });
  assert.deepEqual(plain.wish, { login: 'griet', name: 'griet' });
  assert.deepEqual(plain.passedOver, ['addresses that were never verified']);
});

test('hashes of Keycloak are those of the PHC form', async () => {
  const argon2 = {
    type: ['id'],
    version: ['1.3'],
    memory: ['7168'],
    parallelism: ['1'],
    hashLength: ['32'],
  };
  for (const [given, head] of [
    [password('pbkdf2-sha256', 27_500), '$pbkdf2-sha256$i=27500$'],
    [password('pbkdf2-sha512', 210_000), '$pbkdf2-sha512$i=210000$'],
    [password('argon2', 5, argon2), '$argon2id$v=19$m=7168,t=5,p=1$'],
  ] as const) {
    const { wish, faults } = await readOne({ credentials: [given] });
    assert.deepEqual(faults, []);
    const tail = [salt, value].map((one) => one.replace(/=+$/, '')).join('$');
    assert.equal(wish.password, `${head}${tail}`);
    assert.notEqual(readPasswordHash(wish.password ?? '').kind, 'unfit');
  }
});

test('the key of an app is the bytes of the text, or Base32 where Keycloak says so', async () => {
  const plain = await readOne({ credentials: [code()] });
  assert.deepEqual(readCodeKey(plain.wish.code ?? ''), {
    ...{ secret: base32Of(Buffer.from('OKGQyZ8aCkJeV0ZqPl3d')), algorithm: 'SHA1' },
    ...{ digits: 6, period: 30 },
  });
  const encoded = { secretEncoding: 'BASE32', algorithm: 'HmacSHA256', digits: 8, period: 60 };
  const other = await readOne({ credentials: [code(encoded, 'JBSWY3DPEHPK3PXPJBSWY3DP')] });
  assert.deepEqual(readCodeKey(other.wish.code ?? ''), {
    ...{ secret: 'JBSWY3DPEHPK3PXPJBSWY3DP', algorithm: 'SHA256', digits: 8, period: 60 },
  });
});

test('what cannot come is said by its kind, and never passed over in silence', async () => {
  for (const [user, kind, says] of [
    [{ credentials: [password('pbkdf2', 20_000)] }, 'password', /algorithm/],
    [{ credentials: [credential('password', {}, {})] }, 'password', /no known form/],
    [
      { credentials: [{ type: 'password', secretData: '{', credentialData: '{' }] },
      'password',
      /form/,
    ],
    [
      { credentials: [password('pbkdf2-sha256', 1_000), password('pbkdf2-sha256', 1_000)] },
      'password',
      /more/,
    ],
    [{ credentials: [code({ subType: 'hotp' })] }, 'code', /counted/],
    [{ credentials: [code({ secretEncoding: 'B64' })] }, 'code', /encoding/],
    [{ credentials: [code(), code()] }, 'code', /more than one app/],
    [{ credentials: [credential('webauthn', {}, {})] }, 'other', /passkey/],
    [{ credentials: [credential('recovery-authn-codes', {}, {})] }, 'other', /recovery/],
    [{ credentials: [credential('something', {}, {})] }, 'other', /not known/],
    [{ federationLink: 'ldap' }, 'other', /directory/],
    [
      { federatedIdentities: [{ identityProvider: 'github', userId: '1' }] },
      'identity',
      /--provider/,
    ],
  ] as const) {
    const { faults, wish } = await readOne(user);
    assert.deepEqual(
      faults.map((fault) => fault.kind),
      [kind],
      JSON.stringify(user),
    );
    assert.match(faults[0]?.says ?? '', says);
    assert.equal(wish.login, 'griet', 'it may come without');
  }
});

test('service accounts are no people, and what is no user is named by what is missing', async () => {
  const [account, bad, worse] = await read([
    { username: 'service-account-shop', serviceAccountClientId: 'shop' },
    { email: 'PLANTED@example.test' },
    { username: 'x', credentials: 'PLANTED' },
  ]);
  assert.deepEqual([account?.wish, account?.faults, account?.passedOver.length], [{}, [], 1]);
  assert.match(bad?.faults[0]?.says ?? '', /username/);
  assert.match(worse?.faults[0]?.says ?? '', /credentials/);
  assert.doesNotMatch(JSON.stringify([bad, worse]), /PLANTED/);
  await assert.rejects(async () => {
    for await (const _ of readKeycloak(textOf({ realm: 'bank', clients: [] }), PARTNER));
  }, /no export of Keycloak with users/);
});

test('the providers of a realm are known from its export, wherever they stand in it', async () => {
  const realm = {
    users: [],
    identityProviders: [
      { alias: 'partner', providerId: 'oidc', config: { issuer: 'https://login.partner.test' } },
      { alias: 'google', providerId: 'google', config: { clientId: 'x' } },
      { alias: 'github', providerId: 'github', config: {} },
      { alias: 'saml', providerId: 'saml' },
      'nonsense',
    ],
  };
  assert.deepEqual(
    [...(await keycloakProviders(textOf(realm)))],
    [
      ['partner', 'https://login.partner.test'],
      ['google', 'https://accounts.google.com'],
    ],
  );
});
