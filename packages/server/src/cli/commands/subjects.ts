import { AdminClient, type AdminReply } from '../admin-client.ts';
import { defineCommand, defineVerb } from '../definition/define-command.ts';
import { readInput } from '../definition/input.ts';
import { UsageError } from '../definition/usage-error.ts';
import { SERVER_ENVIRONMENT, SERVER_OPTIONS } from './shared-options.ts';

const VALUE_CHARS_MAX = 500;

const erase = defineVerb({
  purpose: 'erases a person, for good',
  forms: ['KIND VALUE [options]', 'KIND --stdin [options]'],
  about:
    'Erases a person from the database, the security log and every backup that is restored from now on. There is no way back. API keys that the person holds (by their owner, or as the client) are revoked and lose name, owner and networks; blocks of the person end, for they cannot hold without their value; reasons that name the person are emptied.',
  arguments: {
    kind: { value: 'KIND', oneOf: ['subject', 'client', 'address'], says: 'what the person is' },
    value: { value: 'VALUE', isOptional: true, says: 'who the person is' },
  },
  options: {
    stdin: {
      says: 'read VALUE from standard input: it is then in no list of processes and no history',
      excludes: ['value'],
    },
    ...SERVER_OPTIONS,
  },
  async run({ kind, value: named, stdin, ...given }, world) {
    const value = stdin ? (await readInput(world, VALUE_CHARS_MAX)).trim() : named;
    if (value === undefined || value === '') throw new UsageError('VALUE is missing');
    const client = AdminClient.find(given, world.environment);
    const { body } = await client.call('eraseSubject', { body: { kind, value } });
    if (given.json) world.stdout.write(`${JSON.stringify(body)}\n`);
    else for (const line of told(body)) world.stdout.write(`${line}\n`);
    return 0;
  },
});

export const command = defineCommand({
  name: 'subjects',
  purpose: 'the right to be forgotten',
  environment: SERVER_ENVIRONMENT,
  verbs: { erase },
});

function told({
  destroyed,
  revokedKeys,
  endedBlocks,
}: AdminReply<'eraseSubject'>['body']): string[] {
  const ended = [
    ...revokedKeys.map((id) => `the key ${id} was revoked`),
    ...endedBlocks.map((id) => `the block ${id} has ended`),
  ];
  if (destroyed === 0 && ended.length === 0)
    return ['nothing was sealed under that name; sentences that held it are emptied'];
  return ['erased', ...ended];
}
