import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { appendKey, createKey, readKeyFile, revokeKey } from '../keys/index.ts';

export interface KeysCommandWorld {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

/** What `poorter keys --help` says. */
export const keysUsage = `usage:
  poorter keys create --file keys.yaml --name NAME [--scopes a,b] [--roles r] [--expires 90d|2027-01-31] [--json]
  poorter keys list   --file keys.yaml [--json]
  poorter keys revoke ID|NAME --file keys.yaml [--json]
`;

/** A mistake in how the command was called, not in what it found. */
class UsageError extends Error {}

/** `poorter keys`: 0 done, 1 not done, 2 called wrongly. */
export async function keysCommand(
  argv: readonly string[],
  world: KeysCommandWorld,
): Promise<number> {
  const [verb, ...rest] = argv;
  try {
    switch (verb) {
      case 'create':
        return await create(rest, world);
      case 'list':
        return await list(rest, world);
      case 'revoke':
        return await revoke(rest, world);
      case '--help':
      case '-h':
        world.stdout.write(keysUsage);
        return 0;
      default:
        throw new UsageError(verb === undefined ? 'a verb is missing' : `no such verb: ${verb}`);
    }
  } catch (error) {
    world.stderr.write(`poorter keys: ${(error as Error).message}\n`);
    if (!(error instanceof UsageError)) return 1;
    world.stderr.write(keysUsage);
    return 2;
  }
}

async function create(argv: readonly string[], world: KeysCommandWorld): Promise<number> {
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
  const expiresAt = values.expires === undefined ? null : expiry(values.expires, world.now());
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

async function list(argv: readonly string[], world: KeysCommandWorld): Promise<number> {
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

async function revoke(argv: readonly string[], world: KeysCommandWorld): Promise<number> {
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

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

function parsed<const Wanted extends Options>(argv: readonly string[], options: Wanted) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function noPositionals(positionals: readonly string[]): void {
  if (positionals.length > 0) throw new UsageError(`unexpected argument: ${positionals[0]}`);
}

function required(value: string | undefined, name: string): string {
  if (value === undefined || value === '') throw new UsageError(`${name} is missing`);
  return value;
}

function listed(text: string | undefined): string[] {
  const items = (text ?? '').split(',').map((item) => item.trim());
  return [...new Set(items.filter((item) => item !== ''))];
}

const UNIT_SECONDS = { h: 3600, d: 86_400, w: 604_800 } as const;

/** Seconds since the epoch. A key that has already expired helps nobody. */
function expiry(text: string, nowMs: number): number {
  const span = /^(\d{1,5})([hdw])$/.exec(text);
  const seconds =
    span === null
      ? isoSeconds(text)
      : Math.floor(nowMs / 1000) +
        Number(span[1]) * UNIT_SECONDS[span[2] as keyof typeof UNIT_SECONDS];
  if (seconds > nowMs / 1000) return seconds;
  throw new UsageError('--expires must be in the future: 90d, 12h, 4w or an ISO date');
}

function isoSeconds(text: string): number {
  if (!/^\d{4}-\d\d-\d\d(T.+)?$/.test(text)) return Number.NaN;
  return Math.floor(Date.parse(text) / 1000);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`reading ${file}: ${code === 'ENOENT' ? 'there is no such file' : code}`, {
      cause,
    });
  }
}

function writeJson(world: KeysCommandWorld, value: unknown): void {
  world.stdout.write(`${JSON.stringify(value)}\n`);
}
