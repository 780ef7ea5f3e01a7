export type { Fetch } from './fetch-issuer.ts';
export {
  checkSource,
  IssuerKeys,
  type IssuerKeysEvents,
  type IssuerKeysWorld,
  type IssuerSource,
} from './issuer-keys.ts';
export { type KeySetReading, readKeySet } from './key-set.ts';
