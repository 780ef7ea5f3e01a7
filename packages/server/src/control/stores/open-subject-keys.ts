import {
  type DatabaseOptions,
  type DatabasePlace,
  openDatabase,
} from '../../platform/database/index.ts';
import { type HandedRing, ringFrom } from '../../platform/secrets/index.ts';
import type { StateWorld } from '../../state/index.ts';
import { SubjectKeys, type SubjectKeyTables } from '../../state/subject-keys/index.ts';
import { Tombstones } from '../../state/tombstones/index.ts';

interface SubjectKeySettings {
  readonly place: DatabasePlace;
  readonly options?: DatabaseOptions;
  readonly ring: HandedRing;
  readonly dataDirectory: string;
  readonly world: StateWorld;
}

export interface OpenSubjectKeys {
  readonly subjectKeys: SubjectKeys;
  close(): Promise<void>;
}

/**
 * The keys of subjects alone, for a thread that writes or reads what is sealed under them. Whoever
 * starts it has opened the state.
 */
export async function openSubjectKeys({
  place,
  options,
  ring,
  dataDirectory,
  world,
}: SubjectKeySettings): Promise<OpenSubjectKeys> {
  const database = await openDatabase<SubjectKeyTables>(place, options);
  const opened = ringFrom(ring);
  const tombstones = new Tombstones(dataDirectory, opened);
  const subjectKeys = new SubjectKeys(database, opened, tombstones, world);
  return { subjectKeys, close: () => database.close() };
}
