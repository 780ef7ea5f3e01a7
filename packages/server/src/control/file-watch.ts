import { statSync } from 'node:fs';
import type { Timer, World } from '../platform/world/index.ts';

const LOOK_EVERY_MS = 1_000;
/** Files that were just written are left alone for so long: an editor, or a copy, may not be done. */
const QUIET_MS = 400;
/** Whoever never stops writing is read in between all the same. */
const RESTLESS_MAX_MS = 15_000;

/**
 * Notices changed files by looking: editors replace files, secrets are swapped by symbolic link,
 * and network mounts send no events. A change is told when all of them have been still for a moment:
 * half a file, or a document whose neighbour is yet to come, must not go live.
 */
export class FileWatch {
  readonly #world: Pick<World, 'every' | 'after' | 'monotonicMs'>;
  readonly #onChange: () => void;
  readonly #looking: Timer;
  #quiet: Timer | null = null;
  #seen = new Map<string, string>();
  #restlessSince: number | null = null;

  constructor(world: Pick<World, 'every' | 'after' | 'monotonicMs'>, onChange: () => void) {
    this.#world = world;
    this.#onChange = onChange;
    this.#looking = world.every(LOOK_EVERY_MS, () => {
      if (this.#restlessSince === null && this.#look()) this.#awaitQuiet();
    });
  }

  close(): void {
    this.#looking.cancel();
    this.#quiet?.cancel();
  }

  /**
   * `readAfterMs`: they were read no earlier. One that is new here and was changed since then counts as
   * changed: what was read may be what it held before.
   */
  follow(
    files: readonly string[],
    { keep = false, readAfterMs = Number.POSITIVE_INFINITY } = {},
  ): void {
    const next = new Map(keep ? this.#seen : []);
    for (const file of files) {
      next.set(file, this.#seen.get(file) ?? stamp(file, readAfterMs));
    }
    this.#seen = next;
  }

  #awaitQuiet(): void {
    const { monotonicMs, after } = this.#world;
    this.#restlessSince ??= monotonicMs();
    this.#quiet = after(QUIET_MS, () => {
      const isRestless = this.#look();
      const sinceMs = monotonicMs() - (this.#restlessSince ?? 0);
      if (isRestless && sinceMs < RESTLESS_MAX_MS) return this.#awaitQuiet();
      this.#restlessSince = null;
      this.#onChange();
    });
  }

  /** Whether a file has changed since the last look. */
  #look(): boolean {
    let hasChanged = false;
    for (const [file, before] of this.#seen) {
      const now = stamp(file);
      if (now === before) continue;
      this.#seen.set(file, now);
      hasChanged = true;
    }
    return hasChanged;
  }
}

const CHANGED_SINCE = 'changed since it was read';

function stamp(file: string, readAfterMs = Number.POSITIVE_INFINITY): string {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    if (mtimeMs >= readAfterMs) return CHANGED_SINCE;
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return 'absent';
  }
}
