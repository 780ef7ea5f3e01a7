export type {
  KeyState,
  KeyTables,
  KeyTerms,
  StoredKey,
} from './key-row.ts';
export {
  API_KEY_HASH,
  type IssuedKey,
  type KeyQuery,
  KeyStore,
  type KeyUse,
} from './key-store.ts';
export { PersonalValuesOfKeys } from './personal-values.ts';
