/** The engine: request facts in, decision out. */

// Before anything else: it asks for the runtime that all need.
import '@poorter/openapi/checks';

export { addressKey } from './addresses.ts';
export { hostName } from './apis-beside.ts';
export { takesToken } from './challenges.ts';
export type { Allowance, Counters, Draw, Rate, RemoteCounters } from './counters.ts';
export { CELL_ROUNDING, knownUse } from './counters.ts';
export {
  type Decision,
  decide,
  type Forwarding,
  type Observation,
  type Preflight,
  type Refusal,
} from './decide.ts';
export type { Extension } from './extension.ts';
export { extensionOf } from './extension-of.ts';
export type { CallContext, ClientCertificate, Principal, RequestFacts } from './facts.ts';
export { Gate, type GatePorts } from './gate.ts';
export type { ApiSnapshot, GateSnapshot, PackedGateSnapshot } from './gate-snapshot.ts';
export type {
  GateSessionQuestion,
  GateSessionTerms,
  Introspection,
  OwnAudience,
} from './identity.ts';
export {
  type BlockKind,
  type DenialKind,
  type Difference,
  EMPTY_LIVE_STATE,
  hashCredential,
  LIVE_COLLECTIONS,
  type LiveBlock,
  type LiveChange,
  type LiveCollection,
  type LiveDenial,
  type LiveKey,
  type LiveMessage,
  LiveRights,
  type LiveState,
  type LiveThings,
} from './live-rights.ts';
export type { OperationGate } from './open-operation.ts';
export { type CalledFrom, pageFault } from './page-origin.ts';
export {
  type AbsoluteTarget,
  absoluteTarget,
  canonicalHost,
  canonicalTarget,
  checkHead,
  compileNetworkLists,
  compileOriginalCall,
  type Disagreement,
  isHost,
  isSameAuthority,
  type NetworkLists,
  newlyAllowed,
  type OriginalCall,
  refuseTarget,
} from './policies/admit/index.ts';
export { isCorsField, mergedVary } from './policies/cors/index.ts';
export {
  formatKey,
  hashKey,
  isWellFormedKey,
  KEY_PATTERN,
  KEY_SECRET_BYTES,
  KEY_WITHIN,
  type KeyRecord,
  type Presented,
  readCookie,
  type TrustedIssuer,
  VerifiedTokens,
} from './policies/identify/index.ts';
export type { LimitsConfig } from './policies/limit/index.ts';
export { type AnswerMode, addSecurityHeaders, recomputed } from './policies/release/index.ts';
export {
  createIdentitySigner,
  fieldsLetThrough,
  type IdentitySigner,
  INTERACTION_FIELD,
  isPrivateAnswerHeader,
  publicKeySet,
  unforwardableField,
  upstreamHeaders,
  withoutQueryParameters,
} from './policies/shape/index.ts';
export type { BodyPort } from './policies/validate/index.ts';
export { bodyTooLarge, type Deny, deny, type Evidence, type Phase } from './policy.ts';
export { type Problem, type ProblemCode, problems } from './problems.ts';
export {
  answerWithheld,
  effectOf,
  isBodiless,
  type Judgement,
  judgeBody,
  judgeHead,
  judgeUnseen,
  judgeWhole,
} from './release-answer.ts';
