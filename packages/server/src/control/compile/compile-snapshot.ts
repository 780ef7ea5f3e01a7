import {
  type ApiSnapshot,
  extensionOf,
  publicKeySet,
  type Rate,
  type TrustedIssuer,
} from '@poorter/engine';
import type { Diagnostic } from '@poorter/openapi';
import type { JSONWebKeySet } from 'jose';
import type { OperationRights } from '../../access/keys/key-routes.ts';
import { RefusedConfiguration } from '../../configuration/refused-configuration.ts';
import type { Configuration } from '../../configuration/schema.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { ProtectionSummary, RuntimeSnapshot } from '../../messages/between-processes.ts';
import type { GateSessionsSnapshot } from '../../messages/gate-sessions.ts';
import { splitAddress } from '../../platform/addresses/index.ts';
import type { LinkCredentials } from '../../platform/link/index.ts';
import { checkSource } from '../../trusted-issuers/index.ts';
import type { IdentityKeys } from '../identity-keys.ts';
import type { Protection } from '../protection/protection.ts';
import { readProtection } from '../protection/read-protection.ts';
import { sharedBytes } from '../shared-bytes.ts';
import { TRIAL_TRUST } from '../trial-issuer.ts';
import { checkApis, takesTokens } from './check-apis.ts';
import { checkFlows } from './check-flows.ts';
import { checkPlaces } from './check-places.ts';
import { checkRecordsFile } from './check-records-file.ts';
import { KeptDescriptions } from './kept-descriptions.ts';
import { readApi } from './read-api.ts';
import { readSharedCounters } from './read-counters.ts';
import { readLinkCredentials, readListener, readUpstream } from './read-endpoints.ts';
import { readIntrospections } from './read-introspection.ts';
import { ownAudienceOf, ownTrust, readIssuer } from './read-issuer.ts';
import { readKeys } from './read-keys.ts';
import { readLocalKeySet } from './read-local-key-set.ts';
import { apiSessions, gateSessionsSnapshot } from './read-sessions.ts';
import { resourceMetadata } from './resource-metadata.ts';
import { type ReadWorld, SourceReader, shortPath } from './source-reader.ts';

/** Everything a snapshot is made of, read at one moment. */
export interface SnapshotSources {
  readonly configuration: Configuration;
  /** Where the configuration stands; relative paths in it start here. */
  readonly configurationFile: string;
  readonly baseDirectory: string;
  readonly dataDirectory: string;
  readonly world: ReadWorld;
  readonly version: number;
  readonly identityKeys: IdentityKeys;
  /** Where records of calls go; null where nothing is served. */
  readonly spool: RuntimeSnapshot['spool'];
  readonly issuerKeys: (issuer: string) => { jwks: JSONWebKeySet; generation: number } | null;
  /** By which gates show our authorization server that they are ours. Absent: nothing is served. */
  readonly gateSecret?: string;
  /** Keys of the gate's own issuer; null unless `mayTry`. */
  readonly trialKeys: { readonly jwks: JSONWebKeySet; readonly generation: number } | null;
  /** Those of an earlier compile; default: none. Afterwards, those of this one. */
  readonly descriptions?: KeptDescriptions;
}

export interface CompiledSnapshot {
  readonly snapshot: RuntimeSnapshot;
  /** What our own authorization server goes by, apart from where it keeps things; null: there is none. */
  readonly issuer: Omit<IssuerSnapshot, 'storage' | 'spool'> | null;
  readonly summary: ProtectionSummary;
  /** What operations ask of their callers, by operation id, over all APIs. */
  readonly rights: ReadonlyMap<string, OperationRights>;
  /** Null without `link`. */
  readonly linkCredentials: LinkCredentials | null;
  readonly warnings: readonly Diagnostic[];
  /** Tokens of the gate's own issuer are accepted. */
  readonly isTrial: boolean;
  /** Every file that was read: a change of one of them calls for a new snapshot. */
  readonly files: readonly string[];
  /** Digests of what they hold. */
  readonly contents: ReadonlyMap<string, string>;
  /** What of it protects, for comparing. */
  readonly protection: Protection;
}

