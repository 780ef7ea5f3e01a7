import type { TrustedIssuer } from '../../identity.ts';
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
 */
export class VerifiedTokens {
  readonly #max: number;
  readonly #entries = new Map<string, VerifiedToken>();

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
    if (!this.#entries.has(digest) && this.#entries.size >= this.#max) this.#forgetOne();
    this.#entries.set(digest, entry);
  }

  forget(digest: string): void {
    this.#entries.delete(digest);
  }

  /** Second chance, oldest first. */
  #forgetOne(): void {
    let chances = CHANCES;
    for (const [digest, entry] of this.#entries) {
      this.#entries.delete(digest);
      if (!entry.wasUsed || chances === 0) return;
      chances -= 1;
      entry.wasUsed = false;
      this.#entries.set(digest, entry);
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
