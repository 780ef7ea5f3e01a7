import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { HeaderFields } from '@poorter/openapi/checks';
import { BOUNDS, compile, describeApi } from '../../openapi/src/openapi/testing.fixture.ts';
import { decide } from './decide.ts';
import { Gate } from './gate.ts';
import { hashCredential, type LiveBlock, type LiveKey, LiveRights } from './live-rights.ts';
import { key, NOON, otherKey, recordOf } from './policies/identify/identify.fixture.ts';
import { VerifiedTokens } from './policies/identify/index.ts';
import { limitsSchema } from './policies/limit/limit-config.ts';
import { PlainCounters } from './policies/limit/plain-counters.fixture.ts';

const HASH_KEY = '11'.repeat(32);
const description = describeApi(
  {
    '/things': { get: { security: [{ key: [] }], responses: { 200: { description: 'ok' } } } },
    '/open': { get: { security: [], responses: { 200: { description: 'ok' } } } },
  },
  { components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-api-key' } } } },
);

function managed(of: string, more: Partial<LiveKey> = {}): LiveKey {
  const hash = hashCredential(of, createSecretKey(HASH_KEY, 'hex'));
  return { ...recordOf(), id: 'key_live', name: 'Live', hash, ...more };
}

function worldWith(
  keys: readonly LiveKey[],
  blocks: readonly LiveBlock[] = [],
  mode: 'enforce' | 'observe' = 'enforce',
) {
  const compilation = compile(description);
  assert.ok(compilation.ok);
  const live = new LiveRights({ sequence: 1, keyHashKey: HASH_KEY, keys, blocks });
  const gate = new Gate(
    {
      version: 1,
      apis: [
        {
          name: 'things',
          compiled: compilation.api,
          hosts: [],
          mode,
          response: 'report',
          limits: limitsSchema.parse({}),
          bodyBytesMax: 1_000,
          jsonBounds: BOUNDS,
          identityAudience: 'http://service',
          resourceMetadataUrl: null,
        },
      ],
      network: { allow: [], deny: [] },
      keys: [recordOf()],
      issuers: [],
      issuerKeys: {},
      revoked: [],
      failureBudget: null,
      staleAfterMs: 60_000,
      capacity: 100,
    },
    {
      counters: new PlainCounters(),
      identitySigner: null,
      verifiedTokens: new VerifiedTokens(),
      unknownKeyId: () => undefined,
      controlSilentMs: () => 0,
      inFlight: () => 1,
      live,
    },
  );
  const call = async (
    of: string,
    more: { address?: string; path?: string; nowMs?: number } = {},
  ): Promise<string> => {
    const decision = await decide(
      gate,
      {
        id: 'call',
        nowMs: more.nowMs ?? NOON,
        clientAddress: more.address ?? '192.0.2.1',
        method: 'GET',
        path: more.path ?? '/things',
        query: '',
        headers: new HeaderFields(['host', 'a', 'x-api-key', of]),
        clientCertificate: null,
        isTls: false,
        hasBody: false,
        isUpgrade: false,
      },
      { isVisible: true, read: async () => new Uint8Array() },
    );
    decision.end();
    return decision.kind === 'refuse' ? decision.code : `${decision.principal?.client}`;
  };
  return { live, call };
}

const change = (sequence: number, more: object) => ({
  sequence,
  keys: { put: [], removed: [] },
  blocks: { put: [], removed: [] },
  ...more,
});
const block = (more: Partial<LiveBlock>): LiveBlock => ({
  id: 'block_1',
  kind: 'address',
  value: '192.0.2.1',
  untilMs: null,
  ...more,
});

test('a key of the store is accepted beside one of the file, and gone when it is removed', async () => {
  const { live, call } = worldWith([managed(otherKey)]);
  assert.equal(await call(key), 'key_1');
  assert.equal(await call(otherKey), 'key_live');
  live.take({
    type: 'live-change',
    change: change(2, { keys: { put: [], removed: ['key_live'] } }),
  });
  assert.equal(await call(otherKey), 'credentials_invalid');
  assert.equal(await call(key), 'key_1');
  assert.equal(live.sequence, 2);
});

test('a credential is hashed as those that stores hold: none stops working with another version', () => {
  // RFC 4231, test case 2.
  assert.equal(
    hashCredential('what do ya want for nothing?', Buffer.from('Jefe')),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
  const credential = 'poorter_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg000000';
  const stored = 'c341e117588582e49999d4c04fafa54ac4814b4e8346fc1060ce94c7eaffccd6';
  assert.equal(hashCredential(credential, Buffer.from(HASH_KEY, 'hex')), stored);
  assert.equal(hashCredential(credential, createSecretKey(HASH_KEY, 'hex')), stored);
});

test('a plain hash in the store opens nothing: keys are found by the keyed hash alone', async () => {
  const { call } = worldWith([{ ...managed(otherKey), hash: recordOf().hash }]);
  assert.equal(await call(otherKey), 'credentials_invalid');
});

test('a rotated key keeps the client it speaks for, and a replaced hash forgets the old key', async () => {
  const { live, call } = worldWith([managed(otherKey, { client: 'app_1' })]);
  assert.equal(await call(otherKey), 'app_1');
  live.take({
    type: 'live-change',
    change: change(2, { keys: { put: [managed(key, { client: 'app_1' })], removed: [] } }),
  });
  assert.equal(await call(otherKey), 'credentials_invalid');
  assert.equal(await call(key), 'app_1');
});

test('a stolen key is refused outside the networks it was made for, and looks unknown there', async () => {
  const { call } = worldWith([
    managed(otherKey, { networks: ['198.51.100.0/24', '2001:db8::/32'] }),
  ]);
  assert.equal(await call(otherKey), 'credentials_invalid');
  assert.equal(await call(otherKey, { address: '198.51.100.7' }), 'key_live');
  assert.equal(await call(otherKey, { address: '2001:db8::1' }), 'key_live');
});

test('a blocked address is refused everywhere until its end, IPv6 networks too', async () => {
  const { live, call } = worldWith(
    [],
    [
      block({ untilMs: NOON + 60_000 }),
      block({ id: 'block_2', kind: 'network', value: '2001:db8::/32' }),
    ],
  );
  assert.equal(await call(key, { path: '/open' }), 'address_blocked');
  assert.equal(await call(key, { nowMs: NOON + 59_999 }), 'address_blocked');
  assert.equal(await call(key, { nowMs: NOON + 60_000 }), 'key_1');
  assert.equal(await call(key, { address: '2001:db8:ffff::1' }), 'address_blocked');
  live.take({
    type: 'live-change',
    change: change(2, { blocks: { put: [], removed: ['block_2'] } }),
  });
  assert.equal(await call(key, { address: '2001:db8:ffff::1' }), 'key_1');
});

test('an ended block of one address does not open the blocked network around it', async () => {
  const { call } = worldWith(
    [],
    [
      block({ untilMs: NOON - 1 }),
      block({ id: 'block_2', kind: 'network', value: '192.0.2.0/24' }),
    ],
  );
  assert.equal(await call(key), 'address_blocked');
});

test('two blocks of one name: undoing one leaves the other in force', async () => {
  const { live, call } = worldWith([], [block({}), block({ id: 'block_2' })]);
  live.take({
    type: 'live-change',
    change: change(2, { blocks: { put: [], removed: ['block_1'] } }),
  });
  assert.equal(await call(key), 'address_blocked');
  live.take({
    type: 'live-change',
    change: change(3, { blocks: { put: [], removed: ['block_2'] } }),
  });
  assert.equal(await call(key), 'key_1');
});

for (const [kind, value] of [
  ['client', 'key_live'],
  ['client', 'Live'],
  ['key', 'key_live'],
] as const) {
  test(`a blocked ${kind} ${value} is refused although mode is observe; others are not`, async () => {
    const { call } = worldWith([managed(otherKey)], [block({ kind, value })], 'observe');
    assert.equal(await call(otherKey), 'caller_blocked');
    assert.equal(await call(key), 'key_1');
  });
}

test('limits of a key are counted over everything it calls, and bind no other key', async () => {
  const limits = limitsSchema.parse({ quota: { requests: 2, per: 'day' } });
  const { call } = worldWith([managed(otherKey, { limits })]);
  assert.equal(await call(otherKey), 'key_live');
  assert.equal(await call(otherKey), 'key_live');
  assert.equal(await call(otherKey), 'quota_exceeded');
  assert.equal(await call(key), 'key_1');
});

test('state that is handed on opens to the same table', async () => {
  const { live } = worldWith([managed(otherKey)], [block({})]);
  assert.deepEqual(new LiveRights(structuredClone(live.state)).state, live.state);
});
