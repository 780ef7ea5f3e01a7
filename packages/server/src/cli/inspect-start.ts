import type { Diagnostic } from '@poorter/engine';
import { baseDirectory, type ConfigurationSource } from '../configuration/load-configuration.ts';
import { placeInConfiguration } from '../configuration/read-configuration.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { dataDirectoryOf, resolveStorage } from '../configuration/resolve-storage.ts';
import type { Configuration } from '../configuration/schema.ts';
import { inspectDataDirectory } from '../platform/data-directory/data-directory.ts';
import { openMasterKey } from '../platform/secrets/index.ts';

/**
 * What a start would refuse besides what it compiles: where its data lies, who may read or write there,
 * and the key that seals it. By the same code as `serve`; nothing is made, and nobody is asked.
 */
export function inspectStart(
  configuration: Configuration,
  source: ConfigurationSource,
  environment: Readonly<Record<string, string | undefined>>,
): readonly Diagnostic[] {
  const base = baseDirectory(source);
  const dataDirectory = dataDirectoryOf(configuration, base);
  const file = source.file ?? 'arguments';
  const faultAt = (key: readonly PropertyKey[], code: string, work: () => void) => {
    try {
      work();
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
  const dataKey = configuration.dataDirectory === undefined ? 'storage' : 'dataDirectory';
  return [
    ...faultAt(['storage'], 'storage', () => {
      resolveStorage(configuration, base, environment);
    }),
    ...faultAt([dataKey], 'data-directory', () => inspectDataDirectory(dataDirectory)),
    ...faultAt(['masterKey'], 'master-key', () => {
      const world = { dataDirectory, baseDirectory: base, environment };
      openMasterKey(configuration.masterKey, { ...world, warn: () => undefined }).inspect?.();
    }),
  ];
}
