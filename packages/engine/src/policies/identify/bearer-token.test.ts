import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { onFaultyRuntime } from '../../../../openapi/src/json/faulty-parse.fixture.ts';
import {
  AUDIENCE,
  bearer,
  certificate,
  claimsOf,
  encoded,
  ISSUER,
  identifyWith,
  NOON,
  NOW,
  outcomeOf,
  requestOf,
  signer,
  signerOf,
  tokenOf,
  trustedIssuer,
  World,
} from './identify.fixture.ts';
import { TokenVerifier } from './token-verifier.ts';
import { VerifiedTokens } from './verified-tokens.ts';

async function judge(token: string, world = new World(), more = {}): Promise<string> {
  return outcomeOf(await identifyWith(world, [{ bearer: [] }])(bearer(token, more)));
}

test('a good token names its client, subject, scopes and roles', async () => {
  const token = tokenOf({ roles: ['teller'] });
  const identification = await identifyWith(new World(), [{ bearer: [] }])(bearer(token));
  assert.ok(identification.kind === 'identified');
  assert.deepEqual(identification.principal, {
    kind: 'token',
    client: 'app-1',
    clientNames: ['app-1'],
    subject: 'anna',
    issuer: ISSUER,
    audiences: ['https://api.example'],
    scopes: ['read', 'write'],
    roles: ['teller'],
    credentialId: 't1',
    expiresAt: NOW + 300,
    givenAt: NOW - 10,
  });
});

test('RSA, EC and Edwards signatures are verified, with and without a key id', async () => {
  for (const kind of ['RS256', 'ES256', 'EdDSA'] as const) {
    for (const kid of ['k', undefined]) {
      const own = signerOf(kid, kind);
      const world = new World();
      world.keySets = { [ISSUER]: { jwks: { keys: [own.jwk] }, generation: 1 } };
      assert.equal(await judge(tokenOf({}, {}, own), world), 'app-1');
    }
  }
});

test('claims that break a rule are refused', async () => {
  const bad: [string, Record<string, unknown>][] = [
    ['another issuer', { iss: 'https://evil.example' }],
    ['issuer with a trailing slash', { iss: `${ISSUER}/` }],
    ['issuer in a list', { iss: [ISSUER] }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'https://other.example' }],
    ['no audience', { aud: undefined }],
    ['empty audience list', { aud: [] }],
    ['audience list with a number', { aud: [AUDIENCE, 1] }],
    ['audience as a prefix', { aud: `${AUDIENCE}/v1` }],
    ['no expiry', { exp: undefined }],
    ['expiry as text', { exp: String(NOW + 300) }],
    ['expiry null', { exp: null }],
    ['not yet valid', { nbf: NOW + 31 }],
    ['issued in the future', { iat: NOW + 31 }],
    ['nbf as text', { nbf: 'now' }],
    ['an ID token by nonce', { nonce: 'n' }],
    ['an ID token by at_hash', { at_hash: 'h' }],
    ['an ID token by audience', { aud: [AUDIENCE, 'app-1'], scope: undefined }],
    ['a Cognito ID token', { token_use: 'id' }],
    ['a Keycloak refresh token', { typ: 'Refresh' }],
    ['a logout token', { events: {} }],
    ['a doubly bound token', { cnf: { jkt: 'x', 'x5t#S256': certificate.thumbprint } }],
    ['a doubly bound token, turned', { cnf: { 'x5t#S256': certificate.thumbprint, jkt: 'x' } }],
    ['a key that is no name', { cnf: { jkt: 7 } }],
    ['an unknown confirmation', { cnf: { kid: 'x' } }],
    ['an empty confirmation', { cnf: {} }],
    ['a confirmation as text', { cnf: 'x' }],
    ['a confirmation null', { cnf: null }],
    ['scope as a number', { scope: 7 }],
    ['roles as an object', { roles: { admin: true } }],
    ['client with a line break', { client_id: 'a\r\nb' }],
    ['client as a number', { client_id: 7 }],
    ['nobody at all', { client_id: undefined, sub: undefined }],
  ];
  for (const [name, claims] of bad) {
    const outcome = await judge(tokenOf(claims), new World(), { clientCertificate: certificate });
    assert.equal(outcome, 'credentials_invalid', name);
  }
});

