import {
  type Block,
  type BlockKind,
  keptLimitsSchema,
  type LiveChange,
  type LiveMessage,
  type LiveState,
  type ManagedKey,
} from '@poorter/engine';

const BLOCK_KINDS: ReadonlySet<string> = new Set<BlockKind>([
  'address',
  'network',
  'client',
  'key',
  'subject',
]);
const BLOCK_MEMBERS = ['id', 'kind', 'value', 'untilMs'];
const KEY_MEMBERS = [
  ...['id', 'client', 'name', 'hash', 'scopes', 'roles', 'networks', 'expiresAt', 'limits'],
];
const STATE_MEMBERS = ['sequence', 'keyHashKey', 'keys', 'blocks'];
const CHANGE_MEMBERS = ['sequence', 'keys', 'blocks'];
const LIST_MEMBERS = ['put', 'removed'];
const STRANGERS_TOLD = 20;

/**
 * Live state from a control that may be newer. What this version does not know could take a right
 * away: it is never passed over as if it were nothing. A key with a member that is not known is not
 * accepted at all; any other stranger stays unconfirmed for as long as it is in force.
 */
export class LiveReading {
  /** What is in force and not understood, with the sequence by which it came. */
  readonly #strangers = new Map<string, number>();

  /** What of a message is understood. */
  read(message: LiveMessage): LiveMessage {
    if (message.type === 'live') {
      this.#strangers.clear();
      const { state } = message;
      const { sequence } = state;
      this.#noteMembers(state, STATE_MEMBERS, sequence);
      return {
        type: 'live',
        state: {
          ...{ sequence, keyHashKey: state.keyHashKey },
          keys: state.keys.filter((key) => this.#knowsKey(key, sequence)),
          blocks: state.blocks.filter((block) => this.#knowsBlock(block, sequence)),
        },
      };
    }
    const { sequence, keys, blocks } = message.change;
    this.#noteMembers(message.change, CHANGE_MEMBERS, sequence);
    this.#noteMembers(keys, LIST_MEMBERS, sequence);
    this.#noteMembers(blocks, LIST_MEMBERS, sequence);
    for (const id of keys.removed) this.#strangers.delete(`key ${id}`);
    for (const id of blocks.removed) this.#strangers.delete(`block ${id}`);
    const [putKeys, strangeKeys] = parted(keys.put, (key) => this.#knowsKey(key, sequence));
    const [putBlocks, strangeBlocks] = parted(blocks.put, (one) => this.#knowsBlock(one, sequence));
    return {
      type: 'live-change',
      change: {
        sequence,
        keys: { put: putKeys, removed: [...keys.removed, ...idsOf(strangeKeys)] },
        blocks: { put: putBlocks, removed: [...blocks.removed, ...idsOf(strangeBlocks)] },
      },
    };
  }

  /** How far this gateway decides by all that control has said, when it has applied `sequence`. */
  confirmable(sequence: number): number {
    return Math.min(sequence, ...[...this.#strangers.values()].map((since) => since - 1));
  }

  get strangers(): readonly string[] {
    return [...this.#strangers.keys()].slice(0, STRANGERS_TOLD);
  }

  #knowsKey(key: ManagedKey, sequence: number): boolean {
    const isKnown =
      strangeMembers(key, KEY_MEMBERS).length === 0 &&
      (key.limits === undefined || keptLimitsSchema.safeParse(key.limits).success);
    this.#note(`key ${key.id}`, isKnown, sequence);
    return isKnown;
  }

  #knowsBlock(block: Block, sequence: number): boolean {
    const isKnown =
      BLOCK_KINDS.has(block.kind) && strangeMembers(block, BLOCK_MEMBERS).length === 0;
    this.#note(`block ${block.id}`, isKnown, sequence);
    return isKnown;
  }

  #noteMembers(
    holder: LiveState | LiveChange | LiveChange['keys'] | LiveChange['blocks'],
    known: readonly string[],
    sequence: number,
  ): void {
    // Nobody knows when such a thing is taken back: it stands until everything is sent again.
    for (const name of strangeMembers(holder, known)) {
      const since = this.#strangers.get(`member ${name}`) ?? sequence;
      this.#strangers.set(`member ${name}`, since);
    }
  }

  #note(what: string, isKnown: boolean, sequence: number): void {
    if (isKnown) this.#strangers.delete(what);
    else this.#strangers.set(what, sequence);
  }
}

function strangeMembers(value: object, known: readonly string[]): string[] {
  return Object.keys(value).filter((name) => !known.includes(name));
}

function parted<Item>(
  items: readonly Item[],
  isFirst: (item: Item) => boolean,
): [first: Item[], second: Item[]] {
  const first: Item[] = [];
  const second: Item[] = [];
  for (const item of items) (isFirst(item) ? first : second).push(item);
  return [first, second];
}

function idsOf(items: readonly { readonly id: string }[]): string[] {
  return items.map(({ id }) => id);
}
