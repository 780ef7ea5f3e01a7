import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecurityRequirement } from '@poorter/openapi';
import { credentialNames } from './credential-places.ts';
import {
  bearer,
  certificate,
  ISSUER,
  identifyWith,
  key,
  NOON,
  otherKey,
  outcomeOf,
  recordOf,
  requestOf,
  schemes,
  tokenOf,
  World,
} from './identify.fixture.ts';
import { compileIdentification } from './security-requirement.ts';

async function judge(
  security: readonly SecurityRequirement[],
  facts: Parameters<typeof requestOf>[0],
  world = new World(),
) {
  return identifyWith(world, security)(requestOf(facts));
}

async function outcome(...given: Parameters<typeof judge>): Promise<string> {
  return outcomeOf(await judge(...given));
}

const withKey = { 'x-api-key': key };
const withToken = () => ({ authorization: `Bearer ${tokenOf()}` });

test('security: [] is open, and {} is the way in for those without another', async () => {
  assert.equal(await outcome([], {}), 'anonymous');
  assert.equal(await outcome([{}], {}), 'anonymous');
  assert.equal(await outcome([{}, { key: [] }], { headers: withKey }), 'key_1');
  assert.equal(await outcome([{}, { key: [] }], { headers: { 'x-api-key': 'x' } }), 'anonymous');
});

test('any alternative suffices, even beside an invalid credential', async () => {
  const either = [{ key: [] }, { bearer: [] }];
  assert.equal(await outcome(either, { headers: withKey }), 'key_1');
  assert.equal(await outcome(either, { headers: withToken() }), 'app-1');
  assert.equal(await outcome(either, { headers: { 'x-api-key': 'bad', ...withToken() } }), 'app-1');
});

test('every scheme of an alternative must hold', async () => {
  const both = [{ key: [], bearer: [] }];
  assert.equal(await outcome(both, { headers: withKey }), 'credentials_required');
  assert.equal(await outcome(both, { headers: withToken() }), 'credentials_required');
  assert.equal(
    await outcome(both, { headers: { 'x-api-key': otherKey, ...withToken() } }),
    'credentials_invalid',
  );
  const identification = await judge(both, { headers: { ...withKey, ...withToken() } });
  assert.ok(identification.kind === 'identified');
  const { principal, satisfied } = identification;
  assert.equal(principal?.client, 'app-1');
  assert.equal(principal?.subject, 'anna');
  assert.deepEqual(principal?.scopes, ['read', 'write']);
  assert.deepEqual(principal?.roles, [], 'the roles of the key are not lent to the person');
  assert.deepEqual(
    satisfied[0]?.schemes.map(({ scheme }) => scheme),
    ['key', 'bearer'],
  );
});

test('a call with two credentials ends with the first of them', async () => {
  for (const [ends, expected] of [
    [NOON / 1000 + 60, 60],
    [NOON / 1000 + 900, 300],
    [null, 300],
  ] as const) {
    const world = new World();
    world.records = [recordOf({ expiresAt: ends })];
    const facts = { headers: { ...withKey, ...withToken() } };
    const identification = await judge([{ key: [], bearer: [] }], facts, world);
    assert.ok(identification.kind === 'identified');
    assert.equal(identification.principal?.expiresAt, NOON / 1000 + expected);
  }
});

test('a call with two identities speaks as the one that is granted', async () => {
  const security = [{ key: ['admin'] }, { oauth: ['write'] }];
  assert.equal(await outcome(security, { headers: { ...withKey, ...withToken() } }), 'app-1');
});

test('without a credential it is required; with bad ones the most telling fault is told', async () => {
  const world = new World();
  world.records = [recordOf({ expiresAt: NOON / 1000 })];
  const either = [{ key: [] }, { bearer: [] }];
  assert.equal(await outcome(either, {}, world), 'credentials_required');
  assert.equal(await outcome(either, { headers: withKey }, world), 'credentials_expired');
  const mixed = { ...withKey, authorization: 'Bearer x' };
  assert.equal(await outcome(either, { headers: mixed }, world), 'credentials_expired');
  const foreign = { headers: { authorization: 'Digest x' } };
  assert.equal(await outcome(either, foreign, world), 'credentials_required');
});

