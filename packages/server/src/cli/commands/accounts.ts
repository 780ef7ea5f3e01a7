import type {
  Account,
  AccountGrant,
  AccountSession,
} from '../../messages/admin-contract.generated.ts';
import { AdminClient } from '../admin-client.ts';
import { defineCommand, defineVerb } from '../definition/define-command.ts';
import { importVerb } from './accounts/import.ts';
import { SERVER_ENVIRONMENT, SERVER_OPTIONS } from './shared-options.ts';

const ID = { id: { value: 'ID', says: 'as `poorter accounts list` shows it' } } as const;
const PROFILE = {
  login: { value: 'LOGIN', isRequired: true, says: 'what they type to sign in' },
  name: { value: 'NAME', isRequired: true, says: 'what they are called' },
  email: { value: 'ADDRESS', says: 'where notices go', otherwise: 'they get none' },
  language: {
    value: 'LANGUAGE',
    oneOf: ['nl', 'fr', 'de', 'en'],
    default: 'en',
    says: 'of pages and notices',
  },
} as const;

const create = defineVerb({
  purpose: 'makes an account',
  about: 'Its holder comes in by a link: `poorter accounts link ID`.',
  options: { ...PROFILE, ...SERVER_OPTIONS },
  examples: [
    {
      line: 'poorter accounts create --login an@example.test --name "An Peeters" --language nl',
      says: 'somebody who reads Dutch',
    },
  ],
  async run({ login, name, email, language, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const wish = { login, name, language, ...(email !== undefined && { email }) };
    const { body } = await server.call('createAccount', { body: wish });
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : `${body.id}\n`);
    return 0;
  },
});

const list = defineVerb({
  purpose: 'accounts, oldest first',
  options: SERVER_OPTIONS,
  async run(given, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const accounts: Account[] = [];
    for await (const account of server.list('listAccounts')) {
      if (given.json) accounts.push(account);
      else stdout.write(`${lineOf(account)}\n`);
    }
    if (given.json) stdout.write(`${JSON.stringify({ accounts })}\n`);
    return 0;
  },
});

