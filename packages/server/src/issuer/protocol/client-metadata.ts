import type { ClientAuthentication, StoredClient } from '../../access/clients/index.ts';

/** What the protocol library knows of a client: RFC 7591, by its names. */
export type ClientMetadata = Readonly<Record<string, unknown>>;

const METHODS = {
  none: 'none',
  secret: 'client_secret_basic',
  private_key_jwt: 'private_key_jwt',
  certificate: 'tls_client_auth',
  self_signed_certificate: 'self_signed_tls_client_auth',
} as const satisfies Record<ClientAuthentication['method'], string>;

/** The library wants one where a method has a secret; the real one is known by its hash alone. */
const SECRET_IS_HASHED = 'hashed';

const SIGNATURES = ['ES256', 'EdDSA', 'PS256'] as const;

/** Of a stored client: everything follows from its terms, and nothing of it is decided elsewhere. */
export function clientMetadata(client: StoredClient): ClientMetadata {
  const { authentication, binding, profile, flows, messageSigning } = client;
  const isRedirected = flows.includes('redirect') || flows.includes('embedded');
  return {
    client_id: client.id,
    client_name: client.name,
    application_type: profile === 'native' ? 'native' : 'web',
    grant_types: grantTypes(client),
    response_types: isRedirected ? ['code'] : [],
    redirect_uris: isRedirected ? client.redirectUris : [],
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    subject_type: 'pairwise',
    id_token_signed_response_alg: 'ES256',
    token_endpoint_auth_method: METHODS[authentication.method],
    ...authenticationMetadata(authentication),
    dpop_bound_access_tokens: binding === 'dpop',
    tls_client_certificate_bound_access_tokens: binding === 'certificate',
    require_pushed_authorization_requests: profile === 'fapi2',
    ...(messageSigning && {
      require_signed_request_object: true,
      response_modes: ['jwt'],
    }),
  };
}

function grantTypes({ profile, flows }: StoredClient): string[] {
  const types: string[] = [];
  if (flows.includes('redirect') || flows.includes('embedded')) {
    types.push('authorization_code', 'refresh_token');
  }
  if (flows.includes('decoupled')) types.push('urn:openid:params:grant-type:ciba');
  if (profile === 'machine' || profile === 'fapi2') types.push('client_credentials');
  return types;
}

function authenticationMetadata(authentication: ClientAuthentication): ClientMetadata {
  switch (authentication.method) {
    case 'none':
      return {};
    case 'secret':
      return { client_secret: SECRET_IS_HASHED };
    case 'private_key_jwt':
    case 'self_signed_certificate':
      return 'jwks' in authentication.keys
        ? { jwks: authentication.keys.jwks }
        : { jwks_uri: authentication.keys.uri };
    case 'certificate': {
      const { kind, value } = authentication.subject;
      return {
        [kind === 'dn' ? 'tls_client_auth_subject_dn' : `tls_client_auth_san_${kind}`]: value,
      };
    }
    default:
      return authentication satisfies never;
  }
}

export { SIGNATURES as CLIENT_SIGNATURES };
