import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SigningAlgorithm, SigningKey } from '../access/signing-keys/index.ts';
import type { Configuration } from '../configuration/schema.ts';
import { OwnIssuer } from './own-issuer.ts';

const ORIGIN = 'https://login.test';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const configuration = (algorithm: 'ES256' | 'EdDSA') =>
  ({
    issuer: {
      origin: ORIGIN,
      tokens: { lifeSeconds: 300, algorithm },
      keys: { rotateAfterDays: 30 },
    },
  }) as unknown as Configuration;

/** Keys in memory; an RSA key takes as long as `slow` says. */
function openStore(keys: SigningKey[] = []) {
  const wishes: SigningAlgorithm[] = [];
  let slow: () => Promise<void> = async () => undefined;
  let now = 0;
  const changed: string[] = [];
  const issuer = new OwnIssuer({
    store: {
      list: async () => [...keys],
      make: async (algorithm, activeAt) => {
        wishes.push(algorithm);
        if (algorithm === 'RS256') await slow();
        const id = `${algorithm}-${keys.length}`;
        const publicJwk = { kid: id, alg: algorithm };
        const key = { id, algorithm, publicJwk, createdAt: now, activeAt, revokedAt: null };
        keys.push(key);
        return key;
      },
    },
    changes: { latest: async () => keys.length },
    world: { now: () => now },
    onChange: () => void changed.push(keys.map(({ id }) => id).join()),
  });
  return {
    ...{ issuer, keys, wishes, changed },
    slowBy: (work: () => Promise<void>) => {
      slow = work;
    },
    wait: (ms: number) => {
      now += ms;
    },
  };
}

const rest = () => new Promise<void>((resolve) => setImmediate(resolve));

test('nobody waits for an RSA key, also where an older version left none, and gates do not hear of it', async () => {
  const made = Promise.withResolvers<void>();
  const old: SigningKey = {
    ...({ id: 'old', algorithm: 'ES256', publicJwk: { kid: 'old' } } as const),
    ...{ createdAt: 0, activeAt: 0, revokedAt: null },
  };
  const { issuer, slowBy, wishes, keys } = openStore([old]);
  slowBy(() => made.promise);
  await issuer.prepare(configuration('ES256'));
  await issuer.look();
  assert.deepEqual(wishes, ['RS256'], 'one at a time');
  assert.deepEqual(issuer.keysOf(ORIGIN)?.jwks.keys, [{ kid: 'old' }]);
  made.resolve();
  await rest();
  await issuer.look();
  assert.deepEqual([keys.length, wishes.length], [2, 1]);
  assert.deepEqual(issuer.keysOf(ORIGIN)?.jwks.keys, [{ kid: 'old' }]);
});

test('whoever signs what it is told of its keys is told when there is an RSA key', async () => {
  const { issuer, changed } = openStore();
  await issuer.prepare(configuration('ES256'));
  await rest();
  await issuer.look();
  assert.deepEqual(changed, ['ES256-0', 'ES256-0,RS256-1']);
});

test('an RSA key that could not be made is made at the next look', async () => {
  const { issuer, slowBy, keys } = openStore();
  slowBy(() => Promise.reject(new Error('the database is away')));
  await issuer.prepare(configuration('ES256'));
  await rest();
  assert.deepEqual(
    keys.map(({ algorithm }) => algorithm),
    ['ES256'],
  );
  slowBy(async () => undefined);
  await issuer.look();
  await rest();
  assert.equal(keys.length, 2);
});

test('where access tokens are signed with EdDSA, ID tokens have their key too, and each is followed by another', async () => {
  const { issuer, keys, wait } = openStore();
  await issuer.prepare(configuration('EdDSA'));
  await rest();
  const algorithms = () => keys.map(({ algorithm }) => algorithm);
  assert.deepEqual(algorithms(), ['EdDSA', 'ES256', 'RS256']);
  wait(29 * DAY_MS + HOUR_MS);
  await issuer.look();
  await rest();
  assert.deepEqual(algorithms().slice(3), ['EdDSA', 'ES256', 'RS256']);
  assert.ok(keys.slice(3).every(({ activeAt }) => activeAt >= 30 * DAY_MS));
});
