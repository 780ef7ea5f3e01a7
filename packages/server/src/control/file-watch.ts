import { statSync } from 'node:fs';

/**
 * Notices changed files by looking: editors replace files, secrets are swapped by symbolic link,
 * and network mounts send no events.
 */
export class FileWatch {
  readonly #onChange: () => void;
  #seen = new Map<string, string>();

  constructor(everyMs: number, onChange: () => void) {
    this.#onChange = onChange;
    setInterval(() => this.#look(), everyMs).unref();
  }

  follow(files: readonly string[], options: { keep: boolean } = { keep: false }): void {
    const next = new Map(options.keep ? this.#seen : []);
    for (const file of files) next.set(file, this.#seen.get(file) ?? stamp(file));
    this.#seen = next;
  }

  #look(): void {
    let hasChanged = false;
    for (const [file, before] of this.#seen) {
      const now = stamp(file);
      if (now === before) continue;
      this.#seen.set(file, now);
      hasChanged = true;
    }
    if (hasChanged) this.#onChange();
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
