import type { Operator } from '../../messages/admin-contract.generated.ts';
import { AdminClient } from '../admin-client.ts';
import { defineCommand, defineVerb } from '../definition/define-command.ts';
import { futureTime } from '../definition/value-readers.ts';
import { SERVER_ENVIRONMENT, SERVER_OPTIONS } from './shared-options.ts';

const create = defineVerb({
  purpose: 'makes a credential for the admin API',
  about: 'The credential is printed once, alone on standard output.',
  options: {
    name: { value: 'NAME', isRequired: true, says: 'what the operator is called' },
    roles: {
      value: 'ROLE,…',
      isRequired: true,
      isList: true,
      oneOf: ['owner', 'operator', 'security-officer', 'auditor', 'developer'],
      says: 'what the operator may do',
    },
    expires: {
      value: '90d|DATE',
      read: futureTime,
      says: 'when the credential ends',
      otherwise: 'never',
    },
    ...SERVER_OPTIONS,
  },
  examples: [
    {
      line: 'poorter operators create --name "An Peeters" --roles auditor --expires 90d',
      says: 'somebody who reads all but accounts of people and changes nothing, for 90 days',
    },
  ],
  async run({ name, roles, expires, ...given }, { environment, stdout, stderr }) {
    const wish = { name, roles, ...(expires !== undefined && { expires }) };
    const client = AdminClient.find(given, environment);
    const { body } = await client.call('createOperator', { body: wish });
    const { key, operator } = body;
    if (given.json) stdout.write(`${JSON.stringify({ key, ...operator })}\n`);
    else {
      stdout.write(`${key}\n`);
      stderr.write(`${operator.id} (${operator.name}). The credential is shown this once.\n`);
    }
    return 0;
  },
});

const list = defineVerb({
  purpose: 'operators, oldest first',
  options: SERVER_OPTIONS,
  async run(given, { environment, stdout }) {
    const client = AdminClient.find(given, environment);
    const operators: Operator[] = [];
    for await (const operator of client.list('listOperators')) {
      if (given.json) operators.push(operator);
      else stdout.write(`${lineOf(operator)}\n`);
    }
    if (given.json) stdout.write(`${JSON.stringify({ operators })}\n`);
    return 0;
  },
});

const revoke = defineVerb({
  purpose: 'ends a credential',
  arguments: { id: { value: 'ID', says: 'as `poorter operators list` shows it' } },
  options: SERVER_OPTIONS,
  async run({ id, ...given }, { environment, stdout }) {
    const client = AdminClient.find(given, environment);
    const { body } = await client.call('revokeOperator', { path: { id } });
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : `${lineOf(body)}\n`);
    return 0;
  },
});

export const command = defineCommand({
  name: 'operators',
  purpose: 'who may administer',
  environment: SERVER_ENVIRONMENT,
  verbs: { create, list, revoke },
});

function lineOf({ id, name, roles, expires, revoked, lastUsed }: Operator): string {
  const state = revoked !== null ? `revoked ${revoked}` : 'active';
  const end = expires === null ? 'no expiry' : `expires ${expires}`;
  const use = lastUsed === null ? 'never used' : `used ${lastUsed}`;
  return `${id}  ${state}  ${name}  ${roles.join(',')}  ${end}  ${use}`;
}
