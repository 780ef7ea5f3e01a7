/** Fetches that unknown key ids may cause at once, and then one a pause: 65 in the first minute. */
const BURST = 5;
const PAUSE_MS = 1_000;
/** A key id that the issuer does not have is looked for again after this, and ever more slowly. */
const ABSENT_PAUSE_MS = 2_000;
const ABSENT_PAUSE_MAX_MS = 60_000;
/** A signature that a key of this name did not make is mostly a forgery, seldom a key replaced. */
const KNOWN_PAUSE_MS = 30_000;
/** Names that are answered one by one; those beyond still cause the fetch that may show them. */
const WANTED_MAX = 256;
const PAUSED_MAX = 2_000;

/**
 * What calls want of one issuer's key set. Two bounds, so that invented key ids cost the issuer
 * little and hold up no real one: each id pauses for itself, and all share a budget of fetches. One
 * fetch shows every key, so that a flood waits for, and is answered by, the same one.
 */
export class KeyRequests {
  readonly #now: () => number;
  #wanted = new Set<string | null>();
  #isMoreWanted = false;
  #budget = BURST;
  #budgetAt: number;
  readonly #paused = new Map<string, { untilMs: number; pauseMs: number }>();

  constructor(now: () => number) {
    this.#now = now;
    this.#budgetAt = now();
  }

  get areWaiting(): boolean {
    return this.#wanted.size > 0 || this.#isMoreWanted;
  }

  /** False: the issuer was asked for that key a moment ago. */
  want(keyId: string | null, isKnown: boolean): boolean {
    if (keyId !== null) {
      const paused = this.#paused.get(keyId);
      if (paused !== undefined && this.#now() < paused.untilMs) return false;
      if (isKnown) this.#pause(keyId, KNOWN_PAUSE_MS);
    }
    if (this.#wanted.size < WANTED_MAX) this.#wanted.add(keyId);
    else this.#isMoreWanted = true;
    return true;
  }

  /** Milliseconds until the budget allows a fetch; 0 takes one from it. */
  takeFetch(): number {
    const now = this.#now();
    // A clock that was set back must not stop the refill.
    const refills = Math.floor(Math.max(0, now - this.#budgetAt) / PAUSE_MS);
    if (now < this.#budgetAt) this.#budgetAt = now;
    this.#budget = Math.min(BURST, this.#budget + refills);
    this.#budgetAt = this.#budget === BURST ? now : this.#budgetAt + refills * PAUSE_MS;
    if (this.#budget < 1) return Math.max(1, this.#budgetAt + PAUSE_MS - now);
    this.#budget -= 1;
    return 0;
  }

  /** Those whom the fetch that begins now answers: what is wanted later, it may not show. */
  take(): readonly (string | null)[] {
    const taken = [...this.#wanted];
    this.#wanted = new Set();
    this.#isMoreWanted = false;
    return taken;
  }

  /** The issuer was asked for `asked`; `keyIds` are what it has, whoever caused the fetch. Returns who is answered. */
  settle(
    keyIds: ReadonlySet<string>,
    asked: readonly (string | null)[],
  ): readonly (string | null)[] {
    const answered = [...asked];
    for (const keyId of this.#wanted) {
      if (keyId === null || !keyIds.has(keyId)) continue;
      this.#wanted.delete(keyId);
      answered.push(keyId);
    }
    for (const keyId of asked) {
      if (keyId === null) continue;
      // The pause of a known one stays; that of a new one has no further use.
      if (keyIds.has(keyId)) continue;
      const before = this.#paused.get(keyId)?.pauseMs ?? ABSENT_PAUSE_MS / 2;
      this.#pause(keyId, Math.min(ABSENT_PAUSE_MAX_MS, before * 2));
    }
    return answered;
  }

  #pause(keyId: string, pauseMs: number): void {
    this.#paused.delete(keyId);
    this.#paused.set(keyId, { untilMs: this.#now() + pauseMs, pauseMs });
    if (this.#paused.size <= PAUSED_MAX) return;
    for (const oldest of this.#paused.keys()) return void this.#paused.delete(oldest);
  }
}
