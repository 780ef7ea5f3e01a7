import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bearer,
  ISSUER,
  identifyWith,
  outcomeOf,
  signerOf,
  tokenOf,
  World,
} from './identify.fixture.ts';

async function judge(token: string, world = new World()): Promise<string> {
  return outcomeOf(await identifyWith(world, [{ bearer: [] }])(bearer(token)));
}

test('tokens without a key id, and keys that share one, are tried with every key that fits', async () => {
  for (const kid of [undefined, 'shared']) {
    const [one, two] = [signerOf(kid), signerOf(kid)];
    const broken = { ...signerOf(kid).jwk, x: 'AAAA' };
    const world = new World();
    world.keySets = { [ISSUER]: { jwks: { keys: [broken, one.jwk, two.jwk] }, generation: 1 } };
    assert.equal(await judge(tokenOf({}, { kid }, one), world), 'app-1');
    assert.equal(await judge(tokenOf({}, { kid }, two), world), 'app-1');
    assert.equal(await judge(tokenOf({}, { kid }, signerOf(kid)), world), 'credentials_invalid');
  }
});

test('a token that names a key is tried with keys that the set does not name', async () => {
  const [one, two] = [signerOf(undefined), signerOf(undefined)];
  const named = signerOf('k1');
  const world = new World();
  world.keySets = { [ISSUER]: { jwks: { keys: [named.jwk, one.jwk, two.jwk] }, generation: 1 } };
  for (const by of [one, two]) {
    assert.equal(await judge(tokenOf({}, { kid: 'own-name' }, by), world), 'app-1');
    // Where the name is known, that key is meant and no other.
    assert.equal(await judge(tokenOf({}, { kid: 'k1' }, by), world), 'credentials_invalid');
  }
  const stranger = tokenOf({}, { kid: 'own-name' }, named);
  assert.equal(await judge(stranger, world), 'credentials_invalid');
});

test('the first call after a rotation passes, with a new key id, with none, and with a reused one', async () => {
  for (const kid of ['k2', undefined, 'k1']) {
    const next = signerOf(kid);
    const world = new World();
    world.unknownKeyId = async () => {
      world.keySets[ISSUER] = { jwks: { keys: [next.jwk] }, generation: 2 };
    };
    assert.equal(await judge(tokenOf({}, { kid }, next), world), 'app-1');
    assert.equal(await judge(tokenOf({}, { kid }, signerOf(kid)), world), 'credentials_invalid');
  }
});

test('calls that wait for unknown keys take no place from those whose keys are known', async () => {
  const world = new World();
  const { promise, resolve } = Promise.withResolvers<void>();
  world.unknownKeyId = () => promise;
  const identify = identifyWith(world, [{ bearer: [] }]);
  const waiting = Array.from({ length: 1_500 }, (_, index) =>
    identify(bearer(tokenOf({}, { kid: `invented-${index}` }))),
  );
  assert.equal(outcomeOf(await identify(bearer(tokenOf()))), 'app-1');
  resolve();
  const outcomes = new Set((await Promise.all(waiting)).map(outcomeOf));
  assert.deepEqual([...outcomes], ['credentials_invalid']);
});
