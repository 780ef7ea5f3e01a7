import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type DatabasePlace, openDatabase } from '../../platform/database/index.ts';
import {
  type KeyRing,
  type KeyRingTables,
  type MasterKeyProvider,
  openKeyRing,
} from '../../platform/secrets/index.ts';
import {
  readCopiedTombstones,
  TOMBSTONE_FILE,
  type Tombstone,
  Tombstones,
} from '../tombstones/index.ts';
import type { StateWorld } from '../world.ts';

export interface TombstoneSources {
  readonly masterKey: MasterKeyProvider;
  /** That is to be restored; its tombstones are carried over where it has some. */
  readonly dataDirectory: string;
  /** Files with further tombstones: what was erased and revoked since the backup. */
  readonly tombstones: readonly string[];
  /** They are believed although lines may have been taken out of them. */
  readonly believesTombstones?: boolean;
  readonly world: StateWorld;
}

export interface CarriedTombstones {
  /** Files with tombstones that were read, besides that of the backup itself. */
  readonly tombstoneFiles: number;
  /** When the last in these files was written, in milliseconds since the epoch; null: there are none. */
  readonly tombstonesUntil: number | null;
}

/**
 * Tombstones from beside the backup join those in it. What the backup sealed is believed as it is; the others
 * are held against the keys in it. Throws TombstoneFileError.
 *
 * @param place of the state, as it was unpacked into `staging`
 */
export async function carryTombstones(
  sources: TombstoneSources,
  place: DatabasePlace,
  staging: string,
): Promise<CarriedTombstones> {
  const { dataDirectory, believesTombstones } = sources;
  const tombstones = new Tombstones(staging, await ringOf(place, sources));
  tombstones.adopt();
  const known = new Set(tombstones.read().map(keyOf));
  // In their order: of some the later holds.
  const missing = new Map<string, Tombstone>();
  let tombstonesUntil: number | null = null;
  const own = join(dataDirectory, TOMBSTONE_FILE);
  const files = [...(existsSync(own) ? [own] : []), ...sources.tombstones];
  for (const file of files) {
    const copy = believesTombstones ? readCopiedTombstones(file) : tombstones.readCopy(file);
    for (const tombstone of copy) {
      tombstonesUntil = Math.max(tombstonesUntil ?? tombstone.at, tombstone.at);
      if (!known.has(keyOf(tombstone))) missing.set(keyOf(tombstone), tombstone);
    }
  }
  tombstones.append([...missing.values()]);
  return { tombstoneFiles: files.length, tombstonesUntil };
}

async function ringOf(
  place: DatabasePlace,
  { masterKey, world }: Pick<TombstoneSources, 'masterKey' | 'world'>,
): Promise<KeyRing> {
  const database = await openDatabase<KeyRingTables>(place);
  try {
    return await openKeyRing(database, masterKey, world.now);
  } finally {
    await database.close();
  }
}

/** The same may happen again: somebody is suspended, comes back, and is suspended once more. */
function keyOf({ kind, id, at, version }: Tombstone): string {
  return `${kind} ${id} ${at} ${version ?? ''}`;
}
