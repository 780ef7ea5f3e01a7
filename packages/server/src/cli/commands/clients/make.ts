import { parseJsonText } from '@poorter/openapi/json';
import type { ClientTerms } from '../../../messages/admin-contract.generated.ts';
import { BYTES_MAX, readTextFile } from '../../../platform/files/index.ts';
import { AdminClient } from '../../admin-client.ts';
import { defineVerb, type Given } from '../../definition/define-command.ts';
import { UsageError } from '../../definition/usage-error.ts';
import { SERVER_OPTIONS } from '../shared-options.ts';
import { clientLine, tellIssued } from './client-words.ts';

const TERMS = {
  name: { value: 'NAME', isRequired: true, says: 'what people see when they are asked' },
  profile: {
    value: 'PROFILE',
    isRequired: true,
    oneOf: ['browser', 'native', 'machine', 'fapi2'],
    says: 'what kind of program it is',
  },
  authentication: {
    value: 'METHOD',
    oneOf: ['none', 'secret', 'private_key_jwt', 'certificate', 'self_signed_certificate'],
    says: 'how it shows that it is itself',
    otherwise: 'secret for browser, none for native, private_key_jwt for the others',
  },
  jwks: {
    value: 'FILE',
    path: 'file',
    excludes: ['jwksUri'],
    says: 'its public keys, as a JWK set or one JWK',
  },
  jwksUri: { value: 'URL', says: 'where its public keys are fetched, by https' },
  subject: {
    value: 'KIND:VALUE',
    says: 'by what name its certificate is known: dn, dns, uri, ip or email, and the value',
  },
  binding: {
    value: 'BINDING',
    oneOf: ['dpop', 'certificate', 'none'],
    says: 'what its tokens are bound to',
    otherwise: 'dpop for machine and fapi2, none for the others',
  },
  redirectUri: {
    value: 'URL',
    isRepeatable: true,
    says: 'where people are sent back; may be given several times',
  },
  postLogoutRedirectUri: {
    value: 'URL',
    isRepeatable: true,
    says: 'where people are sent when they have signed out',
  },
  logoutNoticeUri: {
    value: 'URL',
    says: 'where it is told that somebody signed out, by https',
  },
  decisionNoticeUri: {
    value: 'URL',
    says: 'where it is told that somebody has decided on another device, by https',
    otherwise: 'it asks now and then',
  },
  flows: {
    value: 'FLOW,…',
    isList: true,
    oneOf: ['redirect', 'embedded', 'decoupled', 'device', 'session', 'exchange'],
    says: 'how people say yes to it; session: on our pages, for a page that calls with a cookie of the gate; exchange: it takes tokens it was called with for its own',
    otherwise: 'redirect, and nothing for machine',
  },
  page: {
    value: 'ORIGIN',
    says: 'with the flow session, the origin of the page that calls, such as https://app.example',
    otherwise: 'that of the gate',
  },
  scopes: {
    value: 'SCOPE,…',
    isList: true,
    says: 'what it may ask for at most',
    otherwise: 'nothing',
  },
  detailTypes: {
    value: 'TYPE,…',
    isList: true,
    says: 'kinds of authorization details that it may ask for, such as payment_initiation',
    otherwise: 'none',
  },
  messageSigning: { says: 'its requests and our answers are signed (FAPI 2.0 Message Signing)' },
  idTokenAlgorithm: {
    value: 'ALGORITHM',
    oneOf: ['ES256', 'RS256'],
    default: 'ES256',
    says: 'what its ID tokens are signed by: RS256 for a library that knows nothing else',
  },
  accept: {
    value: 'WEAKNESS,…',
    isList: true,
    oneOf: ['shared-secret', 'unbound-tokens', 'custom-scheme', 'no-pkce'],
    says: 'where it is weaker than its profile, by name',
  },
} as const;

const USUAL = {
  browser: 'secret',
  native: 'none',
  machine: 'private_key_jwt',
  fapi2: 'private_key_jwt',
} as const;

