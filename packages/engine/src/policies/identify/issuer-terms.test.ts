import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AUDIENCE,
  bearer,
  ISSUER,
  identifyWith,
  key,
  otherKey,
  outcomeOf,
  requestOf,
  tokenOf,
  trustedIssuer,
  World,
} from './identify.fixture.ts';
import { compileIdentification } from './security-requirement.ts';

async function judge(token: string, world = new World()): Promise<string> {
  return outcomeOf(await identifyWith(world, [{ bearer: [] }])(bearer(token)));
}

test('an issuer whose tokens name no audience is held to the claim that its configuration names', async () => {
  const cases: [string, Record<string, unknown>, string][] = [
    ['client_id', { aud: undefined, client_id: AUDIENCE }, AUDIENCE],
    ['azp', { aud: undefined, azp: AUDIENCE }, 'app-1'],
    ['resource.server', { aud: undefined, resource: { server: AUDIENCE } }, 'app-1'],
    ['/resource/server', { aud: undefined, resource: { server: [AUDIENCE] } }, 'app-1'],
    ['client_id', { aud: undefined }, 'credentials_invalid'],
    ['azp', { aud: undefined, azp: ['x'] }, 'credentials_invalid'],
    ['azp', { aud: 'https://other.example', azp: AUDIENCE }, 'credentials_invalid'],
    ['azp', { aud: AUDIENCE }, 'credentials_invalid'],
  ];
  for (const [audienceClaim, claims, expected] of cases) {
    const world = new World();
    world.trusted = [{ ...trustedIssuer, audienceClaim }];
    assert.equal(await judge(tokenOf(claims), world), expected, JSON.stringify(claims));
  }
});

test('scopes are read from the configured claim alone, by name, path or pointer', async () => {
  const cases: [string, Record<string, unknown>, string[]][] = [
    ['permissions', { permissions: ['a', 'b'] }, ['a', 'b']],
    ['grants.api', { grants: { api: 'a b' } }, ['a', 'b']],
    ['/grants/api', { grants: { api: ['a'] } }, ['a']],
    ['https://a.example/scopes', { 'https://a.example/scopes': 'a' }, ['a']],
    ['grants.__proto__', {}, []],
    ['permissions', {}, []],
  ];
  for (const [scopesClaim, claims, scopes] of cases) {
    const world = new World();
    world.trusted = [{ ...trustedIssuer, scopesClaim }];
    const outcome = await identifyWith(world, [{ bearer: [] }])(bearer(tokenOf(claims)));
    assert.ok(outcome.kind === 'identified', scopesClaim);
    assert.deepEqual(outcome.principal?.scopes, scopes);
  }
});

test('only a token with a good signature tells the host whether roles were where they are looked for', async () => {
  const told: unknown[] = [];
  const world = Object.assign(new World(), {
    rolesRead: (...outcome: unknown[]) => told.push(outcome),
  });
  world.trusted = [{ ...trustedIssuer, rolesClaim: 'groups' }];
  const identify = identifyWith(world, [{ bearer: [] }]);
  for (let forged = 0; forged < 20; forged++) {
    const [head, claims, signature = ''] = tokenOf({ jti: `forged-${forged}` }).split('.');
    const other = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    await identify(bearer(`${head}.${claims}.${other}`));
  }
  assert.deepEqual(told, []);
  const token = tokenOf({});
  for (let call = 0; call < 20; call++) await identify(bearer(token));
  await identify(bearer(tokenOf({ groups: ['a'] })));
  assert.deepEqual(told, [
    [trustedIssuer.issuer, 'groups', false],
    [trustedIssuer.issuer, 'groups', true],
  ]);
});

test('a place of roles that finds nothing is remembered with the caller, in all three forms', async () => {
  for (const rolesClaim of ['groups', 'realm.roles', '/realm/roles']) {
    const world = new World();
    world.trusted = [{ ...trustedIssuer, rolesClaim }];
    const identify = identifyWith(world, [{ bearer: [] }]);
    const lost = await identify(bearer(tokenOf({ roles: ['teller'] })));
    assert.ok(lost.kind === 'identified');
    assert.equal(lost.principal?.rolesNotFoundAt, rolesClaim);
    const found = await identify(bearer(tokenOf({ groups: ['a'], realm: { roles: ['a'] } })));
    assert.ok(found.kind === 'identified');
    assert.deepEqual(found.principal?.roles, ['a']);
    assert.equal(found.principal?.rolesNotFoundAt, undefined);
  }
});

