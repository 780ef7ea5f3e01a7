import { createHmac } from 'node:crypto';
import type { World } from '../../platform/world/index.ts';

interface Entry<Value> {
  readonly value: Value;
  /** `bootMs`: also a machine that slept has grown older. */
  readonly untilMs: number;
  readonly bytes: number;
}

export interface CacheBounds {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * What is known of tokens for a while, by a keyed hash of them: whoever reads this memory finds no token in it, and
 * cannot try out which ones are. The least recently used go first.
 */
export class AnswerCache<Value> {
  readonly #bounds: CacheBounds;
  readonly #entries = new Map<string, Entry<Value>>();
  #bytes = 0;

  constructor(bounds: CacheBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether anything was ever kept of it, however long ago, and has not had to make room. */
  has(digest: string): boolean {
    return this.#entries.has(digest);
  }

  get(digest: string, nowMs: number): Value | undefined {
    const entry = this.#entries.get(digest);
    // Ask for the living side, so that a NaN refuses.
    if (entry === undefined || !(nowMs < entry.untilMs)) return undefined;
    this.#entries.delete(digest);
    this.#entries.set(digest, entry);
    return entry.value;
  }

  put(digest: string, value: Value, untilMs: number, bytes: number): void {
    this.forget(digest);
    this.#entries.set(digest, { value, untilMs, bytes });
    this.#bytes += bytes;
    const { entries, bytes: bytesMax } = this.#bounds;
    while (this.#entries.size > entries || this.#bytes > bytesMax) {
      const [oldest] = this.#entries.keys();
      if (oldest === undefined) return;
      this.forget(oldest);
    }
  }

  forget(digest: string): void {
    this.#bytes -= this.#entries.get(digest)?.bytes ?? 0;
    this.#entries.delete(digest);
  }
}

/** Of tokens, by a key that this thread makes for itself and shows nobody. */
export function tokenHasher({
  random,
}: Pick<World, 'random'>): (about: string, token: string) => string {
  const key = random(32);
  return (about, token) =>
    createHmac('sha256', key).update(about).update('\0').update(token).digest('base64');
}
