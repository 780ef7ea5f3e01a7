import type { Key } from '../../../messages/admin-contract.generated.ts';
import { AdminClient } from '../../admin-client.ts';
import { defineVerb } from '../../definition/define-command.ts';
import { wholeNumber } from '../../definition/value-readers.ts';
import { SERVER_OPTIONS } from '../shared-options.ts';
import { fileOption } from './file-option.ts';
import { KEY_ARGUMENT, lineOf } from './key-record.ts';
import { idOf } from './named-keys.ts';

export const list = defineVerb({
  purpose: 'keys, oldest first; never the keys themselves',
  forms: ['[options]', '--file keys.yaml [--json]'],
  options: {
    state: {
      value: 'STATE',
      oneOf: ['active', 'expired', 'revoked', 'rotated'],
      says: 'only those in this state',
    },
    owner: { value: 'WHO', says: 'only those for which WHO answers' },
    ...fileOption('state', 'owner'),
    ...SERVER_OPTIONS,
  },
  async run({ state, owner, file, ...given }, world) {
    if (file !== undefined) {
      const { listFile } = await import('./key-file.ts');
      return listFile({ file, json: given.json }, world);
    }
    const client = AdminClient.find(given, world.environment);
    const query = {
      ...(state !== undefined && { state }),
      ...(owner !== undefined && { owner }),
    };
    const keys: Key[] = [];
    for await (const key of client.list('listKeys', query)) {
      if (given.json) keys.push(key);
      else world.stdout.write(`${lineOf(key)}\n`);
    }
    if (given.json) world.stdout.write(`${JSON.stringify({ keys })}\n`);
    return 0;
  },
});

export const show = defineVerb({
  purpose: 'everything about one key',
  arguments: KEY_ARGUMENT,
  options: SERVER_OPTIONS,
  async run({ key, ...given }, world) {
    const client = AdminClient.find(given, world.environment);
    const id = await idOf(key, client);
    const { body } = await client.call('showKey', { path: { id } });
    if (given.json) world.stdout.write(`${JSON.stringify(body)}\n`);
    else {
      for (const [name, value] of Object.entries(body)) {
        const text = typeof value === 'string' ? value : JSON.stringify(value);
        if (value !== null) world.stdout.write(`${name.padEnd(14)} ${text}\n`);
      }
    }
    return 0;
  },
});

const DAYS_MAX = 3650;

export const unused = defineVerb({
  purpose: 'scopes and roles that nothing it called has asked for',
  arguments: KEY_ARGUMENT,
  options: {
    days: {
      value: 'N',
      read: wholeNumber(1, DAYS_MAX),
      says: 'how far back its calls are looked at',
      otherwise: '90',
    },
    ...SERVER_OPTIONS,
  },
  async run({ key, days, ...given }, { environment, stdout, stderr }) {
    const client = AdminClient.find(given, environment);
    const id = await idOf(key, client);
    const query = days === undefined ? {} : { days };
    const { body } = await client.call('showUnusedRights', { path: { id }, query });
    if (given.json) {
      stdout.write(`${JSON.stringify(body)}\n`);
      return 0;
    }
    const rights = [...body.scopes, ...body.roles.map((role) => `role:${role}`)];
    stdout.write(rights.map((right) => `${right}\n`).join(''));
    const { since, until, operations, unheard } = body;
    const away =
      unheard.length === 0
        ? `To take rights back: poorter keys change ${id} --scopes …`
        : `What was called at gateways that are away is not known: ${unheard.join(', ')}`;
    stderr.write(
      `${rights.length} unused from ${since} to ${until}; it called ${operations.length} operations. ${away}\n`,
    );
    return 0;
  },
});
