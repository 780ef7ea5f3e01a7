import { AdminClient } from '../../admin-client.ts';
import { defineVerb } from '../../definition/define-command.ts';
import { UsageError } from '../../definition/usage-error.ts';
import { futureTime, futureTimeOrNever, span } from '../../definition/value-readers.ts';
import { SERVER_OPTIONS } from '../shared-options.ts';
import { fileOption } from './file-option.ts';
import { KEY_ARGUMENT, lineOf, tellNew, warn } from './key-record.ts';
import { CHANGED_LIMITS, changedLimitsOf, LIMIT_OPTIONS, limitsOf } from './limit-options.ts';
import { idOf } from './named-keys.ts';

/** What a key may do, and from where. */
const GRANT_OPTIONS = {
  scopes: { value: 'a,b', isList: true, says: 'scopes of the descriptions it may ask for' },
  roles: { value: 'a,b', isList: true, says: 'roles it has' },
  networks: {
    value: '10.0.0.0/8,…',
    isList: true,
    says: 'from where it is taken',
    otherwise: 'from anywhere',
  },
} as const;

export const create = defineVerb({
  purpose: 'makes a key, and prints it this once',
  forms: [
    '--name NAME [options]',
    '--file keys.yaml --name NAME [--scopes a,b] [--roles a,b] [--expires 90d|DATE] [--json]',
  ],
  about: `The key stands alone on standard output, so that it can be piped into a secret store; what else there is to say goes to standard error. Only a keyed hash of it is kept.`,
  options: {
    name: { value: 'NAME', isRequired: true, says: 'what it is called' },
    owner: { value: 'WHO', says: 'who answers for it' },
    ...GRANT_OPTIONS,
    ...LIMIT_OPTIONS,
    expires: {
      value: '90d|DATE',
      read: futureTime,
      says: 'when it ends',
      otherwise: 'never',
    },
    ...fileOption('owner', 'networks', ...Object.keys(LIMIT_OPTIONS)),
    ...SERVER_OPTIONS,
  },
  examples: [
    {
      line: 'poorter keys create --name shop --scopes read,write --rate 60/minute --expires 90d',
      says: 'a key for an application that calls once a second',
    },
    {
      line: `poorter keys create --name shop --limits '{"limit":{"requests":60,"per":"minute","burst":10}}'`,
      says: 'limits in the words of x-poorter',
    },
  ],
  async run(given, world) {
    const { name, owner, scopes = [], roles = [], networks = [], expires, file, json } = given;
    if (file !== undefined) {
      const { createInFile } = await import('./key-file.ts');
      return createInFile({ file, name, scopes, roles, expires, json }, world);
    }
    const wish = {
      name,
      scopes,
      roles,
      networks,
      ...(owner !== undefined && { owner }),
      ...limitsOf(given),
      ...(expires !== undefined && { expires }),
    };
    const client = AdminClient.find(given, world.environment);
    const { body } = await client.call('createKey', { body: wish });
    return tellNew(body, json, world);
  },
});

export const rotate = defineVerb({
  purpose: 'makes a successor; both are accepted for a while',
  arguments: KEY_ARGUMENT,
  options: {
    overlap: {
      value: '24h',
      read: span,
      says: 'how long the old key is accepted beside the new one; at most 90d, and 0m ends it at once',
      otherwise: '24h',
    },
    expires: { value: '90d|DATE', read: futureTime, says: 'when the new key ends' },
    ...SERVER_OPTIONS,
  },
  async run({ key, overlap, expires, ...given }, world) {
    const wish = {
      ...(overlap !== undefined && { overlapSeconds: overlap }),
      ...(expires !== undefined && { expires }),
    };
    const client = AdminClient.find(given, world.environment);
    const id = await idOf(key, client);
    const { body } = await client.call('rotateKey', { path: { id }, body: wish });
    return tellNew(body, given.json, world);
  },
});

export const change = defineVerb({
  purpose: 'changes what is named, and leaves the rest',
  arguments: KEY_ARGUMENT,
  options: {
    name: { value: 'NAME', says: 'what it is called from now on' },
    owner: { value: 'WHO', says: 'who answers for it from now on' },
    ...GRANT_OPTIONS,
    ...CHANGED_LIMITS,
    expires: {
      value: '90d|DATE|never',
      read: futureTimeOrNever,
      says: 'when it ends',
    },
    ...SERVER_OPTIONS,
  },
  async run({ key, name, owner, scopes, roles, networks, expires, ...given }, world) {
    const wish = {
      ...(name !== undefined && { name }),
      ...(owner !== undefined && { owner }),
      ...changedLimitsOf(given),
      ...(scopes !== undefined && { scopes }),
      ...(roles !== undefined && { roles }),
      ...(networks !== undefined && { networks }),
      ...(expires !== undefined && { expires }),
    };
    if (Object.keys(wish).length === 0) {
      throw new UsageError(
        'nothing to change was given; it takes --name, --owner, --scopes, --roles, --networks, --rate, --quota, --concurrency, --limits, --expires',
      );
    }
    const client = AdminClient.find(given, world.environment);
    const path = { id: await idOf(key, client) };
    const { etag } = await client.call('showKey', { path });
    const header = { 'If-Match': etag ?? '' };
    const { body } = await client.call('changeKey', { path, header, body: wish });
    warn(body.warnings ?? [], world);
    world.stdout.write(given.json ? `${JSON.stringify(body)}\n` : `${lineOf(body)}\n`);
    return 0;
  },
});
