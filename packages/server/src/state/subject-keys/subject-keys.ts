import { createHmac, hkdfSync } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../platform/database/index.ts';
import {
  KEY_BYTES,
  type KeyRing,
  type SealingKey,
  unambiguous,
} from '../../platform/secrets/index.ts';
import type { TombstoneLog } from '../tombstones/index.ts';
import type { StateWorld } from '../world.ts';

export interface SubjectKeyTables {
  subject_key: {
    id: string;
    /** Null once erased: nothing leads from the person to the row any more. */
    subject_index: string | null;
    wrapped: string;
    created_at: number;
    erased_at: number | null;
  };
}

/** A person, or whatever else can be erased. */
export interface Subject {
  /** `subject`, `client`, `address`, … */
  readonly kind: string;
  readonly value: string;
}

export interface Erasure {
  readonly keyId: string;
  /** False: a reader, such as a backup, kept old pages in the WAL; the next erasure or start empties it. */
  readonly isScrubbed: boolean;
}

const CACHED_MAX = 10_000;
/** Another node may have erased the subject. */
const CACHED_MS = 60_000;
const ATTEMPTS_MAX = 5;
/** Parameters of one statement stay well under SQLite's bound. */
const IDS_MAX = 500;
const SCRUB_ATTEMPTS_MAX = 20;
const SCRUB_PAUSE_MS = 50;

/** One data key a subject: whoever destroys it erases all that was sealed under it, everywhere. */
export class SubjectKeys {
  readonly #database: Database<SubjectKeyTables>;
  readonly #ring: KeyRing;
  readonly #tombstones: TombstoneLog;
  readonly #world: StateWorld;
  /** By blind index, in order of last use. */
  readonly #cache = new Map<string, { key: SealingKey; until: number }>();
  /** What was read before the cache was emptied must not come into it afterwards. */
  #epoch = 0;

  constructor(
    database: Database<SubjectKeyTables>,
    ring: KeyRing,
    tombstones: TombstoneLog,
    world: StateWorld,
  ) {
    this.#database = database;
    this.#ring = ring;
    this.#tombstones = tombstones;
    this.#world = world;
  }

  /** Finishes what a killed process began: a tombstone stands before its row is erased. */
  async replayTombstones(): Promise<number> {
    const ids = this.#tombstones
      .read()
      .flatMap(({ kind, id }) => (kind === 'subject-key' ? [id] : []));
    const erased = await this.#eraseRows(ids);
    await this.#scrub();
    return erased;
  }

  /** The key of a subject; made when it is first asked for. */
  async keyOf(subject: Subject): Promise<SealingKey> {
    const index = this.#indexOf(subject);
    const cached = this.#cached(index);
    if (cached !== undefined) return cached;
    const epoch = this.#epoch;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const key = (await this.#read(index)) ?? (await this.#create(index));
      if (key === undefined) continue;
      if (epoch === this.#epoch) this.#remember(index, key);
      return key;
    }
    throw new Error('a subject key was erased again and again while it was made');
  }

  /** Without making one. */
  async find(subject: Subject): Promise<SealingKey | undefined> {
    const index = this.#indexOf(subject);
    return this.#cached(index) ?? (await this.#read(index));
  }

  /** Another instance has erased somebody: who is asked for next is read anew. */
  forgetCached(): void {
    this.#epoch++;
    this.#cache.clear();
  }

  /** By id, as it stands in what was sealed. Undefined: erased, or never there. */
  async byId(id: string): Promise<SealingKey | undefined> {
    const row = await this.#database.kysely
      .selectFrom('subject_key')
      .select(['id', 'wrapped'])
      .where('id', '=', id)
      .where('erased_at', 'is', null)
      .executeTakeFirst();
    return row === undefined ? undefined : this.#unwrap(row);
  }

