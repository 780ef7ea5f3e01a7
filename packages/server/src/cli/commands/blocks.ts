import { closestName } from '../../configuration/closest-name.ts';
import type { Block } from '../../messages/admin-contract.generated.ts';
import { AdminClient, AdminRefusal } from '../admin-client.ts';
import { defineCommand, defineVerb } from '../definition/define-command.ts';
import { futureTime } from '../definition/value-readers.ts';
import type { CommandWorld } from '../definition/world.ts';
import { SERVER_ENVIRONMENT, SERVER_OPTIONS } from './shared-options.ts';

const add = defineVerb({
  purpose: 'refuses somebody; in force when the command returns',
  about:
    "A key is named by its id alone, never by itself; as a client it is named by its name, too, in its letters' case.",
  arguments: {
    kind: {
      value: 'KIND',
      oneOf: ['address', 'network', 'client', 'key', 'subject'],
      says: 'what is refused',
    },
    value: { value: 'VALUE', says: 'an address, a network in CIDR, a name or an id' },
  },
  options: {
    reason: { value: 'TEXT', isRequired: true, says: 'why; it stands in the list and in the log' },
    until: {
      value: '12h|DATE',
      read: futureTime,
      says: 'when the block ends',
      otherwise: 'when it is undone',
    },
    ...SERVER_OPTIONS,
  },
  examples: [
    {
      line: 'poorter blocks add network 203.0.113.0/24 --reason "guesses passwords" --until 12h',
      says: 'nobody from this network is let in for twelve hours',
    },
  ],
  async run({ kind, value, reason, until, ...given }, world) {
    const wish = { kind, value, reason, ...(until !== undefined && { until }) };
    const client = AdminClient.find(given, world.environment);
    const { body } = await client.call('createBlock', { body: wish });
    const doubt = await doubtOf(body, client);
    if (doubt !== null) world.stderr.write(`warning: ${doubt}\n`);
    return tell(body, given.json, world);
  },
});

const list = defineVerb({
  purpose: 'blocks in force, newest first',
  options: { ended: { says: 'also those that ended or were undone' }, ...SERVER_OPTIONS },
  async run({ ended, ...given }, world) {
    const client = AdminClient.find(given, world.environment);
    const blocks: Block[] = [];
    const query = ended ? { ended } : {};
    for await (const block of client.list('listBlocks', query)) {
      if (given.json) blocks.push(block);
      else tell(block, false, world);
    }
    if (given.json) world.stdout.write(`${JSON.stringify({ blocks })}\n`);
    return 0;
  },
});

const undo = defineVerb({
  purpose: 'lets in again whom a block refused',
  arguments: { id: { value: 'ID', says: 'as `poorter blocks list` shows it' } },
  options: SERVER_OPTIONS,
  async run({ id, ...given }, world) {
    const client = AdminClient.find(given, world.environment);
    const { body } = await client.call('undoBlock', { path: { id } });
    return tell(body, given.json, world);
  },
});

export const command = defineCommand({
  name: 'blocks',
  purpose: 'who is refused for a time',
  environment: SERVER_ENVIRONMENT,
  verbs: { add, list, undo },
});

async function doubtOf(block: Block, client: AdminClient): Promise<string | null> {
  if (block.kind === 'key') return doubtOfKey(block, client);
  return block.kind === 'client' ? doubtOfClient(block, client) : null;
}

/**
 * Names are told apart by case, and a client need not be known here. What nobody has is most likely a slip, and whoever
 * was meant goes on.
 */
async function doubtOfClient({ value }: Block, client: AdminClient): Promise<string | null> {
  const known = new Map<string, string>();
  for await (const { id, name, state } of client.list('listKeys')) {
    if (name === value || id === value) return null;
    if (state === 'active') known.set(name, name).set(id, name);
  }
  for await (const { id, name } of ownClients(client)) {
    if (id === value) return null;
    known.set(id, id).set(name, `${id} (${name})`);
  }
  const alike = [...known].filter(([one]) => plain(one) === plain(value)).map(([, name]) => name);
  const nearest = known.get(closestName(value, [...known.keys()]) ?? '');
  const near = new Set([...alike, ...(nearest === undefined ? [] : [nearest])]);
  const names = [...near].slice(0, NAMED_TOLD).map((name) => `'${name}'`);
  const meant =
    names.length === 0 ? '' : `; one is called ${names.join(', ')}, which this does not block`;
  return `no kept key is called '${value}', and no client is known by it${meant}`;
}

/** Of the authorization server, where there is one, and the operator may see them. */
async function* ownClients(client: AdminClient): AsyncGenerator<{ id: string; name: string }> {
  try {
    yield* client.list('listClients');
  } catch (error) {
    if (!(error instanceof AdminRefusal)) throw error;
  }
}

/** Without case, and however many blanks there are. */
function plain(name: string): string {
  return name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

/** A key of a file is not among those that are kept: what names none is blocked all the same. */
async function doubtOfKey({ value }: Block, client: AdminClient): Promise<string | null> {
  const named: string[] = [];
  for await (const { id, name, state } of client.list('listKeys')) {
    if (id === value) return null;
    if (name === value && state === 'active' && named.length < NAMED_TOLD) named.push(id);
  }
  const meant = named.length === 0 ? '' : `; the key of this name has the id ${named.join(', ')}`;
  return `no kept key has the id ${value}${meant}`;
}

const NAMED_TOLD = 5;

function tell(block: Block, isJson: boolean, world: CommandWorld): number {
  const { id, state, kind, value, until, reason } = block;
  const end = until === null ? 'until undone' : `until ${until}`;
  world.stdout.write(
    isJson
      ? `${JSON.stringify(block)}\n`
      : `${id}  ${state}  ${kind} ${value}  ${end}  ${reason}\n`,
  );
  return 0;
}
