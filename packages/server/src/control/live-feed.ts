import { setImmediate as turn } from 'node:timers/promises';
import {
  type Block as LiveBlock,
  type LiveChange,
  type ManagedKey as LiveKey,
  type LiveMessage,
  LiveRights,
} from '@poorter/engine';
import type { Block, BlockStore } from '../access/blocks/index.ts';
import { API_KEY_HASH, type KeyStore, type ManagedKey } from '../access/keys/index.ts';
import type { World } from '../platform/world/index.ts';
import type { ChangeFeed } from '../state/changes/index.ts';

export interface LiveFeedPorts {
  readonly keys: Pick<KeyStore, 'list' | 'showMany'>;
  readonly blocks: Pick<BlockStore, 'listActive' | 'show'>;
  readonly changes: Pick<ChangeFeed, 'latest' | 'changesSince'>;
  readonly ring: { derive(purpose: string): Uint8Array };
  readonly world: Pick<World, 'now' | 'after' | 'every'>;
  /** Gateways on other machines that may decide by something older than a sequence. */
  readonly missingElsewhere: (sequence: number) => readonly string[];
  /** Keys older than this are refused; null: no key is too old. */
  readonly keyAgeMaxMs: () => number | null;
}

/** Somebody still decides by what was in force before. */
export class NotEverywhereError extends Error {
  override readonly name = 'NotEverywhereError';
  readonly gateways: readonly string[];

  constructor(gateways: readonly string[]) {
    super(`not confirmed by ${gateways.join(', ')}`);
    this.gateways = gateways;
  }
}

interface Waiter {
  readonly sequence: number;
  readonly done: () => void;
}

/** A stalled gateway thread is replaced after five seconds; its successor needs a moment to start. */
const REACH_MAX_MS = 20_000;
const LOOK_EVERY_MS = 250;
const PAGE = 1_000;
/** Of everything: between two pages, others are served. */
const PAGE_OF_ALL = 250;

/**
 * Keys and blocks on their way from the store to every gateway thread: whole at a start, as
 * differences afterwards. Knows which gateways have confirmed what.
 */
export class LiveFeed {
  readonly #ports: LiveFeedPorts;
  #sequence = -1;
  #publishing: Promise<void> = Promise.resolve();
  /** What was sent so far, as a gateway holds it. */
  readonly #table = new LiveRights();
  /** What each gateway of this machine has confirmed. */
  readonly #confirmed = new Map<string, number>();
  readonly #waiters = new Set<Waiter>();
  readonly #listeners = new Set<(message: LiveMessage) => void>();

  constructor(ports: LiveFeedPorts) {
    this.#ports = ports;
  }

