import { basename } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type ApiSnapshot,
  checkExtension,
  extensionSchema,
  publicKeySet,
  type Rate,
  type TrustedIssuer,
} from '@poorter/engine';
import {
  type CompiledApi,
  compileApi,
  type Diagnostic,
  type PackedApi,
  packApi,
} from '@poorter/openapi';
import type { JSONWebKeySet } from 'jose';
import type { OperationRights } from '../../access/keys/key-routes.ts';
import { RefusedConfiguration } from '../../configuration/refused-configuration.ts';
import type { ApiConfiguration, Configuration } from '../../configuration/schema.ts';
import type { ProtectionSummary, RuntimeSnapshot } from '../../messages/between-processes.ts';
import type { LinkCredentials } from '../../platform/link/index.ts';
import { checkSource } from '../../trusted-issuers/index.ts';
import type { IdentityKeys } from '../identity-keys.ts';
import type { Protection } from '../protection/protection.ts';
import { readProtection, targetOf } from '../protection/read-protection.ts';
import { TRIAL_TRUST } from '../trial-issuer.ts';
import { metadataPath, splitAddress } from './addresses.ts';
import { checkApis } from './check-apis.ts';
import { checkPlaces } from './check-places.ts';
import { checkRecordsFile } from './check-records-file.ts';
import { readSharedCounters } from './read-counters.ts';
import { readLinkCredentials, readListener, readUpstream } from './read-endpoints.ts';
import { readKeys } from './read-keys.ts';
import { readLocalKeySet } from './read-local-key-set.ts';
import { referredFile } from './referred-file.ts';
import { resourceMetadata } from './resource-metadata.ts';
import { SourceReader, shortPath } from './source-reader.ts';

/** Everything a snapshot is made of, read at one moment. */
export interface SnapshotSources {
  readonly configuration: Configuration;
  /** Where the configuration stands; relative paths in it start here. */
  readonly configurationFile: string;
  readonly baseDirectory: string;
  readonly dataDirectory: string;
  readonly version: number;
  readonly identityKeys: IdentityKeys;
  /** Where records of calls go; null where nothing is served. */
  readonly spool: RuntimeSnapshot['spool'];
  readonly issuerKeys: (issuer: string) => { jwks: JSONWebKeySet; generation: number } | null;
  /** Keys of the gate's own issuer; null unless `mayTry`. */
  readonly trialKeys: { readonly jwks: JSONWebKeySet; readonly generation: number } | null;
}

