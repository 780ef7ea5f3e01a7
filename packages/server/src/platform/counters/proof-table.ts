import {
  type CounterMemory,
  type CounterViews,
  lock,
  PROOF_WAYS,
  PROOF_WORDS,
  unlock,
  viewsOf,
} from './counter-memory.ts';

/** Whoever holds a set is done within microseconds, or was stopped by the scheduler. */
const LOCK_WAIT_MAX_MS = 20;

/**
 * What was shown once, for all threads of a gateway. Only what has ended makes room: nothing is forgotten
 * before its end, whoever asks, and a newcomer that finds no place does not count.
 */
export class ProofTable {
  readonly #views: CounterViews;
  readonly #owner: number;
  readonly #now: () => number;

  /** `now`: milliseconds since the epoch. */
  constructor(memory: CounterMemory, slot: number, now: () => number) {
    this.#views = viewsOf(memory);
    this.#owner = slot + 1;
    this.#now = now;
  }

  /** `id`: 16 bytes or more of a hash. `full`: it cannot be remembered now, and so must not count. */
  show(id: Buffer, untilMs: number): 'first' | 'again' | 'full' {
    const { proofLocks } = this.#views;
    const set = id.readUInt32LE(8) & (proofLocks.length - 1);
    if (!lock(proofLocks, set, this.#owner, LOCK_WAIT_MAX_MS)) return 'full';
    try {
      return this.#place(set, id.readInt32LE(0), id.readInt32LE(4), Math.ceil(untilMs / 1000));
    } finally {
      unlock(proofLocks, set);
    }
  }

  #place(set: number, high: number, low: number, until: number): 'first' | 'again' | 'full' {
    const { proofs } = this.#views;
    const now = Math.floor(this.#now() / 1000);
    const start = set * PROOF_WAYS * PROOF_WORDS;
    let free = -1;
    for (let at = start; at < start + PROOF_WAYS * PROOF_WORDS; at += PROOF_WORDS) {
      const end = (proofs[at + 2] as number) >>> 0;
      if (!(end > now)) {
        if (free < 0) free = at;
      } else if (proofs[at] === high && proofs[at + 1] === low) return 'again';
    }
    if (free < 0) return 'full';
    proofs[free] = high;
    proofs[free + 1] = low;
    // Last: whoever is stopped before it has taken no place.
    proofs[free + 2] = until;
    return 'first';
  }
}
