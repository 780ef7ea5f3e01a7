import { type ApiOperation, type Match, openApi } from '@poorter/openapi/checks';
import { addressKey } from './addresses.ts';
import {
  type Beside,
  besidesOf,
  doubtBeside,
  hostName,
  isAnswering,
  type OpenedApi,
} from './apis-beside.ts';
import { extensionOf } from './extension-of.ts';
import type { RequestFacts } from './facts.ts';
import type { GateSnapshot } from './gate-snapshot.ts';
import { LiveRights } from './live-rights.ts';
import { type OperationGate, type OperationPorts, openOperation } from './open-operation.ts';
import { pathShape, wordsOf } from './path-shape.ts';
import {
  checkAddress,
  compileFailureBudget,
  compileNetworkLists,
  type FailureBudget,
  refuseTarget,
} from './policies/admit/index.ts';
import { type CorsPolicy, compileCors, preflightOf } from './policies/cors/index.ts';
import { hashKey, type IdentityPorts, type VerifiedTokens } from './policies/identify/index.ts';
import { type Deny, deny } from './policy.ts';
import type { ProblemCode } from './problems.ts';

export interface GatePorts extends OperationPorts {
  /** As `IdentityPorts` has it. */
  readonly unknownKeyId: IdentityPorts['unknownKeyId'];
  readonly introspect?: IdentityPorts['introspect'];
  readonly gateSession?: IdentityPorts['gateSession'];
  readonly rolesRead?: IdentityPorts['rolesRead'];
  /** Keys that may be newer than those of the snapshot, for the issuers that it trusts. */
  readonly issuerKeys?: IdentityPorts['issuerKeys'];
  /** As `IdentityPorts` has it. */
  readonly showProof?: IdentityPorts['showProof'];
  readonly shownSinceMs?: IdentityPorts['shownSinceMs'];
  /** Tokens verified in this thread; outlives snapshots. */
  readonly verifiedTokens: VerifiedTokens;
  /** Managed keys and blocks; outlives snapshots. Without it there are none. */
  readonly live?: LiveRights;
  /** Milliseconds since control last showed life; the gate closes when that is too long. */
  readonly controlSilentMs: () => number;
  readonly inFlight: () => number;
}

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

interface ServedApi extends OpenedApi {
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
      cors: compileCors(extensionOf(api.compiled).cors ?? api.cors),
      besides: [],
    }));
    for (const one of this.#apis) one.besides.push(...besidesOf(one, this.#apis));
    this.#staleAfterMs = snapshot.staleAfterMs;
    this.#isNetworkAllowed = compileNetworkLists(snapshot.network);
    this.#failures = compileFailureBudget(snapshot.failureBudget, ports.counters);
    this.#live = ports.live ?? new LiveRights();
    this.#identity = identityPorts(snapshot, ports, this.#live);
  }

  /** Everything that is decided before anyone looks at the path. */
  admit(request: RequestFacts): Deny | null {
    if (!this.#isNetworkAllowed(request.clientAddress)) return deny('address_not_allowed');
    const blocked = checkAddress(this.#live, request.clientAddress, request.nowMs);
    if (blocked !== null) return blocked;
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
    // An answer to TRACE would echo credentials (RFC 9110 §9.3.8).
    const method = request.method === 'TRACE' ? NO_METHOD : request.method;
    for (const served of this.#apis) {
      const { api, snapshot } = served;
      if (!isAnswering(snapshot, host)) continue;
      const match = api.match(method, request.path);
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
      if (match.kind === 'method-not-allowed') for (const one of match.allow) allow.add(one);
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

function identityPorts(snapshot: GateSnapshot, ports: GatePorts, live: LiveRights): IdentityPorts {
  const byHash = new Map(snapshot.keys.map((key) => [key.hash, key]));
  const revoked = new Set(snapshot.revoked);
  const isNamed = (name: string | null) => name !== null && revoked.has(name);
  return {
    isRevoked: (principal) => {
      const { credentialId, client, subject } = principal;
      const isListed =
        revoked.size > 0 && (isNamed(credentialId) || isNamed(client) || isNamed(subject));
      return isListed || live.isDenied(principal);
    },
    findKey: (key) => live.findKey(key) ?? (byHash.size > 0 ? byHash.get(hashKey(key)) : undefined),
    mayUseFrom,
    issuers: () => snapshot.issuers,
    issuerKeys: ports.issuerKeys ?? ((issuer) => snapshot.issuerKeys[issuer] ?? null),
    unknownKeyId: ports.unknownKeyId,
    ...(ports.introspect !== undefined && { introspect: ports.introspect }),
    ...(ports.gateSession !== undefined && { gateSession: ports.gateSession }),
    ...(ports.rolesRead !== undefined && { rolesRead: ports.rolesRead }),
    ...(ports.showProof !== undefined && { showProof: ports.showProof }),
    ...(ports.shownSinceMs !== undefined && { shownSinceMs: ports.shownSinceMs }),
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
