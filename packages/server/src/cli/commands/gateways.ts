import type { Gateway } from '../../messages/admin-contract.generated.ts';
import { AdminClient } from '../admin-client.ts';
import { defineCommand, defineVerb } from '../definition/define-command.ts';
import { SERVER_ENVIRONMENT, SERVER_OPTIONS } from './shared-options.ts';

const list = defineVerb({
  purpose: 'gateways on other machines that may serve: a revocation waits for each',
  options: SERVER_OPTIONS,
  async run(given, { environment, stdout }) {
    const client = AdminClient.find(given, environment);
    const { body } = await client.call('listGateways');
    if (given.json) stdout.write(`${JSON.stringify({ gateways: body.items })}\n`);
    else for (const gateway of body.items) stdout.write(`${lineOf(gateway)}\n`);
    return 0;
  },
});

const remove = defineVerb({
  purpose: 'one that is cut off is gone for good: nobody waits for it any more',
  about:
    'Remove a machine that is switched off for good, and no other: one that still runs may go on serving by what it knows until its staleness bound.',
  arguments: { name: { value: 'NAME', says: 'as `poorter gateways list` shows it' } },
  options: SERVER_OPTIONS,
  async run({ name, ...given }, { environment, stdout }) {
    const client = AdminClient.find(given, environment);
    const { body } = await client.call('removeGateway', { path: { name } });
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : `${name}: ${body.removed} removed\n`);
    return 0;
  },
});

export const command = defineCommand({
  name: 'gateways',
  purpose: 'gateways on other machines',
  environment: SERVER_ENVIRONMENT,
  verbs: { list, remove },
});

function lineOf({ name, isConnected, live, servesForSeconds, version }: Gateway): string {
  if (isConnected) return `${name}  connected  version ${version}  live state ${live}`;
  return `${name}  away       may serve for ${servesForSeconds} s more`;
}
