export type { VerifierKey } from './checkpoint.ts';
export { checkpointSigner, formatVerifierKey, parseVerifierKey, signingKey } from './checkpoint.ts';
export { LogReader, nodesOf } from './log-reader.ts';
export { openLog } from './open-log.ts';
export type { CredentialUse } from './recorder.ts';
export type { FromRecorder, RecorderSeed, ToRecorder } from './recorder-thread.ts';
export type { RetentionPolicy } from './retention.ts';
export { type FoundRecord, type LogQuery, searchLog, showRecord } from './search.ts';
export { checkProof, proveLeaf } from './verify/inclusion.ts';
