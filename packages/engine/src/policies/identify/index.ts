export type { ChallengeOptions } from '../../challenges.ts';
export type {
  Authentication,
  Identification,
  IdentifiedPrincipal,
  IdentityPorts,
  KeyRecord,
  SatisfiedAlternative,
  SatisfiedScheme,
  TrustedIssuer,
} from '../../identity.ts';
export { credentialNames, type Presented, readCookie } from './credential-places.ts';
export {
  formatKey,
  hashKey,
  isWellFormedKey,
  KEY_PATTERN,
  KEY_SECRET_BYTES,
  KEY_WITHIN,
} from './key-format.ts';
export { compileIdentification, type Identify } from './security-requirement.ts';
export { VerifiedTokens } from './verified-tokens.ts';
