import type { Api, ApiOperation, CompiledApi, Match } from '@poorter/openapi';
import { openApi, type PackedApi } from '@poorter/openapi';
import type { JsonBounds } from '@poorter/openapi/json';
import type { JSONWebKeySet } from 'jose';
import { addressKey } from './addresses.ts';
import type { Counters, Rate, RemoteCounters } from './counters.ts';
import { type Extension, extensionSchema } from './extension.ts';
import type { CallContext, Principal, RequestFacts } from './facts.ts';
import { type Block, LiveRights, type ManagedKey } from './live-rights.ts';
import { pathShape, wordsOf } from './path-shape.ts';
import { compileFailureBudget, type FailureBudget } from './policies/admit/failure-budget.ts';
import { compileNetworkLists, type NetworkLists } from './policies/admit/network-list.ts';
import { refuseTarget } from './policies/admit/refuse-target.ts';
import { compileAuthorization } from './policies/authorize/index.ts';
import {
  type CorsConfig,
  type CorsPolicy,
  compileCors,
  preflightOf,
} from './policies/cors/index.ts';
import {
  compileIdentification,
  credentialNames,
  hashKey,
  type Identification,
  type IdentityPorts,
  type KeyRecord,
  type TrustedIssuer,
  type VerifiedTokens,
} from './policies/identify/index.ts';
import {
  compileLimits,
  type EvaluateLimits,
  type LimitsConfig,
  type LimitVerdict,
} from './policies/limit/index.ts';
import type { AnswerMode } from './policies/release/judge-answer.ts';
import type { IdentitySigner } from './policies/shape/signed-identity.ts';
import { documentedFields, type ShapeOptions } from './policies/shape/upstream-headers.ts';
import { type Deny, deny, type Verdict } from './policy.ts';
import type { ProblemCode } from './problems.ts';

/** Everything the gate decides by, as plain data with a version: compiled in control, opened in a thread. */
export interface GateSnapshot {
  readonly version: number;
  readonly apis: readonly ApiSnapshot[];
  readonly network: NetworkLists;
  readonly keys: readonly KeyRecord[];
  readonly issuers: readonly TrustedIssuer[];
  readonly issuerKeys: Readonly<Record<string, { jwks: JSONWebKeySet; generation: number }>>;
  /** Key ids, token ids, clients, subjects and certificate thumbprints that are refused from now on. */
  readonly revoked: readonly string[];
  readonly failureBudget: Rate | null;
  /** Without a sign of life from control for this long, every call is refused. */
  readonly staleAfterMs: number;
  /** Calls under way at once, all threads together. */
  readonly capacity: number;
}

export interface ApiSnapshot {
  readonly name: string;
  readonly compiled: CompiledApi;
  /** Host names this API answers to, lower-case, without port; empty: any. */
  readonly hosts: readonly string[];
  /** Where its calls go: host, port and base path. Without them it may be the service of any other API. */
  readonly targets?: readonly string[];
  /** Its service is asked under the caller's Host, and so may serve something else at another host. */
  readonly preserveHost?: boolean;
  readonly mode: 'enforce' | 'observe';
  readonly response: AnswerMode;
  readonly limits: LimitsConfig;
  /** Where the description does not say otherwise. */
  readonly cors?: CorsConfig | undefined;
  readonly bodyBytesMax: number;
  readonly jsonBounds: JsonBounds;
  /** Audience of the identity that the upstream receives. */
  readonly identityAudience: string;
  /** RFC 9728 metadata address for WWW-Authenticate; null when no token issuer is trusted. */
  readonly resourceMetadataUrl: string | null;
}

/** How a snapshot travels: each description in one block of bytes, and all keys in one. */
export type PackedGateSnapshot = Omit<GateSnapshot, 'apis' | 'keys'> & {
  /** JSON of them. */
  readonly keys: Uint8Array;
  readonly apis: readonly (Omit<ApiSnapshot, 'compiled'> & { readonly packed: PackedApi })[];
};

