export { type Fetch, type FetchedKeys, fetchIssuerKeys } from './fetch-issuer.ts';
export {
  IssuerKeys,
  type IssuerKeysEvents,
  type IssuerKeysWorld,
  type IssuerSource,
} from './issuer-keys.ts';
export { readKeySet } from './key-set.ts';
