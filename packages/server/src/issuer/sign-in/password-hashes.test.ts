import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from '@node-rs/argon2';
import { realWorld } from '../../platform/world/index.ts';
import { PasswordHashes } from './password-hashes.ts';

test('a password is known again however it is composed, and nobody’s is never right', async () => {
  const hashes = new PasswordHashes(realWorld);
  const hashed = await hashes.make('cafe\u0301 sans sucre');
  assert.match(hashed, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.equal(parseOptions(hashed).saltLen, 16);
  assert.notEqual(await hashes.make('cafe\u0301 sans sucre'), hashed, 'a salt of its own');
  assert.equal(await hashes.isRight(hashed, 'caf\u00e9 sans sucre'), true);
  assert.equal(await hashes.isRight(hashed, 'cafe sans sucre'), false);
  assert.equal(await hashes.isRight(null, `${Math.PI} is nobody's`), false);
  const long = 'x'.repeat(128);
  const ofLong = await hashes.make(long);
  assert.equal(await hashes.isRight(ofLong, long), true);
  assert.equal(await hashes.isRight(ofLong, `${long}y`), false, 'what is cut off counts');
});

test('of more than it can serve some are refused at once; the others are served, and their places are free again', async () => {
  const hashes = new PasswordHashes(realWorld);
  const places = [];
  for (;;) {
    try {
      places.push(hashes.enter());
    } catch (error) {
      assert.equal((error as Error).name, 'HashingBusy');
      break;
    }
    assert.ok(places.length < 1_000, 'there is a bound');
  }
  const hashed = await hashes.make('a password of somebody');
  const checked = places
    .slice(0, 8)
    .map((place) =>
      hashes.isRight(hashed, 'a password of somebody').finally(() => place.release()),
    );
  assert.deepEqual(
    await Promise.all(checked),
    Array.from({ length: 8 }, () => true),
  );
  places[0]?.release();
  for (let at = 0; at < 8; at += 1) hashes.enter();
  assert.throws(() => hashes.enter(), { name: 'HashingBusy' }, 'given back once');
});

test('the main loop goes on while passwords are hashed', async () => {
  const hashes = new PasswordHashes(realWorld);
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  }, 1);
  await Promise.all(Array.from({ length: 10 }, () => hashes.make('a password of somebody')));
  clearInterval(turning);
  assert.ok(turns > 5, `${turns} turns`);
});

test('a password that ends within a letter where it is cut is wrong, and nothing else', async () => {
  const hashes = new PasswordHashes(realWorld);
  const kept = await hashes.make('twelve letters and more');
  for (const typed of [
    `${'x'.repeat(127)}é`,
    `${'x'.repeat(126)}€`,
    '\ud7ff'.repeat(50),
    '\ud800'.repeat(60),
  ]) {
    assert.equal(await hashes.isRight(kept, typed), false);
    assert.equal(await hashes.isRight(null, typed), false);
  }
});
