import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Storage } from '../configuration/resolve-storage.ts';
import { type Database, openDatabase } from '../platform/database/index.ts';
import { writeBackup } from '../state/backup/index.ts';
import { noPositionals, type OperatorWorld, parsed, required, UsageError } from './options.ts';
import {
  databasesOf,
  refuseAbsentState,
  STORAGE_OPTIONS,
  storageOf,
  storageUsage,
} from './storage-options.ts';
import { version } from './usage.ts';

export const backupUsage = `Usage: poorter backup --out FILE [--data DIR | --config poorter.yaml] [options]

  Writes state, log and the files of the data directory into one sealed file, while the server runs.
  The master key is not in it, and is needed to restore it: keep that key elsewhere.

  --out FILE         never over a file that exists
${storageUsage}`;

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

/** `poorter backup`: 0 done, 1 not done, 2 called wrongly. */
export async function backupCommand(
  argv: readonly string[],
  world: OperatorWorld,
): Promise<number> {
  try {
    const options = { ...STORAGE_OPTIONS, out: { type: 'string' } } as const;
    const { values, positionals } = parsed(argv, options);
    if (values.help) {
      world.stdout.write(backupUsage);
      return 0;
    }
    noPositionals(positionals);
    const out = resolve(required(values.out, '--out'));
    const storage = storageOf(values, world);
    refuseAbsentState(storage);
    const databases = await openAll(storage);
    try {
      const { rows, files } = await writeBackup(
        {
          databases,
          files: FILES.map((name) => ({ name, path: join(storage.dataDirectory, name) })),
          masterKey: storage.masterKey,
          program: version(),
          now: world.now,
        },
        out,
      );
      const told = { file: out, rows, files, masterKey: storage.masterKey.id };
      if (values.json) world.stdout.write(`${JSON.stringify(told)}\n`);
      else {
        world.stdout.write(`${out}: ${rows} rows, ${files} files; opens with ${told.masterKey}\n`);
      }
      return 0;
    } finally {
      for (const { database } of databases) await database.close();
    }
  } catch (error) {
    world.stderr.write(`poorter backup: ${(error as Error).message}\n`);
    if (!(error instanceof UsageError)) return 1;
    world.stderr.write(`\n${backupUsage}`);
    return 2;
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
