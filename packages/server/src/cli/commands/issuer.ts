import type { SigningKey } from '../../messages/admin-contract.generated.ts';
import { AdminClient } from '../admin-client.ts';
import { defineCommand, defineVerb } from '../definition/define-command.ts';
import { SERVER_ENVIRONMENT, SERVER_OPTIONS } from './shared-options.ts';

const discovery = defineVerb({
  purpose: 'where applications and people find the authorization server',
  options: SERVER_OPTIONS,
  async run(given, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('readIssuer', {});
    const { discovery: places, account, certificates } = body;
    const more = certificates === null ? '' : `certificates   ${certificates}\n`;
    const lines = `${places.map((url) => `applications   ${url}\n`).join('')}people         ${account}\n${more}`;
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : lines);
    return 0;
  },
});

const keys = defineVerb({
  purpose: 'what the authorization server signs with, youngest first',
  options: SERVER_OPTIONS,
  async run(given, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('listSigningKeys', {});
    if (given.json) stdout.write(`${JSON.stringify({ keys: body.items })}\n`);
    else for (const key of body.items) stdout.write(`${lineOf(key)}\n`);
    return 0;
  },
});

const rotate = defineVerb({
  purpose: 'makes another signing key',
  about:
    'It signs when it has been published for a day, so that whoever fetches key sets seldom knows it by then. No call fails meanwhile.',
  options: {
    algorithm: {
      value: 'ALGORITHM',
      oneOf: ['ES256', 'EdDSA', 'RS256'],
      default: 'ES256',
      says: 'what it signs by',
    },
    now: { says: 'it signs at once: for when the one before may be in other hands' },
    ...SERVER_OPTIONS,
  },
  async run({ algorithm, now, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('makeSigningKey', { body: { algorithm, isUrgent: now } });
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : `${lineOf(body)}\n`);
    return 0;
  },
});

const revoke = defineVerb({
  purpose: 'nothing that a signing key signed is believed any more',
  about: 'Where no other key of its algorithm is left, another is made and signs at once.',
  arguments: { id: { value: 'ID', says: 'as `poorter issuer keys` shows it' } },
  options: SERVER_OPTIONS,
  async run({ id, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('revokeSigningKey', { path: { id } });
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : `${lineOf(body)}\n`);
    return 0;
  },
});

export const command = defineCommand({
  name: 'issuer',
  purpose: 'the authorization server itself',
  environment: SERVER_ENVIRONMENT,
  verbs: { discovery, keys, rotate, revoke },
});

function lineOf({ id, algorithm, active, revoked }: SigningKey): string {
  return `${id}  ${algorithm}  signs from ${active}${revoked === null ? '' : `  revoked ${revoked}`}`;
}
