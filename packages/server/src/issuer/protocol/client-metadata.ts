import type { ClientAuthentication, StoredClient } from '../../access/clients/index.ts';
import { APPLICATION_PATH } from '../../messages/gate-sessions.ts';

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
export const SECRET_IS_HASHED = 'hashed';

/** Scopes that the authorization server itself gives a meaning, and that any client may ask for. */
export const OWN_SCOPES: readonly string[] = ['openid', 'offline_access'];
/** Who somebody is: for clients that have them among their scopes. OpenID Connect Core §5.4. */
export const PERSONAL_SCOPES: readonly string[] = ['profile', 'email'];

/** Never in a fragment, never by a form that a page would have to send by itself. */
const SIGNED_MODES = ['jwt', 'query.jwt'];
export const RESPONSE_MODES: readonly string[] = ['query', ...SIGNED_MODES];

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
export const EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const DECOUPLED_GRANT = 'urn:openid:params:grant-type:ciba';

/**
 * Grants that the library would refuse to clients that have no address for their keys: it takes a person's
 * name for a client from there, and we take it from elsewhere.
 */
export const GRANTS_MEMBER = 'poorter_grants';

/** Whether codes are given without a proof that the same program asked. */
export const PKCE_MEMBER = 'poorter_pkce';

/** Whether everything that it is given stays at the gate. */
export const GATE_MEMBER = 'poorter_gate';

/** By which the protocol knows of what profile a client is. */
export const PROFILE_MEMBER = 'poorter_profile';

const SIGNATURES = ['ES256', 'EdDSA', 'PS256'] as const;

/** Where people come back to who sign in for a page: the gate, on behalf of this client. */
export function gateCallback(gateOrigin: string, client: string): string {
  return `${gateOrigin}${APPLICATION_PATH}/${client}/callback`;
}

/**
 * Of a stored client: everything follows from its terms, and nothing of it is decided elsewhere. `gateOrigin`: where
 * browsers have sessions; null: nowhere.
 */
export function clientMetadata(client: StoredClient, gateOrigin: string | null): ClientMetadata {
  const { authentication, binding, profile, flows, messageSigning } = client;
  const isKeptByGate = flows.includes('session') && gateOrigin !== null;
  const isRedirected = flows.includes('redirect') || flows.includes('embedded') || isKeptByGate;
  return {
    client_id: client.id,
    client_name: client.name,
    application_type: profile === 'native' ? 'native' : 'web',
    grant_types: grantTypes(client),
    response_types: isRedirected ? ['code'] : [],
    redirect_uris: redirectUris(client, isRedirected, isKeptByGate ? gateOrigin : null),
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    subject_type: 'pairwise',
    sector_identifier_uri: sectorOf(client, gateOrigin),
    scope: [...OWN_SCOPES, ...PERSONAL_SCOPES.filter((one) => client.scopes.includes(one))].join(
      ' ',
    ),
    authorization_details_types: client.detailTypes,
    id_token_signed_response_alg: client.idTokenAlgorithm,
    authorization_signed_response_alg: 'ES256',
    introspection_signed_response_alg: 'ES256',
    ...(client.logoutNoticeUri !== null && {
      backchannel_logout_uri: client.logoutNoticeUri,
      backchannel_logout_session_required: true,
    }),
    ...(flows.includes('decoupled') && decisionMetadata(client)),
    token_endpoint_auth_method: METHODS[authentication.method],
    ...authenticationMetadata(authentication),
    dpop_bound_access_tokens: binding === 'dpop',
    tls_client_certificate_bound_access_tokens: binding === 'certificate',
    require_pushed_authorization_requests: profile === 'fapi2',
    require_signed_request_object: messageSigning,
    response_modes: messageSigning ? SIGNED_MODES : RESPONSE_MODES,
    ...{ [PROFILE_MEMBER]: profile, [GRANTS_MEMBER]: waitingGrants(client) },
    ...{ [PKCE_MEMBER]: !client.accepts.includes('no-pkce'), [GATE_MEMBER]: isKeptByGate },
  };
}

function redirectUris(
  { id, redirectUris }: StoredClient,
  isRedirected: boolean,
  gateOrigin: string | null,
): readonly string[] {
  if (gateOrigin !== null) return [gateCallback(gateOrigin, id)];
  return isRedirected ? redirectUris : [];
}

/** CIBA Core §4. Which requests must be signed is judged where they are asked: by any key of the client. */
function decisionMetadata({ decisionNoticeUri }: StoredClient): ClientMetadata {
  return {
    ...(decisionNoticeUri === null
      ? { backchannel_token_delivery_mode: 'poll' }
      : {
          backchannel_token_delivery_mode: 'ping',
          backchannel_client_notification_endpoint: decisionNoticeUri,
        }),
    backchannel_user_code_parameter: false,
  };
}

/**
 * Under what roof somebody has one name: that of the site to which they are sent back. What has no site, or one on
 * each device, stands alone. OpenID Connect Core §8.1.
 */
function sectorOf(
  { id, redirectUris, flows, page }: StoredClient,
  gateOrigin: string | null,
): string {
  const site = flows.includes('session') ? (page ?? gateOrigin) : null;
  const [first] = [...(site === null ? [] : [site]), ...redirectUris].map((uri) => new URL(uri));
  return first?.protocol === 'https:' ? `https://${first.host}/` : `https://${id}.invalid/`;
}

/** What is asked for again and again until somebody has decided elsewhere. */
function waitingGrants({ flows }: Pick<StoredClient, 'flows'>): string[] {
  return [
    ...(flows.includes('device') ? [DEVICE_GRANT] : []),
    ...(flows.includes('decoupled') ? [DECOUPLED_GRANT] : []),
  ];
}

function grantTypes({ profile, flows }: StoredClient): string[] {
  const types: string[] = [];
  // The token endpoint gives nothing to a client that the gate keeps: its codes are redeemed within.
  if (flows.includes('session')) types.push('authorization_code');
  else if (flows.includes('redirect') || flows.includes('embedded')) {
    types.push('authorization_code', 'refresh_token');
  } else if (waitingGrants({ flows }).length > 0) types.push('refresh_token');
  if (profile === 'machine' || profile === 'fapi2') types.push('client_credentials');
  if (flows.includes('exchange')) types.push(EXCHANGE_GRANT);
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
      // The library writes names into the keys that it is given.
      return 'jwks' in authentication.keys
        ? { jwks: structuredClone(authentication.keys.jwks) }
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
