import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Storage } from '../configuration/resolve-storage.ts';
import { type Database, openDatabase } from '../platform/database/index.ts';
import { programVersion } from '../platform/program/index.ts';
import { writeBackup } from '../state/backup/index.ts';
import type { BackupGiven } from './commands/backup.ts';
import type { CommandWorld } from './definition/world.ts';
import { databasesOf, refuseAbsentState, storageOf } from './storage-options.ts';

/** What is in the data directory besides databases; the rest is made anew, or is the master key. */
const FILES = [
  'identity-keys.json',
  'keys.yaml',
  // A restored directory goes on with its log under its name, and verifies it.
  'log-public-key',
  'node-name',
  'quotas.bin',
  'tombstones.jsonl',
];

export async function backup(given: BackupGiven, world: CommandWorld): Promise<number> {
  const out = resolve(given.out);
  const storage = storageOf(given, world);
  refuseAbsentState(storage);
  const databases = await openAll(storage);
  try {
    const { rows, files } = await writeBackup(
      {
        databases,
        files: FILES.map((name) => ({ name, path: join(storage.dataDirectory, name) })),
        masterKey: storage.masterKey,
        program: programVersion(),
        now: world.now,
      },
      out,
    );
    const told = { file: out, rows, files, masterKey: storage.masterKey.id };
    if (given.json) world.stdout.write(`${JSON.stringify(told)}\n`);
    else {
      world.stdout.write(`${out}: ${rows} rows, ${files} files; opens with ${told.masterKey}\n`);
    }
    return 0;
  } finally {
    for (const { database } of databases) await database.close();
  }
}

async function openAll(storage: Storage): Promise<{ name: string; database: Database<unknown> }[]> {
  const opened: { name: string; database: Database<unknown> }[] = [];
  try {
    for (const { name, place } of databasesOf(storage)) {
      // No log yet: opening it would make one.
      if (place.kind === 'sqlite' && !existsSync(place.file)) continue;
      opened.push({ name, database: await openDatabase<unknown>(place) });
    }
    return opened;
  } catch (error) {
    for (const { database } of opened) await database.close();
    throw error;
  }
}