test('an audience among several, legacy scp and azp are understood', async () => {
  const good: Record<string, unknown>[] = [
    { aud: ['https://other.example', AUDIENCE] },
    { scope: undefined, scp: ['read'] },
    { scope: undefined, scp: 'read' },
    { client_id: undefined, azp: 'app-1' },
    { client_id: undefined, sub: 'app-1' },
    { typ: 'Bearer' },
    { token_use: 'access' },
  ];
  for (const claims of good) assert.equal(await judge(tokenOf(claims)), 'app-1');
});

test('a subject never passes for a client that configuration names', async () => {
  const request = bearer(tokenOf({ client_id: undefined, sub: 'app-1' }));
  const identification = await identifyWith(new World(), [{ bearer: [] }])(request);
  assert.ok(identification.kind === 'identified');
  assert.deepEqual(identification.principal?.clientNames, []);
});

test('expiry is tolerated within the skew, and told apart beyond it', async () => {
  assert.equal(await judge(tokenOf({ exp: NOW - 29 })), 'app-1');
  assert.equal(await judge(tokenOf({ exp: NOW - 30 })), 'credentials_expired');
  assert.equal(await judge(tokenOf({ nbf: NOW + 30 })), 'app-1');
  const world = new World();
  world.trusted = [{ ...trustedIssuer, clockSkewSeconds: 99_999 }];
  assert.equal(await judge(tokenOf({ exp: NOW - 301 }), world), 'credentials_expired');
  world.trusted = [{ ...trustedIssuer, clockSkewSeconds: Number.NaN }];
  assert.equal(await judge(tokenOf({ exp: NOW - 1 }), world), 'credentials_expired');
});

test('header types and extensions that were meant for something else are refused', async () => {
  for (const typ of ['logout+jwt', 'secevent+jwt', 'dpop+jwt', 'JOSE', 'id_token', '', 7, null]) {
    assert.equal(await judge(tokenOf({}, { typ })), 'credentials_invalid', String(typ));
  }
  for (const typ of ['JWT', 'jwt', 'at+jwt', 'application/at+jwt']) {
    assert.equal(await judge(tokenOf({}, { typ })), 'app-1', typ);
  }
  for (const header of [{ crit: ['x'], x: 1 }, { crit: ['b64'], b64: false }, { zip: 'DEF' }]) {
    assert.equal(await judge(tokenOf({}, header)), 'credentials_invalid');
  }
});

test('a token of type at+jwt must carry what RFC 9068 requires', async () => {
  for (const name of ['sub', 'client_id', 'iat', 'jti', 'exp', 'aud', 'iss']) {
    const token = tokenOf({ [name]: undefined }, { typ: 'at+jwt' });
    assert.equal(await judge(token), 'credentials_invalid', name);
  }
});

test('no algorithm but the listed asymmetric ones: none, HMAC with the public key, another curve', async () => {
  const world = new World();
  world.trusted = [{ ...trustedIssuer, algorithms: ['ES256', 'HS256', 'none', 'RS256'] }];
  const publicText = JSON.stringify(signer.jwk);
  const input = `${encoded({ alg: 'HS256', kid: 'k1' })}.${encoded(claimsOf())}`;
  const hmac = createHmac('sha256', publicText).update(input).digest('base64url');
  assert.equal(await judge(`${input}.${hmac}`, world), 'credentials_invalid');
  const unsigned = `${encoded({ alg: 'none' })}.${encoded(claimsOf())}.`;
  assert.equal(await judge(unsigned, world), 'credentials_invalid');
  assert.equal(await judge(tokenOf({}, { alg: 'RS256' }), world), 'credentials_invalid');
  assert.equal(await judge(tokenOf({}, { alg: ['ES256'] }), world), 'credentials_invalid');
  const symmetric = { kty: 'oct', k: 'c2VjcmV0', kid: 'k1' };
  world.keySets = { [ISSUER]: { jwks: { keys: [symmetric] }, generation: 2 } };
  assert.equal(await judge(`${input}.${hmac}`, world), 'credentials_invalid');
});

