import { statSync } from 'node:fs';
import { monotonicMs } from '../platform/clock/index.ts';

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
  readonly #onChange: () => void;
  readonly #quietMs: number;
  #seen = new Map<string, string>();
  #restlessSince: number | null = null;

  constructor(everyMs: number, onChange: () => void, quietMs: number = QUIET_MS) {
    this.#onChange = onChange;
    this.#quietMs = quietMs;
    setInterval(() => {
      if (this.#restlessSince === null && this.#look()) this.#awaitQuiet();
    }, everyMs).unref();
  }

  follow(files: readonly string[], options: { keep: boolean } = { keep: false }): void {
    const next = new Map(options.keep ? this.#seen : []);
    for (const file of files) next.set(file, this.#seen.get(file) ?? stamp(file));
    this.#seen = next;
  }

  #awaitQuiet(): void {
    this.#restlessSince ??= monotonicMs();
    setTimeout(() => {
      const isRestless = this.#look();
      const sinceMs = monotonicMs() - (this.#restlessSince ?? 0);
      if (isRestless && sinceMs < RESTLESS_MAX_MS) return this.#awaitQuiet();
      this.#restlessSince = null;
      this.#onChange();
    }, this.#quietMs).unref();
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

function stamp(file: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return 'absent';
  }
}
