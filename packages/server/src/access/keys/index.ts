export {
  type KeyState,
  type KeyTables,
  type KeyTerms,
  ownerIndex,
  type StoredKey,
} from './key-row.ts';
export {
  API_KEY_HASH,
  type IssuedKey,
  type KeyQuery,
  KeyStore,
  type KeyUse,
} from './key-store.ts';