test('an algorithm that is not asymmetric is refused by name, even when configured', async () => {
  const world = new World();
  world.trusted = [{ ...trustedIssuer, algorithms: ['HS256', 'none'] }];
  for (const alg of ['HS256', 'none', 'ES256']) {
    const identification = await identifyWith(world, [{ bearer: [] }])(
      bearer(tokenOf({}, { alg })),
    );
    assert.ok(identification.kind === 'deny');
    const evidence = JSON.stringify(identification.evidence);
    assert.equal(evidence, '{"schemes":{"bearer":{"reason":"algorithm"}}}');
  }
});

test('the scheme is followed by spaces and the token, nothing else', async () => {
  const identify = identifyWith(new World(), [{ bearer: [] }]);
  const token = tokenOf();
  for (const good of [`Bearer ${token}`, `bEARER   ${token}`]) {
    const request = requestOf({ headers: { authorization: good } });
    assert.equal(outcomeOf(await identify(request)), 'app-1');
  }
  for (const bad of [
    `Bearer\t${token}`,
    `Bearer${token}`,
    `Bearer \t${token}`,
    `Bearer \u00a0${token}`,
  ]) {
    const request = requestOf({ headers: { authorization: bad } });
    assert.match(outcomeOf(await identify(request)), /^credentials/);
  }
});

test('an access token by its type may carry the nonce of its sign-in', async () => {
  assert.equal(await judge(tokenOf({ nonce: 'n' }, { typ: 'at+jwt' })), 'app-1');
});

test('beyond a thousand signatures at once, callers are told to come back', async () => {
  const identify = identifyWith(new World(), [{ bearer: [] }]);
  const outcomes = await Promise.all(
    Array.from({ length: 1010 }, (_, index) => identify(bearer(tokenOf({ jti: `p${index}` })))),
  );
  const refused = outcomes.filter((outcome) => outcomeOf(outcome) === 'overloaded');
  assert.equal(refused.length, 10);
});

test('keys that the token brings along are not looked at', async () => {
  const stranger = signerOf('k1');
  const brought = [
    { jwk: stranger.jwk },
    { jku: 'https://evil.example/jwks' },
    { x5u: 'https://evil.example' },
    { x5c: ['MII'] },
  ];
  for (const header of brought) {
    assert.equal(await judge(tokenOf({}, header, stranger)), 'credentials_invalid');
  }
});

test('an unknown key id asks for a refetch; a strange one is only a name', async () => {
  for (const kid of ['k2', '../../etc/passwd', "' OR 1=1", '__proto__', 'constructor', '']) {
    const world = new World();
    assert.equal(await judge(tokenOf({}, { kid }), world), 'credentials_invalid');
    assert.deepEqual(world.unknown, [ISSUER]);
  }
  assert.equal(await judge(tokenOf({}, { kid: 7 })), 'credentials_invalid');
});

test('one key of another issuer signs nothing for this one', async () => {
  const other = signerOf('k1');
  const world = new World();
  world.trusted = [trustedIssuer, { ...trustedIssuer, issuer: 'https://two.example' }];
  world.keySets['https://two.example'] = { jwks: { keys: [other.jwk] }, generation: 1 };
  assert.equal(await judge(tokenOf({ iss: 'https://two.example' }, {}, other), world), 'app-1');
  assert.equal(await judge(tokenOf({}, {}, other), world), 'credentials_invalid');
});

