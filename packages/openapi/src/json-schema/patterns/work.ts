/**
 * Steps that the patterns of one message may take, natively or on the automaton, all its texts and all readings
 * of them together: a quarter to two thirds of a second of one thread. Everyday patterns stay far below;
 * `foo.{0,2000}bar` on a long text of foos would not.
 */
export const PATTERN_STEPS_MAX = 20_000_000;

/** Nobody knows whether the text matches, so the value must not pass, not even through `not`. */
export class PatternWorkExceeded extends Error {}

/** What the patterns of one message have cost so far. */
export class PatternWork {
  #steps = 0;

  get steps(): number {
    return this.#steps;
  }

  /** Throws PatternWorkExceeded, and does so again at every further step. */
  spend(steps: number): void {
    // What is refused is not done, and so not counted.
    if (this.#steps <= PATTERN_STEPS_MAX) this.#steps += steps;
    if (!(this.#steps <= PATTERN_STEPS_MAX)) throw new PatternWorkExceeded();
  }
}

let current: PatternWork | null = null;

/** Everything that `run` matches is counted on this account. Checks are synchronous, so one is enough. */
export function onAccountOf<T>(work: PatternWork, run: () => T): T {
  const outer = current;
  current = work;
  try {
    return run();
  } finally {
    current = outer;
  }
}

/** The account of the message being checked; one of its own where nobody opened one. */
export function presentAccount(): PatternWork {
  return current ?? new PatternWork();
}
