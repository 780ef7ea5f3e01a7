export {
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
  type SigningKey,
  SigningKeyStore,
  type SigningKeyTables,
} from './signing-key-store.ts';
export {
  PUBLISHED_BEFORE_MS,
  type SigningPlan,
  type SigningTerms,
  signingPlan,
} from './signing-plan.ts';
