import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { simulateCarrying } from '../packages/server/src/platform/spool/carrying.simulator.fixture.ts';
import { simulateRevocations } from './world/simulated-revocations.fixture.ts';

/**
 * `npm run simulate [FROM-TO] [revocations|carrying]`: the simulations of the suite over many more seeds, on
 * every core. Ends with 1, and the seed, at the first that is wrong.
 */
const SIMULATIONS = { revocations: simulateRevocations, carrying: simulateCarrying };
type Name = keyof typeof SIMULATIONS;
/** Between two reports. */
const AT_ONCE = 100;

const [range = '1-1000', only, part] = process.argv.slice(2);
const [from, to] = range.split('-').map(Number) as [number, number];
const names = Object.keys(SIMULATIONS).filter((name) => only === undefined || only === name);
if (!(from <= to) || names.length === 0) {
  console.error('usage: npm run simulate [FROM-TO] [revocations|carrying]');
  process.exitCode = 2;
} else if (part === undefined) {
  for (const name of names) await onEveryCore(name as Name);
} else {
  await simulate(only as Name);
}

async function onEveryCore(name: Name): Promise<void> {
  const startedAt = process.hrtime.bigint();
  const cores = availableParallelism();
  const sums: Record<string, number> = {};
  const share = Math.ceil((to - from + 1) / cores);
  const parts = Array.from({ length: cores }, (_, core) => {
    const first = from + core * share;
    const last = Math.min(to, first + share - 1);
    return first > last ? Promise.resolve() : runPart(name, `${first}-${last}`, sums);
  });
  await Promise.all(parts);
  const seconds = Number((process.hrtime.bigint() - startedAt) / 1_000_000_000n);
  console.log(`${name} ${range}: ${JSON.stringify(sums)}, ${seconds} s on ${cores} cores`);
}

function runPart(name: Name, seeds: string, sums: Record<string, number>): Promise<void> {
  return new Promise((resolve) => {
    const child = fork(import.meta.filename, [seeds, name, 'part']);
    child.on('message', (came: Record<string, number>) => {
      for (const [what, count] of Object.entries(came)) sums[what] = (sums[what] ?? 0) + count;
    });
    child.once('exit', (status) => {
      if (status !== 0) process.exitCode = 1;
      resolve();
    });
  });
}

async function simulate(name: Name): Promise<void> {
  for (let seed = from; seed <= to; seed += AT_ONCE) {
    const came = await SIMULATIONS[name](seed, Math.min(to, seed + AT_ONCE - 1));
    process.send?.(came);
  }
  process.disconnect?.();
}
