import { importJWK, type JWK } from 'jose';
import * as oidc from 'openid-client';
import type { FederatedProvider, IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { guardedFetch } from '../protocol/outgoing.ts';
import { ProviderFailure } from './provider-failure.ts';
import { ProviderKeys } from './provider-keys.ts';

export interface FederatedProvidersPorts {
  readonly snapshot: Pick<IssuerSnapshot, 'federation' | 'origin'>;
  /** At public addresses, bounded in time and size. */
  readonly fetch: ReturnType<typeof guardedFetch>;
  readonly now: () => number;
}

/** What a provider says of itself is asked again after this time; its keys after five minutes, which the library counts. */
const FRESH_MS = 600_000;
/** While it is away, what it last said is used for so long. */
const STALE_MS = 86_400_000;
/** Somebody else who asks meanwhile is told the same, and waits for nothing. */
const FAILURE_MS = 3_000;
const CLOCK_SKEW_SECONDS = 15;

interface Known {
  readonly configuration: oidc.Configuration;
  readonly readAt: number;
}

/** The providers at which people sign in, as they describe themselves. */
export class FederatedProviders {
  readonly #ports: FederatedProvidersPorts;
  readonly #known = new Map<string, Known>();
  readonly #failed = new Map<string, { readonly error: unknown; readonly at: number }>();
  readonly #keys: ProviderKeys;
  /** Of a hundred who ask at once, one asks the provider. */
  readonly #reading = new Map<string, Promise<Known>>();

  constructor(ports: FederatedProvidersPorts) {
    this.#ports = ports;
    this.#keys = new ProviderKeys(ports.fetch, ports.now);
  }

  get all(): readonly FederatedProvider[] {
    return this.#ports.snapshot.federation;
  }

  byId(id: string): FederatedProvider | undefined {
    return this.all.find((provider) => provider.id === id);
  }

  byIssuer(issuer: string): FederatedProvider | undefined {
    return this.all.find((provider) => provider.issuer === issuer);
  }

  /** RFC 9700 §4.4.2.2: each provider sends people back to an address of its own. */
  redirectUriOf({ id }: Pick<FederatedProvider, 'id'>): string {
    return `${this.#ports.snapshot.origin}/federation/${id}/callback`;
  }

  /** Throws what the library throws: it cannot be reached, or says what it must not. */
  async configurationOf(provider: FederatedProvider): Promise<oidc.Configuration> {
    const { id } = provider;
    const now = this.#ports.now();
    const known = this.#known.get(id);
    if (known !== undefined && now - known.readAt < FRESH_MS) return known.configuration;
    const isUsable = known !== undefined && now - known.readAt < STALE_MS;
    const failed = this.#failed.get(id);
    if (failed !== undefined && now - failed.at < FAILURE_MS) {
      if (isUsable) return known.configuration;
      throw failed.error;
    }
    const reading = this.#reading.get(id) ?? this.#read(provider);
    this.#reading.set(id, reading);
    try {
      return (await reading).configuration;
    } catch (error) {
      this.#failed.set(id, { error, at: this.#ports.now() });
      if (isUsable) return known.configuration;
      throw error;
    } finally {
      this.#reading.delete(id);
    }
  }

  /** By what else it signs is verified. */
  async verificationOf(provider: FederatedProvider, isAgain: boolean) {
    const configuration = await this.configurationOf(provider);
    const { jwks_uri: address = '', ...metadata } = configuration.serverMetadata();
    const keys = await this.#keys.read(address, isAgain);
    return { keys, algorithms: [...(metadata.id_token_signing_alg_values_supported ?? [])] };
  }

  async #read(provider: FederatedProvider): Promise<Known> {
    const { fetch, now } = this.#ports;
    const isPlain = provider.issuer.startsWith('http:');
    const guarded = fetch as unknown as oidc.CustomFetch;
    const execute = isPlain ? [oidc.allowInsecureRequests] : [];
    const found = await oidc.discovery(
      ...([new URL(provider.issuer), provider.clientId, undefined, oidc.None()] as const),
      { [oidc.customFetch]: guarded, execute },
    );
    const metadata = found.serverMetadata();
    const terms = { ...metadata, ...judged(provider, metadata) } as oidc.ServerMetadata;
    const configuration = new oidc.Configuration(
      ...([terms, provider.clientId, { [oidc.clockTolerance]: CLOCK_SKEW_SECONDS }] as const),
      await authenticationOf(provider, metadata),
    );
    configuration[oidc.customFetch] = guarded;
    if (isPlain) oidc.allowInsecureRequests(configuration);
    // Without it an ID token that came over TLS would be believed as it stands.
    oidc.enableNonRepudiationChecks(configuration);
    const known = { configuration, readAt: now() };
    this.#known.set(provider.id, known);
    this.#failed.delete(provider.id);
    return known;
  }
}

/** The library compares issuers as URLs, and at some providers not at all. */
function judged(
  { id, issuer, algorithms }: FederatedProvider,
  { issuer: said, id_token_signing_alg_values_supported: theirs, jwks_uri }: oidc.ServerMetadata,
): Partial<oidc.ServerMetadata> {
  if (said !== issuer) {
    throw new ProviderFailure('provider_answer_wrong', 'the issuer in its document is another');
  }
  const both = (theirs ?? ['RS256']).filter((algorithm) => algorithms.includes(algorithm));
  if (both.length === 0 || jwks_uri === undefined) {
    const lacking = jwks_uri === undefined ? 'names no keys' : 'signs with no allowed algorithm';
    throw new ProviderFailure('provider_answer_wrong', `${id} ${lacking}`);
  }
  return { id_token_signing_alg_values_supported: both };
}

async function authenticationOf(
  { authentication }: FederatedProvider,
  { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] }: oidc.ServerMetadata,
): Promise<oidc.ClientAuth> {
  if (authentication.kind === 'secret') {
    const { secret } = authentication;
    return methods.includes('client_secret_basic')
      ? oidc.ClientSecretBasic(secret)
      : oidc.ClientSecretPost(secret);
  }
  const [jwk = {}] = authentication.keys;
  const { kid, alg } = jwk as JWK;
  const key = (await importJWK(jwk as JWK, alg)) as CryptoKey;
  return oidc.PrivateKeyJwt(kid === undefined ? { key } : { key, kid });
}
