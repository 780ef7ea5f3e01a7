import type { InvitationTerms } from '../../access/clients/index.ts';
import type { ClientAuthentication, ClientTerms } from '../../messages/admin-contract.generated.ts';
import {
  CLIENT_SIGNATURES,
  DECOUPLED_GRANT,
  DEVICE_GRANT,
  EXCHANGE_GRANT,
  OWN_SCOPES,
} from '../protocol/client-metadata.ts';

/** What somebody asks for a client to be. RFC 7591 §2; the contract has looked at its form. */
export type AskedMetadata = Readonly<Record<string, unknown>>;

/** Of the profile, where nothing is said. RFC 7591 §3.2.1 lets a server choose what holds. */
type Flow = InvitationTerms['flows'][number];

const METHODS: Readonly<Record<string, ClientAuthentication['method']>> = {
  none: 'none',
  client_secret_basic: 'secret',
  client_secret_post: 'secret',
  private_key_jwt: 'private_key_jwt',
  tls_client_auth: 'certificate',
  self_signed_tls_client_auth: 'self_signed_certificate',
};

const FLOWS: Readonly<Record<string, Flow>> = {
  [DEVICE_GRANT]: 'device',
  [DECOUPLED_GRANT]: 'decoupled',
  [EXCHANGE_GRANT]: 'exchange',
};

/** Asked for by name, and not done here: whoever needs it learns it now, and not when nothing works. */
const NOT_DONE = [
  ...['sector_identifier_uri', 'userinfo_signed_response_alg', 'initiate_login_uri'],
  ...['frontchannel_logout_uri', 'request_uris', 'default_acr_values'],
  ...['id_token', 'userinfo', 'request_object', 'authorization', 'introspection'].map(
    (what) => `${what}_encrypted_response_alg`,
  ),
  'request_object_encryption_alg',
];

const SIGNED_BY: Readonly<Record<string, readonly string[]>> = {
  id_token_signed_response_alg: ['ES256', 'RS256'],
  authorization_signed_response_alg: ['ES256'],
  introspection_signed_response_alg: ['ES256'],
  token_endpoint_auth_signing_alg: CLIENT_SIGNATURES,
  request_object_signing_alg: CLIENT_SIGNATURES,
  backchannel_authentication_request_signing_alg: CLIENT_SIGNATURES,
};

const SUBJECTS = ['dn', 'dns', 'uri', 'ip', 'email'] as const;

/** A sentence that begins with the member that it is about. */
export class MetadataFault extends Error {
  override readonly name = 'MetadataFault';
}

/**
 * The terms of a client as its maker asks for them, within what it was invited to be; whether they are those of its
 * profile is judged as an operator's are. Throws MetadataFault.
 */
export function readMetadata(asked: AskedMetadata, invitation: InvitationTerms): ClientTerms {
  refuseUndone(asked, invitation);
  const { profile } = invitation;
  const redirectUris = listOf(asked, 'redirect_uris');
  const authentication = authenticationOf(asked, invitation);
  const binding = bindingOf(asked, authentication);
  const notice = textOf(asked, 'backchannel_client_notification_endpoint');
  return {
    name: nameOf(asked, redirectUris),
    ...{ profile, authentication, redirectUris },
    ...(binding !== undefined && { binding }),
    postLogoutRedirectUris: listOf(asked, 'post_logout_redirect_uris'),
    logoutNoticeUri: textOf(asked, 'backchannel_logout_uri') ?? null,
    decisionNoticeUri: notice ?? null,
    flows: flowsOf(asked, invitation),
    scopes: withinOf(asked['scope'], invitation.scopes),
    detailTypes: within('authorization_details_types', asked, invitation.detailTypes),
    messageSigning: asked['require_signed_request_object'] === true && profile === 'fapi2',
    idTokenAlgorithm: idTokenAlgorithmOf(asked, profile),
    accepts: [],
  };
}

