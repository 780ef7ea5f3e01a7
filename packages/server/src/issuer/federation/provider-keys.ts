import { parseJsonText } from '@poorter/openapi/json';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import type { guardedFetch } from '../protocol/outgoing.ts';
import { ProviderFailure } from './provider-failure.ts';

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** Whoever sends what no key fits makes us ask the provider, but not more often. */
const ASK_AGAIN_MS = 30_000;
const KEYS_MAX = 100;

/** The keys of providers, for what the library does not verify: tokens that they send by themselves. */
export class ProviderKeys {
  readonly #fetch: ReturnType<typeof guardedFetch>;
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly keys: KeySet; readonly readAt: number }>();

  constructor(fetch: ReturnType<typeof guardedFetch>, now: () => number) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** `isAgain`: none of those that were given fits. */
  async read(address: string, isAgain: boolean): Promise<KeySet> {
    const known = this.#known.get(address);
    const age = this.#now() - (known?.readAt ?? Number.NEGATIVE_INFINITY);
    if (known !== undefined && !(isAgain && age >= ASK_AGAIN_MS)) return known.keys;
    const answer = await this.#fetch(address, { headers: { accept: 'application/json' } });
    if (answer.status !== 200) throw new ProviderFailure('provider_unavailable', 'no keys');
    const set = parseJsonText(await answer.text()) as Partial<JSONWebKeySet> | null;
    if (!Array.isArray(set?.keys) || set.keys.length > KEYS_MAX) {
      throw new ProviderFailure('provider_answer_wrong', 'its keys are no key set');
    }
    const keys = createLocalJWKSet({ keys: set.keys });
    this.#known.set(address, { keys, readAt: this.#now() });
    return keys;
  }
}
