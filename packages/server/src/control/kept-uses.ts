import { notice } from '../messages/notices.ts';
import type { Notify } from '../platform/notices/index.ts';
import type { World } from '../platform/world/index.ts';
import type { CredentialUse } from '../security-log/index.ts';

export interface KeptUsesPorts {
  /** In one transaction. `reached`: all uses in leaves before this one are kept with these; null: not all. */
  readonly keep: (uses: readonly CredentialUse[], reached: number | null) => Promise<void>;
  readonly world: Pick<World, 'after'>;
  readonly notify: Notify;
}

/** Once in some seconds is soon enough for when a key was last used. */
const EVERY_MS = 5_000;
/** One transaction: a revocation waits for it. */
const AT_ONCE = 1_000;
/** Of as many credentials and operations the last use waits while nothing can be written. */
const USES_MAX = 20_000;
/** All that may wait, several times over: more come while these are written. */
const PORTIONS_MAX = 100;
/** Where calls come without keys, the cursor moves on all the same, but not for each of them. */
const LEAVES_UNKEPT_MAX = 16_384;

/**
 * When keys were last used, on its way from the recorder to the rows of the keys. What cannot be written waits
 * and is tried again, of each credential and operation the newest; what a killed process had not written is read
 * again from the log, from the cursor that is kept with it.
 */
export class KeptUses {
  readonly #ports: KeptUsesPorts;
  /** The one that was told last stands last. */
  readonly #waiting = new Map<string, CredentialUse>();
  /** What was told so far comes from leaves before this one; null: nothing was told. */
  #reached: number | null;
  #kept: number;
  #lost = 0;
  #writing: Promise<void> | null = null;
  #hasTimer = false;
  #isInTrouble = false;

  /** `kept`: the cursor as it was kept last; null: there is none. */
  constructor(ports: KeptUsesPorts, kept: number | null) {
    this.#ports = ports;
    this.#reached = kept;
    this.#kept = kept ?? 0;
  }

  /** Where a recorder that is started now goes on. */
  get reached(): number | null {
    return this.#reached;
  }

  note(uses: ReadonlyMap<string, CredentialUse>, reached: number): void {
    for (const [id, use] of uses) {
      this.#waiting.delete(id);
      this.#waiting.set(id, use);
    }
    this.#reached = reached;
    this.#forgetOldest();
    if (this.#waiting.size === 0 && reached - this.#kept < LEAVES_UNKEPT_MAX) return;
    if (this.#waiting.size >= AT_ONCE && !this.#isInTrouble) void this.keep();
    else this.#keepLater();
  }

  /** Resolves when all that was told is written, or cannot be written now. Never throws. */
  keep(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  /** The same, and whether all was written that had been told by then. */
  async isKept(): Promise<boolean> {
    for (let portions = 0; portions < PORTIONS_MAX; portions++) {
      await this.keep();
      if (this.#isInTrouble) return false;
      if (this.#waiting.size === 0 && this.#writing === null) return true;
    }
    return false;
  }

  async #write(): Promise<void> {
    let portion: [string, CredentialUse][] = [];
    try {
      do {
        portion = this.#take();
        const reached = this.#waiting.size === 0 ? this.#reached : null;
        await this.#ports.keep(
          portion.map(([, use]) => use),
          reached,
        );
        if (reached !== null) this.#kept = reached;
        this.#isInTrouble = false;
      } while (this.#waiting.size >= AT_ONCE);
      if (this.#waiting.size > 0) this.#keepLater();
    } catch (error) {
      this.#takeBack(portion);
      if (!this.#isInTrouble) {
        const text = `keeping when keys were last used: ${String(error)}; it is tried again`;
        this.#ports.notify(notice('key_uses_unwritten', text));
      }
      this.#isInTrouble = true;
      this.#keepLater();
    }
  }

  /** The oldest first: what is told meanwhile stands behind them. */
  #take(): [string, CredentialUse][] {
    const portion: [string, CredentialUse][] = [];
    for (const entry of this.#waiting) {
      if (portion.length === AT_ONCE) break;
      portion.push(entry);
    }
    for (const [id] of portion) this.#waiting.delete(id);
    return portion;
  }

  /** What was told meanwhile is newer. */
  #takeBack(portion: readonly [string, CredentialUse][]): void {
    const newer = [...this.#waiting];
    this.#waiting.clear();
    for (const [id, use] of [...portion, ...newer]) this.#waiting.set(id, use);
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    const before = this.#lost;
    for (const id of this.#waiting.keys()) {
      if (this.#waiting.size <= USES_MAX) break;
      this.#waiting.delete(id);
      this.#lost += 1;
    }
    if (before > 0 || this.#lost === 0) return;
    const text = 'more uses of keys wait to be kept than may: the oldest are not kept';
    this.#ports.notify(notice('key_uses_unwritten', text));
  }

  #keepLater(): void {
    if (this.#hasTimer) return;
    this.#hasTimer = true;
    this.#ports.world.after(EVERY_MS, () => {
      this.#hasTimer = false;
      void this.keep();
    });
  }
}