function refuseUndone(asked: AskedMetadata, { profile }: InvitationTerms): void {
  const undone = NOT_DONE.find((member) => asked[member] !== undefined);
  if (undone !== undefined) throw new MetadataFault(`${undone} is not done here`);
  for (const [member, values] of Object.entries(SIGNED_BY)) {
    const value = asked[member];
    if (value === undefined || values.includes(value as string)) continue;
    throw new MetadataFault(`${member} must be one of ${values.join(', ')}`);
  }
  const { subject_type: subject, application_type: kind } = asked;
  if (subject !== undefined && subject !== 'pairwise') {
    throw new MetadataFault('subject_type must be pairwise');
  }
  const own = profile === 'native' ? 'native' : 'web';
  if (kind !== undefined && kind !== own) {
    throw new MetadataFault(`application_type must be ${own}: the invitation is for ${profile}`);
  }
  if (asked['software_statement'] !== undefined) {
    throw new MetadataFault('software_statement: nobody is believed who signs one');
  }
}

const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** People read it where they are asked: nothing in it turns a line around. Default: where they are sent back. */
function nameOf(asked: AskedMetadata, [first]: readonly string[]): string {
  const name = textOf(asked, 'client_name');
  if (name === undefined) {
    const url = first !== undefined && URL.canParse(first) ? new URL(first) : null;
    return url === null || url.host === '' ? 'unnamed' : url.host;
  }
  if (INVISIBLE.test(name)) throw new MetadataFault('client_name holds what nobody can see');
  return name;
}

function authenticationOf(
  asked: AskedMetadata,
  { profile }: InvitationTerms,
): ClientAuthentication {
  const said = textOf(asked, 'token_endpoint_auth_method');
  const method = said === undefined ? usualMethod(profile) : METHODS[said];
  if (method === undefined) {
    throw new MetadataFault(
      `token_endpoint_auth_method must be one of ${Object.keys(METHODS).join(', ')}`,
    );
  }
  switch (method) {
    case 'none':
    case 'secret':
      return { method };
    case 'certificate':
      return { method, subject: subjectOf(asked) };
    case 'private_key_jwt':
    case 'self_signed_certificate':
      return { method, ...keysOf(asked) };
    default:
      return method satisfies never;
  }
}

/** RFC 7591 §2 says client_secret_basic where nothing is said: where that is not allowed, what is. */
function usualMethod(profile: InvitationTerms['profile']): ClientAuthentication['method'] {
  if (profile === 'native') return 'none';
  return profile === 'browser' ? 'secret' : 'private_key_jwt';
}

