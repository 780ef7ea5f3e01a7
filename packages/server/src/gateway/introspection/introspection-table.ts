import type { Introspection } from '@poorter/engine';
import type { IntrospectionSnapshot } from '../../messages/runtime-snapshot.ts';
import type { World } from '../../platform/world/index.ts';
import { AnswerCache, tokenHasher } from './answer-cache.ts';

/** Of one question: what the issuer says, and how long that counts. */
export interface IntrospectionAnswer {
  readonly said: Introspection;
  /** `bootMs`; in the past: for those who asked, and nobody else. */
  readonly untilMs: number;
  /** About as much memory as it takes. */
  readonly bytes: number;
}

type AskMainThread = (
  number: number,
  endpoint: IntrospectionSnapshot,
  token: string,
  isAnew: boolean,
) => void;

/** Of each thread. */
const GOOD = { entries: 10_000, bytes: 16_777_216 };
/** What strangers invent makes no room by pushing out what is good. */
const REFUSED = { entries: 2_000, bytes: 1_048_576 };
/** An answer is this late at most, when those who ask have a bound of their own. */
const GRACE_MS = 1_000;

export const NOT_ASKED: IntrospectionAnswer = {
  said: { kind: 'unavailable', reason: 'not-asked' },
  ...{ untilMs: 0, bytes: 0 },
};

/**
 * What one thread knows of tokens that only their issuers can read. It asks the main thread of the gateway, which
 * asks for all threads; whoever shows the same token meanwhile waits for the same answer.
 */
export class IntrospectionTable {
  readonly #ask: AskMainThread;
  readonly #world: Pick<World, 'bootMs' | 'after' | 'random'>;
  readonly #digestOf: ReturnType<typeof tokenHasher>;
  readonly #good = new AnswerCache<Introspection>(GOOD);
  readonly #refused = new AnswerCache<Introspection>(REFUSED);
  readonly #waiting = new Map<string, Promise<Introspection>>();
  readonly #asked = new Map<number, (answer: IntrospectionAnswer) => void>();
  readonly #names = new WeakMap<IntrospectionSnapshot, string>();
  #number = 0;

  constructor(ask: AskMainThread, world: Pick<World, 'bootMs' | 'after' | 'random'>) {
    this.#ask = ask;
    this.#world = world;
    this.#digestOf = tokenHasher(world);
  }

  /** Immediate while an answer counts. `isAnew`: the one that is known was taken back. */
  ask(
    endpoint: IntrospectionSnapshot,
    token: string,
    isAnew = false,
  ): Introspection | Promise<Introspection> {
    const digest = this.#digestOf(this.#nameOf(endpoint), token);
    const now = this.#world.bootMs();
    if (isAnew) this.#good.forget(digest);
    const known = this.#good.get(digest, now) ?? this.#refused.get(digest, now);
    if (known !== undefined) return known;
    const waiting = this.#waiting.get(digest) ?? this.#wait(endpoint, token, { digest, isAnew });
    this.#waiting.set(digest, waiting);
    return waiting;
  }

  hear(number: number, answer: IntrospectionAnswer): void {
    this.#asked.get(number)?.(answer);
  }

  async #wait(
    endpoint: IntrospectionSnapshot,
    token: string,
    { digest, isAnew }: { readonly digest: string; readonly isAnew: boolean },
  ): Promise<Introspection> {
    const number = ++this.#number;
    const { promise, resolve } = Promise.withResolvers<IntrospectionAnswer>();
    this.#asked.set(number, resolve);
    // The main thread has a bound of its own; this is for one that died over it.
    const timer = this.#world.after(endpoint.timeoutMs + GRACE_MS, () => resolve(NOT_ASKED));
    this.#ask(number, endpoint, token, isAnew);
    const { said, untilMs, bytes } = await promise;
    timer.cancel();
    this.#asked.delete(number);
    this.#waiting.delete(digest);
    if (untilMs > this.#world.bootMs()) {
      const cache = said.kind === 'active' ? this.#good : this.#refused;
      cache.put(digest, said, untilMs, bytes);
    }
    return said;
  }

  /** What is asked elsewhere, or as somebody else, is another question. */
  #nameOf(endpoint: IntrospectionSnapshot): string {
    const known = this.#names.get(endpoint) ?? JSON.stringify(endpoint);
    this.#names.set(endpoint, known);
    return known;
  }
}