  /** `listener` hears everything: what was sent so far as a whole, at once, and then what changes. */
  subscribe(listener: (message: LiveMessage) => void): void {
    this.#listeners.add(listener);
    if (this.#sequence >= 0) listener(this.whole);
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Sequence by gateway of this machine. */
  get gateways(): ReadonlyMap<string, number> {
    return this.#confirmed;
  }

  /** Names of all gateways that may serve. */
  get everyone(): string[] {
    return this.#missing(Number.POSITIVE_INFINITY);
  }

  /** Sends what has changed since the last time, or everything when it never did. */
  publish(): Promise<void> {
    const next = this.#publishing.then(() =>
      this.#sequence < 0 ? this.#sendAll() : this.#sendChanges(),
    );
    // One that failed must not hold up the ones that follow.
    this.#publishing = next.catch(() => undefined);
    return next;
  }

  /** Everything again: for what stands outside the rows, such as the age that a key may reach. */
  republish(): Promise<void> {
    const next = this.#publishing.then(() => this.#sendAll());
    this.#publishing = next.catch(() => undefined);
    return next;
  }

  /**
   * Resolves when every connected gateway decides by all that is stored now. Throws
   * NotEverywhereError.
   */
  async reach(maxMs = REACH_MAX_MS): Promise<void> {
    await this.publish();
    const sequence = this.#sequence;
    const missing = () => this.#missing(sequence);
    if (missing().length === 0) return;
    await new Promise<void>((resolve, reject) => {
      const waiter = {
        sequence,
        done: () => {
          timer.cancel();
          look.cancel();
          this.#waiters.delete(waiter);
          resolve();
        },
      };
      const { world } = this.#ports;
      const timer = world.after(maxMs, () => {
        this.#waiters.delete(waiter);
        look.cancel();
        reject(new NotEverywhereError(missing()));
      });
      // Time alone ends what a gateway that is cut off may serve.
      const look = world.every(LOOK_EVERY_MS, () => this.settle());
      this.#waiters.add(waiter);
    });
  }

  /** Everything, for a gateway that connects. */
  get whole(): Extract<LiveMessage, { type: 'live' }> {
    return { type: 'live', state: this.#table.state };
  }

  /** A gateway serves, by we do not know what yet: nothing is everywhere before it has told. */
  gatewayUp(gateway: string): void {
    this.#confirmed.set(gateway, -1);
  }

  /** It no longer serves. */
  gatewayDown(gateway: string): void {
    this.#confirmed.delete(gateway);
    this.settle();
  }

  confirmed(gateway: string, sequence: number): void {
    this.#confirmed.set(gateway, sequence);
    this.settle();
  }

  /** Somebody may have confirmed what is waited for. */
  settle(): void {
    for (const waiter of this.#waiters) {
      if (this.#missing(waiter.sequence).length === 0) waiter.done();
    }
  }

  /** Who may still decide by something older. */
  #missing(sequence: number): string[] {
    const behind = [...this.#confirmed].filter(([, seen]) => seen < sequence);
    return [...behind.map(([gateway]) => gateway), ...this.#ports.missingElsewhere(sequence)];
  }

  #send(message: LiveMessage): void {
    this.#table.take(message);
    for (const listener of this.#listeners) listener(message);
  }

  async #sendAll(): Promise<void> {
    const { keys, blocks, changes, ring } = this.#ports;
    // Before the rows are read: what changes meanwhile is sent again, and changes nothing.
    const sequence = await changes.latest();
    const live: LiveKey[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Awaited<ReturnType<KeyStore['list']>> = await keys.list({
        limit: PAGE_OF_ALL,
        ...(cursor !== '' && { cursor }),
      });
      for (const key of page.items) {
        const alive = this.#liveKey(key);
        if (alive !== null) live.push(alive);
      }
      cursor = page.next;
      if (cursor !== null) await turn();
    }
    const blocked: LiveBlock[] = [];
    for (let after = ''; ; ) {
      const page = await blocks.listActive(after, PAGE_OF_ALL);
      blocked.push(...page.map(liveBlock));
      if (page.length < PAGE_OF_ALL) break;
      await turn();
      after = page.at(-1)?.id ?? '';
    }
    const keyHashKey = Buffer.from(ring.derive(API_KEY_HASH)).toString('hex');
    this.#sequence = sequence;
    this.#send({ type: 'live', state: { sequence, keyHashKey, keys: live, blocks: blocked } });
  }

  async #sendChanges(): Promise<void> {
    const { changes, keys, blocks } = this.#ports;
    for (;;) {
      const since = await changes.changesSince(this.#sequence, PAGE);
      if (since.isGap) return this.#sendAll();
      if (since.changes.length === 0) return;
      const idsOf = (domain: string) => [
        ...new Set(since.changes.flatMap((one) => (one.domain === domain ? [one.id] : []))),
      ];
      const keyIds = idsOf('key');
      const found = new Map((await keys.showMany(keyIds)).map((key) => [key.id, key]));
      const put = keyIds.flatMap((id) => {
        const key = found.get(id);
        const alive = key === undefined ? null : this.#liveKey(key);
        return alive === null ? [] : [alive];
      });
      const change: LiveChange = {
        sequence: since.sequence,
        keys: { put, removed: without(keyIds, put) },
        blocks: await this.#changedBlocks(blocks, idsOf('block')),
      };
      this.#sequence = since.sequence;
      this.#send({ type: 'live-change', change });
      if (!since.hasMore) return;
    }
  }

  async #changedBlocks(
    blocks: LiveFeedPorts['blocks'],
    ids: readonly string[],
  ): Promise<LiveChange['blocks']> {
    const put: LiveBlock[] = [];
    for (const id of ids) {
      const block = await blocks.show(id);
      if (block !== undefined && block.endedAt === null) put.push(liveBlock(block));
    }
    return { put, removed: without(ids, put) };
  }

  /** Null: nobody may use it any more. */
  #liveKey(key: ManagedKey): LiveKey | null {
    if (key.revokedAt !== null) return null;
    const ends: number[] = [];
    if (key.expiresAt !== null) ends.push(key.expiresAt);
    if (key.rotatedTo !== null) ends.push(key.overlapUntil ?? 0);
    const ageMaxMs = this.#ports.keyAgeMaxMs();
    if (ageMaxMs !== null) ends.push(key.createdAt + ageMaxMs);
    const endMs = ends.length === 0 ? null : Math.min(...ends);
    if (endMs !== null && endMs <= this.#ports.world.now()) return null;
    const { id, client, name, hash, scopes, roles, networks, limits } = key;
    return {
      ...{ id, client, name, hash, scopes, roles, networks },
      expiresAt: endMs === null ? null : endMs / 1000,
      ...(limits !== null && { limits }),
    };
  }
}

function liveBlock({ id, kind, value, until }: Block): LiveBlock {
  return { id, kind, value, untilMs: until };
}

function without(ids: readonly string[], put: readonly { id: string }[]): string[] {
  const kept = new Set(put.map(({ id }) => id));
  return ids.filter((id) => !kept.has(id));
}