/** Throws RefusedConfiguration, with every fault placed. */
export function compileSnapshot(sources: SnapshotSources): CompiledSnapshot {
  const { configuration } = sources;
  const reader = new SourceReader(sources.configurationFile, sources.baseDirectory, sources.world);
  const { descriptions = new KeptDescriptions() } = sources;
  const apis = configuration.apis.map((api, index) =>
    readApi(api, index, { configuration, descriptions }, reader),
  );
  const { keys, file: keyFile } = readKeys(configuration, sources.dataDirectory, reader);
  const listeners = configuration.listen.map((listener, index) =>
    readListener(listener, index, reader),
  );
  const upstreams = Object.fromEntries(
    configuration.apis.map((api, index) => [
      apis[index]?.name ?? '',
      readUpstream(api, index, reader),
    ]),
  );
  const trusted = configuration.trust.issuers.map((issuer, index) =>
    trustedIssuer(issuer, index, reader),
  );
  const introspection = readIntrospections(configuration, reader);
  checkPlaces(configuration, reader);
  const { link } = configuration;
  const linkCredentials = link === undefined ? null : readLinkCredentials(link, reader);
  const sharedCounters = readSharedCounters(configuration, reader);
  // After everything that is read.
  checkRecordsFile(configuration, sources, reader);
  const opened = apis.filter((api) => api !== null);
  const trialKeys = opened.some(takesTokens) ? sources.trialKeys : null;
  const issuer = readIssuer(opened, configuration, sources.version, reader);
  checkFlows(opened, configuration, reader);
  const sessions = gateSessionsSnapshot(issuer, sources.gateSecret ?? '');
  const own = issuer === null ? [] : [ownTrust(issuer)];
  const issuers = trialKeys === null ? [...own, ...trusted] : [TRIAL_TRUST];
  const remarks = checkApis(opened, configuration, sources.configurationFile, trialKeys !== null);
  for (const remark of remarks) reader.report(remark);
  if (reader.errors.length > 0) throw new RefusedConfiguration(reader.errors, reader.files);

  const { bounds, limits, trust, identity } = configuration;
  return {
    snapshot: {
      gate: {
        version: sources.version,
        apis: packedApis(opened, { issuer, sessions, descriptions }),
        network: configuration.network,
        keys: sharedBytes(Buffer.from(JSON.stringify(keys))),
        issuers,
        issuerKeys: Object.fromEntries(
          issuers.flatMap((one) => {
            const known = trialKeys ?? sources.issuerKeys(one.issuer);
            return known === null ? [] : [[one.issuer, known]];
          }),
        ),
        revoked: trust.revoked,
        failureBudget: limits.failures === 'off' ? null : failureRate(limits.failures),
        staleAfterMs: configuration.gateway.staleAfterMs,
        capacity: bounds.concurrentCalls,
      },
      listeners,
      forwardAuth: configuration.forwardAuth.map(({ address, ...rest }) => ({
        ...splitAddress(address),
        for: rest.for,
        allowUnseenBodies: rest.allowUnseenBodies,
      })),
      upstreams,
      introspection: trialKeys === null ? introspection : [],
      sessions,
      trustedProxies: trust.proxies,
      allowEncodedSlash: configuration.apis.some((api) => api.allowEncodedSlash),
      identity: {
        key: sources.identityKeys.current,
        issuer: identity.issuer,
        lifetimeSeconds: identity.lifetimeSeconds,
      },
      identityKeySet: publicKeySet(sources.identityKeys.all),
      resourceMetadata: resourceMetadata(opened, configuration),
      bounds: {
        headerBytes: bounds.headerBytes,
        headerCount: bounds.headerCount,
        targetBytes: bounds.targetBytes,
        answerBytes: bounds.answerBytes,
        memoryBytes: bounds.memoryBytes,
        connectionsPerThread: bounds.connectionsPerThread,
      },
      timeouts: configuration.timeouts,
      sharedCounters,
      records: recordsOf(configuration, reader),
      spool: sources.spool,
    },
    issuer,
    summary: summarise(opened, configuration),
    rights: rightsOf(opened),
    linkCredentials,
    warnings: reader.warnings,
    isTrial: trialKeys !== null,
    files: reader.files,
    contents: reader.contents,
    protection: readProtection({
      ...{ configuration, apis: opened, listeners, upstreams, keyFile, counters: sharedCounters },
      linkAuthorities: linkCredentials?.authorities ?? [],
      mtlsAuthorities: issuer?.mtls?.listener.tls?.clientAuthorities ?? null,
      isTrial: trialKeys !== null,
    }),
  };
}

