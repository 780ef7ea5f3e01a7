import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STEPS, simulateRevocations } from './world/simulated-revocations.fixture.ts';

/** `npm run simulate` shows what a suite has no time for. */
const SEEDS = 60;

test('never is a key revoked everywhere while any thread still accepts it, whatever is cut, killed, stopped or asleep', async () => {
  const came = await simulateRevocations(1, SEEDS);
  // The world is one in which something happens: else the guarantee would be met by silence.
  const { revoked, notEverywhere, served } = came;
  assert.ok(revoked > 2 * SEEDS && notEverywhere > SEEDS, JSON.stringify(came));
  assert.ok(served > STEPS * SEEDS, JSON.stringify(came));
});
