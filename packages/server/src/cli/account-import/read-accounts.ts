import { createReadStream, statSync } from 'node:fs';
import { kindOf } from '../../platform/files/index.ts';
import { UsageError } from '../definition/usage-error.ts';
import type { GivenAccount } from './given-account.ts';
import { readCsv } from './read-csv.ts';
import { readJsonLines } from './read-json-lines.ts';
import { keycloakProviders, type ProviderIssuers, readKeycloak } from './read-keycloak.ts';
import { textOf } from './text-of.ts';

export const FORMATS = ['csv', 'jsonl', 'keycloak'] as const;
export type Format = (typeof FORMATS)[number];

/** Where accounts are read from: a file may be read again, standard input may not. */
export interface AccountSource {
  readonly name: string;
  readonly isRepeatable: boolean;
  readonly accounts: () => Promise<AsyncIterable<GivenAccount>>;
}

interface Asked {
  readonly file: string;
  readonly format: Format | undefined;
  /** Named by hand; they go before what the file says. */
  readonly providers: ProviderIssuers;
  readonly stdin: AsyncIterable<Uint8Array | string>;
}

/** Throws UsageError where nobody can tell what the file holds. */
export function accountSource({ file, format, providers, stdin }: Asked): AccountSource {
  const isRepeatable = file !== '-';
  const chosen = format ?? formatOf(file);
  if (providers.size > 0 && chosen !== 'keycloak') {
    throw new UsageError('--provider has no effect but with --format keycloak');
  }
  const open = () => (isRepeatable ? chunksOf(file) : stdin);
  return {
    ...{ name: isRepeatable ? file : 'standard input', isRepeatable },
    async accounts() {
      switch (chosen) {
        case 'csv':
          return readCsv(textOf(open()));
        case 'jsonl':
          return readJsonLines(textOf(open()));
        case 'keycloak': {
          const told = isRepeatable ? await keycloakProviders(textOf(open())) : [];
          return readKeycloak(textOf(open()), new Map([...told, ...providers]));
        }
        default:
          chosen satisfies never;
          throw new Error('no such format');
      }
    },
  };
}

function formatOf(file: string): Format {
  if (/\.csv$/i.test(file)) return 'csv';
  if (/\.(?:jsonl|ndjson)$/i.test(file)) return 'jsonl';
  throw new UsageError(
    `--format is missing, and the name of the file does not say: ${FORMATS.join(', ')}`,
  );
}

function chunksOf(file: string): AsyncIterable<Uint8Array> {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw new Error(`is ${kindOf(stats)}; - reads standard input`);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : (code ?? message);
    throw new Error(`reading ${file}: ${why}`, { cause });
  }
  return createReadStream(file);
}
