import { AdminClient, SERVER_OPTIONS, serverUsage } from './admin-client.ts';
import {
  isoMoment,
  listed,
  noPositionals,
  type OperatorWorld,
  parsed,
  required,
} from './options.ts';
import { runVerbs } from './run-verbs.ts';

export const operatorsUsage = `Usage: poorter operators VERB [options]

  create --name NAME --roles owner|operator|security-officer|auditor|developer,… [--expires 90d|2027-01-31]
  list
  revoke ID

  The credential is printed once, alone on standard output. Every verb takes --json.

${serverUsage}`;

interface Operator {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly expires: string | null;
  readonly revoked: string | null;
  readonly lastUsed: string | null;
}

/** `poorter operators`: who may administer. 0 done, 1 not done, 2 called wrongly. */
export async function operatorsCommand(
  argv: readonly string[],
  world: OperatorWorld,
): Promise<number> {
  return runVerbs('operators', { create, list, revoke }, operatorsUsage, argv, world);
}

async function create(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    ...SERVER_OPTIONS,
    name: { type: 'string' },
    roles: { type: 'string' },
    expires: { type: 'string' },
  });
  noPositionals(positionals);
  const expires = isoMoment(values.expires, world.now(), '--expires');
  const wish = {
    name: required(values.name, '--name'),
    roles: listed(required(values.roles, '--roles')),
    ...(expires !== undefined && { expires }),
  };
  const client = AdminClient.find(values, world);
  const { body } = await client.call<{ key: string; operator: Operator }>(
    'POST',
    '/v1/operators',
    wish,
  );
  const { key, operator } = body;
  if (values.json) world.stdout.write(`${JSON.stringify({ key, ...operator })}\n`);
  else {
    world.stdout.write(`${key}\n`);
    world.stderr.write(`${operator.id} (${operator.name}). The credential is shown this once.\n`);
  }
  return 0;
}

async function list(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, SERVER_OPTIONS);
  noPositionals(positionals);
  const client = AdminClient.find(values, world);
  const operators: Operator[] = [];
  for await (const operator of client.list<Operator>('/v1/operators')) {
    if (values.json) operators.push(operator);
    else world.stdout.write(`${lineOf(operator)}\n`);
  }
  if (values.json) world.stdout.write(`${JSON.stringify({ operators })}\n`);
  return 0;
}

async function revoke(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, SERVER_OPTIONS);
  const [id, ...more] = positionals;
  noPositionals(more);
  const path = `/v1/operators/${encodeURIComponent(required(id, 'ID'))}/revoke`;
  const client = AdminClient.find(values, world);
  const { body } = await client.call<Operator>('POST', path);
  world.stdout.write(values.json ? `${JSON.stringify(body)}\n` : `${lineOf(body)}\n`);
  return 0;
}

function lineOf({ id, name, roles, expires, revoked, lastUsed }: Operator): string {
  const state = revoked !== null ? `revoked ${revoked}` : 'active';
  const end = expires === null ? 'no expiry' : `expires ${expires}`;
  const use = lastUsed === null ? 'never used' : `used ${lastUsed}`;
  return `${id}  ${state}  ${name}  ${roles.join(',')}  ${end}  ${use}`;
}
