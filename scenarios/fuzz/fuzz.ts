import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';

/** `npm run fuzz -- --minutes 10 [--seed N]`: random messages at a real gate, until the time is up. */
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('usage: npm run fuzz -- --minutes 10 [--seed N]');
  process.exit(2);
}

const ends: (() => unknown)[] = [];
console.log(`seed ${seed}, ${minutes} minutes`);
const deadline = Date.now() + minutes * 60_000;
let saidAt = 0;
const { complaints, reproduction, ...counts } = await runCampaign(
  { after: (end) => void ends.push(end) },
  {
    seed,
    isEnough: () => Date.now() >= deadline,
    onProgress: (sofar) => {
      if (Date.now() - saidAt < 10_000) return;
      saidAt = Date.now();
      console.log(JSON.stringify(sofar));
    },
  },
);
for (const end of ends.toReversed()) await end();
console.log(JSON.stringify(counts));
for (const complaint of complaints.slice(0, 20)) console.error(complaint);
if (reproduction !== null) console.error(`messages of that batch: ${reproduction}`);
process.exit(complaints.length === 0 ? 0 : 1);
