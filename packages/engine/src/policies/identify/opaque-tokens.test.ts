import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Introspection, TrustedIssuer } from '../../identity.ts';
import {
  AUDIENCE,
  bearer,
  certificate,
  claimsOf,
  ISSUER,
  identifyWith,
  key,
  NOW,
  outcomeOf,
  requestOf,
  tokenOf,
  trustedIssuer,
  World,
} from './identify.fixture.ts';

const OTHER = 'https://other.example';
const asked = (prefix = ''): Partial<TrustedIssuer> => ({ opaqueTokens: { prefix } });

/** A host whose issuers say what the test has them say. */
class Asking extends World {
  readonly questions: [issuer: string, token: string][] = [];
  said: Introspection | Promise<Introspection> = { kind: 'active', claims: claimsOf() };
  override trusted: readonly TrustedIssuer[] = [{ ...trustedIssuer, ...asked() }];

  introspect = (issuer: string, token: string) => {
    this.questions.push([issuer, token]);
    return this.said;
  };
}

async function judge(
  world: Asking,
  request = bearer('opaque-token'),
  scheme = 'bearer',
): Promise<string> {
  return outcomeOf(await identifyWith(world, [{ [scheme]: [] }])(request));
}

const says = (claims: Record<string, unknown>) =>
  Object.assign(new Asking(), { said: { kind: 'active', claims: claimsOf(claims) } });

test('a token that only its issuer can read passes by what the issuer says of it', async () => {
  const world = new Asking();
  const found = await identifyWith(world, [{ bearer: [] }])(bearer('opaque-token'));
  assert.ok(found.kind === 'identified');
  const { client, subject, issuer, scopes } = found.principal ?? {};
  assert.deepEqual([client, subject, issuer], ['app-1', 'anna', ISSUER]);
  assert.deepEqual(scopes, ['read', 'write']);
  assert.deepEqual(world.questions, [[ISSUER, 'opaque-token']]);
  assert.equal(await judge(new Asking(), bearer('a.b.c.d.e')), 'app-1', 'an encrypted one as well');
});

test('what the issuer does not call good is refused, and what it does not say at all is told apart', async () => {
  const world = new Asking();
  world.said = { kind: 'inactive' };
  assert.equal(await judge(world), 'credentials_invalid');
  world.said = Promise.resolve({ kind: 'unavailable', reason: 'not-answered' });
  const identify = identifyWith(world, [{ bearer: [] }]);
  const found = await identify(bearer('opaque-token'));
  assert.ok(found.kind === 'deny');
  assert.equal(found.code, 'introspection_unavailable');
  assert.deepEqual(found.answerHeaders, ['retry-after', '5']);
  const either = identifyWith(world, [{ bearer: [] }, { key: [] }]);
  const headers = { authorization: 'Bearer opaque-token', 'x-api-key': key };
  assert.equal(outcomeOf(await either(requestOf({ headers }))), 'key_1', 'another way in stays');
});

test('what an issuer says of a token counts as what its JWT says: the same pass, by the same names', async () => {
  const odd = fc.oneof(
    fc.constantFrom(undefined, null, '', 'x', 0, -1, 1.5, NOW, NOW - 400, NOW + 400, true, [], {}),
    fc.constantFrom(AUDIENCE, [AUDIENCE], ['other', AUDIENCE], 'Bearer', ISSUER, 'read'),
    fc.jsonValue(),
  );
  const names = [
    ...['aud', 'exp', 'nbf', 'iat', 'sub', 'client_id', 'azp', 'jti', 'scope', 'scp', 'roles'],
    ...['cnf', 'acr', 'auth_time', 'nonce', 'events', 'typ', 'token_use', 'grant_id', 'at_hash'],
  ];
  const changes = fc.dictionary(fc.constantFrom(...names), odd, { maxKeys: 4 });
  const confirmations = fc.constantFrom<object[]>(
    {},
    { cnf: { 'x5t#S256': certificate.thumbprint } },
    { cnf: { 'x5t#S256': 'another' } },
    { cnf: { jkt: 'somebody' } },
    { cnf: { jkt: 'a', 'x5t#S256': 'b' } },
  );
  const more = { clientCertificate: certificate };
  await fc.assert(
    fc.asyncProperty(changes, confirmations, async (changed, confirmation) => {
      // As it comes over the network.
      const claims = JSON.parse(JSON.stringify(claimsOf({ ...confirmation, ...changed })));
      const world = says({});
      world.said = { kind: 'active', claims };
      const asJwt = tokenOf(Object.fromEntries(names.map((name) => [name, claims[name]])));
      const [said, signed] = [
        await identifyWith(world, [{ bearer: [] }])(bearer('opaque-token', more)),
        await identifyWith(world, [{ bearer: [] }])(bearer(asJwt, more)),
      ];
      assert.equal(outcomeOf(said), outcomeOf(signed), JSON.stringify(claims));
      if (said.kind === 'identified' && signed.kind === 'identified') {
        assert.deepEqual(said.principal, signed.principal);
      }
    }),
    { numRuns: 600 },
  );
});

