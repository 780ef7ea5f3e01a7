import { isIP } from 'node:net';
import type { ApiSnapshot, OwnAudience, TrustedIssuer } from '@poorter/engine';
import { flowsOf } from '../../configuration/asking-flows.ts';
import type { Configuration, IssuerConfiguration } from '../../configuration/schema.ts';
import type { IssuerSnapshot, ResourceSnapshot } from '../../messages/between-issuer.ts';
import { readDetailTypes } from './read-detail-types.ts';
import { readDirectories } from './read-directories.ts';
import { readAuthority, readListenerAt } from './read-endpoints.ts';
import { readFederation } from './read-federation.ts';
import { readMail } from './read-mail.ts';
import { readRegistration } from './read-registration.ts';
import { gateSessionsOf } from './read-sessions.ts';
import { resourceOf, rolesOf, scopesOf, scopeTextsOf } from './resource-metadata.ts';
import type { SourceReader } from './source-reader.ts';

/** Its clock is that of the gates, or nearly: tokens live for minutes. */
const CLOCK_SKEW_SECONDS = 15;

/** Null: tokens come from others alone. Where it keeps things is said by whoever opens the stores. */
export function readIssuer(
  apis: readonly ApiSnapshot[],
  configuration: Configuration,
  version: number,
  reader: SourceReader,
): Omit<IssuerSnapshot, 'storage' | 'spool'> | null {
  const { issuer } = configuration;
  if (issuer === undefined) return null;
  const listener = readListenerAt(['issuer'], { ...issuer, tls: listenerTls(issuer) }, reader);
  const { origin, tokens, passwords, limit, applications } = issuer;
  if (isIP(new URL(origin).hostname.replace(/^\[|\]$/g, '')) !== 0) {
    const message = 'passkeys hold for a name, not for an address: people cannot sign in here';
    reader.warn(['issuer', 'origin'], 'no-passkeys', `${message}; localhost is a name`);
  }
  return {
    ...{
      version,
      origin,
      listener,
      tokens,
      passwords,
      limit,
      applications,
      trustedProxies: configuration.trust.proxies,
    },
    mtls: mtlsOf(issuer, reader),
    gateSessions: gateSessionsOf(configuration),
    outgoing: {
      addresses: issuer.outgoing.addresses,
      authorities: issuer.outgoing.authorities.map((authority, number) =>
        readAuthority(
          ['issuer', 'outgoing', 'authorities', number],
          authority,
          'the authority',
          reader,
        ),
      ),
    },
    registration: readRegistration(issuer, reader),
    mail: readMail(issuer, reader),
    federation: readFederation(issuer, reader),
    directories: readDirectories(issuer, reader),
    resources: resourcesOf(apis, configuration, reader),
    detailTypes: readDetailTypes(issuer, reader),
  };
}

/** Whom the gates believe without being told to: our own, for the APIs here. Its keys are pushed, never fetched. */
export function ownTrust({
  origin,
  resources,
}: Omit<IssuerSnapshot, 'storage' | 'spool'>): TrustedIssuer {
  return {
    issuer: origin,
    audiences: resources.map(({ identifier }) => identifier),
    algorithms: ['ES256', 'EdDSA'],
    clockSkewSeconds: CLOCK_SKEW_SECONDS,
  };
}

/** Undefined: no tokens of ours are for this API. */
export function ownAudienceOf(
  issuer: Pick<IssuerSnapshot, 'origin' | 'resources'> | null,
  api: string,
): OwnAudience | undefined {
  const resource = issuer?.resources.find((one) => one.api === api);
  if (issuer === null || resource === undefined) return undefined;
  return { issuer: issuer.origin, audience: resource.identifier };
}

function listenerTls({ tls }: IssuerConfiguration) {
  if (tls === undefined) return undefined;
  // Clients that show a certificate are asked for it where the aliases of RFC 8705 §5 stand.
  const rest = { clientCertificate: 'none', clientAuthorities: [], minVersion: 'TLSv1.2' } as const;
  return { ...tls, ...rest, clientAuthorities: [] as string[] };
}

/** Who shows no certificate, or one of no authority here, is let in to the handshake: the protocol judges it. */
function mtlsOf({ mtls }: IssuerConfiguration, reader: SourceReader): IssuerSnapshot['mtls'] {
  if (mtls === undefined) return null;
  const { origin, address, certificate, key, authorities } = mtls;
  const minVersion = 'TLSv1.2' as const;
  const asking = authorities.length > 0 ? 'request' : 'none';
  const tls = {
    ...{ certificate, key, minVersion },
    ...({ clientCertificate: asking, clientAuthorities: authorities } as const),
  };
  const at = ['issuer', 'mtls'];
  const listener = readListenerAt(at, { address, insecure: false, tls }, reader);
  if (listener.tls === null) return null;
  return {
    origin,
    listener: { ...listener, tls: { ...listener.tls, clientCertificate: 'request' } },
  };
}

function resourcesOf(
  apis: readonly ApiSnapshot[],
  configuration: Configuration,
  reader: SourceReader,
): ResourceSnapshot[] {
  const resources: ResourceSnapshot[] = [];
  for (const [index, api] of apis.entries()) {
    if (api.resourceMetadataUrl === null) {
      const remedy = 'set publicOrigin to the origin under which callers reach the gate';
      const message = 'tokens are asked for by the address of the APIs, and none is known';
      reader.fault(['issuer', 'origin'], 'no-public-origin', message, remedy);
      return [];
    }
    resources.push({
      flows: flowsOf(configuration.apis[index]),
      identifier: resourceOf(api, configuration),
      api: api.name,
      title: api.compiled.title,
      ...{ scopes: scopesOf(api), scopeTexts: scopeTextsOf(api), roles: rolesOf(api) },
    });
  }
  return resources;
}
