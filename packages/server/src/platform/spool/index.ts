export { SpoolCarrier, type SpoolCarrierOptions } from './carrier.ts';
export {
  type CarriedAnswer,
  type CarriedBatch,
  type CarriedEntry,
  ENTRIES_MAX,
  PIECES_MAX,
  type RecordedWriters,
} from './carrying.ts';
export type { SpoolKey, WriterName } from './format.ts';
export { createSpoolMemory, type SpoolMemory, SpoolPlaces } from './places.ts';
export { SpoolDrain } from './spool-drain.ts';
export type { SpoolDisk, SpoolFile } from './spool-files.ts';
export { realDisk } from './spool-files.ts';
export { realFolder } from './spool-folder.ts';
export { SpoolKeeper } from './spool-keeper.ts';
export { SpoolMirror, SpoolReception } from './spool-mirror.ts';
export { SpoolWriter } from './spool-writer.ts';
