import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Simulation } from './carrying.simulator.fixture.ts';

/** `SEEDS=20000 FIRST_SEED=1 node --test …` for the long campaign. */
const SEEDS = Number(process.env['SEEDS'] ?? 150);
const FIRST_SEED = Number(process.env['FIRST_SEED'] ?? 1);

test('whatever is cut, killed, lost or repeated: each carried line is recorded exactly once, and carrying goes on', async () => {
  const sums = { lines: 0, recorded: 0, kills: 0, powerCuts: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    // No timer fires by itself, and none outlives its seed.
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
    const came = await new Simulation(seed).run().finally(() => mock.timers.reset());
    sums.lines += came.lines;
    sums.recorded += came.recorded;
    sums.kills += came.kills;
    sums.powerCuts += came.powerCuts;
  }
  // What was simulated is what the name says.
  assert.ok(sums.kills > SEEDS * 3 && sums.powerCuts > SEEDS / 2, JSON.stringify(sums));
  assert.ok(sums.recorded > sums.lines * 0.7, JSON.stringify(sums));
});
