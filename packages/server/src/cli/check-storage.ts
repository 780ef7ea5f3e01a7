import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Diagnostic } from '@poorter/engine';
import { placeInConfiguration } from '../configuration/read-configuration.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { dataDirectoryOf, resolveStorage } from '../configuration/resolve-storage.ts';
import type { Configuration } from '../configuration/schema.ts';
import { requireOwnDirectory } from '../platform/files/index.ts';
import { tryMasterKey } from '../platform/secrets/index.ts';

/** Where the state would be kept, and the key that seals it: read as `serve` would, nothing opened or made. */
export async function checkStorage(
  configuration: Configuration,
  file: string,
  baseDirectory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Diagnostic[]> {
  const dataDirectory = dataDirectoryOf(configuration, baseDirectory);
  const { masterKey } = configuration;
  const world = { dataDirectory, baseDirectory, environment, warn: () => undefined };
  const found: Diagnostic[] = [];
  const attempt = async (key: string, work: () => unknown) => {
    try {
      await work();
    } catch (error) {
      const refused = error instanceof RefusedConfiguration ? error.diagnostics[0] : undefined;
      const message = refused?.message ?? (error as Error).message;
      const place = placeInConfiguration(file, [key]);
      found.push({ severity: 'error', code: 'storage', file, ...place, message });
    }
  };
  await attempt('storage', () => resolveStorage(configuration, baseDirectory, environment));
  const directoryKey = configuration.dataDirectory === undefined ? 'storage' : 'dataDirectory';
  await attempt(directoryKey, () => checkDataDirectory(dataDirectory));
  if (masterKey !== undefined) await attempt('masterKey', () => tryMasterKey(masterKey, world));
  return found;
}

/** As far as it can be said without making anything. */
export function checkDataDirectory(directory: string): void {
  if (existsSync(directory)) {
    requireOwnDirectory(directory);
    return requireWritable(directory, `the data directory ${directory} cannot be written`);
  }
  let parent = dirname(directory);
  while (!existsSync(parent)) parent = dirname(parent);
  requireWritable(parent, `the data directory ${directory} cannot be made`);
}

function requireWritable(path: string, what: string): void {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`${what} (${code} at ${path})`, { cause });
  }
}