  /**
   * Erases the subject. The tombstone is on disk first: killed at any point, the next start
   * finishes the erasure, and a restore repeats it. Null: there is no key of that subject.
   */
  async destroy(subject: Subject): Promise<Erasure | null> {
    const index = this.#indexOf(subject);
    const row = await this.#database.kysely
      .selectFrom('subject_key')
      .select('id')
      .where('subject_index', '=', index)
      .executeTakeFirst();
    this.#cache.delete(index);
    if (row === undefined) return null;
    this.#tombstones.append([{ kind: 'subject-key', id: row.id, at: this.#world.now() }]);
    await this.#eraseRows([row.id]);
    // Whoever read the row meanwhile has put the key back into the cache.
    this.#cache.delete(index);
    return { keyId: row.id, isScrubbed: await this.#scrub() };
  }

  #indexOf({ kind, value }: Subject): string {
    return this.#ring.blindIndex(`subject ${kind}`, value);
  }

  async #read(index: string): Promise<SealingKey | undefined> {
    const row = await this.#database.kysely
      .selectFrom('subject_key')
      .select(['id', 'wrapped'])
      .where('subject_index', '=', index)
      .executeTakeFirst();
    return row === undefined ? undefined : this.#unwrap(row);
  }

  #unwrap({ id, wrapped }: { id: string; wrapped: string }): SealingKey {
    return { id, bytes: this.#ring.unwrapKey('subject_key', id, wrapped) };
  }

  /** Undefined when another came first; its key is then there to be read. */
  async #create(index: string): Promise<SealingKey | undefined> {
    const id = Buffer.from(this.#world.random(16)).toString('base64url');
    const bytes = this.#world.random(KEY_BYTES);
    const { numInsertedOrUpdatedRows } = await this.#database.kysely
      .insertInto('subject_key')
      .values({
        ...{ id, subject_index: index, wrapped: this.#ring.wrapKey('subject_key', id, bytes) },
        ...{ created_at: this.#world.now(), erased_at: null },
      })
      .onConflict((conflict) => conflict.column('subject_index').doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n ? { id, bytes } : undefined;
  }

  async #eraseRows(ids: readonly string[]): Promise<number> {
    let erased = 0;
    for (let at = 0; at < ids.length; at += IDS_MAX) {
      const { numUpdatedRows } = await this.#database.kysely
        .updateTable('subject_key')
        .set({ wrapped: '', subject_index: null, erased_at: this.#world.now() })
        .where('id', 'in', ids.slice(at, at + IDS_MAX))
        .where('erased_at', 'is', null)
        .executeTakeFirstOrThrow();
      erased += Number(numUpdatedRows);
    }
    return erased;
  }

  async #scrub(): Promise<boolean> {
    for (let attempt = 1; attempt < SCRUB_ATTEMPTS_MAX; attempt += 1) {
      if (await this.#database.scrub('subject_key')) return true;
      await pause(SCRUB_PAUSE_MS);
    }
    return this.#database.scrub('subject_key');
  }

  #cached(index: string): SealingKey | undefined {
    const entry = this.#cache.get(index);
    if (entry === undefined) return undefined;
    this.#cache.delete(index);
    if (entry.until <= this.#world.now()) return undefined;
    this.#cache.set(index, entry);
    return entry.key;
  }

  #remember(index: string, key: SealingKey): void {
    this.#cache.set(index, { key, until: this.#world.now() + CACHED_MS });
    if (this.#cache.size > CACHED_MAX) {
      this.#cache.delete(this.#cache.keys().next().value as string);
    }
  }
}

/** A name for the subject that only its key can make again: erasing the key erases the link. */
export function pseudonym(key: SealingKey, purpose: string): string {
  const label = unambiguous(['poorter pseudonym', purpose]);
  const under = hkdfSync('sha256', key.bytes, new Uint8Array(), label, KEY_BYTES);
  return createHmac('sha256', Buffer.from(under)).update(key.id).digest('base64url').slice(0, 22);
}
