export { fileIn } from './file-reference.ts';
export {
  isThere,
  refuseOpenToAll,
  requireOwnDirectory,
  requireOwnFile,
  requirePlaceForOwn,
  requireStorable,
  UntrustedPathError,
} from './own-files.ts';
export {
  BYTES_MAX,
  kindOf,
  readRegularFile,
  readTextFile,
  readTextIfThere,
} from './read-regular.ts';
export {
  APPEND_OWN,
  CREATE_NEW,
  DRAFT_END,
  replaceDurably,
  syncDirectory,
  writeDurably,
  writeNew,
} from './write-durably.ts';
