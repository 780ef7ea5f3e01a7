/** More waiters than this mean that something holds the lock for good. */
const WAITERS_MAX = 10_000;

export class DatabaseBusyError extends Error {
  constructor(what: string) {
    super(`the database is busy: ${what}`);
    this.name = 'DatabaseBusyError';
  }
}

/** One holder at a time, in order of arrival; nobody waits longer than `waitMs`. */
export class Mutex {
  readonly #waitMs: number;
  readonly #waiters: { grant(): void }[] = [];
  #isHeld = false;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  async acquire(): Promise<void> {
    if (!this.#isHeld) {
      this.#isHeld = true;
      return;
    }
    if (this.#waiters.length >= WAITERS_MAX) {
      throw new DatabaseBusyError(`${WAITERS_MAX} others wait already`);
    }
    await new Promise<void>((resolve, reject) => {
      const waiter = {
        grant: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(new DatabaseBusyError(`no turn within ${this.#waitMs} ms`));
      }, this.#waitMs);
      this.#waiters.push(waiter);
    });
  }

  release(): void {
    const next = this.#waiters.shift();
    if (next === undefined) this.#isHeld = false;
    else next.grant();
  }
}
