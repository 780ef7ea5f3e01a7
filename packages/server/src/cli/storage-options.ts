import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { baseDirectory } from '../configuration/base-directory.ts';
import { loadConfiguration } from '../configuration/load-configuration.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { resolveStorage, type Storage } from '../configuration/resolve-storage.ts';
import { type MasterKeyProvider, openMasterKey } from '../platform/secrets/index.ts';
import { logMigrations } from '../security-log/index.ts';
import type { RestoredDatabase } from '../state/backup/index.ts';
import { stateMigrations } from '../state/index.ts';
import type { StorageGiven } from './commands/shared-options.ts';
import { UsageError } from './definition/usage-error.ts';
import type { CommandWorld } from './definition/world.ts';

export interface OpenedStorage extends Storage {
  readonly masterKey: MasterKeyProvider;
  /** One that is named in an argument. */
  otherMasterKey(text: string): MasterKeyProvider;
}

const DEFAULT_STORAGE = './poorter-data';

/** Throws when a configuration, or a secret that it names, cannot be read. */
export function storageOf(values: StorageGiven, world: CommandWorld): OpenedStorage {
  const source = { file: values.config ?? null, values: {} };
  const configuration = values.config === undefined ? undefined : loadConfiguration(source);
  const base = baseDirectory(source);
  const wishes = {
    storage: values.storage ?? configuration?.storage ?? DEFAULT_STORAGE,
    // What stands in an argument starts where the command was given.
    dataDirectory: values.data === undefined ? configuration?.dataDirectory : resolve(values.data),
  };
  const storage = namedStorage(values, () => resolveStorage(wishes, base, world.environment));
  const keyOf = (text: string | undefined, baseDirectory: string) =>
    openMasterKey(text, {
      ...{ dataDirectory: storage.dataDirectory, baseDirectory },
      environment: world.environment,
      notify: ({ message }) => void world.stderr.write(`poorter: ${message}\n`),
    });
  const argument = (text: string) => keyOf(text, process.cwd());
  const given = values.masterKey;
  const masterKey = given === undefined ? keyOf(configuration?.masterKey, base) : argument(given);
  return { ...storage, masterKey, otherMasterKey: argument };
}

/** Whoever typed --storage reads of that, and of no key of a file. */
function namedStorage(values: StorageGiven, resolved: () => Storage): Storage {
  try {
    return resolved();
  } catch (error) {
    if (values.storage === undefined || !(error instanceof RefusedConfiguration)) throw error;
    throw new UsageError(error.message.replace(/^storage: /, '--storage: '), { cause: error });
  }
}

/** Everything that a backup holds of the databases, in the order in which it is read. */
export function databasesOf({ state, log }: Storage): RestoredDatabase[] {
  return [
    // The log first: every key that its records need is then in the state.
    { name: 'log', place: log, migrations: [logMigrations()] },
    { name: 'state', place: state, migrations: [stateMigrations()] },
  ];
}

/** Opening a file that is not there would make one. */
export function refuseAbsentState({ state, dataDirectory }: Storage): void {
  if (state.kind === 'postgres' || existsSync(state.file)) return;
  throw new Error(`there is no state in ${dataDirectory}: is this the data directory?`);
}