test('an answer about another issuer, or another kind of token, makes none good', async () => {
  assert.equal(await judge(says({ iss: undefined })), 'app-1');
  for (const claims of [
    ...[{ iss: OTHER }, { iss: null }, { iss: [ISSUER] }, { token_type: 'refresh_token' }],
    ...[{ token_type: 'N_A' }, { token_type: 7 }, { token_type: 'DPoP' }],
  ]) {
    assert.equal(await judge(says(claims)), 'credentials_invalid', JSON.stringify(claims));
  }
  for (const type of ['Bearer', 'bearer']) {
    assert.equal(await judge(says({ token_type: type })), 'app-1');
  }
});

test('a token is shown to one issuer alone: the one whose prefix fits best, and that the scheme stands for', async () => {
  const world = new Asking();
  const trust = (...prefixes: (string | null)[]) =>
    prefixes.map((prefix, index) => ({
      ...{ ...trustedIssuer, issuer: `https://i${index}.example` },
      ...(prefix !== null && asked(prefix)),
    }));
  world.trusted = trust('', 'at_', 'at_x_', null);
  for (const [token, issuer] of [
    ['other', 'https://i0.example'],
    ['at_1', 'https://i1.example'],
    ['at_x_1', 'https://i2.example'],
  ] as const) {
    world.questions.length = 0;
    await judge(world, bearer(token));
    assert.deepEqual(world.questions, [[issuer, token]]);
  }
  world.questions.length = 0;
  assert.equal(await judge(world, bearer('at_1'), 'oidc'), 'credentials_invalid');
  world.trusted = trust('at_');
  assert.equal(await judge(world, bearer('other')), 'token_opaque');
  world.trusted = trust(null);
  assert.equal(await judge(world, bearer('other')), 'token_opaque');
  assert.deepEqual(world.questions, []);
});

test('a key of ours, and what is too long or no token, is shown to nobody', async () => {
  const world = new Asking();
  assert.equal(await judge(world, bearer(key)), 'token_opaque');
  assert.equal(await judge(world, bearer('x'.repeat(9_000))), 'credentials_invalid');
  assert.equal(await judge(world, bearer('a b')), 'credentials_invalid');
  assert.equal(await judge(world, bearer(tokenOf())), 'app-1');
  assert.equal(await judge(world, bearer(`${tokenOf()}x`)), 'credentials_invalid');
  assert.deepEqual(world.questions, []);
});

test('a token that was remembered as good is refused once it has expired, is revoked here, or is taken back', async () => {
  const world = new Asking();
  const identify = identifyWith(world, [{ bearer: [] }]);
  const at = async (nowMs: number) => outcomeOf(await identify(bearer('opaque-token', { nowMs })));
  assert.equal(await at(NOW * 1000), 'app-1');
  assert.equal(await at((NOW + 331) * 1000), 'credentials_expired');
  world.revoked.add('t1');
  assert.equal(await at(NOW * 1000), 'credentials_invalid');
  world.revoked.clear();
  assert.equal(await at(NOW * 1000), 'app-1');
  world.said = { kind: 'inactive' };
  assert.equal(await at(NOW * 1000), 'credentials_invalid');
});

test('a revocation while the issuer is asked counts', async () => {
  const world = new Asking();
  const { promise, resolve } = Promise.withResolvers<Introspection>();
  world.said = promise;
  const outcome = judge(world);
  world.revoked.add('t1');
  resolve({ kind: 'active', claims: claimsOf() });
  assert.equal(await outcome, 'credentials_invalid');
});

test('without a host that asks, an opaque token is what it was', async () => {
  const world = Object.assign(new World(), { trusted: [{ ...trustedIssuer, ...asked() }] });
  const identify = identifyWith(world, [{ bearer: [] }]);
  assert.equal(outcomeOf(await identify(bearer('opaque-token'))), 'token_opaque');
});
