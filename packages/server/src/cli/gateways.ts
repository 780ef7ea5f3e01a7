import { AdminClient, SERVER_OPTIONS, serverUsage } from './admin-client.ts';
import { noPositionals, type OperatorWorld, parsed, required } from './options.ts';
import { runVerbs } from './run-verbs.ts';

export const gatewaysUsage = `Usage: poorter gateways VERB [options]

  list          gateways on other machines that may serve: a revocation waits for each
  remove NAME   one that is cut off is gone for good: nobody waits for it any more

  Remove a machine that is switched off for good, and no other: one that still runs may go on serving
  by what it knows until its staleness bound. Every verb takes --json.

${serverUsage}`;

interface Gateway {
  readonly name: string;
  readonly isConnected: boolean;
  readonly live: number;
  readonly servesForSeconds: number | null;
  readonly version: string | null;
}

/** `poorter gateways`: who may serve elsewhere. 0 done, 1 not done, 2 called wrongly. */
export async function gatewaysCommand(
  argv: readonly string[],
  world: OperatorWorld,
): Promise<number> {
  return runVerbs('gateways', { list, remove }, gatewaysUsage, argv, world);
}

async function list(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, SERVER_OPTIONS);
  noPositionals(positionals);
  const client = AdminClient.find(values, world);
  const { body } = await client.call<{ items: Gateway[] }>('GET', '/v1/gateways');
  if (values.json) world.stdout.write(`${JSON.stringify({ gateways: body.items })}\n`);
  else for (const gateway of body.items) world.stdout.write(`${lineOf(gateway)}\n`);
  return 0;
}

async function remove(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, SERVER_OPTIONS);
  const [name, ...more] = positionals;
  noPositionals(more);
  const path = `/v1/gateways/${encodeURIComponent(required(name, 'NAME'))}`;
  const client = AdminClient.find(values, world);
  const { body } = await client.call<{ removed: number }>('DELETE', path);
  world.stdout.write(
    values.json ? `${JSON.stringify(body)}\n` : `${name}: ${body.removed} removed\n`,
  );
  return 0;
}

function lineOf({ name, isConnected, live, servesForSeconds, version }: Gateway): string {
  if (isConnected) return `${name}  connected  version ${version}  live state ${live}`;
  return `${name}  away       may serve for ${servesForSeconds} s more`;
}
