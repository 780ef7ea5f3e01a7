import { hash, verify } from '@node-rs/argon2';
import type { World } from '../../platform/world/index.ts';
import { HashingPace } from './hashing-pace.ts';
import { costOf, importedHash, isRightFor, mayReplace, waysToRead } from './imported-hashes.ts';
import { boundedBytes, normalPassword, PASSWORD_BYTES_MAX } from './password-rules.ts';

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
/** What a place in the queue is worth, however slow the hashes are that were imported. */
const PATIENCE_MS = 5_000;
const PLACES_MIN = 4;

/**
 * Passwords, hashed with Argon2id in threads of their own. Whoever is let in waits for a bounded number of others, and
 * nobody waits who could not be served within a few seconds.
 */
export class PasswordHashes {
  readonly #world: Pick<World, 'monotonicMs' | 'after'>;
  readonly #pace = new HashingPace();
  readonly #waiting: (() => void)[] = [];
  #places = 0;
  #running = 0;
  #stranger: Promise<string> | null = null;

  constructor(world: Pick<World, 'monotonicMs' | 'after'>) {
    this.#world = world;
  }

  /** Throws HashingBusy. Taken before anything is looked up, so that what is refused costs nothing. */
  enter(): HashingPlace {
    if (this.#places >= this.#placesMax()) throw new HashingBusy('too many at once');
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
    const typed = normalPassword(password);
    const isRight = await this.#paced(password, () =>
      verify(known, boundedBytes(typed, PASSWORD_BYTES_MAX)),
    );
    return isRight && hashed !== null && Buffer.byteLength(typed) <= PASSWORD_BYTES_MAX;
  }

  /** The same with a hash that was imported. From the first one on, all comparisons take as long as these. */
  async isRightElsewhere(imported: string, password: string): Promise<boolean> {
    const kept = importedHash(imported);
    if (kept === null) return this.isRight(null, password);
    return this.#paced(password, async () => {
      for (const way of waysToRead(password)) {
        const beganMs = this.#world.monotonicMs();
        const isSo = await isRightFor(kept, way);
        const nowMs = this.#world.monotonicMs();
        this.#pace.note(costOf(kept), nowMs - beganMs, nowMs);
        if (isSo) return true;
      }
      return false;
    });
  }

  /** Null: the imported one stays. */
  async inPlaceOf(imported: string, password: string): Promise<string | null> {
    const kept = importedHash(imported);
    return kept !== null && mayReplace(kept, password) ? this.make(password) : null;
  }

  /** Answers after the same time whatever was compared; what is typed may ask for twice of it, whoever types it. */
  async #paced(password: string, work: () => Promise<boolean>): Promise<boolean> {
    const { monotonicMs, after } = this.#world;
    let beganMs = 0;
    const isRight = await this.#inTurn(() => {
      beganMs = monotonicMs();
      return work();
    });
    const floorMs = this.#pace.floorMs(monotonicMs()) * waysToRead(password).length;
    const leftMs = floorMs - (monotonicMs() - beganMs);
    if (leftMs > 0) await new Promise<void>((resolve) => void after(leftMs, resolve));
    return isRight;
  }

  #placesMax(): number {
    const floorMs = this.#pace.floorMs(this.#world.monotonicMs());
    const inTime = floorMs === 0 ? WAITING_MAX : Math.floor((RUNNING_MAX * PATIENCE_MS) / floorMs);
    return Math.max(PLACES_MIN, RUNNING_MAX + Math.min(WAITING_MAX, inTime));
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
