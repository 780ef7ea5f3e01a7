import { type ApiSnapshot, extensionOf } from '@poorter/engine';
import { believedIssuers } from '../../configuration/believed-issuers.ts';
import type { Configuration } from '../../configuration/schema.ts';
import { metadataPath } from './addresses.ts';

/** RFC 9728 protected-resource metadata of every API, by path. Empty when no issuer is trusted. */
export function resourceMetadata(
  apis: readonly ApiSnapshot[],
  configuration: Configuration,
): Record<string, unknown> {
  const issuers = believedIssuers(configuration);
  if (issuers.length === 0) return {};
  return Object.fromEntries(
    apis.flatMap((api) => {
      if (api.resourceMetadataUrl === null) return [];
      const path = metadataPath(configuration, api.name);
      return [
        [
          path,
          {
            resource: resourceOf(api, configuration),
            authorization_servers: issuers,
            scopes_supported: scopesOf(api),
            bearer_methods_supported: ['header'],
            resource_name: api.compiled.title,
            tls_client_certificate_bound_access_tokens: configuration.listen.some(
              ({ tls }) => tls !== undefined && tls.clientCertificate !== 'none',
            ),
          },
        ],
      ];
    }),
  );
}

/** RFC 8707, RFC 9728 §2: what tokens for an API are asked for, and carry as audience. */
export function resourceOf(
  { name, resourceMetadataUrl }: Pick<ApiSnapshot, 'name' | 'resourceMetadataUrl'>,
  { apis, publicOrigin }: Configuration,
): string {
  const { origin } = new URL(resourceMetadataUrl ?? publicOrigin ?? '');
  return apis.length === 1 ? origin : `${origin}/${name}`;
}

export function scopesOf(api: ApiSnapshot): string[] {
  const scopes = new Set<string>();
  for (const { security } of api.compiled.operations) {
    for (const alternative of security ?? []) {
      for (const [scheme, required] of Object.entries(alternative)) {
        const type = api.compiled.securitySchemes[scheme]?.type;
        if (type === 'oauth2' || type === 'openIdConnect')
          for (const scope of required) scopes.add(scope);
      }
    }
  }
  return [...scopes].sort();
}

/** Every role that any operation asks for. */
export function rolesOf({ compiled }: ApiSnapshot): string[] {
  const roles = compiled.operations.flatMap((one) => extensionOf(one).authorize?.roles ?? []);
  return [...new Set(roles)].sort();
}

/** What scopes are for, by their names. */
export function scopeTextsOf({ compiled }: ApiSnapshot): Record<string, string> {
  const schemes = Object.values(compiled.securitySchemes);
  return Object.assign(
    {},
    ...schemes.map((scheme) => (scheme.type === 'oauth2' ? scheme.scopeTexts : undefined)),
  );
}
