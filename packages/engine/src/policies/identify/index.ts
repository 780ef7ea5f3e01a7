export { compileApiKey } from './api-key.ts';
export { bearerChallenge, type ChallengeOptions } from './challenges.ts';
export { credentialNames } from './credential-places.ts';
export {
  formatKey,
  hashKey,
  isWellFormedKey,
  KEY_PATTERN,
  KEY_SECRET_BYTES,
} from './key-format.ts';
export {
  type Authentication,
  type Identification,
  type IdentifiedPrincipal,
  type IdentityPorts,
  isGranted,
  type KeyRecord,
  missingGrants,
  type SatisfiedAlternative,
  type SatisfiedScheme,
  type TrustedIssuer,
} from './principal.ts';
export { compileIdentification, type Identify } from './security-requirement.ts';
export {
  DEFAULT_ALGORITHMS,
  DEFAULT_CLOCK_SKEW_SECONDS,
  SIGNATURE_ALGORITHMS,
} from './token-verifier.ts';
export { VERIFIED_TOKENS_MAX, VerifiedTokens } from './verified-tokens.ts';
