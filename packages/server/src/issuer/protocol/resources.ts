import type { StoredClient } from '../../access/clients/index.ts';
import type { IssuerSnapshot, ResourceSnapshot } from '../../messages/between-issuer.ts';
import { errors } from './library.ts';

export interface ResourceServerInfo {
  readonly scope: string;
  readonly audience: string;
  readonly accessTokenTTL: number;
  readonly accessTokenFormat: 'jwt';
  readonly jwt: { readonly sign: { readonly alg: string } };
}

/**
 * What a client may have a token for. The right that comes of it is never more than what the provider gave
 * the client, whoever says yes to what.
 */
export function resourceServerInfo(
  { resources, tokens }: IssuerSnapshot,
  identifier: string,
  client: Pick<StoredClient, 'scopes'>,
): ResourceServerInfo {
  const resource = resourceOf(resources, identifier);
  return {
    scope: resource.scopes.filter((scope) => client.scopes.includes(scope)).join(' '),
    audience: resource.identifier,
    accessTokenTTL: tokens.lifeSeconds,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: tokens.algorithm } },
  };
}

function resourceOf(resources: readonly ResourceSnapshot[], identifier: string): ResourceSnapshot {
  const resource = resources.find((one) => one.identifier === identifier);
  if (resource === undefined) throw new errors.InvalidTarget('no API here has this identifier');
  return resource;
}

/** The library narrows in silence what is asked beyond; whoever asks for it is told. RFC 6749 §5.2. */
export function refuseOtherScopes(
  asked: Iterable<string>,
  identifiers: readonly string[],
  { resources }: IssuerSnapshot,
  { scopes }: Pick<StoredClient, 'scopes'>,
  ownScopes: ReadonlySet<string>,
): void {
  const offered = new Set(
    identifiers.flatMap((identifier) => resourceOf(resources, identifier).scopes),
  );
  for (const scope of asked) {
    if (ownScopes.has(scope)) continue;
    if (!(offered.has(scope) && scopes.includes(scope))) {
      throw new errors.InvalidScope('requested scope is not allowed', scope);
    }
  }
}

/** Where a request names none: the one API that there is. */
export function defaultResource({ resources }: IssuerSnapshot): string | undefined {
  const [only, ...others] = resources;
  return others.length === 0 ? only?.identifier : undefined;
}
