import { AdminClient } from '../admin-client.ts';
import { defineCommand, type ValueReader } from '../definition/define-command.ts';
import { UsageError } from '../definition/usage-error.ts';
import type { CommandWorld } from '../definition/world.ts';
import { linesOf } from '../weaker.ts';
import { SERVER_ENVIRONMENT, SERVER_OPTIONS } from './shared-options.ts';

const digestText: ValueReader<string> = (text, { name }) => {
  if (/^[0-9a-f]{32}$/.test(text)) return text;
  throw new UsageError(`${name} is 32 hexadecimal digits; \`poorter apply\` alone shows it`);
};

export const command = defineCommand({
  name: 'apply',
  purpose: 'put a weaker configuration in force that waits',
  about: `Where poorter.yaml says \`reload: ask\`, changed files that protect less than what is in force wait. Without DIGEST: shows in what they protect less, and changes nothing. With the DIGEST that was shown: reads the files again and puts them in force, unless they have changed since.`,
  arguments: {
    digest: {
      value: 'DIGEST',
      isOptional: true,
      read: digestText,
      says: 'of the configuration that waits, as `poorter apply` shows it',
    },
  },
  options: SERVER_OPTIONS,
  environment: SERVER_ENVIRONMENT,
  exits: {
    0: 'done, or nothing waits',
    1: 'something waits, or was not done',
    2: 'called wrongly',
  },
  async run({ digest, ...given }, world) {
    const client = AdminClient.find(given, world.environment);
    if (digest === undefined) return show(client, given.json, world);
    const { body } = await client.call('applyConfiguration', { body: { digest } });
    world.stdout.write(
      given.json
        ? `${JSON.stringify(body)}\n`
        : `${digest} is in force (version ${body.version})\n`,
    );
    return 0;
  },
});

async function show(client: AdminClient, isJson: boolean, world: CommandWorld): Promise<number> {
  const { body } = await client.call('readStatus');
  const { waiting } = body.configuration;
  if (isJson) world.stdout.write(`${JSON.stringify({ waiting })}\n`);
  else if (waiting === null) world.stdout.write('nothing waits\n');
  else {
    const { at, files, count, digest } = waiting;
    const lines = [
      `since ${at} these wait: ${files.join(', ')}`,
      `they protect less in ${count} places:`,
      ...linesOf(waiting),
      `to put them in force: poorter apply ${digest}`,
    ];
    world.stdout.write(`${lines.join('\n')}\n`);
  }
  return waiting === null ? 0 : 1;
}