export interface CompiledSnapshot {
  readonly snapshot: RuntimeSnapshot;
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
  const reader = new SourceReader(sources.configurationFile, sources.baseDirectory);
  const apis = configuration.apis.map((api, index) =>
    compileOneApi(api, index, configuration, reader),
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
  checkPlaces(configuration, reader);
  const { link } = configuration;
  const linkCredentials = link === undefined ? null : readLinkCredentials(link, reader);
  const sharedCounters = readSharedCounters(configuration, reader);
  // After everything that is read.
  checkRecordsFile(configuration, sources, reader);
  const opened = apis.filter((api) => api !== null);
  const trialKeys = opened.some(takesTokens) ? sources.trialKeys : null;
  const issuers = trialKeys === null ? trusted : [TRIAL_TRUST];
  const remarks = checkApis(opened, configuration, sources.configurationFile, trialKeys !== null);
  for (const remark of remarks) reader.report(remark);
  if (reader.errors.length > 0) throw new RefusedConfiguration(reader.errors, reader.files);

  const { bounds, limits, trust, identity } = configuration;
  return {
    snapshot: {
      gate: {
        version: sources.version,
        apis: opened.map(({ compiled, ...api }) => ({ ...api, packed: packed(compiled) })),
        network: configuration.network,
        keys,
        issuers,
        issuerKeys: Object.fromEntries(
          issuers.flatMap(({ issuer }) => {
            const known = trialKeys ?? sources.issuerKeys(issuer);
            return known === null ? [] : [[issuer, known]];
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
      records:
        configuration.records.file === undefined
          ? null
          : {
              file: reader.path(configuration.records.file),
              rotateBytes: configuration.records.rotateBytes,
              keepFiles: configuration.records.keepFiles,
            },
      spool: sources.spool,
    },
    summary: summarise(opened, configuration),
    rights: rightsOf(opened),
    linkCredentials,
    warnings: reader.warnings,
    isTrial: trialKeys !== null,
    files: reader.files,
    contents: reader.contents,
    protection: readProtection({
      ...{ configuration, apis: opened, listeners, upstreams, keyFile },
      ...{ counters: sharedCounters, linkAuthorities: linkCredentials?.authorities ?? [] },
    }),
  };
}

/** A description that did not change compiles to the same thing: reloads of a large one are cheap. */
const compiledBefore = new Map<
  string,
  { texts: Map<string, string>; api: CompiledApi; warnings: readonly Diagnostic[] }
>();

function compileOneApi(
  api: ApiConfiguration,
  index: number,
  configuration: Configuration,
  reader: SourceReader,
): ApiSnapshot | null {
  const path = reader.path(api.spec);
  const texts = new Map<string, string>();
  const readText = (uri: string, file: string) => {
    const text = reader.read(file, 'description');
    texts.set(uri, text);
    return text;
  };
  const read = (uri: string, reference: string) =>
    readText(uri, referredFile(uri, reference, path));
  const uri = pathToFileURL(path).href;
  let text: string;
  try {
    text = readText(uri, path);
  } catch (error) {
    reader.fault(
      ['apis', index, 'spec'],
      'unreadable-file',
      `reading the description ${api.spec}: ${(error as Error).message}`,
    );
    return null;
  }
  const { strictProperties, reading, readOnlyMembers, formats, allowUndocumentedQuery } = api;
  const settings = { strictProperties, reading, readOnlyMembers, formats, allowUndocumentedQuery };
  const key = JSON.stringify([uri, settings]);
  const before = compiledBefore.get(key);
  let compiled: CompiledApi;
  if (before !== undefined && isUnchanged(before.texts, reader)) {
    compiled = before.api;
    for (const warning of before.warnings) reader.report(warning);
  } else {
    const result = compileApi({ uri, text }, { read, checkExtension, ...settings });
    const { warnings } = result;
    for (const warning of warnings) reader.report(warning);
    if (!result.ok) {
      for (const error of result.errors) reader.report(error);
      return null;
    }
    compiled = result.api;
    compiledBefore.set(key, { texts, api: compiled, warnings });
  }
  const { bounds, limits } = configuration;
  const target = new URL(api.upstream.targets[0] as string);
  const name = api.name ?? basename(path).replace(/(?:\.openapi)?\.(?:ya?ml|json)$/, '');
  return {
    name,
    compiled,
    hosts: api.hosts,
    targets: api.upstream.targets.map(targetOf),
    preserveHost: api.upstream.preserveHost,
    mode: api.mode,
    response: api.response,
    cors: api.cors,
    limits: {
      ...(limits.default !== undefined && { limit: limits.default }),
      ...(limits.quota !== undefined && { quota: limits.quota }),
      ...(limits.concurrency !== undefined && { concurrency: limits.concurrency }),
    },
    bodyBytesMax: bounds.bodyBytes,
    jsonBounds: {
      depthMax: bounds.jsonDepth,
      itemsMax: bounds.jsonItems,
      stringLengthMax: bounds.jsonStringLength,
    },
    identityAudience: api.audience ?? target.origin,
    resourceMetadataUrl: metadataUrl(configuration, name),
  };
}

const packedBefore = new WeakMap<CompiledApi, PackedApi>();

function packed(compiled: CompiledApi): PackedApi {
  let known = packedBefore.get(compiled);
  if (known === undefined) {
    known = packApi(compiled);
    packedBefore.set(compiled, known);
  }
  return known;
}

function isUnchanged(texts: ReadonlyMap<string, string>, reader: SourceReader): boolean {
  for (const [uri, text] of texts) {
    try {
      if (reader.read(fileURLToPath(uri), 'description') !== text) return false;
    } catch {
      return false;
    }
  }
  return true;
}

function trustedIssuer(
  issuer: Configuration['trust']['issuers'][number],
  index: number,
  reader: SourceReader,
): TrustedIssuer {
  const { jwks } = issuer;
  try {
    checkSource({ issuer: issuer.issuer, ...(jwks !== undefined && { jwks }) });
    if (jwks?.startsWith('file:')) readLocalKeySet(jwks, index, reader);
  } catch (error) {
    const key = jwks === undefined ? 'issuer' : 'jwks';
    reader.fault(['trust', 'issuers', index, key], 'issuer', (error as Error).message);
  }
  return {
    issuer: issuer.issuer,
    audiences: issuer.audience,
    algorithms: issuer.algorithms,
    clockSkewSeconds: issuer.clockSkewSeconds,
    ...(issuer.rolesClaim !== undefined && { rolesClaim: issuer.rolesClaim }),
    ...(issuer.scopesClaim !== undefined && { scopesClaim: issuer.scopesClaim }),
    ...(issuer.audienceClaim !== undefined && { audienceClaim: issuer.audienceClaim }),
    ...(issuer.nonce === 'accept' && { acceptsNonce: true }),
  };
}

/** Does any operation take tokens, which somebody must issue? */
function takesTokens({ compiled }: ApiSnapshot): boolean {
  return compiled.operations.some(({ security }) =>
    security?.some((alternative) =>
      Object.keys(alternative).some((name) => {
        const scheme = compiled.securitySchemes[name];
        if (scheme?.type === 'http') return scheme.scheme === 'bearer';
        return scheme?.type === 'oauth2' || scheme?.type === 'openIdConnect';
      }),
    ),
  );
}

function metadataUrl(configuration: Configuration, name: string): string | null {
  if (configuration.trust.issuers.length === 0) return null;
  const [listener] = configuration.listen;
  const scheme = listener?.tls === undefined ? 'http' : 'https';
  const local = listener === undefined ? null : `${scheme}://${listener.address}`;
  const origin = configuration.publicOrigin ?? local;
  // A gate that only advises a proxy serves no documents of its own.
  if (origin === null) return null;
  return new URL(metadataPath(configuration, name), origin).href;
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
    for (const { id, security, extension } of compiled.operations) {
      const known = rights.get(id) ?? { scopes: new Set<string>(), roles: new Set<string>() };
      for (const requirement of security ?? []) {
        for (const scope of Object.values(requirement).flat()) known.scopes.add(scope);
      }
      const { authorize } = extensionSchema.parse(extension);
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
