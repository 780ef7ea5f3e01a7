import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Principal } from './facts.ts';
import { NetworkMap } from './policies/admit/network-list.ts';
import type { KeyRecord } from './policies/identify/index.ts';
import type { LimitsConfig } from './policies/limit/index.ts';

/** A key that is managed while running: found by a keyed hash, so that its store alone says nothing. */
export interface LiveKey extends KeyRecord {
  /** Counted over everything that the key calls, beside the limits of each operation. */
  readonly limits?: LimitsConfig;
}

/** Somebody who is refused for a time, or until it is undone. */
export interface LiveBlock {
  readonly id: string;
  readonly kind: BlockKind;
  /** An address, a network in CIDR, or the exact name of a client, key or subject. */
  readonly value: string;
  /** Milliseconds since the epoch; null: until undone. */
  readonly untilMs: number | null;
}

export type BlockKind = 'address' | 'network' | 'client' | 'key' | 'subject';

/** Something that our own authorization server gave, and that counts no more although it has not ended yet. */
export interface LiveDenial {
  readonly id: string;
  readonly kind: DenialKind;
  /** The `iss` of what is denied: what another issuer gave is its own business. */
  readonly issuer: string;
  /** Id of the grant, `jti` of the token, id of the client. */
  readonly value: string;
  /** Only what was given before this second since the epoch: it gives again. Default: everything. */
  readonly givenBefore?: number;
}

export type DenialKind = 'grant' | 'token' | 'client';

/** What changes without a new snapshot, kind by kind: things with an id each. Another kind is another line here. */
export interface LiveThings {
  readonly keys: LiveKey;
  readonly blocks: LiveBlock;
  readonly denied: LiveDenial;
}

export type LiveCollection = keyof LiveThings;

export const LIVE_COLLECTIONS = Object.keys({
  keys: true,
  blocks: true,
  denied: true,
} satisfies Record<LiveCollection, true>) as readonly LiveCollection[];

/** Those that every version knows: they always stand in what is sent. */
type FirstCollection = 'keys' | 'blocks';
type LaterCollection = Exclude<LiveCollection, FirstCollection>;

/** Of one collection. What is put stands in the place of what had its id. */
export interface Difference<Thing> {
  readonly put: readonly Thing[];
  /** Ids. */
  readonly removed: readonly string[];
}

/** Everything that is in force. Plain data. A collection that is not there is empty. */
export type LiveState = {
  /** Grows with every change; compared over restarts of everyone involved. */
  readonly sequence: number;
  /** Hex key of the HMAC under which managed keys are found; null while there is no store. */
  readonly keyHashKey: string | null;
} & { readonly [Name in FirstCollection]: readonly LiveThings[Name][] } & {
  readonly [Name in LaterCollection]?: readonly LiveThings[Name][];
};

/** What changed since an earlier sequence. In a collection that is not there, nothing did. */
export type LiveChange = { readonly sequence: number } & {
  readonly [Name in FirstCollection]: Difference<LiveThings[Name]>;
} & { readonly [Name in LaterCollection]?: Difference<LiveThings[Name]> };

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
  readonly #keys = new LiveKeys();
  readonly #blocks = new LiveBlocks();
  readonly #denied = new LiveDenials();
  readonly #collections: { readonly [Name in LiveCollection]: Collection<LiveThings[Name]> } = {
    keys: this.#keys,
    blocks: this.#blocks,
    denied: this.#denied,
  };

  constructor(state: LiveState = EMPTY_LIVE_STATE) {
    this.take({ type: 'live', state });
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** The whole, to hand on: what was applied so far. */
  get state(): LiveState {
    const { keys, blocks, denied } = this.#collections;
    return {
      ...{ sequence: this.#sequence, keyHashKey: this.#keyHashKey },
      ...{ keys: keys.whole, blocks: blocks.whole },
      // A gateway of a version before is not to be told of what it does not know and nothing is in.
      ...(denied.whole.length > 0 && { denied: denied.whole }),
    };
  }

  take(message: LiveMessage): void {
    if (message.type === 'live') {
      this.#keyHashKey = message.state.keyHashKey;
      this.#keys.findBy(message.state.keyHashKey);
      for (const name of LIVE_COLLECTIONS) this.#replace(name, message.state);
      this.#sequence = message.state.sequence;
    } else {
      for (const name of LIVE_COLLECTIONS) this.#change(name, message.change);
      this.#sequence = message.change.sequence;
    }
  }

  #replace<Name extends LiveCollection>(name: Name, state: Pick<LiveState, Name>): void {
    const collection: Collection<LiveThings[Name]> = this.#collections[name];
    collection.clear();
    const put = (state[name] ?? []) as readonly LiveThings[Name][];
    collection.change({ put, removed: [] });
  }

  #change<Name extends LiveCollection>(name: Name, change: Pick<LiveChange, Name>): void {
    const collection: Collection<LiveThings[Name]> = this.#collections[name];
    const difference = change[name] as Difference<LiveThings[Name]> | undefined;
    if (difference !== undefined) collection.change(difference);
  }

  /** Costs an HMAC, and nothing when no managed key exists. */
  findKey(key: string): LiveKey | undefined {
    return this.#keys.find(key);
  }

  /** The managed key that a caller proved. */
  keyOf(principal: Principal | null): LiveKey | undefined {
    if (principal?.kind !== 'key' || principal.credentialId === null) return undefined;
    return this.#keys.get(principal.credentialId);
  }

  /** Whether the token, or what it came from, was taken back since it was given. */
  isDenied(principal: Principal): boolean {
    return this.#denied.covers(principal);
  }

  /** The block that covers an address at this moment. */
  blockOfAddress(address: string, nowMs: number): LiveBlock | undefined {
    return this.#blocks.ofAddress(address, nowMs);
  }

  /** The block that names this caller in any of its roles at this moment. */
  blockOfPrincipal(
    principal: Principal & { clientNames?: readonly string[] },
    nowMs: number,
  ): LiveBlock | undefined {
    return this.#blocks.ofPrincipal(principal, nowMs);
  }
}