test('two claims of one name are refused, however they are spelled', async () => {
  const json = JSON.stringify(claimsOf());
  for (const twice of [
    '"sub":"eve"',
    '"s\\u0075b":"eve"',
    '"x":{"a":1,"a":2}',
    '"x":[{"a":1,"a":2}]',
  ]) {
    const token = signer.sign({ alg: 'ES256', kid: 'k1' }, `${json.slice(0, -1)},${twice}}`);
    assert.equal(await judge(token), 'credentials_invalid', twice);
  }
  const header = `{"alg":"none","alg":"ES256","kid":"k1"}`;
  assert.equal(await judge(signer.sign(header as never, claimsOf())), 'credentials_invalid');
  const repeated = `${json.slice(0, -1)},"x":[{"a":1},{"a":2}],"y":"{\\"sub\\":1,"}`;
  assert.equal(await judge(signer.sign({ alg: 'ES256', kid: 'k1' }, repeated)), 'app-1');
});

test('encrypted, oversized and rewritten tokens are refused', async () => {
  const token = tokenOf();
  assert.equal(await judge(`${token}.a.b`), 'credentials_invalid');
  assert.equal(await judge(tokenOf({ filler: 'x'.repeat(8000) })), 'credentials_invalid');
  assert.equal(await judge(`${token}=`), 'credentials_invalid');
  for (let at = 0; at < token.length; at += 1) {
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
    assert.notEqual(await judge(changed), 'app-1', `character ${at}`);
  }
});

test('a certificate-bound token needs its certificate on every call, remembered or not', async () => {
  const world = new World();
  const token = tokenOf({ cnf: { 'x5t#S256': certificate.thumbprint } });
  assert.equal(await judge(token, world), 'credentials_invalid');
  assert.equal(await judge(token, world, { clientCertificate: certificate }), 'app-1');
  assert.equal(await judge(token, world), 'credentials_invalid');
  const another = { ...certificate, thumbprint: 'other' };
  assert.equal(await judge(token, world, { clientCertificate: another }), 'credentials_invalid');
});

test('a remembered token is judged again for expiry, revocation, rotation and trust', async () => {
  const world = new World();
  const identify = identifyWith(world, [{ bearer: [] }]);
  const token = tokenOf();
  assert.equal(outcomeOf(await identify(bearer(token))), 'app-1');
  const second = identify(bearer(token));
  assert.ok(!(second instanceof Promise), 'a remembered token costs no promise');

  world.revoked.add('t1');
  assert.equal(outcomeOf(await identify(bearer(token))), 'credentials_invalid');
  world.revoked.clear();
  assert.equal(outcomeOf(await identify(bearer(token))), 'app-1');

  const late = bearer(token, { nowMs: NOON + 331_000 });
  assert.equal(outcomeOf(await identify(late)), 'credentials_expired');

  assert.equal(outcomeOf(await identify(bearer(token))), 'app-1');
  world.keySets[ISSUER] = { jwks: { keys: [signerOf('k2').jwk] }, generation: 2 };
  assert.equal(outcomeOf(await identify(bearer(token))), 'credentials_invalid');

  world.keySets[ISSUER] = { jwks: { keys: [signer.jwk] }, generation: 3 };
  assert.equal(outcomeOf(await identify(bearer(token))), 'app-1');
  world.keySets[ISSUER] = null;
  assert.equal(outcomeOf(await identify(bearer(token))), 'keys_unavailable');
  world.keySets[ISSUER] = { jwks: { keys: [signer.jwk] }, generation: 4 };
  world.trusted = [{ ...trustedIssuer, audiences: ['https://elsewhere.example'] }];
  assert.equal(outcomeOf(await identify(bearer(token))), 'credentials_invalid');
  world.trusted = [];
  assert.equal(outcomeOf(await identify(bearer(token))), 'credentials_invalid');
});

test('a snapshot that says the same of an issuer leaves its tokens remembered', async () => {
  // Told with each verification of a signature.
  let verified = 0;
  const world = Object.assign(new World(), { rolesRead: () => verified++ });
  world.trusted = [{ ...trustedIssuer, rolesClaim: 'one' }];
  const identify = identifyWith(world, [{ bearer: [] }]);
  const token = tokenOf();
  await identify(bearer(token));
  world.trusted = structuredClone(world.trusted);
  await identify(bearer(token));
  assert.equal(verified, 1);
  world.trusted = [{ ...trustedIssuer, rolesClaim: 'other' }];
  await identify(bearer(token));
  assert.equal(verified, 2);
});

