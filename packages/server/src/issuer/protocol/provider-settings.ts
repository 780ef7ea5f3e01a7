import type { JWK } from 'jose';
import type { ClientStore } from '../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { SingleUseStore } from '../../state/single-use/index.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { PASSWORD_ACR } from '../sign-in/password-sign-in.ts';
import { PASSKEY_ACR } from '../sign-in/sign-in.ts';
import { type AdapterPorts, ProtocolAdapter } from './adapter.ts';
import { clientCertificates } from './client-certificates.ts';
import { CLIENT_SIGNATURES } from './client-metadata.ts';
import { errors } from './library.ts';
import { mtlsAliases } from './origins.ts';
import {
  cookiesOf,
  type ErrorContext,
  extraClaims,
  findAccount,
  type IssuedToken,
  renderError,
  rotatesRefreshToken,
  signInPolicy,
} from './people.ts';
import { defaultResource, refuseOtherScopes, resourceServerInfo } from './resources.ts';

export interface ProviderPorts extends AdapterPorts {
  readonly snapshot: IssuerSnapshot;
  /** What became of a request. */
  readonly told: (request: object, told: ToldOfCall) => void;
  /** Private halves, those that sign before those that are only believed. */
  readonly keys: readonly JWK[];
  readonly clients: Pick<ClientStore, 'show' | 'isSecret'>;
  /** Proofs and assertions, each of which counts once. */
  readonly singleUse: Pick<SingleUseStore, 'claim'>;
  /** Of the key ring, for cookies. */
  readonly cookieKey: string;
  /** Of the key ring, 32 bytes: nonces of proofs. RFC 9449 §8. */
  readonly nonceSecret: Buffer;
  /** A name for an account that says nothing to anybody else. OpenID Connect Core §8.1. */
  readonly pairwise: (account: string, sector: string) => string;
}

/** Scopes that the authorization server itself gives a meaning. */
export const OWN_SCOPES: ReadonlySet<string> = new Set(['openid', 'offline_access']);

/** An assertion that lives longer was not made for one call. */
const ASSERTION_LIFE_MAX_SECONDS = 300;
const CODE_LIFE_SECONDS = 60;
const CLOCK_SKEW_SECONDS = 15;
/** A second-factor push, a code typed at a television: whoever is away for longer begins again. */
const WAITING_LIFE_SECONDS = 300;

/** A day at a desk. Whoever pays proves it again. */
export const SESSION_LIFE_SECONDS = 28_800;
const DAY_SECONDS = 86_400;
const GRANT_LIFE_SECONDS = 180 * DAY_SECONDS;
const REFRESH_LIFE_SECONDS = 90 * DAY_SECONDS;

interface ProtocolContext {
  readonly oidc: {
    readonly client?: { readonly clientId: string };
    readonly params?: Readonly<Record<string, unknown>>;
    readonly entities?: Readonly<Record<string, unknown>>;
  };
}

