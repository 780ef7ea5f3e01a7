import { AdminClient, SERVER_OPTIONS, serverUsage } from './admin-client.ts';
import { noPositionals, type OperatorWorld, parsed, readInput, required } from './options.ts';
import { runVerbs } from './run-verbs.ts';

export const subjectsUsage = `Usage: poorter subjects erase KIND (VALUE | --stdin) [--json]

  Destroys the key under which a person's values stand, in the database, the security log and every
  backup that is restored from now on. KIND: subject, client or address. There is no way back.

${serverUsage}`;

const VALUE_CHARS_MAX = 500;

/** `poorter subjects`: the right to be forgotten. 0 done, 1 not done, 2 called wrongly. */
export async function subjectsCommand(
  argv: readonly string[],
  world: OperatorWorld,
): Promise<number> {
  return runVerbs('subjects', { erase }, subjectsUsage, argv, world);
}

async function erase(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, { ...SERVER_OPTIONS, stdin: { type: 'boolean' } });
  const [kind, given, ...more] = positionals;
  noPositionals(more);
  // Standard input keeps the name out of the process list and the history of the shell.
  const value = values.stdin ? (await readInput(world, VALUE_CHARS_MAX)).trim() : given;
  const wish = { kind: required(kind, 'KIND'), value: required(value, 'VALUE') };
  const client = AdminClient.find(values, world);
  const { body } = await client.call<{ destroyed: number }>('POST', '/v1/subjects/erase', wish);
  if (values.json) world.stdout.write(`${JSON.stringify(body)}\n`);
  else world.stdout.write(body.destroyed > 0 ? 'erased\n' : 'nothing is kept under that name\n');
  return 0;
}
