import { createHash, X509Certificate } from 'node:crypto';
import { type ApiSnapshot, extensionOf } from '@poorter/engine';
import { checkedPlaces, pathShape } from '@poorter/openapi';
import { flowsOf } from '../../configuration/asking-flows.ts';
import { providerTerms } from '../../configuration/provider-terms.ts';
import type { Configuration } from '../../configuration/schema.ts';
import type { ListenerSnapshot, UpstreamSnapshot } from '../../messages/between-processes.ts';
import { isLoopback, splitAddress } from '../../platform/addresses/index.ts';
import { gateSessionsOf } from '../compile/read-sessions.ts';
import {
  type ApiProtection,
  type IssuerPlace,
  type IssuerProtection,
  type OperationProtection,
  type PeerProtection,
  PROTECTION_FORM,
  type Protection,
  type ServiceProtection,
} from './protection.ts';

/** A configuration with what its files hold. */
export interface ReadConfiguration {
  readonly configuration: Configuration;
  readonly apis: readonly ApiSnapshot[];
  readonly listeners: readonly ListenerSnapshot[];
  readonly upstreams: Readonly<Record<string, UpstreamSnapshot>>;
  readonly counters: { readonly url: string; readonly tls: UpstreamSnapshot['tls'] | null } | null;
  readonly linkAuthorities: readonly string[];
  /** Of certificates that clients of our own authorization server show; null: none is asked for. */
  readonly mtlsAuthorities: readonly string[] | null;
  readonly keyFile: string;
  readonly isTrial: boolean;
}

export function readProtection(read: ReadConfiguration): Protection {
  const { configuration } = read;
  const { trust, control, link, counters } = configuration;
  return {
    form: PROTECTION_FORM,
    reload: configuration.reload,
    apis: read.apis.map((api, index) =>
      readApi(api, configuration.apis[index], serviceOf(api, read.upstreams[api.name])),
    ),
    ceilings: ceilingsOf(configuration),
    floors: {
      'timeouts.bodyBytesPerSecondMin': configuration.timeouts.bodyBytesPerSecondMin,
      // Above it, answers pass unchecked where they are only reported.
      'bounds.answerBytes': configuration.bounds.answerBytes,
      'log.keepDays': configuration.log.keepDays,
      'log.keepBytes': configuration.log.keepBytes,
      // Fewer machines, and each gives more while the counters are away.
      ...(counters !== 'memory' && { 'counters.machines': counters.machines }),
    },
    network: configuration.network,
    proxies: trust.proxies,
    issuers: [...ownIssuer(configuration), ...trust.issuers.map(issuerProtection)],
    trial: read.isTrial,
    revoked: trust.revoked.map((one) => createHash('sha256').update(one).digest('base64url')),
    keyFile: read.keyFile,
    listeners: configuration.listen.map(({ address }, index) => {
      const { host, tls = null } = read.listeners[index] as ListenerSnapshot;
      return {
        ...{ address, isLoopback: isLoopback(host), minVersion: tls?.minVersion ?? null },
        clientCertificate: tls?.clientCertificate ?? 'none',
        authorities: (tls?.clientAuthorities ?? []).flatMap(fingerprints),
      };
    }),
    control: {
      address: control.address,
      isLoopback: isLoopback(splitAddress(control.address).host),
      minVersion: control.tls === undefined ? null : 'TLSv1.3',
    },
    issuer: issuerPlace(read),
    peers: peersOf(read),
    gateways: link?.gateways ?? [],
    forwardAuth: configuration.forwardAuth.map(({ address, allowUnseenBodies, ...host }) => ({
      ...{ address, allowsUnseenBodies: allowUnseenBodies, speaks: host.for },
      isLoopback: isLoopback(splitAddress(address).host),
    })),
    countersShared: counters !== 'memory',
    countersAt: read.counters && countersAt(read.counters.url),
    allowsEncodedSlash: configuration.apis.some(({ allowEncodedSlash }) => allowEncodedSlash),
    clearTextRecords: configuration.records.file ?? null,
  };
}

