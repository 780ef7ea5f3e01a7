import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { SeenLately } from './seen-lately.ts';

test('a name is seen the second time, and not any more when it was long ago', () => {
  const seen = new SeenLately();
  assert.equal(seen.again('one'), false);
  assert.equal(seen.again('one'), true);
  for (let index = 0; index < 1_000_000; index++) seen.again(`other-${index}`);
  assert.equal(seen.again('one'), false);
});

test('strangers are taken for somebody seen less than once in ten thousand', () => {
  const seen = new SeenLately();
  const texts = (index: number) => [
    randomBytes(32).toString('base64url'),
    `{"address":"127.0.0.1","client":"c","subject":"s","credentialId":"t-${index}","kind":"token"}`,
  ];
  let mistaken = 0;
  for (let index = 0; index < 100_000; index++) {
    for (const text of texts(index)) if (seen.again(text)) mistaken++;
  }
  assert.ok(mistaken < 20, `${mistaken} of 200,000`);
});

test('most names of a round as long as half the room are still known in the next', () => {
  const seen = new SeenLately();
  const round = () => Array.from({ length: 8_192 }, (_, i) => seen.again(`caller-${i}`));
  round();
  const known = round().filter((again) => again).length;
  assert.ok(known > 3_500, `${known} of 8,192`);
});