function keysOf(asked: AskedMetadata): Pick<ClientAuthentication, 'jwks' | 'jwksUri'> {
  const { jwks } = asked;
  const uri = textOf(asked, 'jwks_uri');
  if ((jwks === undefined) === (uri === undefined)) {
    throw new MetadataFault('jwks or jwks_uri must be there, and not both');
  }
  if (uri === undefined) return { jwks: jwks as NonNullable<ClientAuthentication['jwks']> };
  if (!/^https:\/\/[^@#]+$/.test(uri) || !URL.canParse(uri)) {
    throw new MetadataFault('jwks_uri must be an https address, without credentials and fragment');
  }
  return { jwksUri: uri };
}

function subjectOf(asked: AskedMetadata): NonNullable<ClientAuthentication['subject']> {
  const given = SUBJECTS.flatMap((kind) => {
    const member = kind === 'dn' ? 'tls_client_auth_subject_dn' : `tls_client_auth_san_${kind}`;
    const value = textOf(asked, member);
    return value === undefined ? [] : [{ kind, value }];
  });
  const [only] = given;
  if (only !== undefined && given.length === 1) return only;
  throw new MetadataFault(
    'tls_client_auth_subject_dn or one of tls_client_auth_san_* must be there',
  );
}

/** Undefined: that of its profile. A bound token is not asked away. */
function bindingOf(asked: AskedMetadata, { method }: ClientAuthentication): ClientTerms['binding'] {
  const isByCertificate = asked['tls_client_certificate_bound_access_tokens'] === true;
  const isByKey = asked['dpop_bound_access_tokens'] === true;
  if (isByCertificate && isByKey) {
    throw new MetadataFault('dpop_bound_access_tokens: tokens are bound to one thing');
  }
  if (isByCertificate) return 'certificate';
  if (isByKey) return 'dpop';
  return method.endsWith('certificate') ? 'certificate' : undefined;
}

function flowsOf(asked: AskedMetadata, { flows, profile }: InvitationTerms): Flow[] {
  const isMachine = profile === 'machine';
  const grants =
    asked['grant_types'] === undefined
      ? [isMachine ? 'client_credentials' : 'authorization_code']
      : listOf(asked, 'grant_types');
  const answers = listOf(asked, 'response_types');
  if (answers.some((answer) => answer !== 'code')) {
    throw new MetadataFault('response_types: code alone is done here');
  }
  const wanted = new Set<Flow>();
  for (const grant of grants) {
    const flow = grant === 'authorization_code' ? redirecting(flows) : FLOWS[grant];
    if (flow !== undefined) wanted.add(flow);
    else if (grant !== 'refresh_token' && grant !== 'client_credentials') {
      throw new MetadataFault(`grant_types: ${grant} is not done here`);
    }
  }
  if (grants.includes('client_credentials') && !isMachine && profile !== 'fapi2') {
    throw new MetadataFault(`grant_types: client_credentials is not for ${profile}`);
  }
  if (answers.includes('code') && !grants.includes('authorization_code')) {
    throw new MetadataFault('response_types: code needs the grant authorization_code');
  }
  const beyond = [...wanted].filter((flow) => !flows.includes(flow));
  if (beyond.length > 0) {
    throw new MetadataFault(`grant_types: the invitation is not for ${beyond.join(', ')}`);
  }
  return [...wanted];
}

/** In which of the two ways a code is given is for the invitation to say. */
function redirecting(flows: readonly Flow[]): Flow {
  return flows.includes('redirect') || !flows.includes('embedded') ? 'redirect' : 'embedded';
}

/** Nothing said: all that it was invited to ask for. */
function withinOf(scope: unknown, allowed: readonly string[]): string[] {
  if (typeof scope !== 'string') return [...allowed];
  const asked = scope.split(' ').filter((one) => one !== '' && !OWN_SCOPES.includes(one));
  return assertWithin('scope', asked, allowed);
}

function within(member: string, asked: AskedMetadata, allowed: readonly string[]): string[] {
  return asked[member] === undefined
    ? [...allowed]
    : assertWithin(member, listOf(asked, member), allowed);
}

function assertWithin(
  member: string,
  asked: readonly string[],
  allowed: readonly string[],
): string[] {
  const beyond = asked.filter((one) => !allowed.includes(one));
  if (beyond.length === 0) return [...new Set(asked)];
  throw new MetadataFault(`${member}: the invitation is not for ${beyond.join(' ')}`);
}

/** OpenID Connect Registration §2: RS256 where nothing is said, and a client that is no bank's reads nothing else. */
function idTokenAlgorithmOf(
  asked: AskedMetadata,
  profile: InvitationTerms['profile'],
): NonNullable<ClientTerms['idTokenAlgorithm']> {
  const said = asked['id_token_signed_response_alg'];
  if (said !== undefined) return said === 'RS256' ? 'RS256' : 'ES256';
  return profile === 'browser' || profile === 'native' ? 'RS256' : 'ES256';
}

/** RFC 7592 §2.2: what is null or empty is as if it were not said. */
function textOf(asked: AskedMetadata, member: string): string | undefined {
  const value = asked[member];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new MetadataFault(`${member} must be a string`);
}

function listOf(asked: AskedMetadata, member: string): string[] {
  const value = asked[member] ?? [];
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new MetadataFault(`${member} must be a list of strings`);
}
