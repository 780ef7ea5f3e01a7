import type { ApiOperation } from '@poorter/openapi';
import type { JsonBounds } from '@poorter/openapi/json';
import type { Counters, RemoteCounters } from './counters.ts';
import { extensionOf } from './extension-of.ts';
import type { CallContext, Principal, RequestFacts } from './facts.ts';
import type { ApiSnapshot } from './gate-snapshot.ts';
import type { LiveKey, LiveRights } from './live-rights.ts';
import { checkCallers, compileNetworkLists } from './policies/admit/index.ts';
import { compileAuthorization, compileStepUp } from './policies/authorize/index.ts';
import { type CorsPolicy, compileCors } from './policies/cors/index.ts';
import {
  compileIdentification,
  credentialNames,
  type Identification,
  type IdentityPorts,
} from './policies/identify/index.ts';
import { compileLimits, type EvaluateLimits, type LimitVerdict } from './policies/limit/index.ts';
import { compilePermit, type EvaluatePermit } from './policies/permit/index.ts';
import type { AnswerMode } from './policies/release/index.ts';
import {
  documentedFields,
  type IdentitySigner,
  type ShapeOptions,
} from './policies/shape/index.ts';
import { compileValidation, type EvaluateValidation } from './policies/validate/index.ts';
import { type Deny, deny, type Verdict } from './policy.ts';

/** What a record calls an operation. */
export interface OperationNames {
  readonly api: string;
  readonly operation: string;
  /** Path template. */
  readonly path: string;
}

/** One operation with every policy compiled for it. */
export interface OperationGate extends EvaluateValidation {
  readonly api: ApiSnapshot;
  readonly names: OperationNames;
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
  identify(request: RequestFacts): Identification | Promise<Identification>;
  /** Is anybody who proved an identity in this call blocked? */
  checkBlocks(identity: Identified, nowMs: number): Deny | null;
  limit(request: RequestFacts, context: CallContext): LimitVerdict | Promise<LimitVerdict>;
  authorize(request: RequestFacts, identity: Identified): Verdict;
  /** Null: it asks for no approval. */
  readonly permit: EvaluatePermit | null;
  identityFor(principal: Principal | null, nowMs: number): string | null | Promise<string>;
}

type Identified = Extract<Identification, { kind: 'identified' }>;

export interface OperationPorts {
  readonly counters: Counters;
  /** Rates and quotas counted over several machines; concurrency stays with each. */
  readonly remoteCounters?: RemoteCounters | undefined;
  readonly identitySigner: IdentitySigner | null;
}

export function openOperation(
  operation: ApiOperation,
  api: ApiSnapshot,
  ports: OperationPorts,
  identity: IdentityPorts,
  live: LiveRights,
): OperationGate {
  const { compiled } = operation;
  const extension = extensionOf(compiled);
  const { securitySchemes } = api.compiled;
  const security = compiled.security ?? [];
  const challenge = { realm: api.name, resourceMetadataUrl: api.resourceMetadataUrl };
  const stepUp = compileStepUp(extension.stepUp, {
    ...{ ...challenge, security, schemes: securitySchemes },
    scopes: extension.authorize?.scopes ?? [],
  });
  const permit = compilePermit(extension.permit, {
    ...{ ...challenge, security, schemes: securitySchemes, jsonBounds: api.jsonBounds },
    ...{ showProof: identity.showProof, shownSinceMs: identity.shownSinceMs },
  });
  const identified = {
    ...{ security, ownAudience: api.ownAudience, sessions: api.sessions },
    wantsToken: stepUp !== null || permit !== null,
  };
  const response = extension.response ?? api.response;
  const mode = extension.mode ?? api.mode;
  const { jsonBounds } = api;
  const bodyBytesMax = extension.bodyBytesMax ?? api.bodyBytesMax;
  // Every scheme of the API, not only this operation's: a credential is never the upstream's business.
  const every = Object.keys(securitySchemes).map((name) => ({ [name]: [] }));
  const credentials = credentialNames(every, securitySchemes);
  credentials.cookie.push(...(api.ownCookies ?? []));
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
  const limitsOfKeys = new WeakMap<LiveKey, EvaluateLimits>();
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
  const validation = { bodyBytesMax, jsonBounds, credentials };
  const { checkUpgrade, checkParameters, checkBody } = compileValidation(operation, validation);
  return {
    api,
    names: { api: api.name, operation: compiled.id, path: compiled.path },
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
    bodyBytesMax,
    jsonBounds,
    checkNetwork: (request) =>
      isNetworkAllowed(request.clientAddress) ? null : deny('address_not_allowed'),
    identify: compileIdentification(identified, securitySchemes, challenge, identity),
    checkBlocks: ({ satisfied }, nowMs) => checkCallers(live, satisfied, nowMs),
    limit: (request, context) => limitOf(context.principal)(request, context),
    authorize: compileAuthorization(extension.authorize, challenge, stepUp),
    permit,
    checkUpgrade,
    checkParameters,
    checkBody,
    identityFor: (principal, nowMs) =>
      ports.identitySigner?.sign(principal, api.identityAudience, nowMs) ?? null,
  };
}
