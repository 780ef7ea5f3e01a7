import { AdminClient, AdminRefusal, SERVER_OPTIONS, serverUsage } from './admin-client.ts';
import { keyFileCommand, keyFileUsage } from './key-file.ts';
import { LIMIT_OPTIONS, limitsOf } from './limit-options.ts';
import {
  isoMoment,
  isoTime,
  listed,
  noPositionals,
  type OperatorWorld,
  parsed,
  readInput,
  required,
  spanSeconds,
  UsageError,
} from './options.ts';
import { runVerbs } from './run-verbs.ts';

/** What `poorter keys --help` says. */
export const keysUsage = `Usage: poorter keys VERB [options]

  create --name NAME [--owner WHO] [--scopes a,b] [--roles r] [--networks 10.0.0.0/8,…]
         [--rate 60/minute,…] [--quota 1000/day,…] [--concurrency 5] [--limits JSON]
         [--expires 90d|2027-01-31]
  list   [--state active|expired|revoked|rotated] [--owner WHO]
  show   ID
  rotate ID [--overlap 30m|24h|7d|0m] [--expires 90d|2027-01-31]   --overlap: how long the old key
         is accepted beside the new one   (default 24h; at most 90d; 0m: it ends at once)
  change ID [--name NAME] [--scopes a,b] [--roles r] [--networks …] [--expires 90d|never]
  unused ID [--days 90]        scopes and roles that nothing it called has asked for
  revoke ID|NAME [--reason TEXT]
  leaked KEY | --stdin [--since 2026-11-01T00:00:00Z] [--no-replace]

  A key is printed once, alone on standard output; what else there is to say goes to standard error.
  A revocation returns when every gateway thread refuses the key. Every verb takes --json.

  --rate is per second, minute, hour or day (GCRA), --quota per day or month (calendar, UTC); both
  take several, as in --rate 10/second,300/minute. --limits takes the same as JSON, with everything
  that x-poorter knows: '{"limit":{"requests":60,"per":"minute","burst":10},
  "quota":[{"requests":1000,"per":"day"}],"concurrency":{"calls":5}}'.

${serverUsage}
Without a server, in a key file:

${keyFileUsage}`;

interface Key {
  readonly id: string;
  readonly client: string;
  readonly name: string;
  readonly owner: string | null;
  readonly prefix: string;
  readonly state: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly expires: string | null;
  readonly lastUsed: string | null;
  readonly rotation: string;
}

interface NewKey {
  readonly key: string;
  readonly record: Key;
  readonly warnings?: readonly string[];
}

/** `poorter keys`: 0 done, 1 not done, 2 called wrongly. */
export async function keysCommand(argv: readonly string[], world: OperatorWorld): Promise<number> {
  if (argv.some((one) => one === '--file' || one.startsWith('--file='))) {
    return keyFileCommand(argv, world);
  }
  return runVerbs(
    'keys',
    { create, list, show, rotate, change, unused, revoke, leaked },
    keysUsage,
    argv,
    world,
  );
}

async function create(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    ...SERVER_OPTIONS,
    name: { type: 'string' },
    owner: { type: 'string' },
    scopes: { type: 'string' },
    roles: { type: 'string' },
    networks: { type: 'string' },
    ...LIMIT_OPTIONS,
    expires: { type: 'string' },
  });
  noPositionals(positionals);
  const wish = {
    name: required(values.name, '--name'),
    ...(values.owner !== undefined && { owner: values.owner }),
    scopes: listed(values.scopes),
    roles: listed(values.roles),
    networks: listed(values.networks),
    ...limitsOf(values),
    ...expiry(values.expires, world),
  };
  const client = AdminClient.find(values, world);
  const { body } = await client.call<NewKey>('POST', '/v1/keys', wish);
  return tellNew(body, values.json === true, world);
}

async function list(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    ...SERVER_OPTIONS,
    state: { type: 'string' },
    owner: { type: 'string' },
  });
  noPositionals(positionals);
  const client = AdminClient.find(values, world);
  const query = {
    ...(values.state !== undefined && { state: values.state }),
    ...(values.owner !== undefined && { owner: values.owner }),
  };
  const keys: Key[] = [];
  for await (const key of client.list<Key>('/v1/keys', query)) {
    if (values.json) keys.push(key);
    else world.stdout.write(`${lineOf(key)}\n`);
  }
  if (values.json) world.stdout.write(`${JSON.stringify({ keys })}\n`);
  return 0;
}