function issuerProtection(issuer: Configuration['trust']['issuers'][number]): IssuerProtection {
  return {
    issuer: issuer.issuer,
    jwks: issuer.jwks ?? null,
    audiences: issuer.audience,
    algorithms: issuer.algorithms,
    clockSkewSeconds: issuer.clockSkewSeconds,
    rolesClaim: issuer.rolesClaim ?? null,
    scopesClaim: issuer.scopesClaim ?? null,
    audienceClaim: issuer.audienceClaim ?? null,
    acceptsNonce: issuer.nonce === 'accept',
    introspection: introspectionProtection(issuer),
  };
}

function introspectionProtection({
  introspection,
}: Configuration['trust']['issuers'][number]): IssuerProtection['introspection'] {
  if (introspection === undefined) return null;
  const { url, tokenPrefix, cacheSeconds } = introspection;
  return { url, tokenPrefix, cacheSeconds };
}

/** Its keys come from no address, and its audiences are the APIs themselves. */
function ownIssuer({ issuer }: Configuration): IssuerProtection[] {
  if (issuer === undefined) return [];
  const usual = {
    ...{ rolesClaim: null, scopesClaim: null, audienceClaim: null, acceptsNonce: false },
    introspection: null,
  };
  return [
    {
      ...{ issuer: issuer.origin, jwks: 'own', audiences: [], algorithms: ['ES256', 'EdDSA'] },
      ...{ clockSkewSeconds: 15, ...usual },
    },
  ];
}

function issuerPlace({
  configuration,
  apis,
  mtlsAuthorities,
}: ReadConfiguration): IssuerPlace | null {
  const { issuer } = configuration;
  if (issuer === undefined) return null;
  const { address, tls, passwords, tokens, outgoing, detailTypes } = issuer;
  const { applications, registration, federation, directories } = issuer;
  return {
    ...{ address, passwords, isLoopback: isLoopback(splitAddress(address).host) },
    minVersion: tls === undefined ? null : 'TLSv1.2',
    authorities: (mtlsAuthorities ?? []).flatMap(fingerprints),
    flows: Object.fromEntries(
      apis.map(({ name }, index) => [name, flowsOf(configuration.apis[index])]),
    ),
    sessionsAt: gateSessionsOf(configuration)?.origin ?? null,
    applications: [
      ...applications.android.map((one) => [one.package, ...one.certificates].join(' ')),
      ...applications.apple,
    ],
    ...{ requireProofNonce: tokens.requireProofNonce, registers: registration !== undefined },
    statements: (registration?.statements ?? []).map((one) => JSON.stringify(one)),
    ...{ outgoing: outgoing.addresses, outgoingAuthorities: outgoing.authorities },
    signedDetails: Object.keys(detailTypes).filter((type) => detailTypes[type]?.signed === true),
    federation: federation.map((written) => {
      const { issuer: of = '', algorithms, acr, signUp } = providerTerms(written);
      const { name, claim } = written.directory ?? {};
      const directory = name === undefined ? {} : { directory: `${claim} of ${name}` };
      const roles = Object.entries(written.roles?.values ?? {}).map(
        ([value, given]) => [`${written.roles?.claim} ${value}`, given] as const,
      );
      return {
        ...{ issuer: of, algorithms, acr, signUp, ...directory },
        ...(roles.length > 0 && { roles: Object.fromEntries(roles) }),
      };
    }),
    directories: directories.map(({ name, roles }) => ({ name, roles })),
  };
}

const A_DAY_HAS = { second: 86_400, minute: 1_440, hour: 24 } as const;

