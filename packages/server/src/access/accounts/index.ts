export { originOf } from './account-origins.ts';
export type {
  AccountLanguage,
  AccountProfile,
  AccountTables,
  StoredAccount,
} from './account-row.ts';
export { plainLogin } from './account-row.ts';
export {
  AccountStore,
  type LinkPurpose,
  LoginTakenError,
  type TokenEnds,
} from './account-store.ts';
export {
  type CredentialKind,
  CredentialStore,
  isSynced,
  type LeftCredential,
  type StoredCredential,
} from './credential-store.ts';
export {
  type DirectoryGroup,
  DirectoryGroupStore,
  type GroupRights,
  type GroupWish,
  groupNameOf,
  type Membership,
  TooManyMembersError,
  UnknownMemberError,
} from './directory-group-store.ts';
export type { DirectoryPerson, DirectoryUser, PersonAddress } from './directory-person.ts';
export { DirectoryStore, type DirectorySummary } from './directory-store.ts';
export {
  type ChangedUser,
  DirectoryUserStore,
  ExternalIdTakenError,
} from './directory-user-store.ts';
export { type GrantedRights, GrantStore, type StoredGrant } from './grant-store.ts';
export { MEMBERS_MAX } from './group-members.ts';
export { HeldRoles } from './held-roles.ts';
export { type ForeignIdentity, IdentityStore, type StoredIdentity } from './identity-store.ts';
export { AccountImport } from './import/account-import.ts';
export { base32Of, type CodeKey, readCodeKey, USUAL_CODES } from './import/code-key.ts';
export { type PasswordHash, readPasswordHash } from './import/password-hash.ts';
export {
  type AccountNotice,
  type AccountNoticeKind,
  AccountNoticeStore,
} from './notice-store.ts';
export { PersonalValuesOfAccounts } from './personal-values.ts';
export { RecoveryCodeStore } from './recovery-code-store.ts';
