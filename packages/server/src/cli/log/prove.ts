import { proveLeaf } from '../../security-log/index.ts';
import { noPositionals, type OperatorWorld, parsed, required } from '../options.ts';
import { LOG_OPTIONS, openNamedLog } from './places.ts';
import { whole } from './read.ts';

export async function proveVerb(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, LOG_OPTIONS);
  const [given, ...more] = positionals;
  noPositionals(more);
  const index = whole(required(given, 'INDEX'), 'INDEX');
  const log = await openNamedLog(values, world);
  try {
    const proof = await log.snapshot((reader) => proveLeaf(reader, log.publicKey(), index));
    if (proof === null) {
      world.stderr.write(
        `poorter log: record ${index} is not there, not signed yet (wait ten seconds), or dropped\n`,
      );
      return 1;
    }
    world.stdout.write(`${JSON.stringify(proof)}\n`);
    return 0;
  } finally {
    await log.close();
  }
}
