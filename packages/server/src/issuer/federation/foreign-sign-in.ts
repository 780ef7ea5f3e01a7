import { createHash } from 'node:crypto';
import { parseJsonText } from '@poorter/openapi/json';
import * as oidc from 'openid-client';
import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { FederatedProvider } from '../../messages/between-issuer.ts';
import { type Level, LOWEST_LEVEL } from '../../messages/levels.ts';
import type { PageCall } from '../pages/page-call.ts';
import { showsOneOf } from '../protocol/levels.ts';
import type { FederatedProviders } from './federated-providers.ts';
import { failureOf, ProviderFailure } from './provider-failure.ts';
import type { FederationRequest, FederationRequests, Purpose } from './requests.ts';

export interface ForeignSignInPorts {
  readonly providers: FederatedProviders;
  readonly requests: FederationRequests;
  readonly now: () => number;
}

/** What somebody goes to a provider with. */
export interface Wish {
  readonly purpose: Purpose;
  /** Whatever was shown there before does not count: they show it once more. */
  readonly isAgain: boolean;
  /** How long ago they may have shown it, in seconds. */
  readonly maxAge: number | null;
  /** How strongly, as an application asks for it here. */
  readonly levels: readonly Level[];
  readonly language: AccountLanguage;
}

/** What a provider said of whoever came back. */
export interface ForeignPerson {
  readonly issuer: string;
  readonly subject: string;
  /** Its session, where it names one. */
  readonly sid: string | null;
  /** When they showed there who they are, in seconds; now, where it does not say. */
  readonly signedInAt: number;
  readonly acr: Level | typeof LOWEST_LEVEL;
  readonly amr: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  /** What else it says, over TLS; fetched for a new account alone. */
  readonly moreClaims: () => Promise<Readonly<Record<string, unknown>>>;
}

const CLOCK_SKEW_SECONDS = 15;
const SUBJECT_LENGTH_MAX = 255;

/** Sends people to a provider, and reads what they come back with. OpenID Connect Core §3.1, with PKCE and a nonce. */
export class ForeignSignIn {
  readonly #ports: ForeignSignInPorts;

  constructor(ports: ForeignSignInPorts) {
    this.#ports = ports;
  }

  /** Where the browser goes. Throws ProviderFailure. */
  async begin(asked: PageCall, provider: FederatedProvider, wish: Wish): Promise<URL> {
    const { requests, providers, now } = this.#ports;
    const [state, nonce, verifier] = [requests.draw(), requests.draw(), requests.draw()];
    const { isAgain, maxAge, purpose } = wish;
    const nowSeconds = Math.floor(now() / 1000);
    const notBefore = isAgain ? nowSeconds : maxAge === null ? null : nowSeconds - maxAge;
    const parameters = {
      ...{ redirect_uri: providers.redirectUriOf(provider), scope: provider.scopes.join(' ') },
      ...{ state, nonce, response_type: 'code', code_challenge_method: 'S256' },
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      ...askedFor(provider, wish),
    };
    const url = await this.#addressOf(provider, parameters);
    const { id, issuer } = provider;
    const { language } = wish;
    const kept = { provider: id, issuer, nonce, verifier, purpose, language, notBefore };
    await requests.keep(asked, state, kept);
    return url;
  }

  async #addressOf(
    provider: FederatedProvider,
    parameters: Readonly<Record<string, string>>,
  ): Promise<URL> {
    try {
      const configuration = await this.#ports.providers.configurationOf(provider);
      const { pushed_authorization_request_endpoint: push } = configuration.serverMetadata();
      // RFC 9126: what is pushed, nobody on the way reads or changes.
      return push === undefined
        ? oidc.buildAuthorizationUrl(configuration, parameters)
        : await oidc.buildAuthorizationUrlWithPAR(configuration, parameters);
    } catch (error) {
      throw failureOf(error);
    }
  }

  /** `request` has been taken. Throws ProviderFailure. */
  async finish(
    provider: FederatedProvider,
    request: FederationRequest,
    answer: URLSearchParams,
  ): Promise<ForeignPerson> {
    const { providers } = this.#ports;
    const back = new URL(providers.redirectUriOf(provider));
    back.search = answer.toString();
    try {
      const configuration = await providers.configurationOf(provider);
      const tokens = await oidc.authorizationCodeGrant(configuration, back, {
        ...{ pkceCodeVerifier: request.verifier, expectedNonce: request.nonce },
        ...{ expectedState: answer.get('state') ?? '', idTokenExpected: true },
      });
      const claims: ForeignPerson['claims'] = { ...tokens.claims() };
      const subject = subjectOf(claims, provider);
      checkAccessToken(claims['at_hash'], tokens);
      return {
        ...{ issuer: provider.issuer, subject, claims, acr: levelOf(provider, claims['acr']) },
        ...{ amr: methodsOf(claims['amr']), sid: sidOf(claims['sid']) },
        signedInAt: this.#signedInAt(claims['auth_time'], request),
        moreClaims: () => moreClaims(configuration, tokens.access_token, subject),
      };
    } catch (error) {
      throw failureOf(error);
    }
  }

  /** OpenID Connect Core §3.1.2.1: who was asked to show it again, and does not say when, has not. */
  #signedInAt(authTime: unknown, { notBefore }: FederationRequest): number {
    const nowSeconds = Math.floor(this.#ports.now() / 1000);
    const isTime = typeof authTime === 'number' && authTime <= nowSeconds + CLOCK_SKEW_SECONDS;
    if (notBefore !== null && !(isTime && authTime >= notBefore - CLOCK_SKEW_SECONDS)) {
      throw new ProviderFailure('provider_not_fresh', 'auth_time is missing, or too long ago');
    }
    return isTime ? Math.min(Math.floor(authTime), nowSeconds) : nowSeconds;
  }
}

