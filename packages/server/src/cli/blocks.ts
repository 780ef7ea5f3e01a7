import { AdminClient, SERVER_OPTIONS, serverUsage } from './admin-client.ts';
import {
  isoMoment,
  noPositionals,
  type OperatorWorld,
  parsed,
  required,
  UsageError,
} from './options.ts';
import { runVerbs } from './run-verbs.ts';

export const blocksUsage = `Usage: poorter blocks VERB [options]

  add KIND VALUE --reason TEXT [--until 12h|2027-01-31]   KIND: address, network, client, key, subject
  list [--ended]
  undo ID

  A key is named by its id alone, never by itself; as a client it is named by its name, too, in its letters' case.
  A block is in force when the command returns. Every verb takes --json.

${serverUsage}`;

interface Block {
  readonly id: string;
  readonly kind: string;
  readonly value: string;
  readonly reason: string;
  readonly state: string;
  readonly until: string | null;
}

/** `poorter blocks`: who is refused for a time. 0 done, 1 not done, 2 called wrongly. */
export async function blocksCommand(
  argv: readonly string[],
  world: OperatorWorld,
): Promise<number> {
  return runVerbs('blocks', { add, list, undo }, blocksUsage, argv, world);
}

async function add(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    ...SERVER_OPTIONS,
    reason: { type: 'string' },
    until: { type: 'string' },
  });
  const [kind, value, ...more] = positionals;
  noPositionals(more);
  const until = isoMoment(values.until, world.now(), '--until');
  if (!KINDS.includes(required(kind, 'KIND'))) {
    throw new UsageError(`KIND is one of ${KINDS.join(', ')}`);
  }
  const wish = {
    kind,
    value: required(value, 'VALUE'),
    reason: required(values.reason, '--reason'),
    ...(until !== undefined && { until }),
  };
  const client = AdminClient.find(values, world);
  const { body } = await client.call<Block>('POST', '/v1/blocks', wish);
  const doubt = await doubtOf(body, client);
  if (doubt !== null) world.stderr.write(`warning: ${doubt}\n`);
  return tell(body, values.json === true, world);
}

const KINDS: readonly string[] = ['address', 'network', 'client', 'key', 'subject'];

async function doubtOf(block: Block, client: AdminClient): Promise<string | null> {
  if (block.kind === 'key') return doubtOfKey(block, client);
  return block.kind === 'client' ? doubtOfClient(block, client) : null;
}

/** Names are told apart by case, and a client need not be a key: what is nearly one may be a slip. */
async function doubtOfClient({ value }: Block, client: AdminClient): Promise<string | null> {
  const nearly = new Set<string>();
  for await (const { id, name, state } of client.list<KeyNames>('/v1/keys')) {
    if (name === value || id === value) return null;
    const isNearly = plain(name) === plain(value) || plain(id) === plain(value);
    if (isNearly && state === 'active' && nearly.size < NAMED_TOLD) nearly.add(name);
  }
  if (nearly.size === 0) return null;
  const names = [...nearly].map((name) => `'${name}'`).join(', ');
  return `no kept key is called '${value}'; one is called ${names}, which this does not block`;
}

/** Without case, and however many blanks there are. */
function plain(name: string): string {
  return name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

/** A key of a file is not among those that are kept: what names none is blocked all the same. */
async function doubtOfKey({ value }: Block, client: AdminClient): Promise<string | null> {
  const named: string[] = [];
  for await (const { id, name, state } of client.list<KeyNames>('/v1/keys')) {
    if (id === value) return null;
    if (name === value && state === 'active' && named.length < NAMED_TOLD) named.push(id);
  }
  const meant = named.length === 0 ? '' : `; the key of this name has the id ${named.join(', ')}`;
  return `no kept key has the id ${value}${meant}`;
}

const NAMED_TOLD = 5;

interface KeyNames {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

async function list(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, { ...SERVER_OPTIONS, ended: { type: 'boolean' } });
  noPositionals(positionals);
  const client = AdminClient.find(values, world);
  const blocks: Block[] = [];
  for await (const block of client.list<Block>('/v1/blocks', {
    ...(values.ended && { ended: 'true' }),
  })) {
    if (values.json) blocks.push(block);
    else tell(block, false, world);
  }
  if (values.json) world.stdout.write(`${JSON.stringify({ blocks })}\n`);
  return 0;
}

async function undo(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, SERVER_OPTIONS);
  const [id, ...more] = positionals;
  noPositionals(more);
  const path = `/v1/blocks/${encodeURIComponent(required(id, 'ID'))}`;
  const client = AdminClient.find(values, world);
  const { body } = await client.call<Block>('DELETE', path);
  return tell(body, values.json === true, world);
}

function tell(block: Block, isJson: boolean, world: OperatorWorld): number {
  const { id, state, kind, value, until, reason } = block;
  const end = until === null ? 'until undone' : `until ${until}`;
  world.stdout.write(
    isJson
      ? `${JSON.stringify(block)}\n`
      : `${id}  ${state}  ${kind} ${value}  ${end}  ${reason}\n`,
  );
  return 0;
}