test('keys that are not there yet are a 503 only when nothing else is in the way', async () => {
  const world = new World();
  world.keySets[ISSUER] = null;
  assert.equal(
    await outcome([{ bearer: [] }], { headers: withToken() }, world),
    'keys_unavailable',
  );
  const both = [{ key: [], bearer: [] }];
  assert.equal(await outcome(both, { headers: withToken() }, world), 'credentials_required');
  const complete = { ...withKey, ...withToken() };
  assert.equal(await outcome(both, { headers: complete }, world), 'keys_unavailable');
  const bad = { 'x-api-key': otherKey, ...withToken() };
  assert.equal(await outcome(both, { headers: bad }, world), 'credentials_invalid');
});

test('a scheme is asked once, however many alternatives name it', async () => {
  const world = new World();
  const security = [{ key: [], tls: [] }, { key: ['read'], basic: [] }, { key: ['x'] }];
  await judge(security, { headers: withKey }, world);
  assert.equal(world.lookups, 1);
});

test('a key is taken from the named place alone, once', async () => {
  const header = [{ key: [] }];
  assert.equal(
    await outcome(header, { headers: ['x-api-key', key, 'x-api-key', key] }),
    'credentials_invalid',
  );
  assert.equal(await outcome(header, { query: `X-Api-Key=${key}` }), 'credentials_required');
  const query = [{ queryKey: [] }];
  for (const good of [
    `api+key=${key}`,
    `a=1&api%20key=${key}&b`,
    `api%20ke%79=%70${key.slice(1)}`,
  ]) {
    assert.equal(await outcome(query, { query: good }), 'key_1', good);
  }
  for (const bad of [
    `api+key=${key}&api%20key=${key}`,
    `api+key=${key}%zz`,
    'api+key',
    'api+key=',
  ]) {
    assert.equal(await outcome(query, { query: bad }), 'credentials_invalid', bad);
  }
  const cookie = [{ cookieKey: [] }];
  assert.equal(await outcome(cookie, { headers: { cookie: `a=b; session=${key}; c` } }), 'key_1');
  for (const bad of [
    [`session=${key}; session=${key}`],
    [`session="${key}"`],
    [`session=${key}`, 'session='],
    [`session=\u00a0${key}`],
    [`session=${key}\u00a0`],
    [`\u00a0session=${key}`],
    [`session=${key}; session\u00a0=x`],
    [`a="x; session=${key}; y="`],
    ['a="x', `session=${key}`],
  ]) {
    const headers = bad.flatMap((value) => ['cookie', value]);
    assert.equal(await outcome(cookie, { headers }), 'credentials_invalid', bad.join(' | '));
  }
  assert.equal(
    await outcome(cookie, { headers: { cookie: `Session=${key}` } }),
    'credentials_required',
  );
});

test('a malformed key is refused without a look-up', async () => {
  const world = new World();
  const last = key.at(-1) === '0' ? '1' : '0';
  for (const bad of [
    '',
    'x',
    key.slice(0, -1),
    `${key}0`,
    ` ${key}`,
    `${key.slice(0, -1)}${last}`,
    key.toUpperCase(),
  ]) {
    assert.equal(
      await outcome([{ key: [] }], { headers: { 'x-api-key': bad } }, world),
      'credentials_invalid',
    );
  }
  assert.equal(world.lookups, 0);
});

test('a revoked key is refused with its very next call', async () => {
  const world = new World();
  const identify = identifyWith(world, [{ key: [] }]);
  const request = requestOf({ headers: withKey });
  assert.equal(outcomeOf(await identify(request)), 'key_1');
  world.revoked.add('key_1');
  assert.equal(outcomeOf(await identify(request)), 'credentials_invalid');
});

