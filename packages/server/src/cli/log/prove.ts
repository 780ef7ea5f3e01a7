import { proveLeaf } from '../../security-log/index.ts';
import type { ProveGiven } from '../commands/log-options.ts';
import type { CommandWorld } from '../definition/world.ts';
import { openNamedLog } from './places.ts';

export async function prove({ index, ...given }: ProveGiven, world: CommandWorld): Promise<number> {
  const log = await openNamedLog(given, world);
  try {
    const proof = await log.snapshot((reader) => proveLeaf(reader, log.publicKey(), index));
    if (proof === null) {
      throw new Error(
        `record ${index} is not there, not signed yet (wait ten seconds), or dropped`,
      );
    }
    world.stdout.write(`${JSON.stringify(proof)}\n`);
    return 0;
  } finally {
    await log.close();
  }
}
