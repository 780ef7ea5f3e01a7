import { setImmediate as turn } from 'node:timers/promises';
import {
  type Difference,
  type LiveChange,
  type LiveMessage,
  LiveRights,
  type LiveState,
} from '@poorter/engine';
import type { World } from '../platform/world/index.ts';
import type { Change, ChangeFeed } from '../state/changes/index.ts';
import type { LiveSource, LiveSources } from './live-sources.ts';

export interface LiveFeedPorts {
  readonly sources: LiveSources;
  readonly changes: Pick<ChangeFeed, 'latest' | 'changesSince'>;
  /** Hex key of the HMAC under which managed keys are found. */
  readonly keyHashKey: string;
  readonly world: Pick<World, 'after' | 'every'>;
  /** Gateways on other machines that may decide by something older than a sequence. */
  readonly missingElsewhere: (sequence: number) => readonly string[];
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
    const { changes, keyHashKey, sources } = this.#ports;
    // Before the rows are read: what changes meanwhile is sent again, and changes nothing.
    const sequence = await changes.latest();
    const denied = await everythingOf(sources.denied);
    const state: LiveState = {
      ...{ sequence, keyHashKey },
      keys: await everythingOf(sources.keys),
      blocks: await everythingOf(sources.blocks),
      ...(denied.length > 0 && { denied }),
    };
    this.#sequence = sequence;
    this.#send({ type: 'live', state });
  }

  async #sendChanges(): Promise<void> {
    const { changes, sources } = this.#ports;
    for (;;) {
      const since = await changes.changesSince(this.#sequence, PAGE);
      if (since.isGap) return this.#sendAll();
      if (since.changes.length === 0) return;
      const denied = await differenceOf(sources.denied, since.changes);
      const change: LiveChange = {
        sequence: since.sequence,
        keys: await differenceOf(sources.keys, since.changes),
        blocks: await differenceOf(sources.blocks, since.changes),
        ...(denied.put.length + denied.removed.length > 0 && { denied }),
      };
      this.#sequence = since.sequence;
      this.#send({ type: 'live-change', change });
      if (!since.hasMore) return;
    }
  }
}

async function everythingOf<Thing>({ page }: LiveSource<Thing>): Promise<Thing[]> {
  const all: Thing[] = [];
  for (let after: string | null = null; ; ) {
    const { things, next } = await page(after, PAGE_OF_ALL);
    all.push(...things);
    if (next === null) return all;
    after = next;
    await turn();
  }
}

async function differenceOf<Thing extends { readonly id: string }>(
  { domain, some }: LiveSource<Thing>,
  changes: readonly Change[],
): Promise<Difference<Thing>> {
  const ids = [...new Set(changes.flatMap((one) => (one.domain === domain ? [one.id] : [])))];
  const put = ids.length === 0 ? [] : await some(ids);
  const inForce = new Set(put.map(({ id }) => id));
  return { put, removed: ids.filter((id) => !inForce.has(id)) };
}
