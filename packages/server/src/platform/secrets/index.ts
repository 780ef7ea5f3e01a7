export { openUnder, type SealedPlace, type SealingKey, sealUnder } from './envelope.ts';
export {
  checkMasterKey,
  checkWrappedKey,
  type HandedRing,
  type KeyRing,
  type KeyRingTables,
  openKeyRing,
  ringFrom,
  rotateMasterKey,
  tryMasterKey,
} from './key-ring.ts';
export {
  type MasterKeyProvider,
  WrongMasterKeyError,
} from './master-key-provider.ts';
export { type MasterKeyWorld, openMasterKey } from './open-master-key.ts';
export { KEY_BYTES, SealBrokenError, unambiguous } from './sealed-bytes.ts';
export { isSecretReference, readSecret, type SecretPlaces } from './secret-text.ts';
