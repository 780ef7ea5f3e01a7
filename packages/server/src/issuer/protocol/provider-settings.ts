import type { JWK } from 'jose';
import type { AccountStore, GrantStore } from '../../access/accounts/index.ts';
import type { ClientStore } from '../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { SingleUseStore } from '../../state/single-use/index.ts';
import type { EndedSignIn } from '../account/browser-sessions.ts';
import type { DetailTypes } from '../details/index.ts';
import type { RolesOfPeople } from '../directories/roles-of-people.ts';
import type { ChallengeContext, ChallengeRefusal } from '../embedded/challenge-context.ts';
import type { RedeemedContext } from '../embedded/trust-redeemer.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import type { Registrations } from '../registration/registrations.ts';
import { type AdapterPorts, ProtocolAdapter } from './adapter.ts';
import type { AskPace } from './ask-pace.ts';
import {
  CLIENT_SIGNATURES,
  GATE_MEMBER,
  GRANTS_MEMBER,
  OWN_SCOPES,
  PERSONAL_SCOPES,
  PKCE_MEMBER,
  PROFILE_MEMBER,
} from './client-metadata.ts';
import { NUMBER_PARAMETER } from './decoupled.ts';
import { nameExchanged } from './exchange/exchange-of-call.ts';
import { featureSettings } from './feature-settings.ts';
import { challengeMetadata, type FlowContext, refuseOtherFlows } from './flows.ts';
import { GRANT_LIFE_SECONDS, SESSION_LIFE_SECONDS } from './grant-life.ts';
import { acrValuesOf } from './levels.ts';
import { errors } from './library.ts';
import { mtlsAliases } from './origins.ts';
import { guardedFetch } from './outgoing.ts';
import type { PairwiseNames } from './pairwise.ts';
import {
  cookiesOf,
  type ErrorContext,
  existingGrant,
  extraClaims,
  findAccount,
  type IssuedToken,
  renderError,
  rotatesRefreshToken,
  signInPolicy,
} from './people.ts';
import { CLAIMS } from './personal-claims.ts';
import type { PollPace } from './poll-pace.ts';

export interface ProviderPorts extends AdapterPorts {
  /** Sessions at gates that came of this one end, and gates refuse them. Throws NotEverywhereYet. */
  readonly endGateSessions: (session: EndedSignIn) => Promise<void>;
  readonly accounts: Pick<AccountStore, 'show' | 'findByLogin'>;
  readonly details: DetailTypes;
  readonly pace: PollPace;
  readonly snapshot: IssuerSnapshot;
  /** What became of a request. */
  readonly told: (request: object, told: ToldOfCall) => void;
  /** Private halves, those that sign before those that are only believed. */
  readonly keys: readonly JWK[];
  readonly clients: Pick<ClientStore, 'show' | 'isSecret'>;
  readonly grants: Pick<GrantStore, 'keep' | 'stands' | 'latest' | 'hold'>;
  /** Proofs and assertions, each of which counts once. */
  readonly singleUse: Pick<SingleUseStore, 'claim'>;
  /** Of the key ring, for cookies. */
  readonly cookieKey: string;
  /** Of the key ring, 32 bytes: nonces of proofs. RFC 9449 §8. */
  readonly nonceSecret: Buffer;
  readonly registrations: Registrations;
  readonly pairwise: PairwiseNames;
  readonly roles: Pick<RolesOfPeople, 'at'>;
  /** Until every gate decides by what is stored. Throws NotEverywhereYet. */
  readonly whenEnforced: () => Promise<void>;
  readonly askPace: AskPace;
  /** Signing in within an application goes on, when the request is judged; null: nothing is refused by that. */
  readonly challenged: (ctx: ChallengeContext) => Promise<ChallengeRefusal | null>;
  /** Tokens were given for a code. */
  readonly redeemed: (ctx: RedeemedContext) => Promise<void>;
  /** An application was not told of a decision. */
  readonly onUntold: (client: string, error: Error) => void;
}

/** An assertion that lives longer was not made for one call. */
const ASSERTION_LIFE_MAX_SECONDS = 300;
const AHEAD_MAX_SECONDS = 60;
export const CODE_LIFE_SECONDS = 60;
const CLOCK_SKEW_SECONDS = 15;
/** A second-factor push, a code typed at a television: whoever is away for longer begins again. */
const WAITING_LIFE_SECONDS = 300;

/** Where something ends, and what somebody said yes to does not. */
const KEEPS_CONSENT: ReadonlySet<string> = new Set(['revocation', 'end_session_confirm']);

const REFRESH_LIFE_SECONDS = 90 * 86_400;