function recordsOf({ records }: Configuration, reader: SourceReader): RuntimeSnapshot['records'] {
  const { file, rotateBytes, keepFiles } = records;
  return file === undefined ? null : { file: reader.path(file), rotateBytes, keepFiles };
}

type OpenedApi = NonNullable<ReturnType<typeof readApi>>;

/** Each with what tokens and sessions are for it. */
function packedApis(
  apis: readonly OpenedApi[],
  {
    issuer,
    sessions,
    descriptions,
  }: {
    readonly issuer: CompiledSnapshot['issuer'];
    readonly sessions: GateSessionsSnapshot | null;
    readonly descriptions: KeptDescriptions;
  },
): RuntimeSnapshot['gate']['apis'] {
  return apis.map(({ compiled: _, key, ...api }) => {
    const ownAudience = ownAudienceOf(issuer, api.name);
    const resource = issuer?.resources.find((one) => one.api === api.name);
    return {
      ...{ ...api, ...(ownAudience && { ownAudience }), packed: descriptions.packed(key) },
      ...apiSessions(sessions, resource?.flows.includes('session') === true),
    };
  });
}

function trustedIssuer(
  issuer: Configuration['trust']['issuers'][number],
  index: number,
  reader: SourceReader,
): TrustedIssuer {
  const { jwks, introspection } = issuer;
  const signs = jwks !== 'none';
  try {
    if (signs) checkSource({ issuer: issuer.issuer, ...(jwks !== undefined && { jwks }) });
    if (jwks?.startsWith('file:')) readLocalKeySet(jwks, index, reader);
  } catch (error) {
    const key = jwks === undefined ? 'issuer' : 'jwks';
    reader.fault(['trust', 'issuers', index, key], 'issuer', (error as Error).message);
  }
  return {
    issuer: issuer.issuer,
    audiences: issuer.audience,
    // Without keys, nothing that looks like a JWT of it is one.
    algorithms: signs ? issuer.algorithms : [],
    clockSkewSeconds: issuer.clockSkewSeconds,
    ...(introspection !== undefined && { opaqueTokens: { prefix: introspection.tokenPrefix } }),
    ...(issuer.rolesClaim !== undefined && { rolesClaim: issuer.rolesClaim }),
    ...(issuer.scopesClaim !== undefined && { scopesClaim: issuer.scopesClaim }),
    ...(issuer.audienceClaim !== undefined && { audienceClaim: issuer.audienceClaim }),
    ...(issuer.nonce === 'accept' && { acceptsNonce: true }),
  };
}

function failureRate({
  failures,
  per,
}: {
  failures: number;
  per: 'second' | 'minute' | 'hour';
}): Rate {
  const perMs = { second: 1_000, minute: 60_000, hour: 3_600_000 }[per];
  return { requests: failures, perMs, burst: failures };
}

/** Every scope and role that any way into an operation asks for. */
function rightsOf(apis: readonly ApiSnapshot[]): ReadonlyMap<string, OperationRights> {
  const rights = new Map<string, { scopes: Set<string>; roles: Set<string> }>();
  for (const { compiled } of apis) {
    for (const { id, security, settings } of compiled.operations) {
      const known = rights.get(id) ?? { scopes: new Set<string>(), roles: new Set<string>() };
      for (const requirement of security ?? []) {
        for (const scope of Object.values(requirement).flat()) known.scopes.add(scope);
      }
      const { authorize } = extensionOf({ settings });
      for (const scope of authorize?.scopes ?? []) known.scopes.add(scope);
      for (const role of authorize?.roles ?? []) known.roles.add(role);
      rights.set(id, known);
    }
  }
  return rights;
}

function summarise(apis: readonly ApiSnapshot[], configuration: Configuration): ProtectionSummary {
  return {
    apis: apis.map((api, index) => ({
      name: api.name,
      title: api.compiled.title,
      operations: api.compiled.operations.length,
      upstream: configuration.apis[index]?.upstream.targets.join(', ') ?? '',
      mode: api.mode,
      unprotected: api.compiled.operations
        .filter(({ security }) => (security ?? []).length === 0 || security?.some(isOpen) === true)
        .map(({ method, path, file, line, column, security }) => ({
          operation: `${method} ${path}`,
          place: `${shortPath(file)}:${line}:${column}`,
          isDeclared: security !== null,
        })),
    })),
  };
}

function isOpen(requirement: object): boolean {
  return Object.keys(requirement).length === 0;
}
