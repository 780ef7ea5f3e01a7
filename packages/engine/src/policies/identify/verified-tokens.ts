import type { TrustedIssuer } from '../../identity.ts';
import { SeenLately } from '../../seen-lately.ts';
import type { TokenMeaning } from './token-claims.ts';

/** About 10 MB of entries; beyond that, the least recently needed is verified again. */
export const VERIFIED_TOKENS_MAX = 10_000;
/** Entries in use that are passed over before one goes whatever its merit. */
const CHANCES = 8;

export interface VerifiedToken {
  readonly meaning: TokenMeaning;
  readonly issuer: TrustedIssuer;
  /** The terms under which it was verified; other terms, and it must be verified anew. */
  readonly terms: string;
  readonly generation: number;
  /** Second-chance eviction: set by a hit, cleared by the first pass of the hand. */
  wasUsed: boolean;
}

/**
 * Tokens whose signature was found good, by the SHA-256 of their text. May outlive a snapshot:
 * every entry says under which terms and keys it holds.
 *
 * Once full it takes only what comes again: where each call has a token of its own, remembering them
 * costs more than it saves, and pushes out those that are used.
 */
export class VerifiedTokens {
  readonly #max: number;
  readonly #entries = new Map<string, VerifiedToken>();
  /** Digests in a ring: the hand of the clock goes round. A map would have to pass all it has forgotten. */
  readonly #ring: string[] = [];
  #hand = 0;
  readonly #seen = new SeenLately();

  constructor(max: number = VERIFIED_TOKENS_MAX) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(digest: string): VerifiedToken | undefined {
    return this.#entries.get(digest);
  }

  remember(digest: string, entry: VerifiedToken): void {
    if (this.#entries.has(digest)) {
      this.#entries.set(digest, entry);
      return;
    }
    if (this.#ring.length < this.#max) this.#ring.push(digest);
    else if (this.#seen.again(digest)) this.#ring[this.#freePlace()] = digest;
    else return;
    this.#entries.set(digest, entry);
  }

  /** Its place in the ring is found free when the hand comes by. */
  forget(digest: string): void {
    this.#entries.delete(digest);
  }

  /** Second chance: those used since the hand last came by are passed over. */
  #freePlace(): number {
    for (let chances = CHANCES; ; chances--) {
      const place = this.#hand;
      this.#hand = (place + 1) % this.#max;
      const digest = this.#ring[place] as string;
      const entry = this.#entries.get(digest);
      if (entry?.wasUsed && chances > 0) {
        entry.wasUsed = false;
        continue;
      }
      this.#entries.delete(digest);
      return place;
    }
  }
}

/** Everything of an issuer's configuration that a verification depended on. */
export function termsOf(issuer: TrustedIssuer): string {
  return JSON.stringify([
    issuer.issuer,
    issuer.audiences,
    issuer.algorithms,
    issuer.clockSkewSeconds,
    issuer.rolesClaim ?? null,
    issuer.scopesClaim ?? null,
    issuer.audienceClaim ?? null,
    issuer.acceptsNonce ?? false,
    issuer.isTrial ?? false,
  ]);
}
