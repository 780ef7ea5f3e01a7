import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PollPace } from './poll-pace.ts';

test('whoever asks too soon waits five seconds longer from then on, each time, up to a minute', () => {
  let seconds = 0;
  const pace = new PollPace(() => seconds * 1000);
  const askAfter = (wait: number) => {
    seconds += wait;
    return pace.isTooSoon('device-1');
  };
  assert.equal(askAfter(0), false, 'the first time');
  assert.equal(askAfter(5), false);
  assert.equal(askAfter(1), true);
  assert.equal(askAfter(5), true, 'five seconds no longer do');
  assert.equal(askAfter(15), false, 'twice five more');
  assert.equal(askAfter(14), true);
  assert.equal(askAfter(20), false);
  for (let round = 0; round < 30; round += 1) askAfter(0);
  assert.equal(askAfter(60), false, 'never more than a minute');
  assert.equal(pace.isTooSoon('device-2'), false, 'others do not wait for it');
});