/** Things of one kind, by their id and by whatever calls ask for them. */
abstract class Collection<Thing extends { readonly id: string }> {
  readonly #things = new Map<string, Thing>();

  get whole(): readonly Thing[] {
    return [...this.#things.values()];
  }

  get(id: string): Thing | undefined {
    return this.#things.get(id);
  }

  clear(): void {
    this.change({ put: [], removed: [...this.#things.keys()] });
  }

  change({ put, removed }: Difference<Thing>): void {
    if (put.length + removed.length === 0) return;
    for (const id of removed) this.#remove(id);
    for (const thing of put) {
      this.#remove(thing.id);
      this.#things.set(thing.id, thing);
      this.added(thing);
    }
    this.changed();
  }

  #remove(id: string): void {
    const known = this.#things.get(id);
    if (known === undefined) return;
    this.#things.delete(id);
    this.taken(known);
  }

  protected added(_thing: Thing): void {}
  protected taken(_thing: Thing): void {}
  /** Several things, at once. */
  protected changed(): void {}
}

class LiveKeys extends Collection<LiveKey> {
  readonly #byHash = new Map<string, LiveKey>();
  #hmacKey: KeyObject | null = null;

  /** Hex; null: none is found. */
  findBy(hashKey: string | null): void {
    this.#hmacKey = hashKey === null ? null : createSecretKey(hashKey, 'hex');
  }

  find(key: string): LiveKey | undefined {
    if (this.#hmacKey === null || this.#byHash.size === 0) return undefined;
    return this.#byHash.get(hashCredential(key, this.#hmacKey));
  }

  protected override added(key: LiveKey): void {
    this.#byHash.set(key.hash, key);
  }

  protected override taken(key: LiveKey): void {
    if (this.#byHash.get(key.hash) === key) this.#byHash.delete(key.hash);
  }
}

class LiveBlocks extends Collection<LiveBlock> {
  #networks = new NetworkMap<readonly LiveBlock[]>();
  #names = new Map<string, readonly LiveBlock[]>();

  ofAddress(address: string, nowMs: number): LiveBlock | undefined {
    if (this.#networks.isEmpty) return undefined;
    return active(
      this.#networks.find(address, (blocks) => active(blocks, nowMs) !== undefined),
      nowMs,
    );
  }

  ofPrincipal(
    principal: Principal & { clientNames?: readonly string[] },
    nowMs: number,
  ): LiveBlock | undefined {
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

  protected override changed(): void {
    const networks = new Map<string, LiveBlock[]>();
    const names = new Map<string, LiveBlock[]>();
    for (const block of this.whole) {
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

class LiveDenials extends Collection<LiveDenial> {
  /** Issuer by issuer: kind and value. The same may be denied twice, and each ends by itself. */
  readonly #byIssuer = new Map<string, Map<string, readonly LiveDenial[]>>();

  covers(principal: Principal): boolean {
    const { kind, issuer, credentialId, client, actors, grantId } = principal;
    if (this.#byIssuer.size === 0 || kind !== 'token' || issuer === null) return false;
    const denied = this.#byIssuer.get(issuer);
    if (denied === undefined) return false;
    const names = (what: DenialKind, value: string) =>
      denied.get(`${what} ${value}`)?.some((denial) => concerns(denial, principal)) === true;
    return (
      names('client', client) ||
      actors?.some((actor) => names('client', actor)) === true ||
      (credentialId !== null && names('token', credentialId)) ||
      (grantId !== undefined && names('grant', grantId))
    );
  }

  protected override added(denial: LiveDenial): void {
    const { issuer, kind, value } = denial;
    const denied = this.#byIssuer.get(issuer) ?? new Map<string, readonly LiveDenial[]>();
    const name = `${kind} ${value}`;
    denied.set(name, [...(denied.get(name) ?? []), denial]);
    this.#byIssuer.set(issuer, denied);
  }

  protected override taken({ id, issuer, kind, value }: LiveDenial): void {
    const denied = this.#byIssuer.get(issuer);
    const name = `${kind} ${value}`;
    const rest = (denied?.get(name) ?? []).filter((denial) => denial.id !== id);
    if (rest.length > 0) denied?.set(name, rest);
    else denied?.delete(name);
    if (denied?.size === 0) this.#byIssuer.delete(issuer);
  }
}

// Ask for the side that is let through, so that a NaN denies.
function concerns({ givenBefore }: LiveDenial, { givenAt }: Principal): boolean {
  return givenBefore === undefined || !(givenAt !== undefined && givenAt >= givenBefore);
}

/** How a credential is stored, and found again: hex HMAC-SHA-256 of all of it. Stores hold this: it never changes. */
export function hashCredential(credential: string, hashKey: KeyObject | Uint8Array): string {
  return createHmac('sha256', hashKey).update(credential).digest('hex');
}

// Ask for the ended side last, so that a NaN blocks.
function active(blocks: readonly LiveBlock[] | undefined, nowMs: number): LiveBlock | undefined {
  return blocks?.find(({ untilMs }) => untilMs === null || !(untilMs <= nowMs));
}
