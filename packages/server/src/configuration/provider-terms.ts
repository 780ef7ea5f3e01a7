import type { Level } from '../messages/levels.ts';
import type { ProviderConfiguration } from './federation-schema.ts';
import { type ProviderProfile, providerProfiles } from './provider-profiles.ts';

export const PROVIDER_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const;

/** Of one provider, with what its profile says where the configuration says nothing. */
export interface ProviderTerms {
  readonly issuer: string | undefined;
  readonly names: Readonly<Record<string, string>> | undefined;
  readonly scopes: readonly string[];
  readonly algorithms: readonly string[];
  readonly acr: Readonly<Record<string, Level>>;
  readonly claims: { readonly name: readonly string[]; readonly email: string };
  readonly signUp: ProviderConfiguration['signUp'];
}

export function profileOf({ profile }: ProviderConfiguration): ProviderProfile {
  return profile === undefined ? {} : providerProfiles[profile];
}

export function providerTerms(written: ProviderConfiguration): ProviderTerms {
  const profile = profileOf(written);
  const { tenant, claims, signUp } = written;
  const ofTenant = tenant === undefined ? undefined : profile.issuerOf?.(tenant);
  return {
    issuer: written.issuer ?? ofTenant ?? profile.issuer,
    names: written.names ?? profile.names,
    scopes: [...new Set(['openid', ...(written.scopes ?? profile.scopes ?? [])])],
    algorithms: [...(written.algorithms ?? profile.algorithms ?? PROVIDER_ALGORITHMS)],
    acr: written.acr ?? profile.acr ?? {},
    claims: {
      name: [...(claims.name ?? profile.claims?.name ?? ['name'])],
      email: claims.email ?? profile.claims?.email ?? 'email',
    },
    signUp,
  };
}
