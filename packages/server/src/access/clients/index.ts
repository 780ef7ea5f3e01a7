export {
  ClientStore,
  type ClientTables,
  type IssuedClient,
  type StoredClient,
} from './client-store.ts';
export type {
  ClientAuthentication,
  ClientFlow,
  ClientTerms,
} from './client-terms.ts';
