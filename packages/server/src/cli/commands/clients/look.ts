import type { Client } from '../../../messages/admin-contract.generated.ts';
import { AdminClient } from '../../admin-client.ts';
import { defineVerb } from '../../definition/define-command.ts';
import { span } from '../../definition/value-readers.ts';
import { SERVER_OPTIONS } from '../shared-options.ts';
import { clientLine, tellIssued } from './client-words.ts';

const ID = { id: { value: 'ID', says: 'as `poorter clients list` shows it' } } as const;

export const list = defineVerb({
  purpose: 'clients, oldest first',
  options: SERVER_OPTIONS,
  async run(given, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const clients: Client[] = [];
    for await (const client of server.list('listClients')) {
      if (given.json) clients.push(client);
      else stdout.write(`${clientLine(client)}\n`);
    }
    if (given.json) stdout.write(`${JSON.stringify({ clients })}\n`);
    return 0;
  },
});

export const show = defineVerb({
  purpose: 'everything about one',
  arguments: ID,
  options: SERVER_OPTIONS,
  async run({ id, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('showClient', { path: { id } });
    const text = given.json ? JSON.stringify(body) : JSON.stringify(body, null, 2);
    stdout.write(`${text}\n`);
    return 0;
  },
});

export const rotateSecret = defineVerb({
  purpose: 'another secret for a client that has one',
  about: 'The secret is printed once, below the id.',
  arguments: ID,
  options: {
    overlap: {
      value: '24h',
      read: span,
      says: 'for so long the secret before is accepted too',
      otherwise: 'it is not, from now on',
    },
    ...SERVER_OPTIONS,
  },
  async run({ id, overlap, ...given }, { environment, stdout, stderr }) {
    const server = AdminClient.find(given, environment);
    const body = overlap === undefined ? {} : { overlapSeconds: overlap };
    const answer = await server.call('rotateClientSecret', { path: { id }, body });
    tellIssued(answer.body, given.json, { stdout, stderr });
    return 0;
  },
});

export const disable = defineVerb({
  purpose: 'ends a client for good',
  about: 'Done when no gate accepts what it was given.',
  arguments: ID,
  options: SERVER_OPTIONS,
  async run({ id, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('disableClient', { path: { id } });
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : `${clientLine(body)}\n`);
    return 0;
  },
});
