import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, linkSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DRAFT_END, isThere, kindOf, syncDirectory, writeNew } from '../files/index.ts';
import {
  type MasterKeyProvider,
  MasterKeyUnavailableError,
  WrongMasterKeyError,
} from './master-key-provider.ts';
import { KEY_BYTES, openBytes, SealBrokenError, sealBytes } from './sealed-bytes.ts';
import { readSecret, type SecretPlaces } from './secret-text.ts';

const CONTEXT = 'poorter master key 1';
/** Nobody but the owner; 32 bytes in base64 with room for spaces. */
const MODES = [0o600, 0o400];
const FILE_BYTES_MAX = 1_024;

/**
 * A master key in a file. With `create`, a missing file is made when something is wrapped for the
 * first time: a database that has keys already is never met by a new master key.
 */
export function fileMasterKey(
  path: string,
  options: { create: boolean; onCreated?: (path: string) => void },
): MasterKeyProvider {
  const read = () => readKeyFile(path);
  const readOrCreate = () => {
    if (options.create && createKeyFile(path)) options.onCreated?.(path);
    return read();
  };
  const isToBeMade = () => options.create && !isThere(path);
  return {
    ...localProvider(`file:${path}`, read, readOrCreate),
    inspect: () => {
      if (!isToBeMade()) read();
    },
  };
}

/** A master key in an environment variable: `env:NAME`. */
export function environmentMasterKey(reference: string, places: SecretPlaces): MasterKeyProvider {
  const read = () => {
    let text: string;
    try {
      text = readSecret(reference, places);
    } catch (cause) {
      const why = (cause as Error).message;
      throw new MasterKeyUnavailableError(`reading the master key: ${why}`, { cause });
    }
    return parseKey(text, reference);
  };
  return localProvider(reference, read, read);
}

function localProvider(
  id: string,
  keyToUnwrap: () => Buffer,
  keyToWrap: () => Buffer,
): MasterKeyProvider {
  return {
    ...{ id, isElsewhere: false },
    inspect: () => void keyToUnwrap(),
    wrap: async (plain, context) => sealBytes(keyToWrap(), plain, [CONTEXT, context]),
    unwrap: async (wrapped, context) => {
      try {
        return openBytes(keyToUnwrap(), wrapped, [CONTEXT, context]);
      } catch (cause) {
        if (!(cause instanceof SealBrokenError)) throw cause;
        throw new WrongMasterKeyError(`the master key ${id} did not wrap this`, { cause });
      }
    },
  };
}

function readKeyFile(path: string): Buffer {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const fault = code === 'ENOENT' ? 'there is no such file' : code;
    throw new MasterKeyUnavailableError(`reading the master key in ${path}: ${fault}`, { cause });
  }
  try {
    const stats = fstatSync(file);
    const { mode, size } = stats;
    if (!stats.isFile()) {
      throw new MasterKeyUnavailableError(
        `${path} is ${kindOf(stats)}: the master key is kept in a regular file`,
      );
    }
    if (!MODES.includes(mode & 0o777)) {
      throw new MasterKeyUnavailableError(
        `others may read the master key in ${path} (mode ${(mode & 0o777).toString(8)}): chmod 600 it`,
      );
    }
    if (size > FILE_BYTES_MAX) throw new MasterKeyUnavailableError(`${path} is no master key`);
    return parseKey(readFileSync(file, 'utf8'), path);
  } finally {
    closeSync(file);
  }
}

/** True when this call made it. It is on disk, whole, before anything can be wrapped with it. */
function createKeyFile(path: string): boolean {
  const draft = `${path}.${randomBytes(6).toString('hex')}${DRAFT_END}`;
  writeNew(draft, `${randomBytes(KEY_BYTES).toString('base64')}\n`, 0o600);
  try {
    // Fails when the file exists: of two that start at once, one makes it and both read it.
    linkSync(draft, path);
    syncDirectory(dirname(path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft);
  }
}

/** 32 bytes as 64 hexadecimal digits, or in base64 or base64url. */
function parseKey(given: string, where: string): Buffer {
  const text = given.trim();
  const key = /^[0-9a-fA-F]{64}$/.test(text)
    ? Buffer.from(text, 'hex')
    : /^[A-Za-z0-9+/_-]{43}=?$/.test(text)
      ? Buffer.from(text, 'base64')
      : null;
  if (key?.length === KEY_BYTES) return key;
  throw new MasterKeyUnavailableError(
    `${where} must hold a master key of 32 random bytes in base64 or hex (openssl rand -base64 32)`,
  );
}
