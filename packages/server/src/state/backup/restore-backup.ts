import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { copyFile, type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  lockDirectory,
  lockFiles,
  prepareDataDirectory,
  removeRemnants,
  SERVING_LOCK,
} from '../../platform/data-directory/index.ts';
import {
  type Database,
  type DatabasePlace,
  dropSchemas,
  holdSchema,
  isEmptyDatabase,
  type MigrationSet,
  moveSchema,
  openDatabase,
} from '../../platform/database/index.ts';
import type { MasterKeyProvider } from '../../platform/secrets/index.ts';
import { TOMBSTONE_FILE } from '../tombstones/index.ts';
import type { StateWorld } from '../world.ts';
import {
  type CarriedTombstones,
  carryTombstones,
  type TombstoneSources,
} from './carry-tombstones.ts';
import { type Entry, readEntries } from './entries.ts';
import { FilledDatabase } from './filled-database.ts';
import { type RestoredMark, writeRestoredMark } from './restored-mark.ts';
import { BackupBrokenError, openSealedFile } from './sealed-file.ts';

export interface RestorePlan extends TombstoneSources {
  readonly file: string;
  /** Absent, empty, or with nothing but a master key and tombstones in it. */
  readonly dataDirectory: string;
  /** By name, as in the backup; `state` is among them. A SQLite file stands in the data directory. */
  readonly databases: readonly RestoredDatabase[];
  /** Opens the restored state and repeats what tombstones tell of. */
  readonly repeat: (restored: RestoredState) => Promise<Repeated>;
}

export interface RestoredState {
  readonly place: DatabasePlace;
  readonly dataDirectory: string;
  readonly masterKey: MasterKeyProvider;
  readonly world: StateWorld;
}

export interface RestoredDatabase {
  readonly name: string;
  readonly place: DatabasePlace;
  readonly migrations: readonly MigrationSet[];
}

/** What the stores did again, because tombstones tell of it. */
export interface Repeated extends Replay {
  /** Ids of keys whose terms the backup has as they were before something was taken away: revoked. */
  readonly outdatedKeys: readonly string[];
  /** Ids of blocks that were made or changed since the backup: nobody is kept out by them. */
  readonly lostBlocks: readonly string[];
}

export interface Replay {
  readonly erased: number;
  readonly revoked: number;
}

export interface RestoreSummary extends Repeated, CarriedTombstones {
  readonly createdAt: number;
  readonly rows: number;
  readonly files: number;
}

/** Something is there already that a restore would destroy. */
export class TargetNotEmptyError extends Error {
  override readonly name = 'TargetNotEmptyError';
}

/** What a person puts there before a restore. */
const CARRIED_OVER = ['master.key', TOMBSTONE_FILE];
const EXPECTED = [...CARRIED_OVER, ...Object.values(lockFiles(SERVING_LOCK))];
const LEFTOVER = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const STAGED_SCHEMA = '_new_';

/**
 * Builds everything beside the target and renames it at the end: killed at any point, the target is
 * as it was or whole. What was erased and revoked is erased and revoked again before the end. One at a
 * time, and none beside a program that serves: throws DirectoryHeldError or SchemaHeldError.
 */
export async function restoreBackup(plan: RestorePlan): Promise<RestoreSummary> {
  const target = plan.dataDirectory;
  await finishRename(target);
  const isNew = !existsSync(target);
  // Before anything is made there.
  if (!isNew) refuseMountPoint(target);
  prepareDataDirectory(target);
  // That of serving: whoever has it has the directory to himself.
  const lock = lockDirectory(target, SERVING_LOCK);
  try {
    return await holdSchemas(plan.databases, (stillHeld) => restoreAlone(plan, stillHeld));
  } finally {
    // In the directory as it was; one that was moved away is gone, and its lock with it.
    if (lock.isInPlace()) lock.removeTraces({ directory: isNew });
    else lock.release();
  }
}

