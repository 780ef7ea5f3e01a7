import type { Status } from '../control/status-routes.ts';
import { AdminClient, SERVER_OPTIONS, serverUsage } from './admin-client.ts';
import { noPositionals, type OperatorWorld, parsed, UsageError } from './options.ts';
import { linesOf } from './weaker.ts';

export const statusUsage = `Usage: poorter status [--json]

  What is in force, on which gateways, and what asks for attention. Exit status 1: something does.

${serverUsage}`;

/** `poorter status`: 0 all is well, 1 something asks for attention, 2 called wrongly. */
export async function statusCommand(
  argv: readonly string[],
  world: OperatorWorld,
): Promise<number> {
  if (argv.includes('--help')) {
    world.stdout.write(statusUsage);
    return 0;
  }
  try {
    const { values, positionals } = parsed(argv, SERVER_OPTIONS);
    noPositionals(positionals);
    const client = AdminClient.find(values, world);
    const { body } = await client.call<Status>('GET', '/v1/status');
    if (values.json) world.stdout.write(`${JSON.stringify(body)}\n`);
    else world.stdout.write(textOf(body));
    return body.attention.length === 0 ? 0 : 1;
  } catch (error) {
    world.stderr.write(`poorter status: ${(error as Error).message}\n`);
    if (!(error instanceof UsageError)) return 1;
    world.stderr.write(`\n${statusUsage}`);
    return 2;
  }
}

function textOf(status: Status): string {
  const { version, snapshot, live, gateways, attention } = status;
  const lines = [
    `poorter ${version}: snapshot ${snapshot.applied} of ${snapshot.compiled}, live state ${live}`,
    ...gateways.map(
      (gateway) =>
        `gateway ${gateway.node}: ${gateway.isConnected ? 'connected' : 'away'}, live state ${gateway.live}`,
    ),
    ...configurationLines(status.configuration),
    ...attention.map(({ code, message }) => `${code}: ${message}`),
  ];
  return `${lines.join('\n')}\n`;
}

function configurationLines({ state, refused, waiting, weakened }: Status['configuration']) {
  const faults = refused.map(
    ({ file, line, column, message }) => `  - ${file}:${line}:${column}: ${message}`,
  );
  const said = { current: 'in force', refused: 'REFUSED', waiting: 'HELD, it protects less' }[
    state
  ];
  const last =
    weakened === null
      ? []
      : [
          `last weakened ${weakened.at}, ${weakened.approvedBy === null ? 'nobody was asked' : `applied by ${weakened.approvedBy}`}:`,
          ...linesOf(weakened),
        ];
  return [
    `configuration: ${said}`,
    ...faults,
    ...(waiting === null ? [] : linesOf(waiting)),
    ...last,
  ];
}
