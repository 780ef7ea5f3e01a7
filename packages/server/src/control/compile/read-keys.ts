import { resolve } from 'node:path';
import type { KeyRecord } from '@poorter/engine';
import { readKeyFile } from '../../configuration/key-file/index.ts';
import type { Configuration } from '../../configuration/schema.ts';
import type { SourceReader } from './source-reader.ts';

export interface ReadKeys {
  /** Absolute. */
  readonly file: string;
  readonly keys: readonly KeyRecord[];
}

export function readKeys(
  configuration: Configuration,
  dataDirectory: string,
  reader: SourceReader,
): ReadKeys {
  const file = configuration.keys ?? resolve(dataDirectory, 'keys.yaml');
  const path = reader.path(file);
  let text: string;
  try {
    text = reader.read(file, 'keyFile');
  } catch (error) {
    // The default key file appears with the first key; one that was named must be there.
    if (configuration.keys !== undefined) {
      reader.fault(
        ['keys'],
        'unreadable-file',
        `reading the key file ${file}: ${(error as Error).message}`,
        `make one: poorter keys create --file ${file} --name NAME`,
      );
    }
    return { file: path, keys: [] };
  }
  const { keys, diagnostics } = readKeyFile(path, text);
  for (const diagnostic of diagnostics) reader.report(diagnostic);
  return { file: path, keys };
}
