import type { Status } from '../control/status-routes.ts';
import { AdminClient, SERVER_OPTIONS, serverUsage } from './admin-client.ts';
import { noPositionals, type OperatorWorld, parsed, UsageError } from './options.ts';
import { linesOf } from './weaker.ts';

export const applyUsage = `Usage: poorter apply [DIGEST] [--json]

  Where poorter.yaml says \`reload: ask\`, changed files that protect less than what is in force wait.
  Without DIGEST: shows in what they protect less, and changes nothing; exit status 1 when something
  waits. With the DIGEST that was shown: reads the files again and puts them in force, unless they have
  changed since.

${serverUsage}`;

/** `poorter apply`: 0 done, or nothing waits; 1 something waits, or was not done; 2 called wrongly. */
export async function applyCommand(argv: readonly string[], world: OperatorWorld): Promise<number> {
  if (argv.includes('--help')) {
    world.stdout.write(applyUsage);
    return 0;
  }
  try {
    const { values, positionals } = parsed(argv, SERVER_OPTIONS);
    const [digest, ...more] = positionals;
    noPositionals(more);
    const client = AdminClient.find(values, world);
    if (digest === undefined) return await show(client, values.json === true, world);
    if (!/^[0-9a-f]{32}$/.test(digest)) {
      throw new UsageError('DIGEST is 32 hexadecimal digits; `poorter apply` alone shows it');
    }
    const { body } = await client.call<{ digest: string; version: number }>(
      'POST',
      '/v1/configuration/apply',
      { digest },
    );
    world.stdout.write(
      values.json
        ? `${JSON.stringify(body)}\n`
        : `${digest} is in force (version ${body.version})\n`,
    );
    return 0;
  } catch (error) {
    world.stderr.write(`poorter apply: ${(error as Error).message}\n`);
    if (!(error instanceof UsageError)) return 1;
    world.stderr.write(`\n${applyUsage}`);
    return 2;
  }
}

async function show(client: AdminClient, isJson: boolean, world: OperatorWorld): Promise<number> {
  const { body } = await client.call<Status>('GET', '/v1/status');
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