test('tokens kept over a snapshot are judged by the new one', async () => {
  const verifiedTokens = new VerifiedTokens();
  const before = Object.assign(new World(), { verifiedTokens });
  const token = tokenOf();
  await identifyWith(before, [{ bearer: [] }])(bearer(token));
  const same = Object.assign(new World(), { verifiedTokens });
  same.trusted = structuredClone(before.trusted);
  assert.ok(!(identifyWith(same, [{ bearer: [] }])(bearer(token)) instanceof Promise));
  const stranger = Object.assign(new World(), { verifiedTokens });
  stranger.trusted = [];
  assert.equal(await judge(token, stranger), 'credentials_invalid');
  const rotated = Object.assign(new World(), { verifiedTokens });
  rotated.keySets = { [ISSUER]: { jwks: { keys: [signerOf('k1').jwk] }, generation: 2 } };
  assert.equal(await judge(token, rotated), 'credentials_invalid');
});

test('calls that arrive together with one token share one verification, each judged by itself', async () => {
  const world = new World();
  const verifier = new TokenVerifier(world);
  const token = tokenOf({ cnf: { 'x5t#S256': certificate.thumbprint } });
  const all = () => true;
  const outcomes = await Promise.all([
    verifier.authenticate(token, bearer(token, { clientCertificate: certificate }), all),
    verifier.authenticate(token, bearer(token), all),
    verifier.authenticate(token, bearer(token, { clientCertificate: certificate }), () => false),
  ]);
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['accepted', 'rejected', 'rejected'],
  );
});

test('a key withdrawn while a token is being verified does not vouch for it any more', async () => {
  const world = new World();
  const identify = identifyWith(world, [{ bearer: [] }]);
  const token = tokenOf();
  const pending = identify(bearer(token));
  world.keySets[ISSUER] = { jwks: { keys: [signerOf('k2').jwk] }, generation: 2 };
  assert.equal(outcomeOf(await pending), 'credentials_invalid');
  assert.equal(outcomeOf(await identify(bearer(token))), 'credentials_invalid');
});

test('the memory of tokens is bounded, and keeps those in use', async () => {
  const tokens = new VerifiedTokens(10);
  const verifier = new TokenVerifier(Object.assign(new World(), { verifiedTokens: tokens }));
  const all = () => true;
  const used = tokenOf({ jti: 'used' });
  await verifier.authenticate(used, bearer(used), all);
  for (let index = 0; index < 50; index += 1) {
    const token = tokenOf({ jti: `t${index}` });
    await verifier.authenticate(token, bearer(token), all);
    assert.ok(tokens.size <= 10);
    assert.ok(!(verifier.authenticate(used, bearer(used), all) instanceof Promise));
  }
});

test('openIdConnect takes tokens of the issuer that its URL names, and of no other', async () => {
  const world = new World();
  world.trusted = [trustedIssuer, { ...trustedIssuer, issuer: 'https://two.example' }];
  world.keySets['https://two.example'] = { jwks: { keys: [signer.jwk] }, generation: 1 };
  const both = identifyWith(world, [{ oauth: [] }]);
  const one = identifyWith(world, [{ oidc: [] }]);
  const foreign = bearer(tokenOf({ iss: 'https://two.example' }));
  assert.equal(outcomeOf(await both(foreign)), 'app-1');
  assert.equal(outcomeOf(await one(foreign)), 'credentials_invalid');
  assert.equal(outcomeOf(await one(bearer(tokenOf()))), 'app-1');
});

test('roles are read from a configured claim or pointer, and from nothing inherited', async () => {
  const claims = { realm_access: { roles: ['teller'] }, 'https://x/roles': ['clerk'] };
  const cases: [string, string[]][] = [
    ['/realm_access/roles', ['teller']],
    ['https://x/roles', ['clerk']],
    ['/realm_access/constructor/name', []],
    ['constructor', []],
    ['/a/b/c', []],
  ];
  for (const [rolesClaim, roles] of cases) {
    const world = new World();
    world.trusted = [{ ...trustedIssuer, rolesClaim }];
    const identification = await identifyWith(world, [{ bearer: [] }])(bearer(tokenOf(claims)));
    assert.ok(identification.kind === 'identified');
    assert.deepEqual(identification.principal?.roles, roles);
  }
});