async function holdSchemas<Result>(
  databases: readonly RestoredDatabase[],
  work: (stillHeld: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const [first, ...others] = databases;
  if (first === undefined) return work(async () => {});
  const { place } = first;
  if (place.kind === 'sqlite') return holdSchemas(others, work);
  return holdSchema(place, (held) =>
    holdSchemas(others, (othersHeld) =>
      work(async () => {
        await held();
        await othersHeld();
      }),
    ),
  );
}

async function restoreAlone(
  plan: RestorePlan,
  stillHeld: () => Promise<void>,
): Promise<RestoreSummary> {
  const target = plan.dataDirectory;
  removeRemnants(target);
  await refuseUsedTarget(plan);
  await removeLeftovers(target);
  await removeStagedSchemas(plan);
  const id = randomUUID();
  const staging = `${target}.restoring-${id}`;
  const sealed = await openSealedFile(plan.file, plan.masterKey);
  try {
    await mkdir(staging, { recursive: true, mode: 0o700 });
    const staged = plan.databases.map((one) => stagedDatabase(one, plan, staging, id));
    try {
      const counts = await unpack(readEntries(sealed.chunks()), staged, staging, plan.world.now);
      await copyMasterKey(plan.dataDirectory, staging);
      const carried = await carryTombstones(plan, stateOf(staged), staging);
      const replay = await repeatErasures(plan, staged, staging);
      const created = sealed.header.createdAt;
      writeRestoredMark(
        staging,
        markOf(plan.world.now(), created, counts.rows, carried.tombstoneFiles, replay),
      );
      await syncTree(staging);
      await stillHeld();
      // Again: somebody may have put something there meanwhile.
      await refuseUsedTarget(plan);
      await moveIntoPlace(plan, staged, staging);
      return { createdAt: created, ...counts, ...carried, ...replay };
    } finally {
      await rm(staging, { recursive: true, force: true });
      await removeStagedSchemas(plan);
    }
  } finally {
    await sealed.close();
  }
}

/** A restore that was killed between its two renames left the old directory aside. */
async function finishRename(target: string): Promise<void> {
  if (existsSync(asideOf(target)) && !existsSync(target)) await rename(asideOf(target), target);
}

function refuseMountPoint(directory: string): void {
  if (statSync(directory).dev === statSync(dirname(directory)).dev) return;
  throw new TargetNotEmptyError(
    `${directory} is a mount point and cannot be replaced: restore into a directory below it`,
  );
}

async function refuseUsedTarget({ dataDirectory, databases }: RestorePlan): Promise<void> {
  const used = (await readdir(dataDirectory)).filter((name) => !EXPECTED.includes(name));
  if (used.length > 0) {
    throw new TargetNotEmptyError(`${dataDirectory} is not empty: it holds ${used[0]}`);
  }
  for (const { place } of databases) {
    if (place.kind === 'sqlite') continue;
    await withDatabase(place, async (database) => {
      if (await isEmptyDatabase(database)) return;
      throw new TargetNotEmptyError(`the schema ${place.schema} is not empty`);
    });
  }
}

/** What restores that were killed left beside the target. Nobody else makes such names. */
async function removeLeftovers(target: string): Promise<void> {
  const aside = existsSync(asideOf(target)) ? await readdir(asideOf(target)) : null;
  if (aside?.every((name) => EXPECTED.includes(name))) {
    await rm(asideOf(target), { recursive: true, force: true });
  }
  const start = `${basename(target)}.restoring-`;
  const siblings = existsSync(dirname(target)) ? await readdir(dirname(target)) : [];
  for (const name of siblings) {
    if (!name.startsWith(start) || !LEFTOVER.test(name.slice(start.length))) continue;
    const path = join(dirname(target), name);
    await rm(path, { recursive: true, force: true });
  }
}

function stagedDatabase(
  database: RestoredDatabase,
  { dataDirectory }: RestorePlan,
  staging: string,
  id: string,
): RestoredDatabase {
  const { place } = database;
  if (place.kind === 'postgres') {
    const schema = place.schema + STAGED_SCHEMA + id.slice(0, 8);
    return { ...database, place: { ...place, schema } };
  }
  if (dirname(place.file) !== dataDirectory) {
    throw new Error(`${place.file} does not stand in ${dataDirectory}`);
  }
  return { ...database, place: { kind: 'sqlite', file: join(staging, basename(place.file)) } };
}

async function removeStagedSchemas({ databases }: RestorePlan): Promise<void> {
  for (const { place } of databases) {
    if (place.kind === 'postgres') await dropSchemas(place, place.schema + STAGED_SCHEMA);
  }
}

async function unpack(
  entries: AsyncGenerator<Entry>,
  databases: readonly RestoredDatabase[],
  staging: string,
  now: () => number,
): Promise<{ rows: number; files: number }> {
  const counted = { rows: 0, files: 0 };
  let filling: FilledDatabase | null = null;
  let file: FileHandle | null = null;
  try {
    for await (const entry of entries) {
      switch (entry.kind) {
        case 'database':
          await filling?.finish();
          filling = await FilledDatabase.start(entry, databases, now);
          break;
        case 'rows':
          if (filling === null) throw new BackupBrokenError('rows without a database');
          await filling.insert(entry);
          counted.rows += entry.rows.length;
          break;
        case 'file':
          await file?.close();
          file = await openBelow(staging, entry.name);
          counted.files += 1;
          break;
        case 'bytes':
          if (file === null) throw new BackupBrokenError('bytes without a file');
          await file.writeFile(Buffer.from(entry.base64, 'base64'));
          break;
        case 'end':
          if (entry.rows !== counted.rows || entry.files !== counted.files) {
            throw new BackupBrokenError('the backup holds less than it says');
          }
      }
    }
    await filling?.finish();
    filling = null;
    return counted;
  } finally {
    await filling?.close();
    await file?.close();
  }
}

async function openBelow(staging: string, name: string): Promise<FileHandle> {
  const path = join(staging, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Exclusive: no file of the backup replaces a database.
  return open(path, 'wx', 0o600);
}

async function copyMasterKey(from: string, to: string): Promise<void> {
  const path = join(from, 'master.key');
  if (existsSync(path)) await copyFile(path, join(to, 'master.key'));
}

function stateOf(staged: readonly RestoredDatabase[]): DatabasePlace {
  const place = staged.find(({ name }) => name === 'state')?.place;
  if (place === undefined) throw new Error('a restore needs a place for the state');
  return place;
}

async function repeatErasures(
  { repeat, masterKey, world }: RestorePlan,
  staged: readonly RestoredDatabase[],
  staging: string,
): Promise<Repeated> {
  return repeat({ place: stateOf(staged), dataDirectory: staging, masterKey, world });
}

const IDS_TOLD = 50;

function markOf(
  restoredAt: number,
  backupOf: number,
  rows: number,
  tombstoneFiles: number,
  { erased, revoked, outdatedKeys, lostBlocks }: Repeated,
): RestoredMark {
  return {
    ...{ restoredAt, backupOf, rows, tombstoneFiles, erased, revoked },
    ...{ outdatedKeys: outdatedKeys.length, lostBlocks: lostBlocks.length },
    ids: [...outdatedKeys, ...lostBlocks].slice(0, IDS_TOLD),
  };
}

async function moveIntoPlace(
  plan: RestorePlan,
  staged: readonly RestoredDatabase[],
  staging: string,
): Promise<void> {
  for (const { name, place } of staged) {
    const wanted = plan.databases.find((one) => one.name === name)?.place;
    if (place.kind === 'postgres' && wanted?.kind === 'postgres') {
      await moveSchema(place, wanted.schema);
    }
  }
  const { dataDirectory } = plan;
  await rename(dataDirectory, asideOf(dataDirectory));
  await rename(staging, dataDirectory);
  await syncPath(dirname(dataDirectory));
  await rm(asideOf(dataDirectory), { recursive: true, force: true });
}

function asideOf(target: string): string {
  return `${target}.before-restore`;
}

async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    await syncPath(join(entry.parentPath, entry.name));
  }
  await syncPath(directory);
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function withDatabase(
  place: DatabasePlace,
  work: (database: Database<unknown>) => Promise<void>,
): Promise<void> {
  const database = await openDatabase(place);
  try {
    await work(database);
  } finally {
    await database.close();
  }
}
