export {
  ClientStore,
  type ClientTables,
  type IssuedClient,
  type StoredClient,
} from './client-store.ts';
export {
  type ClientAuthentication,
  type ClientFlow,
  type ClientTerms,
  takesAway,
} from './client-terms.ts';
export { clientTermsOf } from './client-wish.ts';
export {
  InvitationStore,
  type InvitationTables,
  type InvitationTerms,
  type StoredInvitation,
} from './invitation-store.ts';
export {
  RegistrationStore,
  type RegistrationTables,
  type StoredRegistration,
} from './registration-store.ts';