test('no garbage in Authorization throws or is accepted', async () => {
  const world = new World();
  const identify = identifyWith(world, [{ bearer: [] }]);
  const genuine = tokenOf();
  const part = fc.oneof(
    fc.base64String().map((text) => text.replaceAll('=', '')),
    fc.json().map((json) => encoded(json)),
    fc.constantFrom(...genuine.split('.')),
    fc.string(),
  );
  const token = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('.'));
  const known = tokenOf();
  const value = fc.oneof(
    token.map((text) => `Bearer ${text}`),
    fc.string().map((text) => `bearer ${text}`),
    fc.string(),
    fc.constantFrom(
      'Bearer',
      'Bearer ',
      'Bearer\t',
      `Bearer ${known} x`,
      `Bearer ${known},`,
      `Bearer"${known}"`,
      `Token ${known}`,
      known,
    ),
  );
  await fc.assert(
    fc.asyncProperty(value, async (authorization) => {
      // Its three parts in their order, by chance, are no garbage.
      fc.pre(!authorization.endsWith(genuine));
      const outcome = outcomeOf(await identify(requestOf({ headers: { authorization } })));
      assert.match(outcome, /^(credentials_(required|invalid|expired)|token_opaque)$/);
    }),
    { numRuns: 3000 },
  );
});

test('no set of claims throws, whatever their types', async () => {
  const names = [
    'iss',
    'aud',
    'exp',
    'nbf',
    'iat',
    'sub',
    'client_id',
    'azp',
    'scope',
    'scp',
    'roles',
    'cnf',
    'typ',
    'jti',
    'token_use',
  ];
  const claims = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
  await fc.assert(
    fc.asyncProperty(claims, fc.constantFrom('JWT', 'at+jwt', undefined), async (odd, typ) => {
      const outcome = await judge(tokenOf(odd, { typ }));
      assert.equal(typeof outcome, 'string');
    }),
    { numRuns: 1000 },
  );
});

test('whoever prepared the JSON parser does not decide what a token says', async () => {
  const spelled = (text: string, name: string) =>
    text.replace(
      `"${name}"`,
      `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"`,
    );
  const header = JSON.stringify({ alg: signer.alg, kid: signer.jwk.kid });
  const signed = (claims: string, head = header) => signer.sign(head as never, claims);
  await onFaultyRuntime(async () => {
    const claims = JSON.stringify(claimsOf());
    for (const name of ['iss', 'aud', 'sub', 'exp', 'client_id']) {
      assert.equal(await judge(signed(spelled(claims, name))), 'app-1', name);
    }
    const forbidden: [string, Record<string, unknown>][] = [
      ['aud', { aud: 'https://other.example' }],
      ['exp', { exp: NOW - 300 }],
      ['nbf', { nbf: NOW + 300 }],
      ['nonce', { nonce: 'n' }],
      ['cnf', { cnf: { 'x5t#S256': 'another' } }],
    ];
    for (const [name, more] of forbidden) {
      const text = spelled(JSON.stringify(claimsOf(more)), name);
      assert.notEqual(await judge(signed(text)), 'app-1', name);
    }
    const twice = claims.replace('{', '{"\\u0073ub":"mallory",');
    assert.notEqual(await judge(signed(twice)), 'app-1');
  });
});

test('a token header with an escaped name is refused: two parsers read it', async () => {
  const forms = ['{"\\u0061lg":"ES256","kid":"k1"}', '{"alg":"ES256","kid":"k1","\\u0063rit":[]}'];
  for (const form of forms) {
    assert.equal(await judge(signer.sign(form as never, claimsOf())), 'credentials_invalid');
  }
  assert.equal(
    await judge(signer.sign('{"alg":"ES256","kid":"\\u006b1"}' as never, claimsOf())),
    'app-1',
  );
});
