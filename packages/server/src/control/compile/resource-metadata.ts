import type { ApiSnapshot } from '@poorter/engine';
import type { Configuration } from '../../configuration/schema.ts';
import { metadataPath } from './addresses.ts';

/** RFC 9728 protected-resource metadata of every API, by path. Empty when no issuer is trusted. */
export function resourceMetadata(
  apis: readonly ApiSnapshot[],
  configuration: Configuration,
): Record<string, unknown> {
  const { issuers } = configuration.trust;
  if (issuers.length === 0) return {};
  return Object.fromEntries(
    apis.flatMap((api) => {
      if (api.resourceMetadataUrl === null) return [];
      const { origin } = new URL(api.resourceMetadataUrl);
      const path = metadataPath(configuration, api.name);
      return [
        [
          path,
          {
            resource: configuration.apis.length === 1 ? origin : `${origin}/${api.name}`,
            authorization_servers: issuers.map(({ issuer }) => issuer),
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

function scopesOf(api: ApiSnapshot): string[] {
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
