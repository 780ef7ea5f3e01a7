import type { Status } from '../../messages/admin-contract.generated.ts';
import { AdminClient } from '../admin-client.ts';
import { defineCommand } from '../definition/define-command.ts';
import { linesOf } from '../weaker.ts';
import { SERVER_ENVIRONMENT, SERVER_OPTIONS } from './shared-options.ts';

type DirectoryStatus = NonNullable<Status['directories']>[number];

export const command = defineCommand({
  name: 'status',
  purpose: 'what is in force, on which gateways, and what asks for attention',
  options: SERVER_OPTIONS,
  environment: SERVER_ENVIRONMENT,
  exits: { 0: 'all is well', 1: 'something asks for attention', 2: 'called wrongly' },
  async run(given, { environment, stdout }) {
    const { body } = await AdminClient.find(given, environment).call('readStatus');
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : textOf(body));
    return body.attention.length === 0 ? 0 : 1;
  },
});
function textOf(status: Status): string {
  const { version, snapshot, live, gateways, attention } = status;
  const lines = [
    `poorter ${version}: snapshot ${snapshot.applied} of ${snapshot.compiled}, live state ${live}`,
    ...gateways.map(
      (gateway) =>
        `gateway ${gateway.node}: ${gateway.isConnected ? 'connected' : 'away'}, live state ${gateway.live}`,
    ),
    ...(status.directories ?? []).map(directoryLine),
    ...configurationLines(status.configuration),
    ...attention.map(({ code, message }) => `${code}: ${message}`),
  ];
  return `${lines.join('\n')}\n`;
}

function directoryLine({ name, people, groups, lastHeard }: DirectoryStatus): string {
  const heard = lastHeard === null ? 'never heard of' : `last heard of ${lastHeard}`;
  const [who, what] = [people === 1 ? 'person' : 'people', groups === 1 ? 'group' : 'groups'];
  return `directory ${name}: ${people} ${who}, ${groups} ${what}, ${heard}`;
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
