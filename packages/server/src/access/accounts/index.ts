export type {
  AccountLanguage,
  AccountProfile,
  AccountTables,
  StoredAccount,
} from './account-row.ts';
export { AccountStore, type LinkPurpose } from './account-store.ts';
export { type CredentialKind, CredentialStore, type StoredCredential } from './credential-store.ts';
export { GrantStore } from './grant-store.ts';
export { PersonalValuesOfAccounts } from './personal-values.ts';