test('basic takes a key by its name or id, in its one canonical spelling', async () => {
  const basic = (pair: string | Buffer) => ({
    headers: { authorization: `basic ${Buffer.from(pair).toString('base64')}` },
  });
  const security = [{ basic: [] }];
  for (const user of ['Shop', 'key_1']) {
    assert.equal(await outcome(security, basic(`${user}:${key}`)), 'key_1');
  }
  const bad = [
    `shop:${key}`,
    `:${key}`,
    key,
    `Shop:${otherKey}`,
    `Shop:\n${key}`,
    `Shop:${key}:`,
    Buffer.from([0xff, 0x3a]),
  ];
  for (const pair of bad) assert.equal(await outcome(security, basic(pair)), 'credentials_invalid');
  const padded = Buffer.from(`Shop:${key}`).toString('base64');
  assert.ok(padded.endsWith('='));
  for (const text of [padded.slice(0, -1), `${padded}=`, `${padded.slice(0, -2)}B=`]) {
    const headers = { authorization: `Basic ${text}` };
    assert.equal(await outcome(security, { headers }), 'credentials_invalid', text);
  }
  const spelled = Buffer.from(`Shop:${key}`).toString('base64url');
  for (const text of [`${spelled.slice(0, 8)}-_${spelled.slice(10)}`, '====', '']) {
    assert.match(
      await outcome(security, { headers: { authorization: `Basic ${text}` } }),
      /credentials/,
    );
  }
});

test('a verified client certificate identifies by its subject', async () => {
  const identification = await judge([{ tls: [] }], { clientCertificate: certificate });
  assert.ok(identification.kind === 'identified');
  const { principal } = identification;
  assert.equal(principal?.kind, 'certificate');
  assert.deepEqual(principal?.clientNames, ['CN=app-1,O=Fintech,C=BE', 'DNS:app.example']);
  assert.equal(await outcome([{ tls: [] }], {}), 'credentials_required');
  const world = new World();
  world.revoked.add(certificate.thumbprint);
  const presented = { clientCertificate: certificate };
  assert.equal(await outcome([{ tls: [] }], presented, world), 'credentials_invalid');
  const nameless = { ...certificate, subject: '', subjectAlternativeNames: [] };
  assert.equal(
    await outcome([{ tls: [] }], { clientCertificate: nameless }),
    'credentials_invalid',
  );
});

test('a 401 challenges for every way in, with an error only when a token was refused', async () => {
  const security = [{ oauth: ['read', 'write'] }, { basic: [] }, { key: [] }, { tls: [] }];
  const options = { realm: 'the "bank"', resourceMetadataUrl: 'https://api.example/.well-known/x' };
  const identify = compileIdentification({ security }, schemes, options, new World());
  const fields = async (request: ReturnType<typeof requestOf>) => {
    const identification = await identify(request);
    assert.ok(identification.kind === 'deny');
    return identification.answerHeaders?.filter((_, index) => index % 2 === 1);
  };
  const others = [
    'Basic realm="the \\"bank\\"", charset="UTF-8"',
    'ApiKey realm="the \\"bank\\"", in="header", name="X-Api-Key"',
    'MutualTLS realm="the \\"bank\\""',
  ];
  const tail = 'scope="read write", resource_metadata="https://api.example/.well-known/x"';
  assert.deepEqual(await fields(requestOf({})), [
    `Bearer realm="the \\"bank\\"", ${tail}`,
    ...others,
  ]);
  assert.deepEqual(await fields(bearer('x')), [
    `Bearer realm="the \\"bank\\"", error="invalid_token", error_description="The token is not valid", ${tail}`,
    ...others,
  ]);
});

test('a refusal tells its record why, and never what was presented', async () => {
  const token = `${tokenOf()}x`;
  const identification = await judge([{ key: [] }, { bearer: [] }], {
    headers: { 'x-api-key': otherKey, authorization: `Bearer ${token}` },
  });
  assert.ok(identification.kind === 'deny');
  const text = JSON.stringify(identification);
  assert.ok(text.includes('unknown-key'));
  assert.ok(!text.includes(otherKey) && !text.includes(token.slice(0, 20)));
});

test('the names of credentials are told, so that they can be stripped', () => {
  const security = [{ key: [] }, { queryKey: [], oauth: [] }, { cookieKey: [], tls: [] }];
  assert.deepEqual(credentialNames(security, schemes), {
    header: ['x-api-key', 'authorization'],
    query: ['api key'],
    cookie: ['session'],
  });
});

test('a scheme that the description does not define does not load', () => {
  assert.throws(() => identifyWith(new World(), [{ toString: [] }]), /does not define/);
});