/** All that the protocol library is told, in one place. What it offers and stands nowhere here is off. */
export function providerSettings(ports: ProviderPorts): object {
  const { snapshot } = ports;
  return {
    adapter: (kind: string) => new ProtocolAdapter(kind, ports),
    jwks: { keys: ports.keys },
    scopes: [...OWN_SCOPES, ...PERSONAL_SCOPES],
    claims: CLAIMS,
    responseTypes: ['code'],
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: (_: unknown, account: string, client: { sectorIdentifier: string }) =>
      ports.pairwise.nameOf(account, client.sectorIdentifier),
    clientAuthMethods: [
      ...['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'],
      ...['client_secret_basic', 'client_secret_post', 'none'],
    ],
    enabledJWA: {
      clientAuthSigningAlgValues: [...CLIENT_SIGNATURES],
      requestObjectSigningAlgValues: [...CLIENT_SIGNATURES],
      dPoPSigningAlgValues: [...CLIENT_SIGNATURES],
      // Those that a client can be registered with, no more; of them, those that there is a key of.
      idTokenSigningAlgValues: ['ES256', 'RS256'],
      authorizationSigningAlgValues: ['ES256'],
      introspectionSigningAlgValues: ['ES256'],
    },
    clientDefaults: {
      grant_types: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_method: 'private_key_jwt',
    },
    pkce: {
      required: (_: unknown, client: { readonly [PKCE_MEMBER]?: boolean }) =>
        client[PKCE_MEMBER] !== false,
    },
    clockTolerance: CLOCK_SKEW_SECONDS,
    // A site's address says under what name somebody is known there; nothing is fetched from it.
    sectorIdentifierUriValidate: () => false,
    extraClientMetadata: {
      properties: [PROFILE_MEMBER, GRANTS_MEMBER, PKCE_MEMBER, GATE_MEMBER],
    },
    fetch: guardedFetch(snapshot.outgoing),
    // With a token, and with a session, goes what came of the same consent, which stays: it is withdrawn where people see it.
    revokeGrantPolicy: ({ oidc }: { readonly oidc: { readonly route?: string } }) =>
      !KEEPS_CONSENT.has(oidc.route ?? ''),
    loadExistingGrant: (ctx: Parameters<typeof existingGrant>[1]) => existingGrant(ports, ctx),
    cookies: cookiesOf(ports),
    acrValues: [...acrValuesOf(snapshot)],
    interactions: {
      policy: signInPolicy(snapshot),
      url: (_: unknown, { uid }: { uid: string }) => `/sign-in/${uid}`,
    },
    findAccount: (ctx: Parameters<typeof findAccount>[1], id: string) =>
      findAccount(ports, ctx, id),
    extraTokenClaims: (ctx: Parameters<typeof extraClaims>[0], token: IssuedToken) =>
      extraClaims(ctx, token, ports.roles),
    formats: { customizers: { jwt: nameExchanged } },
    renderError: (ctx: ErrorContext, out: Parameters<typeof renderError>[1]) =>
      renderError(ctx, out, snapshot),
    rotateRefreshToken: rotatesRefreshToken,
    allowOmittingSingleRegisteredRedirectUri: false,
    assertJwtClientAuthClaimsAndHeader: (
      ctx: AssertionContext,
      claims: Readonly<Record<string, unknown>>,
    ) => judgeAssertion(ctx, claims, ports.now() / 1000),
    // The same answers to pages of another origin: none. A client with a server needs no CORS.
    clientBasedCORS: () => false,
    ttl: {
      AccessToken: snapshot.tokens.lifeSeconds,
      ClientCredentials: snapshot.tokens.lifeSeconds,
      AuthorizationCode: CODE_LIFE_SECONDS,
      IdToken: snapshot.tokens.lifeSeconds,
      DeviceCode: WAITING_LIFE_SECONDS,
      BackchannelAuthenticationRequest: waitingSeconds,
      Interaction: WAITING_LIFE_SECONDS,
      Session: SESSION_LIFE_SECONDS,
      Grant: GRANT_LIFE_SECONDS,
      RefreshToken: REFRESH_LIFE_SECONDS,
    },
    discovery: { ...mtlsAliases(snapshot), ...challengeMetadata(snapshot) },
    extraParams: {
      // The library asks about it last of all, also where it was not sent.
      [NUMBER_PARAMETER]: (ctx: FlowContext) => refuseOtherFlows(ctx, ports),
    },
    features: featureSettings(ports),
  };
}

/** CIBA Core §7.1: an application may want it shorter. */
function waitingSeconds({
  oidc,
}: {
  readonly oidc: { readonly params?: Record<string, unknown> };
}) {
  const wish = Number(oidc.params?.['requested_expiry'] ?? WAITING_LIFE_SECONDS);
  return wish > 0 ? Math.min(WAITING_LIFE_SECONDS, wish) : WAITING_LIFE_SECONDS;
}

interface AssertionContext {
  readonly oidc: { readonly issuer: string; isFapi(profile: string): string | undefined };
}

/**
 * RFC 7523 §3: who signs for a year has given away the key for a year. FAPI 2.0 §5.3.2.1: what is signed for this
 * server names it, and nobody else.
 */
function judgeAssertion(
  { oidc }: AssertionContext,
  claims: Readonly<Record<string, unknown>>,
  nowSeconds: number,
): void {
  if (oidc.isFapi('2.0') !== undefined && claims['aud'] !== oidc.issuer) {
    throw new errors.InvalidClientAuth('audience (aud) must equal the issuer identifier url');
  }
  const { exp, iat, nbf } = claims;
  // FAPI 2.0 §5.3.2.1: clocks differ by seconds; more is not of now.
  for (const moment of [iat, nbf]) {
    if (moment === undefined) continue;
    const isNow = typeof moment === 'number' && moment <= nowSeconds + AHEAD_MAX_SECONDS;
    if (!isNow) throw new errors.InvalidClientAuth('the assertion is not of now');
  }
  // Ask for the allowed side, so that a NaN refuses.
  const isShort =
    typeof exp === 'number' && exp <= nowSeconds + ASSERTION_LIFE_MAX_SECONDS + CLOCK_SKEW_SECONDS;
  if (isShort) return;
  throw new errors.InvalidClientAuth(
    `an assertion may live ${ASSERTION_LIFE_MAX_SECONDS} seconds at most`,
  );
}
