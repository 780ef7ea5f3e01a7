import { join, resolve } from 'node:path';
import type { DatabasePlace } from '../platform/database/index.ts';
import { isSecretReference, readSecret } from '../platform/secrets/index.ts';
import { RefusedConfiguration } from './refused-configuration.ts';
import type { Configuration } from './schema.ts';

export interface Storage {
  /** Absolute. Local also with PostgreSQL: locks, tombstones, spool. */
  readonly dataDirectory: string;
  readonly state: DatabasePlace;
  /** Apart from the state: what is appended all day must not slow the rest. */
  readonly log: DatabasePlace;
  /** What our own authorization server hands out: a flood of logins takes no other's turn. */
  readonly issuer: DatabasePlace;
}

type Wishes = Pick<Configuration, 'storage' | 'dataDirectory'>;

const DEFAULT_DIRECTORY = './poorter-data';
const DEFAULT_SCHEMA = 'poorter';
const POSTGRES = /^postgres(?:ql)?:\/\//i;

/** Without reading any secret. */
export function dataDirectoryOf({ storage, dataDirectory }: Wishes, baseDirectory: string): string {
  return resolve(
    baseDirectory,
    dataDirectory ?? (isDirectory(storage) ? storage : DEFAULT_DIRECTORY),
  );
}

/** State and log lie in the data directory itself. */
export function isDirectory(storage: Wishes['storage']): boolean {
  return !POSTGRES.test(storage) && !isSecretReference(storage);
}

/** Where everything is kept. Throws RefusedConfiguration, never with the text of a secret in it. */
export function resolveStorage(
  wishes: Wishes,
  baseDirectory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Storage {
  const dataDirectory = dataDirectoryOf(wishes, baseDirectory);
  const given = readIndirect(wishes.storage, baseDirectory, environment);
  if (given === null) {
    const fileOf = (name: string) => ({ kind: 'sqlite' as const, file: join(dataDirectory, name) });
    return {
      ...{ dataDirectory, state: fileOf('state.sqlite'), log: fileOf('log.sqlite') },
      issuer: fileOf('issuer.sqlite'),
    };
  }
  if (!POSTGRES.test(given) || !URL.canParse(given)) {
    throw refusal('storage: what it names is not a URL of the form postgres://…');
  }
  const url = new URL(given);
  const schema = url.searchParams.get('schema') ?? DEFAULT_SCHEMA;
  if (!/^[a-z_][a-z0-9_]{0,44}$/.test(schema)) {
    throw refusal('storage: schema takes a-z, 0-9 and _, and starts with a letter');
  }
  url.searchParams.delete('schema');
  const placeOf = (name: string) => ({
    ...{ kind: 'postgres' as const, url: url.href, schema: name },
  });
  return {
    ...{ dataDirectory, state: placeOf(schema), log: placeOf(`${schema}_log`) },
    issuer: placeOf(`${schema}_issuer`),
  };
}

/** Null: `storage` is a directory. */
function readIndirect(
  storage: string,
  baseDirectory: string,
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  if (POSTGRES.test(storage)) return storage;
  if (!isSecretReference(storage)) return null;
  try {
    return readSecret(storage, { environment, baseDirectory });
  } catch (error) {
    throw refusal(`storage: ${(error as Error).message}`);
  }
}

function refusal(message: string): RefusedConfiguration {
  const place = { file: 'configuration', line: 1, column: 1 };
  return new RefusedConfiguration(
    [{ severity: 'error', code: 'configuration', ...place, message }],
    [],
  );
}
