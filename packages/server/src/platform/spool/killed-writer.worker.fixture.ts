import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openWriter } from './spool.fixture.ts';

/**
 * Calls without end, until the process is killed: says when an intent, an outcome is promised. `batched`: no call is
 * durable, so that nothing but time has the others written.
 */
const [directory, seed, how] = process.argv.slice(2) as [string, string, 'mixed' | 'batched'];
const writer = openWriter(directory, { fileBytesMax: 40_000 });
let random = Number(seed);
const draw = (below: number) => {
  random = (random * 48_271) % 2_147_483_647;
  return random % below;
};
let number = 0;
/** How often this process has had its turn: a machine with no time for it has none for its promises. */
let turns = 0;
setInterval(() => writeSync(1, `turn ${(turns += 1)}\n`), 50);

async function caller(): Promise<void> {
  for (;;) {
    const call = ++number;
    if (!writer.admit()) {
      await sleep(1);
      continue;
    }
    const isDurable = draw(3) === 0 && how === 'mixed';
    if (isDurable) {
      writeSync(1, `asked intent ${call} ${turns}\n`);
      await writer.commit(`intent ${call}`);
      writeSync(1, `forwarded ${call}\n`);
    }
    if (draw(4) === 0) await sleep(draw(3));
    if (isDurable) {
      writeSync(1, `asked outcome ${call} ${turns}\n`);
      await writer.commit(`outcome ${call}`);
      writeSync(1, `answered ${call}\n`);
    }
    writer.append(`call ${call} ${'x'.repeat(draw(400))}`);
    writeSync(1, `closed ${call} ${turns}\n`);
    // Few enough that their number alone has nothing written.
    await sleep(how === 'batched' ? 50 : 0);
  }
}

for (let at = 0; at < 8; at++) void caller();
