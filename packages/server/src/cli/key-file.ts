import { appendKey, createKey, readKeyFile, revokeKey } from '../configuration/key-file/index.ts';
import { BYTES_MAX, readTextFile } from '../platform/files/index.ts';
import {
  listed,
  moment,
  noPositionals,
  parsed,
  refuseKeyIn,
  required,
  UsageError,
} from './options.ts';

export interface KeyFileWorld {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

export const keyFileUsage = `  poorter keys create --file keys.yaml --name NAME [--scopes a,b] [--roles r] [--expires 90d|2027-01-31] [--json]
  poorter keys list   --file keys.yaml [--json]
  poorter keys revoke ID|NAME --file keys.yaml [--json]
`;

/** `poorter keys --file`: 0 done, 1 not done, 2 called wrongly. */
export async function keyFileCommand(
  argv: readonly string[],
  world: KeyFileWorld,
): Promise<number> {
  const [verb, ...rest] = argv;
  try {
    refuseKeyIn(argv);
    switch (verb) {
      case 'create':
        return await create(rest, world);
      case 'list':
        return await list(rest, world);
      case 'revoke':
        return await revoke(rest, world);
      case '--help':
      case '-h':
        world.stdout.write(keyFileUsage);
        return 0;
      default:
        throw new UsageError(verb === undefined ? 'a verb is missing' : `no such verb: ${verb}`);
    }
  } catch (error) {
    world.stderr.write(`poorter keys: ${(error as Error).message}\n`);
    if (!(error instanceof UsageError)) return 1;
    world.stderr.write(keyFileUsage);
    return 2;
  }
}

async function create(argv: readonly string[], world: KeyFileWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    file: { type: 'string' },
    name: { type: 'string' },
    scopes: { type: 'string' },
    roles: { type: 'string' },
    expires: { type: 'string' },
    json: { type: 'boolean' },
  });
  noPositionals(positionals);
  const file = required(values.file, '--file');
  const name = required(values.name, '--name');
  const expiresAt =
    values.expires === undefined ? null : moment(values.expires, world.now(), '--expires');
  const scopes = listed(values.scopes);
  const roles = listed(values.roles);
  const { key, record } = createKey({ name, scopes, roles, expiresAt, random: world.random });
  await appendKey(file, record, world.now());
  if (values.json) {
    const { hash: _, ...shown } = record;
    writeJson(world, { key, ...shown });
    return 0;
  }
  // The key alone on standard output, so that it can be piped into a secret store.
  world.stdout.write(`${key}\n`);
  world.stderr.write(`${record.id} (${name}) is in ${file}. The key is shown this once.\n`);
  return 0;
}

async function list(argv: readonly string[], world: KeyFileWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    file: { type: 'string' },
    json: { type: 'boolean' },
  });
  noPositionals(positionals);
  const file = required(values.file, '--file');
  const { entries, diagnostics } = readKeyFile(file, await readText(file));
  for (const { line, column, message, suggestion } of diagnostics) {
    const hint = suggestion === undefined ? '' : ` (${suggestion})`;
    world.stderr.write(`${file}:${line}:${column}: ${message}${hint}\n`);
  }
  if (diagnostics.length > 0) return 1;
  if (values.json) {
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

async function revoke(argv: readonly string[], world: KeyFileWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    file: { type: 'string' },
    json: { type: 'boolean' },
  });
  const [idOrName, ...more] = positionals;
  noPositionals(more);
  const wanted = required(idOrName, 'ID or NAME');
  const file = required(values.file, '--file');
  await readText(file);
  const removed = await revokeKey(file, wanted);
  if (removed === undefined) {
    world.stderr.write(`poorter keys: ${file} has no key ${wanted}\n`);
    return 1;
  }
  if (values.json) writeJson(world, { revoked: { id: removed.id, name: removed.name } });
  else world.stdout.write(`revoked ${removed.id} (${removed.name})\n`);
  return 0;
}

async function readText(file: string): Promise<string> {
  try {
    return readTextFile(file, BYTES_MAX.keyFile);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`reading ${file}: ${code === 'ENOENT' ? 'there is no such file' : code}`, {
      cause,
    });
  }
}

function writeJson(world: KeyFileWorld, value: unknown): void {
  world.stdout.write(`${JSON.stringify(value)}\n`);
}