function ceilingsOf(configuration: Configuration) {
  const { bounds, timeouts, gateway, identity, limits, keyRotation, issuer } = configuration;
  const { failures } = limits;
  return {
    ...named('bounds', {
      headerBytes: bounds.headerBytes,
      headerCount: bounds.headerCount,
      targetBytes: bounds.targetBytes,
      jsonDepth: bounds.jsonDepth,
      jsonItems: bounds.jsonItems,
      jsonStringLength: bounds.jsonStringLength,
      memoryBytes: bounds.memoryBytes,
      concurrentCalls: bounds.concurrentCalls,
      connectionsPerThread: bounds.connectionsPerThread,
    }),
    ...named('timeouts', {
      headMs: timeouts.headMs,
      bodyIdleMs: timeouts.bodyIdleMs,
      answerIdleMs: timeouts.answerIdleMs,
      keepAliveMs: timeouts.keepAliveMs,
    }),
    'gateway.staleAfterMs': gateway.staleAfterMs,
    'identity.lifetimeSeconds': identity.lifetimeSeconds,
    'keyRotation.warnAfterDays': keyRotation.warnAfterDays ?? null,
    'keyRotation.refuseAfterDays': keyRotation.refuseAfterDays ?? null,
    ...(issuer !== undefined && {
      'issuer.sessions.idleMinutes': issuer.sessions.idleMinutes,
      'issuer.sessions.lifeHours': issuer.sessions.lifeHours,
      'issuer.sessions.cacheSeconds': issuer.sessions.cacheSeconds,
      'issuer.tokens.lifeSeconds': issuer.tokens.lifeSeconds,
      'issuer.keys.rotateAfterDays': issuer.keys.rotateAfterDays,
      'issuer.limit at once': issuer.limit.burst ?? issuer.limit.requests,
      'issuer.limit a day': issuer.limit.requests * A_DAY_HAS[issuer.limit.per],
    }),
    'limits.failures at once': failures === 'off' ? null : failures.failures,
    'limits.failures a day':
      failures === 'off' ? null : failures.failures * A_DAY_HAS[failures.per],
  };
}

function named(prefix: string, numbers: Readonly<Record<string, number>>) {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [`${prefix}.${name}`, value]),
  );
}

function peersOf({ counters, linkAuthorities }: ReadConfiguration) {
  const peers: Record<string, PeerProtection> = {};
  if (counters !== null) {
    peers['The store of shared counters'] = {
      isEncrypted: ENCRYPTED.test(counters.url),
      isPrivate: isPrivate(counters.url),
      authorities: (counters.tls?.authorities ?? []).flatMap(fingerprints),
      serverName: counters.tls?.serverName ?? null,
    };
  }
  if (linkAuthorities.length > 0) {
    const authorities = linkAuthorities.flatMap(fingerprints);
    const secrecy = { isEncrypted: true, isPrivate: true };
    peers['A gateway on another machine'] = { ...secrecy, authorities, serverName: null };
  }
  return peers;
}

const ENCRYPTED = /^(?:https|valkeys|rediss):/;

function isPrivate(url: string): boolean {
  return ENCRYPTED.test(url) || isLoopback(hostOf(new URL(url)));
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function serviceOf(api: ApiSnapshot, upstream: UpstreamSnapshot | undefined): ServiceProtection {
  const { targets = [], tls } = upstream ?? {};
  const [first] = targets;
  const isOwn = first !== undefined && new URL(first).origin === api.identityAudience;
  return {
    targets: [...new Set(targets.map(targetOf))].sort(),
    ...writtenOtherwise(targets),
    audience: isOwn ? null : api.identityAudience,
    isEncrypted: targets.every((target) => ENCRYPTED.test(target)),
    isPrivate: targets.every(isPrivate),
    authorities: (tls?.authorities ?? []).flatMap(fingerprints),
    serverName: tls?.serverName ?? null,
  };
}

const COUNTERS_PORT = '6379';

/** Host, port and database, without credentials. */
function countersAt(url: string): string {
  const { port, pathname, ...rest } = addressOf(url);
  const database = /^\/0*$/.test(pathname) ? '' : pathname;
  return `${rest.name}:${port || COUNTERS_PORT}${database}`;
}

/** The names of this machine are one, and so are the two default ports. */
export function targetOf(target: string): string {
  return placeOf(target, addressOf(target).name);
}

function addressOf(text: string): { name: string; port: string; pathname: string } {
  const url = new URL(text);
  const host = hostOf(url);
  const name = ['localhost', '127.0.0.1', '::1'].includes(host) ? 'localhost' : host;
  return { name, port: url.port, pathname: url.pathname };
}

function placeOf(target: string, name: string): string {
  const { port, pathname } = new URL(target);
  return `${name}${port === '' ? '' : `:${port}`}${pathname.replace(/\/+$/, '')}`;
}

function writtenOtherwise(targets: readonly string[]): Pick<ServiceProtection, 'written'> {
  const places = targets.map((target) => [
    targetOf(target),
    placeOf(target, new URL(target).hostname),
  ]);
  const others = places.filter(([place, written]) => place !== written);
  return others.length === 0 ? {} : { written: Object.fromEntries(others) };
}

/** Of each certificate in a PEM text. */
function fingerprints(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block).fingerprint256);
}