export interface GatePorts {
  readonly counters: Counters;
  /** Rates and quotas counted over several machines; concurrency stays with each. */
  readonly remoteCounters?: RemoteCounters | undefined;
  readonly identitySigner: IdentitySigner | null;
  /** As `IdentityPorts` has it. */
  readonly unknownKeyId: IdentityPorts['unknownKeyId'];
  readonly rolesRead?: IdentityPorts['rolesRead'];
  /** Keys that may be newer than those of the snapshot, for the issuers that it trusts. */
  readonly issuerKeys?: IdentityPorts['issuerKeys'];
  /** Tokens verified in this thread; outlives snapshots. */
  readonly verifiedTokens: VerifiedTokens;
  /** Managed keys and blocks; outlives snapshots. Without it there are none. */
  readonly live?: LiveRights;
  /** Milliseconds since control last showed life; the gate closes when that is too long. */
  readonly controlSilentMs: () => number;
  readonly inFlight: () => number;
}

/** One operation with every policy compiled for it. */
export interface OperationGate {
  readonly api: ApiSnapshot;
  readonly operation: ApiOperation;
  readonly mode: 'enforce' | 'observe';
  readonly response: AnswerMode;
  readonly audit: 'durable' | 'batched';
  readonly credentials: { header: string[]; query: string[]; cookie: string[] };
  readonly shape: ShapeOptions;
  /** null: what the service says about origins passes. */
  readonly cors: CorsPolicy | null;
  readonly bodyBytesMax: number;
  readonly jsonBounds: JsonBounds;
  checkNetwork(request: RequestFacts): Deny | null;
  /** Is the connection to become a tunnel that the description does not know? */
  checkUpgrade(request: RequestFacts): Deny | null;
  identify(request: RequestFacts): Identification | Promise<Identification>;
  /** Is anybody who proved an identity in this call blocked? */
  checkBlocks(identity: Identified, nowMs: number): Deny | null;
  limit(request: RequestFacts, context: CallContext): LimitVerdict | Promise<LimitVerdict>;
  authorize(request: RequestFacts, identity: Identified): Verdict;
  identityFor(principal: Principal | null, nowMs: number): string | null | Promise<string>;
}

type Identified = Extract<Identification, { kind: 'identified' }>;

/** A preflight that the gate answers itself, before anybody is identified. */
export type GatePreflight =
  | { kind: 'answer'; operation: OperationGate; answerHeaders: readonly string[] }
  | { kind: 'refused'; operation: OperationGate; denial: Deny };

export type GateMatch =
  | {
      kind: 'operation';
      operation: OperationGate;
      pathValues: readonly string[];
      /** Canonical, with fixed parts as they are described. */
      path: string;
    }
  | { kind: 'refused'; denial: Deny };

interface ServedApi {
  readonly api: Api;
  readonly snapshot: ApiSnapshot;
  /**
   * Opened on first use: a description of 900 operations costs nothing until they are called. Per
   * API: one description may serve two hosts under different rules.
   */
  readonly operations: Map<ApiOperation, OperationGate>;
  /** For what no operation answers. */
  readonly cors: CorsPolicy | null;
  /** Others that lead to the same service. */
  readonly besides: Beside[];
}

interface Beside {
  readonly served: ServedApi;
  /** Also for calls to hosts at which it does not answer itself. */
  readonly isEverywhere: boolean;
  /** What stands before the paths of both at the service: one pair, unless several targets differ in that. */
  readonly bases: readonly Bases[];
}

/** As `Api.mayBeMeant` takes them. */
interface Bases {
  /** Of the API beside. */
  readonly own: string;
  /** Of the one that answers. */
  readonly taken: string;
}

/** No method is called so: matching it names those that there are. */
const NO_METHOD = '';

export class Gate {
  readonly version: number;
  readonly capacity: number;
  readonly inFlight: () => number;
  readonly #apis: readonly ServedApi[];
  readonly #failures: FailureBudget;
  readonly #isNetworkAllowed: (address: string) => boolean;
  readonly #staleAfterMs: number;
  readonly #ports: GatePorts;
  readonly #identity: IdentityPorts;
  readonly #live: LiveRights;
  #words: ReadonlySet<string> | null = null;

