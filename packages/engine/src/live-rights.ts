import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Principal } from './facts.ts';
import { NetworkMap } from './policies/admit/network-list.ts';
import type { KeyRecord } from './policies/identify/index.ts';
import type { LimitsConfig } from './policies/limit/index.ts';

/** A key that is managed while running: found by a keyed hash, so that its store alone says nothing. */
export interface ManagedKey extends KeyRecord {
  /** Counted over everything that the key calls, beside the limits of each operation. */
  readonly limits?: LimitsConfig;
}

/** Somebody who is refused for a time, or until it is undone. */
export interface Block {
  readonly id: string;
  readonly kind: BlockKind;
  /** An address, a network in CIDR, or the exact name of a client, key or subject. */
  readonly value: string;
  /** Milliseconds since the epoch; null: until undone. */
  readonly untilMs: number | null;
}

export type BlockKind = 'address' | 'network' | 'client' | 'key' | 'subject';

/** What changes without a new snapshot, whole. Plain data. */
export interface LiveState {
  /** Grows with every change; compared over restarts of everyone involved. */
  readonly sequence: number;
  /** Hex key of the HMAC under which managed keys are found; null while there is no store. */
  readonly keyHashKey: string | null;
  readonly keys: readonly ManagedKey[];
  readonly blocks: readonly Block[];
}

/** What changed since an earlier sequence. */
export interface LiveChange {
  readonly sequence: number;
  readonly keys: { readonly put: readonly ManagedKey[]; readonly removed: readonly string[] };
  readonly blocks: { readonly put: readonly Block[]; readonly removed: readonly string[] };
}

/** How it travels: whole at a start, as differences afterwards. */
export type LiveMessage =
  | { readonly type: 'live'; readonly state: LiveState }
  | { readonly type: 'live-change'; readonly change: LiveChange };

export const EMPTY_LIVE_STATE: LiveState = Object.freeze({
  sequence: 0,
  keyHashKey: null,
  keys: [],
  blocks: [],
});

/** Who may call at this moment, as one thread holds it: applied between two calls, asked on every call. */
export class LiveRights {
  #sequence = 0;
  #keyHashKey: string | null = null;
  #hmacKey: KeyObject | null = null;
  readonly #keys = new Map<string, ManagedKey>();
  readonly #byHash = new Map<string, ManagedKey>();
  readonly #blocks = new Map<string, Block>();
  #networks = new NetworkMap<readonly Block[]>();
  #names = new Map<string, readonly Block[]>();

  constructor(state: LiveState = EMPTY_LIVE_STATE) {
    this.#replace(state);
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** The whole, to hand on: what was applied so far. */
  get state(): LiveState {
    return {
      sequence: this.#sequence,
      keyHashKey: this.#keyHashKey,
      keys: [...this.#keys.values()],
      blocks: [...this.#blocks.values()],
    };
  }

  take(message: LiveMessage): void {
    if (message.type === 'live') this.#replace(message.state);
    else this.#apply(message.change);
  }

  #replace(state: LiveState): void {
    this.#keyHashKey = state.keyHashKey;
    this.#hmacKey = state.keyHashKey === null ? null : createSecretKey(state.keyHashKey, 'hex');
    this.#keys.clear();
    this.#byHash.clear();
    this.#blocks.clear();
    this.#apply({
      sequence: state.sequence,
      keys: { put: state.keys, removed: [] },
      blocks: { put: state.blocks, removed: [] },
    });
  }

  #apply(change: LiveChange): void {
    for (const id of change.keys.removed) this.#removeKey(id);
    for (const key of change.keys.put) {
      this.#removeKey(key.id);
      this.#keys.set(key.id, key);
      this.#byHash.set(key.hash, key);
    }
    for (const id of change.blocks.removed) this.#blocks.delete(id);
    for (const block of change.blocks.put) this.#blocks.set(block.id, block);
    if (change.blocks.put.length + change.blocks.removed.length > 0 || this.#blocks.size === 0) {
      this.#indexBlocks();
    }
    this.#sequence = change.sequence;
  }

  /** Costs an HMAC, and nothing when no managed key exists. */
  findKey(key: string): ManagedKey | undefined {
    if (this.#hmacKey === null || this.#byHash.size === 0) return undefined;
    return this.#byHash.get(keyedHash(key, this.#hmacKey));
  }

  /** The managed key that a caller proved. */
  keyOf(principal: Principal | null): ManagedKey | undefined {
    if (principal?.kind !== 'key' || principal.credentialId === null) return undefined;
    return this.#keys.get(principal.credentialId);
  }

  /** The block that covers an address at this moment. */
  blockOfAddress(address: string, nowMs: number): Block | undefined {
    if (this.#networks.isEmpty) return undefined;
    return active(
      this.#networks.find(address, (blocks) => active(blocks, nowMs) !== undefined),
      nowMs,
    );
  }

  /** The block that names this caller in any of its roles at this moment. */
  blockOfPrincipal(
    principal: Principal & { clientNames?: readonly string[] },
    nowMs: number,
  ): Block | undefined {
    if (this.#names.size === 0) return undefined;
    const named = (kind: BlockKind, name: string | null) =>
      name === null ? undefined : active(this.#names.get(`${kind} ${name}`), nowMs);
    const byClient = [principal.client, ...(principal.clientNames ?? [])]
      .map((name) => named('client', name))
      .find((block) => block !== undefined);
    return (
      byClient ??
      named('subject', principal.subject) ??
      named('key', principal.kind === 'key' ? principal.credentialId : null)
    );
  }

  #removeKey(id: string): void {
    const known = this.#keys.get(id);
    if (known === undefined) return;
    this.#keys.delete(id);
    if (this.#byHash.get(known.hash) === known) this.#byHash.delete(known.hash);
  }

  #indexBlocks(): void {
    const networks = new Map<string, Block[]>();
    this.#names = new Map();
    const names = new Map<string, Block[]>();
    for (const block of this.#blocks.values()) {
      const isPlace = block.kind === 'address' || block.kind === 'network';
      const [index, key] = isPlace
        ? [networks, block.value]
        : [names, `${block.kind} ${block.value}`];
      index.set(key, [...(index.get(key) ?? []), block]);
    }
    this.#networks = new NetworkMap();
    for (const [network, blocks] of networks) this.#networks.add(network, blocks);
    this.#names = names;
  }
}

/** Hex HMAC-SHA-256 of a whole API key. */
export function keyedHash(key: string, hmacKey: KeyObject): string {
  return createHmac('sha256', hmacKey).update(key).digest('hex');
}

// Ask for the ended side last, so that a NaN blocks.
function active(blocks: readonly Block[] | undefined, nowMs: number): Block | undefined {
  return blocks?.find(({ untilMs }) => untilMs === null || !(untilMs <= nowMs));
}