function readApi(
  api: ApiSnapshot,
  written: Configuration['apis'][number] | undefined,
  service: ServiceProtection,
) {
  const own = extensionOf(api.compiled);
  return {
    name: api.name,
    hosts: api.hosts,
    service,
    preservesHost: written?.upstream.preserveHost ?? false,
    // What the description says of its own reading goes before the configuration.
    reading: own.reading ?? written?.reading ?? 'meant',
    readOnlyMembers: own.readOnlyMembers ?? written?.readOnlyMembers ?? 'ignore',
    formats: own.formats ?? written?.formats ?? 'enforce',
    schemas: api.compiled.comparable ?? { digest: '', shapes: [] },
    operations: api.compiled.operations.map((operation) => readOperation(operation, api)),
  } satisfies ApiProtection;
}

type Compiled = ApiSnapshot['compiled']['operations'][number];

function readOperation(operation: Compiled, api: ApiSnapshot): OperationProtection {
  const { method, path, security } = operation;
  const own = extensionOf(operation);
  const { checks, upgrades } = planOf(operation);
  return {
    ...{ method, path, shape: pathShape(path) },
    security: (security ?? []).map((requirement) =>
      Object.entries(requirement).map(([name, grants]) => ({
        scheme: api.compiled.securitySchemes[name] as NonNullable<
          (typeof api.compiled.securitySchemes)[string]
        >,
        grants,
      })),
    ),
    authorize: own.authorize ?? null,
    stepUp: own.stepUp === undefined || own.stepUp === 'off' ? null : own.stepUp,
    permit: own.permit === undefined || own.permit === 'off' ? null : own.permit,
    rates: listed(own.limit ?? api.limits.limit),
    quotas: listed(own.quota ?? api.limits.quota),
    places: listed(own.concurrency ?? api.limits.concurrency),
    network: own.network ?? { allow: [], deny: [] },
    mode: own.mode ?? api.mode,
    response: own.response ?? api.response,
    audit: own.audit ?? 'batched',
    bodyBytesMax: own.bodyBytesMax ?? api.bodyBytesMax,
    cors: own.cors ?? api.cors ?? 'off',
    strictProperties: checks.every(({ strictProperties }) => strictProperties),
    undocumentedQuery: [...new Set(checks.flatMap(({ allowedQuery }) => allowedQuery ?? []))],
    allowsSemicolons: checks.some(({ allowsSemicolons }) => allowsSemicolons === true),
    schemas: checkedPlaces(operation, api.compiled),
    fields: fieldNames(checks),
    upgrades,
  };
}

interface Plan {
  readonly strictProperties: boolean;
  readonly parameters: readonly { readonly in: string; readonly name: string }[];
  readonly allowedQuery?: readonly string[];
  readonly allowsSemicolons?: true;
  readonly answers: readonly { readonly status: string }[];
  readonly variants?: readonly Plan[];
}

/** Of the plan, which belongs to the engine, what says how much is let through. */
function planOf({ plan }: Compiled) {
  const own = plan as Plan;
  const checks = [own, ...(own.variants ?? [])];
  const upgrades = checks.some(({ answers }) => answers.some(({ status }) => status === '101'));
  return { checks, upgrades };
}

function fieldNames(checks: readonly Plan[]): string[] {
  const parameters = checks.flatMap((one) => one.parameters);
  const fields = parameters.filter((one) => one.in === 'header');
  return [...new Set(fields.map(({ name }) => name.toLowerCase()))];
}

function listed<One>(value: One | readonly One[] | undefined): readonly One[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as One];
}
