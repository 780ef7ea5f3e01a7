export {
  isThere,
  requireOwnDirectory,
  requireOwnFile,
  requirePlaceForOwn,
  UntrustedPathError,
} from './own-files.ts';
export {
  APPEND_OWN,
  CREATE_NEW,
  DRAFT_END,
  syncDirectory,
  writeDurably,
  writeNew,
} from './write-durably.ts';
