import type { ClientStore, StoredClient } from '../../access/clients/index.ts';
import type { IssuerSnapshot, ResourceSnapshot } from '../../messages/between-issuer.ts';
import { OWN_SCOPES, PERSONAL_SCOPES } from './client-metadata.ts';
import { errors } from './library.ts';

export interface ResourcePorts {
  readonly snapshot: IssuerSnapshot;
  readonly clients: Pick<ClientStore, 'show'>;
}

/** What the library says of a call, as far as it is looked at here. */
export interface ProtocolContext {
  readonly oidc: {
    readonly route?: string;
    readonly client?: { readonly clientId: string };
    readonly params?: Readonly<Record<string, unknown>>;
  };
}

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
function refuseOtherScopes(
  asked: Iterable<string>,
  identifiers: readonly string[],
  { resources }: IssuerSnapshot,
  { scopes }: Pick<StoredClient, 'scopes'>,
): void {
  const offered = new Set(
    identifiers.flatMap((identifier) => resourceOf(resources, identifier).scopes),
  );
  for (const scope of asked) {
    // Those the library bounds by what the client may ask for.
    if (scope === '' || isOwnScope(scope)) continue;
    if (!(offered.has(scope) && scopes.includes(scope))) {
      throw new errors.InvalidScope('requested scope is not allowed', scope);
    }
  }
}

/**
 * Where a request names none: the one API that there is, or the one of which a scope is asked. Whoever asks only who
 * somebody is has a token for that, and for no API.
 */
export function defaultResource(
  { resources }: IssuerSnapshot,
  { oidc }: ProtocolContext,
  oneOf?: readonly string[],
): string | readonly string[] | undefined {
  if (oneOf !== undefined) return oneOf.length === 1 ? oneOf[0] : oneOf;
  const { params = {}, route } = oidc;
  const asked = textOf(params['scope']).split(' ');
  const isOfApis = asked.some((scope) => scope !== '' && !isOwnScope(scope));
  const isForApi = isOfApis || params['authorization_details'] !== undefined || route === 'token';
  const [only, ...others] = resources;
  if (!isForApi) return undefined;
  if (others.length === 0) return only?.identifier;
  const fitting = resources.filter(({ scopes }) => asked.some((scope) => scopes.includes(scope)));
  return fitting.length === 1 ? fitting[0]?.identifier : undefined;
}

/** Throws InvalidTarget, InvalidScope: nothing here is called so, or not by this client. */
export async function infoFor(
  { clients, snapshot }: ResourcePorts,
  { oidc }: ProtocolContext,
  resource: string,
): Promise<ResourceServerInfo> {
  const client = await clients.show(oidc.client?.clientId ?? '');
  if (client === undefined) throw new errors.InvalidTarget();
  const { params = {} } = oidc;
  const resources = [params['resource'] ?? resource].flat().map(String);
  refuseOtherScopes(textOf(params['scope']).split(' '), resources, snapshot, client);
  return resourceServerInfo(snapshot, resource, client);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isOwnScope(scope: string): boolean {
  return OWN_SCOPES.includes(scope) || PERSONAL_SCOPES.includes(scope);
}
