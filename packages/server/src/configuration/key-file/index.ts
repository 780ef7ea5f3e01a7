export { appendKey, KeyFileError, revokeKey } from './change-key-file.ts';
export { createKey, type KeyWish } from './create-key.ts';
export { type KeyEntry, type KeyFileReading, readKeyFile } from './key-file.ts';
