import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulateCarrying } from './carrying.simulator.fixture.ts';

/** `npm run simulate` shows what a suite has no time for. */
const SEEDS = 150;

test('whatever is cut, killed, lost or repeated: each carried line is recorded exactly once, and carrying goes on', async () => {
  const sums = await simulateCarrying(1, SEEDS);
  // What was simulated is what the name says.
  assert.ok(sums.kills > SEEDS * 3 && sums.powerCuts > SEEDS / 2, JSON.stringify(sums));
  assert.ok(sums.recorded > sums.lines * 0.7, JSON.stringify(sums));
});