/** All that the protocol library is told, in one place. What it offers and stands nowhere here is off. */
export function providerSettings(ports: ProviderPorts): object {
  const { snapshot } = ports;
  return {
    adapter: (kind: string) => new ProtocolAdapter(kind, ports),
    jwks: { keys: ports.keys },
    scopes: [...OWN_SCOPES],
    responseTypes: ['code'],
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: (_: unknown, account: string, client: { sectorIdentifier: string }) =>
      ports.pairwise(account, client.sectorIdentifier),
    clientAuthMethods: [
      ...['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'],
      ...['client_secret_basic', 'client_secret_post', 'none'],
    ],
    enabledJWA: {
      clientAuthSigningAlgValues: [...CLIENT_SIGNATURES],
      requestObjectSigningAlgValues: [...CLIENT_SIGNATURES],
      dPoPSigningAlgValues: [...CLIENT_SIGNATURES],
      idTokenSigningAlgValues: ['ES256', 'EdDSA'],
      authorizationSigningAlgValues: ['ES256', 'EdDSA'],
      introspectionSigningAlgValues: ['ES256', 'EdDSA'],
      userinfoSigningAlgValues: ['ES256', 'EdDSA'],
    },
    clientDefaults: {
      grant_types: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_method: 'private_key_jwt',
    },
    pkce: { required: () => true },
    clockTolerance: CLOCK_SKEW_SECONDS,
    // With a token goes what came of the same consent, which stays: it is withdrawn where people see it.
    revokeGrantPolicy: ({ oidc }: ProtocolContext & { oidc: { route?: string } }) =>
      oidc.route !== 'revocation',
    cookies: cookiesOf(ports),
    acrValues: [PASSKEY_ACR, ...(snapshot.passwords ? [PASSWORD_ACR] : [])],
    interactions: {
      policy: signInPolicy(),
      url: (_: unknown, { uid }: { uid: string }) => `/sign-in/${uid}`,
    },
    findAccount: (_: unknown, id: string) => findAccount(ports, id),
    extraTokenClaims: (ctx: ProtocolContext, token: IssuedToken) => extraClaims(ctx, token),
    renderError: (ctx: ErrorContext) => renderError(ctx, snapshot),
    rotateRefreshToken: rotatesRefreshToken,
    allowOmittingSingleRegisteredRedirectUri: false,
    assertJwtClientAuthClaimsAndHeader: (_: unknown, claims: Readonly<Record<string, unknown>>) =>
      refuseLongAssertion(claims, ports.now() / 1000),
    // The same answers to pages of another origin: none. A client with a server needs no CORS.
    clientBasedCORS: () => false,
    ttl: {
      AccessToken: snapshot.tokens.lifeSeconds,
      ClientCredentials: snapshot.tokens.lifeSeconds,
      AuthorizationCode: CODE_LIFE_SECONDS,
      IdToken: snapshot.tokens.lifeSeconds,
      DeviceCode: WAITING_LIFE_SECONDS,
      BackchannelAuthenticationRequest: WAITING_LIFE_SECONDS,
      Interaction: WAITING_LIFE_SECONDS,
      Session: SESSION_LIFE_SECONDS,
      Grant: GRANT_LIFE_SECONDS,
      RefreshToken: REFRESH_LIFE_SECONDS,
    },
    discovery: mtlsAliases(snapshot),
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      clientCredentials: { enabled: true },
      // Of its own tokens, and of no others: whoever has one is told nothing by asking.
      introspection: { enabled: true, allowedPolicy: isOwnToken },
      revocation: { enabled: true, allowedPolicy: isOwnToken },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => defaultResource(snapshot),
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx: ProtocolContext, resource: string) =>
          infoFor(ports, ctx, resource),
      },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        ...clientCertificates,
      },
      dPoP: { enabled: true, nonceSecret: ports.nonceSecret, requireNonce: () => false },
    },
  };
}

function isOwnToken(
  _: unknown,
  client: { readonly clientId: string },
  token: { readonly clientId: string },
): boolean {
  return client.clientId === token.clientId;
}

async function infoFor(
  { clients, snapshot }: ProviderPorts,
  { oidc }: ProtocolContext,
  resource: string,
): Promise<object> {
  const client = await clients.show(oidc.client?.clientId ?? '');
  if (client === undefined) throw new errors.InvalidTarget();
  const { params = {} } = oidc;
  const asked = typeof params['scope'] === 'string' ? params['scope'].split(' ') : [];
  const resources = [params['resource'] ?? resource].flat().map(String);
  refuseOtherScopes(asked, resources, snapshot, client, OWN_SCOPES);
  return resourceServerInfo(snapshot, resource, client);
}

/** RFC 7523 §3: who signs for a year has given away the key for a year. */
function refuseLongAssertion(claims: Readonly<Record<string, unknown>>, nowSeconds: number): void {
  const { exp } = claims;
  // Ask for the allowed side, so that a NaN refuses.
  const isShort =
    typeof exp === 'number' && exp <= nowSeconds + ASSERTION_LIFE_MAX_SECONDS + CLOCK_SKEW_SECONDS;
  if (isShort) return;
  throw new errors.InvalidClientAuth(
    `an assertion may live ${ASSERTION_LIFE_MAX_SECONDS} seconds at most`,
  );
}
