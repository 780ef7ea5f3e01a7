import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeWorld } from '../platform/world/fake-world.fixture.ts';
import { IssuerKeyTable } from './issuer-key-table.ts';

const ISSUER = 'https://login.example';
const keysOf = (generation: number, ...ids: string[]) => ({
  jwks: { keys: ids.map((kid) => ({ kty: 'EC', kid })) },
  generation,
});
const trusted = {
  issuer: ISSUER,
  audiences: ['api'],
  algorithms: ['ES256'],
  clockSkewSeconds: 30,
};

function table(waitMaxMs = 60_000) {
  const asked: (string | null)[] = [];
  const world = new FakeWorld();
  const keys = new IssuerKeyTable((_issuer, keyId) => asked.push(keyId), world, waitMaxMs);
  keys.adopt({ issuers: [trusted], issuerKeys: { [ISSUER]: keysOf(1, 'a') } });
  return { keys, asked, world };
}

const told = (message: object) =>
  ({ type: 'issuer-keys', issuer: ISSUER, answered: [], ...message }) as const;

test('whoever waits for a key goes on when it comes, before any snapshot has it', async () => {
  const { keys, asked } = table();
  const waits = [keys.newKeys(ISSUER, 'b'), keys.newKeys(ISSUER, 'b'), keys.newKeys(ISSUER, null)];
  assert.deepEqual(asked, ['b', null], 'one question for all that wait for one key');
  keys.hear(told({ keys: keysOf(2, 'a', 'b') }));
  await Promise.all(waits);
  assert.equal(keys.keysOf(ISSUER)?.generation, 2);
});

test('an answer ends the wait of an invented key id, and of no other', async () => {
  const { keys, asked, world } = table();
  const invented = keys.newKeys(ISSUER, 'invented');
  let isOver = false;
  const genuine = keys.newKeys(ISSUER, 'b')?.then(() => {
    isOver = true;
  });
  keys.hear(told({ answered: ['invented'] }));
  await invented;
  assert.equal(isOver, false);
  assert.equal(keys.newKeys(ISSUER, 'invented'), undefined, 'refused at once for a second');
  world.advance(1_000);
  assert.ok(keys.newKeys(ISSUER, 'invented') instanceof Promise);
  assert.deepEqual(asked, ['invented', 'b', 'invented']);
  keys.hear(told({ keys: keysOf(2, 'b'), answered: ['invented'] }));
  await genuine;
});

test('a flood of invented key ids has a bounded number of waits, and the newest is among them', async () => {
  const { keys } = table();
  const first = keys.newKeys(ISSUER, 'x0');
  for (let index = 1; index < 1_000; index += 1) void keys.newKeys(ISSUER, `x${index}`);
  const genuine = keys.newKeys(ISSUER, 'b');
  await first;
  keys.hear(told({ keys: keysOf(2, 'b') }));
  await genuine;
  keys.hear(told({ answered: Array.from({ length: 1_000 }, (_, index) => `x${index}`) }));
});

test('nobody waits for ever for an issuer that does not answer', async () => {
  const { keys, world } = table(20);
  const waiting = keys.newKeys(ISSUER, 'b');
  world.advance(20);
  await waiting;
  assert.equal(keys.keysOf(ISSUER)?.generation, 1);
});

test('keys of an issuer that is trusted no more are forgotten', () => {
  const { keys } = table();
  keys.adopt({ issuers: [], issuerKeys: {} });
  assert.equal(keys.keysOf(ISSUER), null);
  keys.adopt({ issuers: [trusted], issuerKeys: {} });
  assert.equal(keys.keysOf(ISSUER), null, 'and those of the snapshot alone come back');
});
