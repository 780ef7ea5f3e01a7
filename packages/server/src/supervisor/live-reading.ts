import {
  type BlockKind,
  type DenialKind,
  type Difference,
  LIVE_COLLECTIONS,
  type LiveCollection,
  type LiveMessage,
  type LiveThings,
} from '@poorter/engine';
import { keptLimitsSchema } from '@poorter/engine/limits';

/** What this version knows of the things of one collection. */
interface Knowledge<Thing> {
  /** In what is told of a stranger. */
  readonly called: string;
  readonly members: readonly string[];
  readonly isKnown: (thing: Thing) => boolean;
}

const BLOCK_KINDS: ReadonlySet<string> = new Set<BlockKind>([
  'address',
  'network',
  'client',
  'key',
  'subject',
]);

const DENIAL_KINDS: ReadonlySet<string> = new Set<DenialKind>(['grant', 'token', 'client']);

const KNOWN: { readonly [Name in LiveCollection]: Knowledge<LiveThings[Name]> } = {
  keys: {
    called: 'key',
    members: [
      ...['id', 'client', 'name', 'hash', 'scopes', 'roles', 'networks', 'expiresAt', 'limits'],
    ],
    isKnown: ({ limits }) => limits === undefined || keptLimitsSchema.safeParse(limits).success,
  },
  blocks: {
    called: 'block',
    members: ['id', 'kind', 'value', 'untilMs'],
    isKnown: ({ kind }) => BLOCK_KINDS.has(kind),
  },
  denied: {
    called: 'denial',
    members: ['id', 'kind', 'issuer', 'value', 'givenBefore'],
    isKnown: ({ kind }) => DENIAL_KINDS.has(kind),
  },
};
const STATE_MEMBERS = ['sequence', 'keyHashKey', ...LIVE_COLLECTIONS];
const CHANGE_MEMBERS = ['sequence', ...LIVE_COLLECTIONS];
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
      const { sequence, keyHashKey } = state;
      this.#noteMembers(state, STATE_MEMBERS, sequence);
      return {
        type: 'live',
        state: {
          ...{ sequence, keyHashKey },
          keys: state.keys.filter((key) => this.#knows('keys', key, sequence)),
          blocks: state.blocks.filter((block) => this.#knows('blocks', block, sequence)),
          ...(state.denied !== undefined && {
            denied: state.denied.filter((denial) => this.#knows('denied', denial, sequence)),
          }),
        },
      };
    }
    const { change } = message;
    const { sequence } = change;
    this.#noteMembers(change, CHANGE_MEMBERS, sequence);
    return {
      type: 'live-change',
      change: {
        sequence,
        keys: this.#difference('keys', change.keys, sequence),
        blocks: this.#difference('blocks', change.blocks, sequence),
        ...(change.denied !== undefined && {
          denied: this.#difference('denied', change.denied, sequence),
        }),
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

  /** Where a stranger is put, what stood in its place is removed. */
  #difference<Name extends LiveCollection>(
    name: Name,
    difference: Difference<LiveThings[Name]>,
    sequence: number,
  ): Difference<LiveThings[Name]> {
    this.#noteMembers(difference, LIST_MEMBERS, sequence);
    for (const id of difference.removed) this.#strangers.delete(`${KNOWN[name].called} ${id}`);
    const put: LiveThings[Name][] = [];
    const removed = [...difference.removed];
    for (const thing of difference.put) {
      if (this.#knows(name, thing, sequence)) put.push(thing);
      else removed.push(thing.id);
    }
    return { put, removed };
  }

  #knows<Name extends LiveCollection>(
    name: Name,
    thing: LiveThings[Name],
    sequence: number,
  ): boolean {
    const { called, members, isKnown }: Knowledge<LiveThings[Name]> = KNOWN[name];
    const isUnderstood = strangeMembers(thing, members).length === 0 && isKnown(thing);
    const what = `${called} ${thing.id}`;
    if (isUnderstood) this.#strangers.delete(what);
    else this.#strangers.set(what, sequence);
    return isUnderstood;
  }

  #noteMembers(holder: object, known: readonly string[], sequence: number): void {
    // Nobody knows when such a thing is taken back: it stands until everything is sent again.
    for (const name of strangeMembers(holder, known)) {
      const since = this.#strangers.get(`member ${name}`) ?? sequence;
      this.#strangers.set(`member ${name}`, since);
    }
  }
}

function strangeMembers(value: object, known: readonly string[]): string[] {
  return Object.keys(value).filter((name) => !known.includes(name));
}