const show = defineVerb({
  purpose: 'everything about one',
  arguments: ID,
  options: SERVER_OPTIONS,
  async run({ id, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('showAccount', { path: { id } });
    stdout.write(`${given.json ? JSON.stringify(body) : JSON.stringify(body, null, 2)}\n`);
    return 0;
  },
});

const change = defineVerb({
  purpose: 'another profile, whole',
  arguments: ID,
  options: { ...PROFILE, ...SERVER_OPTIONS },
  async run({ id, login, name, email, language, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { etag } = await server.call('showAccount', { path: { id } });
    const { body } = await server.call('changeAccount', {
      path: { id },
      header: { 'If-Match': etag ?? '' },
      body: { login, name, language, ...(email !== undefined && { email }) },
    });
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : `${lineOf(body)}\n`);
    return 0;
  },
});

const link = defineVerb({
  purpose: 'a link by which its holder comes in once, within a quarter of an hour',
  about:
    'Hand it over in person, or by a way that nobody else reads. Another of its purpose ends with it.',
  arguments: ID,
  options: {
    recover: { says: 'for somebody who has lost what they sign in with' },
    ...SERVER_OPTIONS,
  },
  async run({ id, recover, ...given }, { environment, stdout, stderr }) {
    const server = AdminClient.find(given, environment);
    const purpose = recover ? 'recover' : 'enrol';
    const { body } = await server.call('linkAccount', { path: { id }, body: { purpose } });
    if (given.json) stdout.write(`${JSON.stringify(body)}\n`);
    else {
      stdout.write(`${body.link}\n`);
      stderr.write(`It opens once, until ${body.expires}.\n`);
    }
    return 0;
  },
});

const signOut = defineVerb({
  purpose: 'ends every session of an account',
  arguments: ID,
  options: SERVER_OPTIONS,
  async run({ id, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('signOutAccount', { path: { id } });
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : `${lineOf(body)}\n`);
    return 0;
  },
});

const disable = defineVerb({
  purpose: 'nobody signs in with it any more',
  arguments: ID,
  options: SERVER_OPTIONS,
  async run({ id, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('disableAccount', { path: { id } });
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : `${lineOf(body)}\n`);
    return 0;
  },
});

const sessions = defineVerb({
  purpose: 'where its holder is signed in, the latest used first',
  arguments: ID,
  options: SERVER_OPTIONS,
  async run({ id, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('listAccountSessions', { path: { id } });
    if (given.json) stdout.write(`${JSON.stringify({ sessions: body.items })}\n`);
    else for (const session of body.items) stdout.write(`${lineOfSession(session)}\n`);
    return 0;
  },
});

const endSession = defineVerb({
  purpose: 'signs its holder out in one place',
  arguments: {
    ...ID,
    session: { value: 'SESSION', says: 'as `poorter accounts sessions` shows it' },
  },
  options: SERVER_OPTIONS,
  async run({ id, session, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('endAccountSession', { path: { id, session } });
    stdout.write(`${given.json ? JSON.stringify(body) : lineOfSession(body)}\n`);
    return 0;
  },
});

const credentials = defineVerb({
  purpose: 'what its holder shows who they are with',
  arguments: ID,
  options: SERVER_OPTIONS,
  async run({ id, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('showAccount', { path: { id } });
    if (given.json) stdout.write(`${JSON.stringify({ credentials: body.credentials })}\n`);
    else for (const one of body.credentials) stdout.write(`${lineOfCredential(one)}\n`);
    return 0;
  },
});

const removeCredential = defineVerb({
  purpose: 'nobody signs in with it any more',
  about:
    'It may be the last one: its holder then comes in by `poorter accounts link ID --recover`.',
  arguments: {
    ...ID,
    credential: { value: 'CREDENTIAL', says: 'as `poorter accounts credentials` shows it' },
  },
  options: SERVER_OPTIONS,
  async run({ id, credential, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('removeAccountCredential', { path: { id, credential } });
    stdout.write(given.json ? `${JSON.stringify(body)}\n` : `${lineOf(body)}\n`);
    return 0;
  },
});

const grants = defineVerb({
  purpose: 'the applications that its holder said yes to, the latest first',
  arguments: ID,
  options: SERVER_OPTIONS,
  async run({ id, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('listAccountGrants', { path: { id } });
    if (given.json) stdout.write(`${JSON.stringify({ grants: body.items })}\n`);
    else for (const grant of body.items) stdout.write(`${lineOfGrant(grant)}\n`);
    return 0;
  },
});

const endGrant = defineVerb({
  purpose: 'takes back what its holder allowed',
  about: 'Answered when no gate accepts a token of it.',
  arguments: { ...ID, grant: { value: 'GRANT', says: 'as `poorter accounts grants` shows it' } },
  options: SERVER_OPTIONS,
  async run({ id, grant, ...given }, { environment, stdout }) {
    const server = AdminClient.find(given, environment);
    const { body } = await server.call('endAccountGrant', { path: { id, grant } });
    stdout.write(`${given.json ? JSON.stringify(body) : lineOfGrant(body)}\n`);
    return 0;
  },
});

export const command = defineCommand({
  name: 'accounts',
  purpose: 'people who sign in at the authorization server',
  environment: SERVER_ENVIRONMENT,
  verbs: {
    ...{
      create,
      import: importVerb,
      list,
      show,
      change,
      link,
      sessions,
      'end-session': endSession,
    },
    ...{ 'sign-out': signOut, credentials, 'remove-credential': removeCredential },
    ...{ grants, 'end-grant': endGrant, disable },
  },
});

function lineOf({ id, state, login, name, credentials }: Account): string {
  const kinds = credentials.map(({ kind }) => kind).join(',');
  return `${id}  ${state}  ${login}  ${name}  ${kinds === '' ? 'nothing to sign in with' : kinds}`;
}

function lineOfSession({ id, browser, acr, signedIn, lastUsed }: AccountSession): string {
  return `${id}  ${browser === '' ? 'unknown browser' : browser}  since ${signedIn}  used ${lastUsed}  ${acr ?? ''}`.trimEnd();
}

function lineOfCredential(credential: Account['credentials'][number]): string {
  const { id, kind, label, synced, created, lastUsed } = credential;
  const used = lastUsed === null ? 'never used' : `used ${lastUsed}`;
  const where = synced === true ? '  synced' : '';
  return `${id}  ${kind}  ${label === '' ? '-' : label}  since ${created}  ${used}${where}`;
}

function lineOfGrant({ id, client, name, own, apis, given, expires }: AccountGrant): string {
  const rights = [...own, ...apis.flatMap(({ scopes }) => scopes)].join(',');
  return `${id}  ${name ?? client}  ${rights}  since ${given}  until ${expires}`;
}
