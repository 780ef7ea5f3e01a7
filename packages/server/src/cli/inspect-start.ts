import { createServer } from 'node:net';
import type { Diagnostic } from '@poorter/openapi';
import { baseDirectory } from '../configuration/base-directory.ts';
import type { ConfigurationSource } from '../configuration/load-configuration.ts';
import { placeInConfiguration } from '../configuration/read-configuration.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { dataDirectoryOf, resolveStorage } from '../configuration/resolve-storage.ts';
import type { Configuration } from '../configuration/schema.ts';
import { issuerMigrations } from '../issuer/artefacts/index.ts';
import { splitAddress } from '../platform/addresses/index.ts';
import { inspectDataDirectory } from '../platform/data-directory/index.ts';
import {
  type DatabasePlace,
  inspectMigrations,
  inspectPostgres,
  inspectSqlite,
  type MigrationSet,
} from '../platform/database/index.ts';
import { placeFault } from '../platform/processes/index.ts';
import {
  checkWrappedKey,
  type MasterKeyProvider,
  openMasterKey,
  tryMasterKey,
  WrongMasterKeyError,
} from '../platform/secrets/index.ts';
import { logMigrations } from '../security-log/index.ts';
import { stateMigrations } from '../state/index.ts';

/**
 * What a start would refuse besides what it compiles: where its data lies, who may read or write there,
 * the key that seals it, and where it listens. In the words of `serve`; nothing is made, and nobody on
 * another machine is asked but for the addresses of names, unless `asksOthers`.
 */
export async function inspectStart(
  configuration: Configuration,
  source: ConfigurationSource,
  { environment, asksOthers }: StartSurroundings,
): Promise<readonly Diagnostic[]> {
  const base = baseDirectory(source);
  const dataDirectory = dataDirectoryOf(configuration, base);
  const dataKey = configuration.dataDirectory === undefined ? 'storage' : 'dataDirectory';
  const faultAt = faultsOf(source);
  const directory = await faultAt([dataKey], 'data-directory', () =>
    inspectDataDirectory(dataDirectory),
  );
  let masterKey: MasterKeyProvider | null = null;
  const ofKey = await faultAt(['masterKey'], 'master-key', () => {
    const world = { dataDirectory, baseDirectory: base, environment };
    masterKey = openMasterKey(configuration.masterKey, { ...world, notify: () => undefined });
    masterKey.inspect?.();
  });
  const ofStorage = await faultAt(['storage'], 'storage', () => {
    resolveStorage(configuration, base, environment);
  });
  const isReadable = directory.length + ofStorage.length === 0;
  const stores = isReadable
    ? await inspectStores(resolveStorage(configuration, base, environment), {
        ...{ key: dataKey, faultAt, asksOthers },
      })
    : [];
  const isSealed = isReadable && stores.length + ofKey.length === 0;
  const ofWrapping = isSealed
    ? await faultAt(['masterKey'], 'master-key', async () => {
        const { state } = resolveStorage(configuration, base, environment);
        if (masterKey !== null) await inspectWrapping(state, masterKey, asksOthers);
      })
    : [];
  const places = await inspectPlaces(placesOf(configuration), source);
  return [...ofStorage, ...directory, ...ofKey, ...stores, ...ofWrapping, ...places];
}

interface StartSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Databases and vaults on other machines, too. */
  readonly asksOthers: boolean;
}

export type FaultAt = (
  key: readonly PropertyKey[],
  code: string,
  work: () => unknown,
) => Promise<readonly Diagnostic[]>;

export function faultsOf(source: ConfigurationSource): FaultAt {
  const file = source.file ?? 'arguments';
  return async (key, code, work) => {
    try {
      await work();
      return [];
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const place = source.file === null ? { line: 1, column: 1 } : placeInConfiguration(file, key);
      const diagnostic: Diagnostic = { severity: 'error', code, file, ...place, message };
      return error instanceof RefusedConfiguration
        ? error.diagnostics.map((one) => ({ ...one, file, ...place }))
        : [diagnostic];
    }
  };
}

async function inspectStores(
  { state, log, issuer }: ReturnType<typeof resolveStorage>,
  { key, faultAt, asksOthers }: { key: string; faultAt: FaultAt; asksOthers: boolean },
): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  for (const [place, migrations] of [
    [state, stateMigrations()],
    [log, logMigrations()],
    [issuer, issuerMigrations()],
  ] as const) {
    const isAsked = place.kind === 'sqlite' || asksOthers;
    if (!isAsked) continue;
    found.push(...(await faultAt([key], 'storage', () => inspectStore(place, migrations))));
    // Three times the same server, in the same words.
    if (found.length > 0) break;
  }
  return found;
}

async function inspectStore(place: DatabasePlace, migrations: MigrationSet): Promise<void> {
  if (place.kind === 'postgres') {
    return inspectPostgres(place, async (database) =>
      inspectMigrations(await database.rows('migration'), migrations, 'postgres'),
    );
  }
  inspectSqlite(place.file, (database) =>
    inspectMigrations(database.rows('migration'), migrations, 'sqlite'),
  );
}

/** Whether the master key that is there opens the keys that are there. */
async function inspectWrapping(
  place: DatabasePlace,
  masterKey: MasterKeyProvider,
  asksOthers: boolean,
): Promise<void> {
  if (!asksOthers && (place.kind !== 'sqlite' || masterKey.isElsewhere)) return;
  const found = await wrappedKeyIn(place);
  if (found?.row === undefined) {
    // One in a file may not be there before the first start.
    if (masterKey.isElsewhere) await tryMasterKey(masterKey);
    return;
  }
  try {
    await checkWrappedKey(found.row, masterKey);
  } catch (error) {
    // It may have been wrapped anew a moment ago.
    if (!(error instanceof WrongMasterKeyError) || !found.isUnfinished) throw error;
  }
}

async function wrappedKeyIn(place: DatabasePlace) {
  const TABLE = 'key_encryption_key';
  if (place.kind === 'sqlite') {
    return inspectSqlite(place.file, (database) => ({
      row: database.rows(TABLE)[0],
      isUnfinished: database.isUnfinished,
    }));
  }
  return inspectPostgres(place, async (database) => ({
    row: (await database.rows(TABLE))[0],
    isUnfinished: false,
  }));
}

interface Place {
  readonly at: readonly PropertyKey[];
  readonly address: string;
}

function placesOf({ listen, control, link, forwardAuth }: Configuration): readonly Place[] {
  return [
    { at: ['control', 'address'], address: control.address },
    ...(link === undefined ? [] : [{ at: ['link', 'address'], address: link.address }]),
    ...listen.map(({ address }, index) => ({ at: ['listen', index, 'address'], address })),
    ...forwardAuth.map(({ address }, index) => ({
      at: ['forwardAuth', index, 'address'],
      address,
    })),
  ];
}

/** Where this machine can listen: on another port, as a server may be listening on its own. */
export async function inspectPlaces(
  places: readonly Place[],
  source: ConfigurationSource,
): Promise<readonly Diagnostic[]> {
  const faultAt = faultsOf(source);
  const found = await Promise.all(
    places.map(({ at, address }) => faultAt(at, 'address', () => probe(address, at.join('.')))),
  );
  return found.flat();
}

function probe(address: string, key: string): Promise<void> {
  const { host, port } = splitAddress(address);
  const server = createServer((connection) => connection.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(placeFault({ host, port, key }, error)));
    server.listen({ host, port: 0, backlog: 1 }, () => server.close(() => resolve()));
  });
}
