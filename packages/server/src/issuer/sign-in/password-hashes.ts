import { hash, verify } from '@node-rs/argon2';
import { normalPassword, PASSWORD_BYTES_MAX } from './password-rules.ts';

/** More people want to sign in by password at this moment than the machine can hash for. */
export class HashingBusy extends Error {
  override readonly name = 'HashingBusy';
}

/** A place in the queue; it is given back whatever happens. */
export interface HashingPlace {
  release(): void;
}

/** RFC 9106 §4 and OWASP: 19 MiB, two passes. Algorithm 2 is Argon2id. */
const TERMS = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Of the four threads that libuv has: files and names are read by the others. */
const RUNNING_MAX = 2;
const WAITING_MAX = 64;

/**
 * Passwords, hashed with Argon2id in threads of their own. Whoever is let in waits for a bounded number of others, and
 * nobody waits who could not be served within a few seconds.
 */
export class PasswordHashes {
  readonly #waiting: (() => void)[] = [];
  #places = 0;
  #running = 0;
  #stranger: Promise<string> | null = null;

  /** Throws HashingBusy. Taken before anything is looked up, so that what is refused costs nothing. */
  enter(): HashingPlace {
    if (this.#places >= RUNNING_MAX + WAITING_MAX) throw new HashingBusy('too many at once');
    this.#places += 1;
    let isHeld = true;
    return {
      release: () => {
        if (isHeld) this.#places -= 1;
        isHeld = false;
      },
    };
  }

  make(password: string): Promise<string> {
    return this.#inTurn(() => hash(normalPassword(password), TERMS));
  }

  /** Null: there is nothing to compare with. It takes the same time, and is never right. */
  async isRight(hashed: string | null, password: string): Promise<boolean> {
    const known = hashed ?? (await this.#ofStranger());
    const typed = Buffer.from(normalPassword(password));
    const isRight = await this.#inTurn(() => verify(known, typed.subarray(0, PASSWORD_BYTES_MAX)));
    return isRight && hashed !== null && typed.length <= PASSWORD_BYTES_MAX;
  }

  /** Of nobody's password: made once, with the same terms. */
  #ofStranger(): Promise<string> {
    this.#stranger ??= this.make(`${Math.PI} is nobody's`);
    return this.#stranger;
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= RUNNING_MAX) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // Whoever waits takes the place over.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
