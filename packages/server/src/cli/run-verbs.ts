import { type OperatorWorld, refuseKeyIn, UsageError } from './options.ts';

type Verb = (argv: readonly string[], world: OperatorWorld) => Promise<number>;

/** A leaked key is no secret any more. */
const TAKES_KEY: ReadonlySet<string> = new Set(['keys leaked']);

/** A command with verbs: 0 done, 1 not done, 2 called wrongly. */
export async function runVerbs(
  name: string,
  verbs: Readonly<Record<string, Verb>>,
  usage: string,
  argv: readonly string[],
  world: OperatorWorld,
): Promise<number> {
  const [verb, ...rest] = argv;
  try {
    if (argv.includes('--help')) {
      world.stdout.write(usage);
      return 0;
    }
    if (!TAKES_KEY.has(`${name} ${verb}`)) refuseKeyIn(argv);
    if (verb === undefined) throw new UsageError('a verb is missing');
    if (!Object.hasOwn(verbs, verb)) throw new UsageError(`no such verb: ${verb}`);
    return await (verbs[verb] as Verb)(rest, world);
  } catch (error) {
    world.stderr.write(`poorter ${name}: ${(error as Error).message}\n`);
    if (!(error instanceof UsageError)) return 1;
    world.stderr.write(`\n${usage}`);
    return 2;
  }
}
