import type { Invitation } from '../../../messages/admin-contract.generated.ts';
import { AdminClient } from '../../admin-client.ts';
import { defineVerb } from '../../definition/define-command.ts';
import { wholeNumber } from '../../definition/value-readers.ts';
import { SERVER_OPTIONS } from '../shared-options.ts';

export const invite = defineVerb({
  purpose: 'lets somebody register clients of one profile',
  about:
    'Prints the id of the invitation, and the initial access token (RFC 7591) that whoever registers sends: it is shown this once. What comes of it is never more than what stands here. It needs `issuer.registration` in the configuration.',
  options: {
    name: { value: 'NAME', isRequired: true, says: 'for whom it is; nobody else sees it' },
    profile: {
      value: 'PROFILE',
      isRequired: true,
      oneOf: ['browser', 'native', 'machine', 'fapi2'],
      says: 'what kind of program registers',
    },
    flows: {
      value: 'FLOW,…',
      isList: true,
      oneOf: ['redirect', 'embedded', 'decoupled', 'device', 'exchange'],
      says: 'how people say yes to what comes of it, at most',
      otherwise: 'redirect, and nothing for machine',
    },
    scopes: {
      value: 'SCOPE,…',
      isList: true,
      says: 'what a client that comes of it may ask for at most',
      otherwise: 'nothing',
    },
    detailTypes: {
      value: 'TYPE,…',
      isList: true,
      says: 'kinds of authorization details that it may ask for',
      otherwise: 'none',
    },
    clients: {
      value: 'COUNT',
      read: wholeNumber(1, 1_000),
      says: 'so many clients come of it at most',
      otherwise: '1',
    },
    days: { value: 'COUNT', read: wholeNumber(1, 90), says: 'for so long', otherwise: '7' },
    ...SERVER_OPTIONS,
  },
  examples: [
    {
      line: 'poorter clients invite --name "Budget Ltd" --profile fapi2 --scopes accounts --clients 2',
      says: 'an account information service registers itself, for trying and for good',
    },
  ],
  async run(given, { environment, stdout, stderr }) {
    const server = AdminClient.find(given, environment);
    const { name, profile, flows, scopes, detailTypes, clients, days } = given;
    const { body } = await server.call('createClientInvitation', {
      body: {
        ...{ name, profile },
        ...(flows !== undefined && { flows }),
        ...(scopes !== undefined && { scopes }),
        ...(detailTypes !== undefined && { detailTypes }),
        ...(clients !== undefined && { clients }),
        ...(days !== undefined && { days }),
      },
    });
    const { invitation, token, warnings = [] } = body;
    for (const warning of warnings) stderr.write(`warning: ${warning}\n`);
    if (given.json) stdout.write(`${JSON.stringify({ ...invitation, token })}\n`);
    else {
      stdout.write(`${invitation.id}\n${token}\n`);
      stderr.write(`${name}: the token is shown this once.\n`);
    }
    return 0;
  },
});

export const invitations = defineVerb({
  purpose: 'invitations, oldest first',
  options: SERVER_OPTIONS,
  async run(given, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const found: Invitation[] = [];
    for await (const invitation of server.list('listClientInvitations')) {
      if (given.json) found.push(invitation);
      else stdout.write(`${invitationLine(invitation)}\n`);
    }
    if (given.json) stdout.write(`${JSON.stringify({ invitations: found })}\n`);
    return 0;
  },
});

export const endInvitation = defineVerb({
  purpose: 'nothing more comes of an invitation',
  about: 'Clients that came of it stay: `poorter clients disable` ends each.',
  arguments: { id: { value: 'ID', says: 'as `poorter clients invitations` shows it' } },
  options: SERVER_OPTIONS,
  async run({ id, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('endClientInvitation', { path: { id } });
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : `${invitationLine(body)}\n`);
    return 0;
  },
});

function invitationLine(invitation: Invitation): string {
  const { id, profile, name, scopes, clientsLeft, expires, ended } = invitation;
  const state = ended === null ? `${clientsLeft} left until ${expires}` : `ended ${ended}`;
  const may = scopes.length === 0 ? 'no scopes' : scopes.join(',');
  return `${id}  ${state}  ${profile}  ${name}  ${may}`;
}
