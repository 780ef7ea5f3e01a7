export { type ClientJudgement, judgeClient } from './client-profiles.ts';
export {
  ClientStore,
  type ClientTables,
  type IssuedClient,
  type StoredClient,
} from './client-store.ts';
export {
  type CertificateSubject,
  CLIENT_FLOWS,
  CLIENT_PROFILES,
  CLIENT_WEAKNESSES,
  type ClientAuthentication,
  type ClientFlow,
  type ClientKeys,
  type ClientProfile,
  type ClientTerms,
  type ClientWeakness,
  type TokenBinding,
} from './client-terms.ts';