test('where a nonce is accepted, an ID token is still none', async () => {
  const world = new World();
  world.trusted = [{ ...trustedIssuer, acceptsNonce: true }];
  assert.equal(await judge(tokenOf({ nonce: 'n' }), world), 'app-1');
  assert.equal(
    await judge(tokenOf({ nonce: 'n', scope: undefined, typ: 'Bearer' }), world),
    'app-1',
  );
  for (const claims of [
    { nonce: 'n', scope: undefined },
    { nonce: 'n', at_hash: 'h' },
    { nonce: 'n', scope: undefined, aud: [AUDIENCE, 'app-1'] },
    { nonce: 'n', token_use: 'id' },
  ]) {
    assert.equal(await judge(tokenOf(claims), world), 'credentials_invalid');
  }
});

test('an API key as bearer token passes where the description leaves that open, and only there', async () => {
  const judgeKey = async (scheme: object, value: string) => {
    const security = [{ bearer: ['read'] }];
    const options = { realm: 'bank', resourceMetadataUrl: null };
    const schemes = { bearer: { type: 'http', scheme: 'bearer', ...scheme } as const };
    const identify = compileIdentification({ security }, schemes, options, new World());
    return outcomeOf(await identify(bearer(value)));
  };
  assert.equal(await judgeKey({ takesKeys: true }, key), 'key_1');
  assert.equal(await judgeKey({ takesKeys: true }, otherKey), 'credentials_invalid');
  assert.equal(await judgeKey({ takesKeys: true }, `${key}x`), 'credentials_invalid');
  assert.equal(await judgeKey({ takesKeys: true }, tokenOf()), 'app-1');
  assert.equal(await judgeKey({ takesKeys: false }, key), 'token_opaque');
  assert.equal(await judge(key), 'token_opaque');
});

test('one key in two places is one proof where two schemes want two', async () => {
  const takesKeys = { type: 'http', scheme: 'bearer', takesKeys: true } as const;
  const schemes = {
    bearer: takesKeys,
    key: { type: 'apiKey', in: 'header', name: 'X-Key' } as const,
  };
  const options = { realm: 'bank', resourceMetadataUrl: null };
  const both = [{ key: [], bearer: [] }];
  const identify = compileIdentification({ security: both }, schemes, options, new World());
  const headers = { authorization: `Bearer ${key}`, 'x-key': key };
  assert.notEqual(outcomeOf(await identify(requestOf({ headers }))), 'key_1');
});

test('an opaque token is told that it is one', async () => {
  for (const token of ['8xLOxBtZp8', 'a.b', 'a.b.c.d']) {
    assert.equal(await judge(token), 'token_opaque');
  }
  assert.equal(await judge('a.b.c'), 'credentials_invalid');
});

test('tokens of a trial are believed from this machine alone, and for any scheme', async () => {
  const world = new World();
  world.trusted = [{ ...trustedIssuer, issuer: 'urn:trial', isTrial: true }];
  world.keySets['urn:trial'] = { ...(world.keySets[ISSUER] as NonNullable<unknown>) } as never;
  const headers = { authorization: `Bearer ${tokenOf({ iss: 'urn:trial' })}` };
  for (const scheme of ['bearer', 'oauth', 'oidc']) {
    const identify = identifyWith(world, [{ [scheme]: [] }]);
    for (const clientAddress of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      assert.equal(outcomeOf(await identify(requestOf({ headers, clientAddress }))), 'app-1');
    }
    for (const clientAddress of ['192.0.2.1', '::ffff:10.0.0.1', '127.0.0.1.evil', '']) {
      const outcome = outcomeOf(await identify(requestOf({ headers, clientAddress })));
      assert.equal(outcome, 'credentials_invalid', clientAddress);
    }
  }
});
