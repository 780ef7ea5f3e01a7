import type { SigningAlgorithm, SigningKey } from './signing-key-store.ts';

/** A key is published for so long before it signs: gates hear of it at once, others fetch key sets once a day. */
export const PUBLISHED_BEFORE_MS = 86_400_000;

/** What keys are for at one moment. */
export interface SigningPlan {
  /** Signed with now, one of each algorithm. */
  readonly signing: ReadonlyMap<SigningAlgorithm, SigningKey>;
  /** Believed now, those that are yet to sign among them. */
  readonly published: readonly SigningKey[];
  /** When any of this is next different; null: until another key is made. */
  readonly changesAt: number | null;
}

export interface SigningTerms {
  /** What was signed with a key last lives for so long, clocks that differ included. */
  readonly tokenLifeMs: number;
}

/**
 * A key is published from the moment it is made, signs from its hour on until the next one of its algorithm
 * does, and is believed for as long as what it signed lives. A revoked one is nothing from that moment on.
 */
export function signingPlan(
  keys: readonly SigningKey[],
  { tokenLifeMs }: SigningTerms,
  now: number,
): SigningPlan {
  const signing = new Map<SigningAlgorithm, SigningKey>();
  const published: SigningKey[] = [];
  const changes: number[] = [];
  const alive = keys
    .filter(({ revokedAt }) => revokedAt === null)
    .toSorted((one, other) => one.activeAt - other.activeAt || (one.id < other.id ? -1 : 1));
  for (const [index, key] of alive.entries()) {
    const next = alive.slice(index + 1).find(({ algorithm }) => algorithm === key.algorithm);
    const forgottenAt = next === undefined ? null : next.activeAt + tokenLifeMs;
    if (forgottenAt !== null && !(now < forgottenAt)) continue;
    published.push(key);
    const isBegun = key.activeAt <= now;
    if (!isBegun) changes.push(key.activeAt);
    // In the order of their hours: the last one that has begun stays. Where none has, the first that will.
    if (isBegun || !signing.has(key.algorithm)) signing.set(key.algorithm, key);
    if (forgottenAt !== null) changes.push(forgottenAt);
  }
  return { signing, published, changesAt: changes.length === 0 ? null : Math.min(...changes) };
}
