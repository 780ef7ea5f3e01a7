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
} from './key-store.ts';
export type { KeyUse } from './key-uses.ts';
export { PersonalValuesOfKeys } from './personal-values.ts';
