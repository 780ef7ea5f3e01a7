import type { GateSnapshot } from '@poorter/engine';
import type { IssuerKeysMessage } from '../messages/between-processes.ts';
import type { World } from '../platform/world/index.ts';

type Keys = NonNullable<IssuerKeysMessage['keys']>;

/** One fetch of the issuer's keys, and the pause that control may have to keep before it. */
const WAIT_MAX_MS = 3_000;
/** Key ids that are waited for, per thread. Beyond that the longest wait ends, not the newest. */
const WAITING_MAX = 1_000;
/** What the issuer was just asked for in vain is not asked for again with the next call. */
const ANSWERED_FOR_MS = 1_000;
const ANSWERED_MAX = 1_000;

interface Wait {
  readonly issuer: string;
  readonly keyId: string | null;
  readonly generation: number | undefined;
  readonly promise: Promise<void>;
  readonly end: () => void;
}

/**
 * The issuers' keys as one thread holds them: those of the snapshot, and newer ones as soon as
 * control has them. Calls whose token names a key that nobody knows yet wait here.
 */
export class IssuerKeyTable {
  readonly #ask: (issuer: string, keyId: string | null) => void;
  readonly #world: Pick<World, 'monotonicMs' | 'after'>;
  readonly #waitMaxMs: number;
  readonly #keys = new Map<string, Keys>();
  readonly #waiting = new Map<string, Wait>();
  readonly #answered = new Map<string, number>();

  constructor(
    ask: (issuer: string, keyId: string | null) => void,
    world: Pick<World, 'monotonicMs' | 'after'>,
    waitMaxMs = WAIT_MAX_MS,
  ) {
    this.#ask = ask;
    this.#world = world;
    this.#waitMaxMs = waitMaxMs;
  }

  keysOf(issuer: string): Keys | null {
    return this.#keys.get(issuer) ?? null;
  }

  /** An issuer that is not in the snapshot is not trusted, whatever is known of its keys. */
  adopt(gate: Pick<GateSnapshot, 'issuers' | 'issuerKeys'>): void {
    const trusted = new Set(gate.issuers.map(({ issuer }) => issuer));
    for (const issuer of this.#keys.keys()) if (!trusted.has(issuer)) this.#keys.delete(issuer);
    for (const issuer of trusted) this.#put(issuer, gate.issuerKeys[issuer] ?? null);
  }

  /** What was adopted does not come into force: what this gate needs and was dropped is there again. */
  restore(gate: Pick<GateSnapshot, 'issuers' | 'issuerKeys'>): void {
    for (const { issuer } of gate.issuers) {
      if (!this.#keys.has(issuer)) this.#put(issuer, gate.issuerKeys[issuer] ?? null);
    }
  }

  hear(message: IssuerKeysMessage): void {
    const { issuer, keys, answered } = message;
    if (keys !== undefined) this.#put(issuer, keys);
    for (const keyId of answered) {
      const name = nameOf(issuer, keyId);
      if (keyId !== null) this.#rememberAnswer(name);
      this.#waiting.get(name)?.end();
    }
  }

  /** Resolves when the key has come, when it is known that it will not, or when the time is up. */
  newKeys(issuer: string, keyId: string | null): Promise<void> | undefined {
    const name = nameOf(issuer, keyId);
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) return waiting.promise;
    const answeredAt = this.#answered.get(name);
    if (answeredAt !== undefined && this.#world.monotonicMs() - answeredAt < ANSWERED_FOR_MS)
      return undefined;
    if (this.#waiting.size >= WAITING_MAX) this.#endOldest();
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => {
      timer.cancel();
      this.#waiting.delete(name);
      resolve();
    };
    const timer = this.#world.after(this.#waitMaxMs, end);
    const generation = this.#keys.get(issuer)?.generation;
    this.#waiting.set(name, { issuer, keyId, generation, promise, end });
    this.#ask(issuer, keyId);
    return promise;
  }

  #put(issuer: string, keys: Keys | null): void {
    if (keys === null) this.#keys.delete(issuer);
    else this.#keys.set(issuer, keys);
    const ids = new Set(keys?.jwks.keys.map(({ kid }) => kid));
    for (const wait of this.#waiting.values()) {
      if (wait.issuer !== issuer || wait.generation === keys?.generation) continue;
      // One that names a key waits for that key; one that names none tries whatever is new.
      if (wait.keyId === null || ids.has(wait.keyId)) wait.end();
    }
  }

  #endOldest(): void {
    const [oldest] = this.#waiting.values();
    oldest?.end();
  }

  #rememberAnswer(name: string): void {
    this.#answered.delete(name);
    this.#answered.set(name, this.#world.monotonicMs());
    if (this.#answered.size <= ANSWERED_MAX) return;
    for (const oldest of this.#answered.keys()) return void this.#answered.delete(oldest);
  }
}

function nameOf(issuer: string, keyId: string | null): string {
  return JSON.stringify([issuer, keyId]);
}
