import {
  appendKey,
  createKey,
  readKeyFile,
  revokeKey,
} from '../../../configuration/key-file/index.ts';
import { BYTES_MAX, readTextFile } from '../../../platform/files/index.ts';
import type { CommandWorld } from '../../definition/world.ts';

/** Keys in a file, without a server. */
interface InFile {
  readonly file: string;
  readonly json: boolean;
}

interface NewKey extends InFile {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** ISO time; undefined: it does not end. */
  readonly expires: string | undefined;
}

export async function createInFile(wish: NewKey, world: CommandWorld): Promise<number> {
  const { file, name, scopes, roles, expires, json } = wish;
  const expiresAt = expires === undefined ? null : Date.parse(expires) / 1000;
  const { key, record } = createKey({ name, scopes, roles, expiresAt, random: world.random });
  await appendKey(file, record, world.now());
  if (json) {
    const { hash: _, ...shown } = record;
    writeJson(world, { key, ...shown });
    return 0;
  }
  // The key alone on standard output, so that it can be piped into a secret store.
  world.stdout.write(`${key}\n`);
  world.stderr.write(`${record.id} (${name}) is in ${file}. The key is shown this once.\n`);
  return 0;
}

export async function listFile({ file, json }: InFile, world: CommandWorld): Promise<number> {
  const { entries, diagnostics } = readKeyFile(file, readText(file));
  for (const { line, column, message, suggestion } of diagnostics) {
    const hint = suggestion === undefined ? '' : ` (${suggestion})`;
    world.stderr.write(`${file}:${line}:${column}: ${message}${hint}\n`);
  }
  if (diagnostics.length > 0) return 1;
  if (json) {
    writeJson(world, { keys: entries.map(({ hash: _, ...shown }) => shown) });
    return 0;
  }
  for (const { id, name, scopes, roles, expires } of entries) {
    const isOver = expires !== null && Date.parse(expires) <= world.now();
    const end = expires === null ? 'no expiry' : `${isOver ? 'EXPIRED' : 'expires'} ${expires}`;
    const grants = [...scopes, ...roles.map((role) => `role:${role}`)].join(',') || '-';
    world.stdout.write(`${id}  ${name}  ${grants}  ${end}\n`);
  }
  return 0;
}

export async function revokeInFile(
  { file, json, key }: InFile & { readonly key: string },
  world: CommandWorld,
): Promise<number> {
  readText(file);
  const removed = await revokeKey(file, key);
  if (removed === undefined) throw new Error(`${file} has no key ${key}`);
  if (json) writeJson(world, { revoked: { id: removed.id, name: removed.name } });
  else world.stdout.write(`revoked ${removed.id} (${removed.name})\n`);
  return 0;
}

function readText(file: string): string {
  try {
    return readTextFile(file, BYTES_MAX.keyFile);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`reading ${file}: ${code === 'ENOENT' ? 'there is no such file' : code}`, {
      cause,
    });
  }
}

function writeJson(world: CommandWorld, value: unknown): void {
  world.stdout.write(`${JSON.stringify(value)}\n`);
}
