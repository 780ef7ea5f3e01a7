export {
  type Checkpoint,
  checkpointSigner,
  formatVerifierKey,
  openCheckpoint,
  parseVerifierKey,
  signingKey,
  type VerifierKey,
} from './checkpoint.ts';
export {
  type ExportFormat,
  type ExportOptions,
  followExport,
  runExport,
} from './export/run-export.ts';
export { openFileSink, openSyslogSink } from './export/sinks.ts';
export { callIdOf, findCall } from './find-call.ts';
export { gapText } from './leaf.ts';
export { type KeyUseSummary, LogQueries } from './log-queries.ts';
export { LogReader, nodesOf } from './log-reader.ts';
export type { FromLogReader, LogAsk, LogReaderSeed, ToLogReader } from './log-reader-messages.ts';
export type { LogTables } from './log-tables.ts';
export { FencedError } from './log-writer-store.ts';
export { type OpenIntent, openIntents } from './open-intents.ts';
export { logMigrations, openLog, openLogToRead } from './open-log.ts';
export { pastUses } from './past-uses.ts';
export { impossibleTerm, isObjectTerm, isPseudonym } from './possible-terms.ts';
export { DECISIONS, decisionOf, missingText, shapeOf, statusOf } from './record-words.ts';
export { type CredentialUse, Recorder } from './recorder.ts';
export type { FromRecorder, RecorderSeed, ToRecorder } from './recorder-messages.ts';
export { reportedText } from './reported.ts';
export { applyRetention, type RetentionPolicy } from './retention.ts';
export {
  type FoundRecord,
  type LogQuery,
  type ReadableKeys,
  searchLog,
  showRecord,
} from './search.ts';
export { checkProof, proveLeaf } from './verify/inclusion.ts';
export type { LogVerdict } from './verify/leaf-checker.ts';
export { verifyDatabase } from './verify/verify-database.ts';
export { verifyExport } from './verify/verify-export.ts';