async function show(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, SERVER_OPTIONS);
  const given = wanted(positionals);
  const client = AdminClient.find(values, world);
  const id = await idOf(given, client);
  const { body } = await client.call<Key>('GET', `/v1/keys/${id}`);
  if (values.json) world.stdout.write(`${JSON.stringify(body)}\n`);
  else {
    for (const [name, value] of Object.entries(body)) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (value !== null) world.stdout.write(`${name.padEnd(14)} ${text}\n`);
    }
  }
  return 0;
}

async function rotate(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    ...SERVER_OPTIONS,
    overlap: { type: 'string' },
    expires: { type: 'string' },
  });
  const overlapSeconds = values.overlap === undefined ? undefined : spanSeconds(values.overlap);
  if (Number.isNaN(overlapSeconds)) throw new UsageError('--overlap takes 30m, 24h, 7d or 0m');
  const wish = {
    ...(overlapSeconds !== undefined && { overlapSeconds }),
    ...expiry(values.expires, world),
  };
  const given = wanted(positionals);
  const client = AdminClient.find(values, world);
  const id = await idOf(given, client);
  const { body } = await client.call<NewKey>('POST', `/v1/keys/${id}/rotate`, wish);
  return tellNew(body, values.json === true, world);
}

async function change(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    ...SERVER_OPTIONS,
    name: { type: 'string' },
    scopes: { type: 'string' },
    roles: { type: 'string' },
    networks: { type: 'string' },
    expires: { type: 'string' },
  });
  const given = wanted(positionals);
  const wish = {
    ...(values.name !== undefined && { name: values.name }),
    ...(values.scopes !== undefined && { scopes: listed(values.scopes) }),
    ...(values.roles !== undefined && { roles: listed(values.roles) }),
    ...(values.networks !== undefined && { networks: listed(values.networks) }),
    ...(values.expires === 'never' ? { expires: null } : expiry(values.expires, world)),
  };
  if (Object.keys(wish).length === 0) throw new UsageError('nothing to change was given');
  const client = AdminClient.find(values, world);
  const path = `/v1/keys/${await idOf(given, client)}`;
  const { etag } = await client.call<Key>('GET', path);
  const { body } = await client.call<Key & { warnings?: string[] }>('PATCH', path, wish, {
    'if-match': etag ?? '',
  });
  warn(body.warnings ?? [], world);
  world.stdout.write(values.json ? `${JSON.stringify(body)}\n` : `${lineOf(body)}\n`);
  return 0;
}

async function unused(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, { ...SERVER_OPTIONS, days: { type: 'string' } });
  const given = wanted(positionals);
  const client = AdminClient.find(values, world);
  const id = await idOf(given, client);
  const days = values.days === undefined ? '' : `?days=${encodeURIComponent(values.days)}`;
  const { body } = await client.call<Unused>('GET', `/v1/keys/${id}/unused${days}`);
  if (values.json) {
    world.stdout.write(`${JSON.stringify(body)}\n`);
    return 0;
  }
  const rights = [...body.scopes, ...body.roles.map((role) => `role:${role}`)];
  world.stdout.write(rights.map((right) => `${right}\n`).join(''));
  world.stderr.write(
    `${rights.length} unused since ${body.since}; it called ${body.operations.length} operations. ` +
      `To take rights back: poorter keys change ${id} --scopes …\n`,
  );
  return 0;
}

interface Unused {
  readonly since: string;
  readonly operations: readonly string[];
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

async function revoke(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, { ...SERVER_OPTIONS, reason: { type: 'string' } });
  const given = wanted(positionals);
  const client = AdminClient.find(values, world);
  const id = await idOf(given, client);
  const wish = values.reason === undefined ? {} : { reason: values.reason };
  const { body } = await client.call<Key>('POST', `/v1/keys/${id}/revoke`, wish);
  if (values.json) world.stdout.write(`${JSON.stringify(body)}\n`);
  else world.stdout.write(`revoked ${body.id} (${body.name}); every gateway refuses it\n`);
  return 0;
}

/** Standard input may hold one key among other text, such as a line of a scanner's report. */
const INPUT_CHARS_MAX = 1_048_576;

async function leaked(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    ...SERVER_OPTIONS,
    stdin: { type: 'boolean' },
    since: { type: 'string' },
    'no-replace': { type: 'boolean' },
  });
  const text = values.stdin ? await readInput(world, INPUT_CHARS_MAX) : positionals.shift();
  noPositionals(positionals);
  const keys = [...new Set((text ?? '').match(/poorter_[0-9A-Za-z]{49}/g) ?? [])];
  if (keys.length === 0) throw new UsageError('no key of the form poorter_… was given');
  const client = AdminClient.find(values, world);
  let status = 0;
  for (const key of keys) {
    const wish = {
      key,
      replace: values['no-replace'] !== true,
      ...(values.since !== undefined && { leakedAt: isoTime(values.since, '--since') }),
    };
    try {
      const { body } = await client.call<Leak>('POST', '/v1/keys/leaked', wish);
      tellLeak(body, values.json === true, world);
      if (body.unconfirmed.length > 0) status = 1;
    } catch (error) {
      // Never the key itself: what is wrong with it is told by where it starts.
      world.stderr.write(`${key.slice(0, 12)}…: ${(error as Error).message}\n`);
      status = 1;
    }
  }
  return status;
}