function askedFor(provider: FederatedProvider, { isAgain, maxAge, levels, language }: Wish) {
  const theirs = Object.entries(provider.acr).filter(([, ours]) => showsOneOf(ours, levels));
  return {
    ...(isAgain && { prompt: 'login', max_age: '0' }),
    ...(!isAgain && maxAge !== null && { max_age: String(maxAge) }),
    ...(theirs.length > 0 && { acr_values: theirs.map(([value]) => value).join(' ') }),
    ui_locales: language,
  };
}

/** What the table does not name is the lowest. */
function levelOf({ acr }: FederatedProvider, said: unknown): ForeignPerson['acr'] {
  if (typeof said !== 'string' || !Object.hasOwn(acr, said)) return LOWEST_LEVEL;
  return acr[said] ?? LOWEST_LEVEL;
}

/** RFC 8176 §2. What is not registered says nothing to anybody else. */
const METHODS = new Set([
  ...['face', 'fpt', 'geo', 'hwk', 'iris', 'kba', 'mca', 'mfa', 'otp', 'pin', 'pop', 'pwd', 'rba'],
  ...['retina', 'sc', 'sms', 'swk', 'tel', 'user', 'vbm', 'wia'],
]);

function methodsOf(said: unknown): string[] {
  if (!Array.isArray(said)) return [];
  return [...METHODS].filter((method) => said.includes(method));
}

function sidOf(said: unknown): string | null {
  return typeof said === 'string' && said.length <= SUBJECT_LENGTH_MAX ? said : null;
}

const DIGESTS: Readonly<Record<string, string>> = {
  ...{ RS256: 'sha256', PS256: 'sha256', ES256: 'sha256', ES384: 'sha384' },
  ...{ EdDSA: 'sha512', Ed25519: 'sha512' },
};

/** The library has verified it. */
function algorithmOf(idToken: string): string {
  const [header = ''] = idToken.split('.');
  const { alg } = parseJsonText(Buffer.from(header, 'base64url').toString('utf8')) as {
    alg: string;
  };
  return alg;
}

/** OpenID Connect Core §3.1.3.8. The library looks at it in other flows alone. */
function checkAccessToken(
  said: unknown,
  { id_token: idToken = '', access_token: token }: oidc.TokenEndpointResponse,
): void {
  if (said === undefined) return;
  const digest = DIGESTS[algorithmOf(idToken)];
  const whole = digest === undefined ? undefined : createHash(digest).update(token).digest();
  const half = whole?.subarray(0, whole.length / 2).toString('base64url');
  if (half === undefined || said !== half) {
    throw new ProviderFailure('provider_answer_wrong', 'at_hash is of another access token');
  }
}

/** OpenID Connect Core §2, §3.1.3.7: what the library leaves open where there is one audience. */
function subjectOf(claims: Readonly<Record<string, unknown>>, { clientId }: FederatedProvider) {
  const { sub, azp } = claims;
  if (azp !== undefined && azp !== clientId) {
    throw new ProviderFailure('provider_answer_wrong', 'azp is another client');
  }
  if (typeof sub !== 'string' || sub === '' || sub.length > SUBJECT_LENGTH_MAX) {
    throw new ProviderFailure('provider_answer_wrong', 'sub is missing, or too long');
  }
  return sub;
}

async function moreClaims(configuration: oidc.Configuration, token: string, subject: string) {
  if (configuration.serverMetadata().userinfo_endpoint === undefined) return {};
  try {
    return { ...(await oidc.fetchUserInfo(configuration, token, subject)) };
  } catch (error) {
    throw failureOf(error);
  }
}
