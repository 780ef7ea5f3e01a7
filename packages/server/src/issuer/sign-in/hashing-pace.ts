/** Of one kind of hash: how long it took lately, and when that was seen. */
interface Seen {
  readonly ms: number;
  readonly atMs: number;
}

/** A share of the newest; one moment at which the machine was busy changes little. */
const NEWEST = 0.25;
/** Some take longer than most do. */
const MARGIN = 1.25;
/** What is read at all takes less, on a machine that does nothing else. */
const FLOOR_MAX_MS = 2_000;
/** Whoever waited for the last one to be forgotten would see the next. */
const REMEMBERED_MS = 86_400_000;
const KINDS_MAX = 32;

/**
 * How long every comparison takes, so that nobody sees by the time whose password was made elsewhere: as long as the
 * slowest of those that were imported. Zero where there are none.
 */
export class HashingPace {
  readonly #seen = new Map<string, Seen>();

  /** One was computed. */
  note(kind: string, ms: number, nowMs: number): void {
    const before = this.#seen.get(kind);
    if (before === undefined && this.#seen.size >= KINDS_MAX) return;
    const known = before?.ms ?? ms;
    this.#seen.set(kind, { ms: known + (ms - known) * NEWEST, atMs: nowMs });
  }

  floorMs(nowMs: number): number {
    let most = 0;
    for (const [kind, { ms, atMs }] of this.#seen) {
      if (nowMs - atMs > REMEMBERED_MS) this.#seen.delete(kind);
      else most = Math.max(most, ms);
    }
    return Math.min(FLOOR_MAX_MS, most * MARGIN);
  }
}
