import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { KeyStore, type KeyTables } from '../../access/keys/index.ts';
import { baseDirectory } from '../../configuration/base-directory.ts';
import { loadConfiguration } from '../../configuration/load-configuration.ts';
import { resolveStorage, type Storage } from '../../configuration/resolve-storage.ts';
import { type DatabasePlace, openDatabase } from '../../platform/database/index.ts';
import { BYTES_MAX, readTextFile } from '../../platform/files/index.ts';
import { type KeyRingTables, openKeyRing, openMasterKey } from '../../platform/secrets/index.ts';
import {
  LogReader,
  nodesOf,
  openLogToRead,
  parseVerifierKey,
  type ReadableKeys,
  type VerifierKey,
} from '../../security-log/index.ts';
import { SubjectKeys, type SubjectKeyTables } from '../../state/subject-keys/index.ts';
import { Tombstones } from '../../state/tombstones/index.ts';
import type { LogGiven } from '../commands/log-options.ts';
import { UsageError } from '../definition/usage-error.ts';
import type { CommandWorld } from '../definition/world.ts';
import { KeyNames } from './key-names.ts';

/** What opens callers, and how operators call them. */
export interface CallerKeys extends ReadableKeys {
  readonly names: KeyNames;
}

export interface OpenLog {
  readonly node: string;
  readonly reader: LogReader;
  /** Reads of one moment. */
  snapshot<Result>(work: (reader: LogReader) => Promise<Result>): Promise<Result>;
  publicKey(): VerifierKey;
  /** Opens who called; throws a sentence when the master key is not there. */
  keys(): Promise<CallerKeys>;
  close(): Promise<void>;
}

/** Of the verbs that hold records against what was signed. */
interface KeyGiven {
  readonly key?: string | undefined;
}

/** The log that these options name, for reading, whether or not the server runs. */
export async function openNamedLog(
  values: LogGiven & KeyGiven,
  world: CommandWorld,
): Promise<OpenLog> {
  const { storage, masterKey, base, keyFile } = placesOf(values, world);
  refuseMissing(storage.log, 'log');
  const database = await openLogToRead(storage.log);
  const closing: (() => Promise<void>)[] = [() => database.close()];
  try {
    const own = ownNode(storage.dataDirectory);
    const node = chosenNode(await nodesOf(database.kysely), values.node, own, world);
    let keys: Promise<CallerKeys> | null = null;
    return {
      node,
      reader: new LogReader(database.kysely, node),
      snapshot: (work) => database.snapshot((at) => work(new LogReader(at, node))),
      publicKey: () => readPublicKey(values, storage.dataDirectory),
      keys: () => (keys ??= openKeys({ storage, masterKey, base, keyFile }, world, closing)),
      close: async () => {
        for (const close of closing) await close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Needs no log: a stranger has only the key. */
export function readPublicKey(values: KeyGiven, dataDirectory: string | null): VerifierKey {
  const given = values.key ?? (dataDirectory && join(dataDirectory, 'log-public-key'));
  if (!given) throw new UsageError('--key is missing');
  try {
    return parseVerifierKey(existsSync(given) ? readTextFile(given, BYTES_MAX.credential) : given);
  } catch (error) {
    if (values.key === undefined && !existsSync(given)) {
      throw new UsageError(`there is no ${given}: name the public key, or its file, with --key`);
    }
    throw new UsageError(`--key ${given}: ${(error as Error).message}`);
  }
}

export function directoryOf(values: Pick<LogGiven, 'data'>, world: CommandWorld): string {
  return values.data ?? world.environment['POORTER_DATA'] ?? './poorter-data';
}

interface Places {
  readonly storage: Storage;
  readonly masterKey: string | undefined;
  readonly base: string;
  readonly keyFile: string;
}

function placesOf(values: LogGiven, world: CommandWorld): Places {
  if (values.config === undefined) {
    const wishes = { storage: directoryOf(values, world), dataDirectory: undefined };
    const storage = resolveStorage(wishes, process.cwd(), world.environment);
    const keyFile = join(storage.dataDirectory, 'keys.yaml');
    return { storage, masterKey: undefined, base: process.cwd(), keyFile };
  }
  const source = { file: values.config, values: values.data ? { storage: values.data } : {} };
  const configuration = loadConfiguration(source);
  const base = baseDirectory(source);
  const storage = resolveStorage(configuration, base, world.environment);
  const { masterKey, keys } = configuration;
  const keyFile = resolve(base, keys ?? join(storage.dataDirectory, 'keys.yaml'));
  return { storage, masterKey, base, keyFile };
}

function refuseMissing(place: DatabasePlace, what: string): void {
  if (place.kind !== 'sqlite' || existsSync(place.file)) return;
  throw new Error(`there is no ${what} at ${place.file}; name the data directory with --data`);
}

/** Under which name this data directory writes. */
function ownNode(dataDirectory: string): string | null {
  try {
    return readTextFile(join(dataDirectory, 'node-name'), BYTES_MAX.credential).trim();
  } catch {
    return null;
  }
}

function chosenNode(
  nodes: readonly string[],
  wanted: string | undefined,
  own: string | null,
  world: CommandWorld,
): string {
  if (wanted !== undefined) {
    if (nodes.includes(wanted)) return wanted;
    throw new Error(`there is no log of ${wanted}; there is: ${nodes.join(', ') || 'none'}`);
  }
  const [only, ...more] = nodes;
  if (only === undefined) throw new Error('nothing has been recorded yet');
  if (more.length === 0) return only;
  if (own === null || !nodes.includes(own)) {
    throw new UsageError(`--node is missing; there is: ${nodes.join(', ')}`);
  }
  const others = nodes.filter((node) => node !== own);
  world.stderr.write(`log of ${own}; --node shows another: ${others.join(', ')}\n`);
  return own;
}

async function openKeys(
  { storage, masterKey, base, keyFile }: Places,
  world: CommandWorld,
  closing: (() => Promise<void>)[],
): Promise<CallerKeys> {
  const { dataDirectory } = storage;
  refuseMissing(storage.state, 'state');
  if (masterKey === undefined) {
    // A command that reads must not make a master key where there is none.
    const file = join(dataDirectory, 'master.key');
    if (!existsSync(file)) {
      throw new Error(
        `there is no master key at ${file}; name the data directory with --data, or with --config the configuration that says where the key is`,
      );
    }
  }
  const database = await openDatabase<SubjectKeyTables & KeyRingTables & KeyTables>(storage.state);
  closing.push(() => database.close());
  const { environment, now, random } = world;
  const provider = openMasterKey(masterKey, {
    ...{ dataDirectory, baseDirectory: base, environment },
    notify: ({ message }) => world.stderr.write(`${message}\n`),
  });
  const ring = await openKeyRing(database, provider, now);
  const tombstones = new Tombstones(dataDirectory, ring);
  const stores = { now, random };
  const subjects = new SubjectKeys(database.as<SubjectKeyTables>(), ring, tombstones, stores);
  const store = new KeyStore(database.as<KeyTables>(), ring, tombstones, stores);
  return {
    names: await KeyNames.read(store, keyFile),
    find: (subject) => subjects.find(subject),
    byId: (id) => subjects.byId(id),
  };
}
