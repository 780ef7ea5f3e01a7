export type { SpoolKey, WriterName } from './format.ts';
export { createSpoolMemory, type SpoolMemory, SpoolPlaces } from './places.ts';
export type { SpoolDisk, SpoolFile } from './spool-files.ts';
export { realDisk } from './spool-files.ts';
export { SpoolKeeper } from './spool-keeper.ts';
export { SpoolMirror, type SpoolPiece, SpoolShipper } from './spool-mirror.ts';
export {
  listWriters,
  type ReadFrames,
  readFrames,
  removeFile,
  removeWriter,
  SPOOL_START,
  type SpooledWriter,
  type SpoolPosition,
} from './spool-reader.ts';
export { SpoolWriter } from './spool-writer.ts';