  constructor(snapshot: GateSnapshot, ports: GatePorts) {
    this.version = snapshot.version;
    this.capacity = snapshot.capacity;
    this.inFlight = ports.inFlight;
    this.#ports = ports;
    this.#apis = snapshot.apis.map((api) => ({
      api: openApi(api.compiled),
      snapshot: api,
      operations: new Map(),
      cors: compileCors(extensionSchema.parse(api.compiled.extension).cors ?? api.cors),
      besides: [],
    }));
    for (const one of this.#apis) {
      for (const other of this.#apis) {
        const bases = other === one ? [] : basesOf(one.snapshot, other.snapshot);
        if (bases.length === 0) continue;
        const isEverywhere = one.snapshot.preserveHost !== true;
        one.besides.push({ served: other, isEverywhere, bases });
      }
    }
    this.#staleAfterMs = snapshot.staleAfterMs;
    this.#isNetworkAllowed = compileNetworkLists(snapshot.network);
    this.#failures = compileFailureBudget(snapshot.failureBudget, ports.counters);
    this.#live = ports.live ?? new LiveRights();
    this.#identity = identityPorts(snapshot, ports, this.#live);
  }

  /** Everything that is decided before anyone looks at the path. */
  admit(request: RequestFacts): Deny | null {
    if (!this.#isNetworkAllowed(request.clientAddress)) return deny('address_not_allowed');
    const block = this.#live.blockOfAddress(request.clientAddress, request.nowMs);
    if (block !== undefined) return blocked('address_blocked', block, request.nowMs);
    // Without control nobody revokes: what was decided long ago is not to be trusted for ever.
    if (!(this.#ports.controlSilentMs() <= this.#staleAfterMs)) return deny('snapshot_stale');
    return this.checkFailures(request.clientAddress, request.nowMs);
  }

  /** Has this address failures left? Takes nothing. */
  checkFailures(clientAddress: string, nowMs: number): Deny | null {
    return this.#failures.check(addressKey(clientAddress), nowMs);
  }

  chargeFailure(clientAddress: string, code: ProblemCode, nowMs: number): void {
    this.#failures.charge(addressKey(clientAddress), code, nowMs);
  }

  match(request: RequestFacts): GateMatch {
    const allow = new Set<string>();
    const host = hostName(request.headers.get('host'));
    for (const served of this.#apis) {
      const { api, snapshot } = served;
      if (!isAnswering(snapshot, host)) continue;
      const match = api.match(request.method, request.path);
      if (match.kind === 'operation') {
        const doubt = served.besides.length > 0 && doubtBeside(match, served, request, host);
        if (doubt) {
          return {
            kind: 'refused',
            denial: refuseTarget(doubt, { shape: this.#shapeOf(request) }),
          };
        }
        return {
          kind: 'operation',
          operation: this.#operation(match, served),
          pathValues: match.pathValues,
          path: match.rewritten ?? request.path,
        };
      }
      if (match.kind === 'two-readings') {
        return {
          kind: 'refused',
          denial: refuseTarget(match.reason, { shape: this.#shapeOf(request) }),
        };
      }
      if (match.kind === 'method-not-allowed') for (const method of match.allow) allow.add(method);
    }
    const evidence = { shape: this.#shapeOf(request) };
    if (allow.size === 0) return { kind: 'refused', denial: deny('no_such_operation', evidence) };
    const answerHeaders = ['allow', [...allow].join(', ')];
    return { kind: 'refused', denial: deny('method_not_allowed', evidence, { answerHeaders }) };
  }

  /** Of a path that no operation answers; the words are read when the first comes. */
  #shapeOf({ path }: RequestFacts): string {
    this.#words ??= wordsOf(
      this.#apis.flatMap(({ api }) => api.operations.map(({ compiled }) => compiled.path)),
    );
    return pathShape(path, this.#words);
  }

  /** null: the call is no preflight, or one that no policy of ours speaks about. */
  preflight(request: RequestFacts): GatePreflight | null {
    const asked = preflightOf(request);
    if (asked === null) return null;
    const match = this.match({ ...request, method: asked.method });
    if (match.kind === 'refused' || match.operation.cors === null) return null;
    const { operation } = match;
    const network = operation.checkNetwork(request);
    if (network !== null) return { kind: 'refused', operation, denial: network };
    if (!operation.cors?.isAdmitted(asked.origin)) {
      return { kind: 'refused', operation, denial: deny('origin_not_allowed') };
    }
    const methods = this.#methods(request).filter((method) => {
      const other = this.match({ ...request, method });
      return other.kind === 'operation' && other.operation.cors?.isAdmitted(asked.origin) === true;
    });
    const answerHeaders = match.operation.cors.preflightFields(asked.origin, methods);
    return { kind: 'answer', operation, answerHeaders };
  }

  /** What pages may know of an answer that no operation gives. */
  corsFields(request: RequestFacts): readonly string[] {
    const host = hostName(request.headers.get('host'));
    const served = this.#apis.find(
      ({ snapshot, cors }) => cors !== null && isAnswering(snapshot, host),
    );
    return served?.cors?.answerFields(request.headers.get('origin')) ?? [];
  }

  /** Those that are described for a path, at whichever API of the host. */
  #methods(request: RequestFacts): readonly string[] {
    const host = hostName(request.headers.get('host'));
    const methods = new Set<string>();
    for (const { api, snapshot } of this.#apis) {
      if (!isAnswering(snapshot, host)) continue;
      const match = api.match(NO_METHOD, request.path);
      if (match.kind === 'method-not-allowed')
        for (const method of match.allow) methods.add(method);
    }
    return [...methods];
  }

  #operation(
    { operation }: Extract<Match, { kind: 'operation' }>,
    { snapshot, operations }: ServedApi,
  ): OperationGate {
    const known = operations.get(operation);
    if (known !== undefined) return known;
    const opened = openOperation(operation, snapshot, this.#ports, this.#identity, this.#live);
    operations.set(operation, opened);
    return opened;
  }
}

function openOperation(
  operation: ApiOperation,
  api: ApiSnapshot,
  ports: GatePorts,
  identity: IdentityPorts,
  live: LiveRights,
): OperationGate {
  const { compiled } = operation;
  const extension: Extension = extensionSchema.parse(compiled.extension);
  const { securitySchemes } = api.compiled;
  const security = compiled.security ?? [];
  const challenge = { realm: api.name, resourceMetadataUrl: api.resourceMetadataUrl };
  const response = extension.response ?? api.response;
  const mode = extension.mode ?? api.mode;
  // Every scheme of the API, not only this operation's: a credential is never the upstream's business.
  const every = Object.keys(securitySchemes).map((name) => ({ [name]: [] }));
  const credentials = credentialNames(every, securitySchemes);
  const isNetworkAllowed = compileNetworkLists(extension.network ?? { allow: [], deny: [] });
  const scope = { api: api.name, operation: compiled.id };
  const limits = {
    limit: extension.limit ?? api.limits.limit,
    quota: extension.quota ?? api.limits.quota,
    concurrency: extension.concurrency ?? api.limits.concurrency,
  };
  const { counters, remoteCounters: remote } = ports;
  const limit = compileLimits(limits, scope, { counters, remote });
  /** Keys that carry limits of their own; a key that changes is another record. */
  const limitsOfKeys = new WeakMap<ManagedKey, EvaluateLimits>();
  const limitOf = (principal: Principal | null): EvaluateLimits => {
    const key = live.keyOf(principal);
    if (key?.limits === undefined) return limit;
    const known = limitsOfKeys.get(key);
    if (known !== undefined) return known;
    const own = { config: key.limits, scope: { api: '', operation: '' } };
    const compiledLimits = compileLimits(limits, scope, { counters, remote }, own);
    limitsOfKeys.set(key, compiledLimits);
    return compiledLimits;
  };
  return {
    api,
    operation,
    mode,
    response: mode === 'observe' ? 'report' : response,
    audit: extension.audit ?? 'batched',
    credentials,
    shape: {
      credentialHeaders: credentials.header,
      credentialCookies: credentials.cookie,
      documented: documentedFields(operation.documentedHeaders.request),
      wantsPlainAnswer: operation.validatesAnswers,
    },
    cors: compileCors(extension.cors ?? api.cors, {
      request: [...operation.documentedHeaders.request, ...credentials.header],
      answer: operation.documentedHeaders.answer,
    }),
    bodyBytesMax: extension.bodyBytesMax ?? api.bodyBytesMax,
    jsonBounds: api.jsonBounds,
    checkNetwork: (request) =>
      isNetworkAllowed(request.clientAddress) ? null : deny('address_not_allowed'),
    checkUpgrade: ({ isUpgrade }) =>
      isUpgrade && !operation.documentsUpgrade
        ? deny('upgrade_not_accepted', { reason: 'undocumented' })
        : null,
    identify: compileIdentification({ security }, securitySchemes, challenge, identity),
    checkBlocks: (identified, nowMs) => checkBlocks(live, identified, nowMs),
    limit: (request, context) => limitOf(context.principal)(request, context),
    authorize: compileAuthorization(extension.authorize, challenge),
    identityFor: (principal, nowMs) =>
      ports.identitySigner?.sign(principal, api.identityAudience, nowMs) ?? null,
  };
}

/** Whoever takes part is looked at: a blocked key is no better beside a good token. */
function checkBlocks(live: LiveRights, identity: Identified, nowMs: number): Deny | null {
  for (const { schemes } of identity.satisfied) {
    for (const { principal } of schemes) {
      const block = live.blockOfPrincipal(principal, nowMs);
      if (block !== undefined) return blocked('caller_blocked', block, nowMs);
    }
  }
  return null;
}

function blocked(code: 'address_blocked' | 'caller_blocked', block: Block, nowMs: number): Deny {
  const { id, kind, untilMs } = block;
  if (untilMs === null) return deny(code, { block: id, kind });
  const seconds = Math.max(1, Math.ceil((untilMs - nowMs) / 1000));
  return deny(
    code,
    { block: id, kind },
    {
      answerHeaders: ['retry-after', String(seconds)],
      // Said only where the header is there.
      details: { detail: 'Wait as Retry-After says, or ask the API provider why.' },
    },
  );
}

function identityPorts(snapshot: GateSnapshot, ports: GatePorts, live: LiveRights): IdentityPorts {
  const byHash = new Map(snapshot.keys.map((key) => [key.hash, key]));
  const revoked = new Set(snapshot.revoked);
  const isNamed = (name: string | null) => name !== null && revoked.has(name);
  return {
    isRevoked: ({ credentialId, client, subject }) =>
      revoked.size > 0 && (isNamed(credentialId) || isNamed(client) || isNamed(subject)),
    findKey: (key) => live.findKey(key) ?? (byHash.size > 0 ? byHash.get(hashKey(key)) : undefined),
    mayUseFrom,
    issuers: () => snapshot.issuers,
    issuerKeys: ports.issuerKeys ?? ((issuer) => snapshot.issuerKeys[issuer] ?? null),
    unknownKeyId: ports.unknownKeyId,
    ...(ports.rolesRead !== undefined && { rolesRead: ports.rolesRead }),
    verifiedTokens: ports.verifiedTokens,
  };
}

/** Lists of networks stand in immutable records: each is compiled once. */
const compiledNetworks = new WeakMap<readonly string[], (address: string) => boolean>();

function mayUseFrom(networks: readonly string[], address: string): boolean {
  let isAllowed = compiledNetworks.get(networks);
  if (isAllowed === undefined) {
    isAllowed = compileNetworkLists({ allow: networks, deny: [] });
    compiledNetworks.set(networks, isAllowed);
  }
  return isAllowed(address);
}

function isAnswering({ hosts }: ApiSnapshot, host: string): boolean {
  return hosts.length === 0 || hosts.includes(host);
}

/** Empty: they lead to different services. */
function basesOf({ targets: taken }: ApiSnapshot, { targets: own }: ApiSnapshot): readonly Bases[] {
  if (own === undefined || taken === undefined) return [{ own: '', taken: '' }];
  const bases = new Map<string, Bases>();
  for (const [place, base] of taken.map(divided)) {
    for (const [otherPlace, otherBase] of own.map(divided)) {
      if (place !== otherPlace) continue;
      const isSame = base === otherBase;
      const pair = isSame ? { own: '', taken: '' } : { own: otherBase, taken: base };
      bases.set(`${pair.own} ${pair.taken}`, pair);
    }
  }
  return [...bases.values()];
}

/** Host and port, and the base path. */
function divided(target: string): readonly [place: string, base: string] {
  const at = target.indexOf('/');
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at)];
}

/**
 * As within one description: `/items/Special` is a value of `/items/{id}` here, and may be `/items/special`,
 * which another API describes, to the service behind both. So may `/items/special` itself, where that API
 * answers at another host.
 */
function doubtBeside(
  { operation, pathValues }: Extract<Match, { kind: 'operation' }>,
  { besides, snapshot }: ServedApi,
  { method, path }: RequestFacts,
  host: string,
): 'encoding' | 'overlap' | null {
  if (pathValues.length === 0 && !path.includes('%')) return null;
  const taken = { operation: operation.compiled, description: snapshot.compiled };
  for (const { served, isEverywhere, bases } of besides) {
    const isHere = isAnswering(served.snapshot, host);
    if (!isHere && !isEverywhere) continue;
    if (!bases.some((pair) => served.api.mayBeMeant(method, path, taken, pair))) continue;
    return isHere ? 'encoding' : 'overlap';
  }
  return null;
}

function hostName(host: string | undefined): string {
  if (host === undefined) return '';
  return host.replace(/:[0-9]+$/, '').toLowerCase();
}