interface Leak {
  readonly revoked: Key;
  readonly replacement: NewKey | null;
  readonly unconfirmed: readonly string[];
  /** Null: the log could not be read. */
  readonly uses:
    | readonly {
        operation: string | null;
        address: string | null;
        calls: number;
        first: string;
        last: string;
      }[]
    | null;
}

function tellLeak(leak: Leak, isJson: boolean, world: OperatorWorld): void {
  if (isJson) {
    world.stdout.write(`${JSON.stringify(leak)}\n`);
    return;
  }
  const { revoked, replacement, uses, unconfirmed } = leak;
  const say = (text: string) => world.stderr.write(`${text}\n`);
  say(
    unconfirmed.length === 0
      ? `revoked ${revoked.id} (${revoked.name}); every gateway refuses it`
      : `revoked ${revoked.id} (${revoked.name}); NOT CONFIRMED by ${unconfirmed.join(', ')}`,
  );
  if (replacement !== null) {
    world.stdout.write(`${replacement.key}\n`);
    say(`its replacement ${replacement.record.id} is on standard output, this once`);
  }
  if (uses === null) say('the log could not be read: where it was used is not known');
  else say(uses.length === 0 ? 'it was not used since' : 'it was used since:');
  for (const { operation, address, calls, first, last } of uses ?? []) {
    say(
      `  ${calls} × ${operation ?? '?'} from ${address ?? 'an erased address'}, ${first} to ${last}`,
    );
  }
}

function tellNew(made: NewKey, isJson: boolean, world: OperatorWorld): number {
  const { key, record, warnings = [] } = made;
  warn(warnings, world);
  if (isJson) {
    const told = warnings.length === 0 ? {} : { warnings };
    world.stdout.write(`${JSON.stringify({ key, ...record, ...told })}\n`);
  } else {
    // The key alone on standard output, so that it can be piped into a secret store.
    world.stdout.write(`${key}\n`);
    world.stderr.write(`${record.id} (${record.name}). The key is shown this once.\n`);
  }
  return 0;
}

function warn(warnings: readonly string[], world: OperatorWorld): void {
  for (const warning of warnings) world.stderr.write(`warning: ${warning}\n`);
}

function lineOf({ id, name, state, scopes, roles, expires, lastUsed, rotation }: Key): string {
  const grants = [...scopes, ...roles.map((role) => `role:${role}`)].join(',') || '-';
  const due = rotation === 'due' || rotation === 'overdue' ? `  rotation ${rotation}` : '';
  const end = expires === null ? 'no expiry' : `expires ${expires}`;
  return `${id}  ${state}  ${name}  ${grants}  ${end}  ${lastUsed === null ? 'never used' : `used ${lastUsed}`}${due}`;
}

function wanted(positionals: string[]): string {
  const given = required(positionals.shift(), 'ID or NAME');
  noPositionals(positionals);
  return given;
}

/** Of an id, or of a name that only one key has. An id wins: no key hides behind another's. */
async function idOf(given: string, client: AdminClient): Promise<string> {
  const asId = encodeURIComponent(given);
  const known = await client.call<Key>('GET', `/v1/keys/${asId}`).catch((error: unknown) => {
    if (error instanceof AdminRefusal && [400, 404].includes(error.status)) return null;
    throw error;
  });
  if (known !== null) return asId;
  const named: Key[] = [];
  for await (const key of client.list<Key>('/v1/keys')) if (key.name === given) named.push(key);
  const alive = named.filter(({ state }) => state === 'active');
  const [only, ...others] = alive.length > 0 ? alive : named;
  if (only === undefined) throw new Error(`there is no key with the id or name ${given}`);
  if (others.length === 0) return encodeURIComponent(only.id);
  const ids = [only, ...others].map(({ id }) => id).join(', ');
  throw new Error(`several keys are called ${given}: say which by its id (${ids})`);
}

function expiry(text: string | undefined, world: OperatorWorld): { expires?: string } {
  const expires = isoMoment(text, world.now(), '--expires');
  return expires === undefined ? {} : { expires };
}
