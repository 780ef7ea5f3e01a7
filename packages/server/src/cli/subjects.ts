import { AdminClient, SERVER_OPTIONS, serverUsage } from './admin-client.ts';
import { noPositionals, type OperatorWorld, parsed, readInput, required } from './options.ts';
import { runVerbs } from './run-verbs.ts';

export const subjectsUsage = `Usage: poorter subjects erase KIND (VALUE | --stdin) [--json]

  Erases a person from the database, the security log and every backup that is restored from now on.
  KIND: subject, client or address. There is no way back. API keys that the person holds (by their
  owner, or as the client) are revoked and lose name, owner and networks; blocks of the person end, for
  they cannot hold without their value; reasons that name the person are emptied.

${serverUsage}`;

const VALUE_CHARS_MAX = 500;

/** `poorter subjects`: the right to be forgotten. 0 done, 1 not done, 2 called wrongly. */
export async function subjectsCommand(
  argv: readonly string[],
  world: OperatorWorld,
): Promise<number> {
  return runVerbs('subjects', { erase }, subjectsUsage, argv, world);
}

interface Erased {
  readonly destroyed: number;
  readonly revokedKeys: readonly string[];
  readonly endedBlocks: readonly string[];
}

function told({ destroyed, revokedKeys, endedBlocks }: Erased): string[] {
  const ended = [
    ...revokedKeys.map((id) => `the key ${id} was revoked`),
    ...endedBlocks.map((id) => `the block ${id} has ended`),
  ];
  if (destroyed === 0 && ended.length === 0)
    return ['nothing was sealed under that name; sentences that held it are emptied'];
  return ['erased', ...ended];
}

async function erase(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, { ...SERVER_OPTIONS, stdin: { type: 'boolean' } });
  const [kind, given, ...more] = positionals;
  noPositionals(more);
  // Standard input keeps the name out of the process list and the history of the shell.
  const value = values.stdin ? (await readInput(world, VALUE_CHARS_MAX)).trim() : given;
  const wish = { kind: required(kind, 'KIND'), value: required(value, 'VALUE') };
  const client = AdminClient.find(values, world);
  const { body } = await client.call<Erased>('POST', '/v1/subjects/erase', wish);
  if (values.json) world.stdout.write(`${JSON.stringify(body)}\n`);
  else for (const line of told(body)) world.stdout.write(`${line}\n`);
  return 0;
}
