import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCampaign } from './campaign.ts';
import { fuzzMessage } from './mutations.ts';
import { Random } from './random.ts';

test('thousands of random messages leave the gate standing and its books balanced', async (t) => {
  const result = await runCampaign(t, {
    seed: 20_261_121,
    isEnough: ({ messages, forwarded, refused }) =>
      messages >= 5_120 && forwarded > 100 && refused > 100,
  });
  assert.deepEqual(result.complaints, [], result.reproduction ?? '');
  assert.ok(result.messages >= 5_120, JSON.stringify(result));
});

test('a seed tells the same story twice', () => {
  const story = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 200 }, () => Buffer.concat(fuzzMessage(random).pieces).toString());
  };
  assert.deepEqual(story(7), story(7));
  assert.notDeepEqual(story(7), story(8));
});
