import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redemptions } from './redemptions.ts';

test('whoever comes second waits until the first was given what it was to be given, and for nobody else', async () => {
  const redemptions = new Redemptions();
  await redemptions.settled('code 1');
  const endFirst = redemptions.begin('code 1');
  const endSecond = redemptions.begin('code 1');
  // The second learns that it is not the first.
  endSecond();
  const told: string[] = [];
  const waiting = redemptions.settled('code 1').then(() => told.push('the second goes on'));
  await redemptions.settled('code 2');
  await new Promise((resolve) => setImmediate(resolve));
  told.push('the first is answered');
  endFirst();
  await waiting;
  assert.deepEqual(told, ['the first is answered', 'the second goes on']);
  endFirst();
  await redemptions.settled('code 1');
});
