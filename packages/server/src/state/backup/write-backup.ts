import { createReadStream, existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Transaction } from 'kysely';
import { type Database, readMigrations, readTables } from '../../platform/database/index.ts';
import { CREATE_NEW, syncDirectory } from '../../platform/files/index.ts';
import {
  checkMasterKey,
  type KeyRingTables,
  type MasterKeyProvider,
} from '../../platform/secrets/index.ts';
import { type Entry, frameEntry } from './entries.ts';
import { SealedFileWriter } from './sealed-file.ts';

export interface BackupSource {
  /**
   * In the order in which their moments are taken: the log before the state, so that every key that
   * a log entry needs is in the state. One is named `state`.
   */
  readonly databases: readonly { readonly name: string; readonly database: Database<unknown> }[];
  /** Read last, so that the tombstones among them know more than the rows, never less. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
  readonly masterKey: MasterKeyProvider;
  readonly program: string;
  readonly now: () => number;
}

export interface BackupSummary {
  readonly rows: number;
  readonly files: number;
}

const FILE_CHUNK_BYTES = 1 << 20;

/** Writes everything to `path`, while others write to the databases. Never over another file. */
export async function writeBackup(source: BackupSource, path: string): Promise<BackupSummary> {
  if (existsSync(path)) throw new Error(`${path} exists; a backup never replaces a file`);
  const state = source.databases.find(({ name }) => name === 'state');
  if (state === undefined) throw new Error('a backup without the state restores nothing');
  // Sealed with another key than the rows in it, the backup would be lost with the directory.
  await checkMasterKey(state.database.as<KeyRingTables>(), source.masterKey);
  const draft = `${path}.partial`;
  // What a killed backup left, or somebody else put there, is not written through.
  await rm(draft, { force: true });
  const file = await open(draft, CREATE_NEW, 0o600);
  try {
    const facts = { createdAt: source.now(), program: source.program };
    const writer = await SealedFileWriter.create(file, source.masterKey, facts);
    const put = (entry: Entry) => writer.write(frameEntry(entry));
    const rows = await writeDatabases(source.databases, put);
    const files = await writeFiles(source.files, put);
    await put({ kind: 'end', rows, files });
    await writer.finish();
    await file.close();
    await rename(draft, path);
    syncDirectory(dirname(path));
    return { rows, files };
  } catch (error) {
    await file.close();
    await rm(draft, { force: true });
    throw error;
  }
}

type Put = (entry: Entry) => Promise<void>;
type Opened = { name: string; database: Database<unknown>; reader: Transaction<unknown> };

/** All moments are taken before the first row is written. */
async function writeDatabases(
  databases: BackupSource['databases'],
  put: Put,
  opened: readonly Opened[] = [],
): Promise<number> {
  const [next, ...rest] = databases;
  if (next !== undefined) {
    return next.database.snapshot((reader) =>
      writeDatabases(rest, put, [...opened, { ...next, reader }]),
    );
  }
  let count = 0;
  for (const { name, database, reader } of opened) {
    await put({ kind: 'database', name, migrations: await readMigrations(database, reader) });
    for await (const { table, columns, rows } of readTables(database, reader)) {
      await put({ kind: 'rows', table, columns: [...columns], rows: rows.map((row) => [...row]) });
      count += rows.length;
    }
  }
  return count;
}

async function writeFiles(files: BackupSource['files'], put: Put): Promise<number> {
  let count = 0;
  for (const { name, path } of files) {
    if (!existsSync(path)) continue;
    await put({ kind: 'file', name });
    for await (const chunk of createReadStream(path, { highWaterMark: FILE_CHUNK_BYTES })) {
      await put({ kind: 'bytes', base64: (chunk as Buffer).toString('base64') });
    }
    count += 1;
  }
  return count;
}