export const create = defineVerb({
  purpose: 'makes a client',
  about:
    'Prints the id, and the secret of a client that has one: it is shown this once. A private key never comes here.',
  options: { ...TERMS, ...SERVER_OPTIONS },
  examples: [
    {
      line: 'poorter clients create --name "Nightly export" --profile machine --jwks public.jwk --scopes accounts',
      says: 'a program that signs with a key of its own, and whose tokens are bound to it',
    },
    {
      line: 'poorter clients create --name Budget --profile browser --redirect-uri https://budget.example/callback --scopes accounts',
      says: 'pages with a server behind them',
    },
    {
      line: 'poorter clients create --name Budget --profile browser --flows session --scopes accounts',
      says: 'a page without a server of its own: the gate signs people in for it, and keeps everything',
    },
  ],
  async run(given, { environment, stdout, stderr }) {
    const client = AdminClient.find(given, environment);
    const { body } = await client.call('createClient', { body: termsOf(given) });
    tellIssued(body, given.json, { stdout, stderr });
    return 0;
  },
});

export const change = defineVerb({
  purpose: 'other terms for a client, whole',
  about:
    'All of them are given again. Where they take something away, what the client was given before counts no more.',
  arguments: { id: { value: 'ID', says: 'as `poorter clients list` shows it' } },
  options: { ...TERMS, ...SERVER_OPTIONS },
  async run({ id, ...given }, { environment, stdout, stderr }) {
    const client = AdminClient.find(given, environment);
    const { body, etag } = await client.call('showClient', { path: { id } });
    if (body.profile !== given.profile) {
      throw new UsageError(`${id} is of the profile ${body.profile}: make another client`);
    }
    const answer = await client.call('replaceClient', {
      path: { id },
      header: { 'If-Match': etag ?? '' },
      body: termsOf(given),
    });
    const { warnings = [], ...changed } = answer.body;
    for (const warning of warnings) stderr.write(`warning: ${warning}\n`);
    stdout.write(given.json ? `${JSON.stringify(changed)}\n` : `${clientLine(changed)}\n`);
    return 0;
  },
});

function termsOf(given: Given<typeof TERMS>): ClientTerms {
  const { name, profile, binding, flows, scopes, accept, messageSigning, idTokenAlgorithm } = given;
  return {
    ...{ name, profile, messageSigning, idTokenAlgorithm, authentication: authenticationOf(given) },
    ...(binding !== undefined && { binding }),
    ...(flows !== undefined && { flows }),
    ...(given.page !== undefined && { page: given.page }),
    ...(scopes !== undefined && { scopes }),
    ...(given.detailTypes !== undefined && { detailTypes: given.detailTypes }),
    ...(given.logoutNoticeUri !== undefined && { logoutNoticeUri: given.logoutNoticeUri }),
    ...(given.decisionNoticeUri !== undefined && { decisionNoticeUri: given.decisionNoticeUri }),
    ...(accept !== undefined && { accepts: accept }),
    ...(given.redirectUri.length > 0 && { redirectUris: given.redirectUri }),
    ...(given.postLogoutRedirectUri.length > 0 && {
      postLogoutRedirectUris: given.postLogoutRedirectUri,
    }),
  };
}

function authenticationOf(given: Given<typeof TERMS>): ClientTerms['authentication'] {
  const isKeptByGate = given.flows?.includes('session') === true;
  const method = given.authentication ?? (isKeptByGate ? 'none' : USUAL[given.profile]);
  return {
    method,
    ...(given.jwks !== undefined && { jwks: readKeys(given.jwks) }),
    ...(given.jwksUri !== undefined && { jwksUri: given.jwksUri }),
    ...(given.subject !== undefined && { subject: readSubject(given.subject) }),
  };
}

function readSubject(text: string): NonNullable<ClientTerms['authentication']['subject']> {
  const [, kind, value] = /^(dn|dns|uri|ip|email):(.+)$/s.exec(text) ?? [];
  if (kind === undefined || value === undefined) {
    throw new UsageError('--subject is not KIND:VALUE, with dn, dns, uri, ip or email');
  }
  return { kind: kind as 'dn', value };
}

/** One key is a set of one. */
function readKeys(file: string): NonNullable<ClientTerms['authentication']['jwks']> {
  const read = parseJsonText(readTextFile(file, BYTES_MAX.credential)) as { keys?: unknown };
  const keys = Array.isArray(read?.keys) ? read.keys : [read];
  return { keys } as NonNullable<ClientTerms['authentication']['jwks']>;
}
