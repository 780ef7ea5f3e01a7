import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realWorld } from '../../platform/world/index.ts';
import { HashingPace } from './hashing-pace.ts';
import { PasswordHashes } from './password-hashes.ts';

const DAY = 86_400_000;

test('the pace is that of the slowest kind, follows it slowly, and is forgotten after a day without one', () => {
  const pace = new HashingPace();
  assert.equal(pace.floorMs(0), 0, 'nobody waits where nothing was imported');
  pace.note('bcrypt 10', 60, 0);
  pace.note('pbkdf2', 200, 0);
  assert.equal(pace.floorMs(0), 250);
  for (let at = 0; at < 100; at += 1) pace.note('bcrypt 10', 60, DAY);
  assert.equal(pace.floorMs(DAY), 250, 'the quick ones take nothing from it');
  pace.note('pbkdf2', 1_000, DAY);
  assert.equal(pace.floorMs(DAY), 500, 'one moment on a busy machine');
  for (let at = 0; at < 100; at += 1) pace.note('pbkdf2', 60_000, DAY);
  assert.equal(pace.floorMs(DAY), 2_000, 'and no more');
  assert.equal(pace.floorMs(2 * DAY + 1), 0);
  for (let at = 0; at < 1_000; at += 1) pace.note(`kind ${at}`, at, 3 * DAY);
  assert.ok(pace.floorMs(3 * DAY) <= 40, 'so many kinds and no more');
});

test('once one was imported, every answer takes as long as those that were, whatever was right', async () => {
  const waits: number[] = [];
  const { monotonicMs } = realWorld;
  const hashes = new PasswordHashes({
    monotonicMs,
    after: (delayMs, work) => {
      waits.push(delayMs);
      return realWorld.after(0, work);
    },
  });
  const own = await hashes.make('een ongewone zin');
  await hashes.isRight(own, 'een ongewone zin');
  await hashes.isRight(null, 'een ongewone zin');
  assert.deepEqual(waits, [], 'before that nobody waits');
  const imported = `$pbkdf2-sha256$i=2000000$c2FsdHNhbHQ$${'A'.repeat(43)}`;
  assert.equal(await hashes.isRightElsewhere(imported, 'een andere zin'), false);
  waits.length = 0;
  assert.equal(await hashes.isRight(own, 'een ongewone zin'), true);
  assert.equal(await hashes.isRight(null, 'een ongewone zin'), false);
  assert.equal(await hashes.isRightElsewhere('$md5$unknown', 'een ongewone zin'), false);
  assert.equal(waits.length, 3, JSON.stringify(waits));
  await hashes.isRight(null, 'een ongewone zi\u0301n');
  assert.ok(
    Number(waits[3]) > 1.5 * Number(waits[1]),
    'what is read in two ways takes both, for all',
  );
});
