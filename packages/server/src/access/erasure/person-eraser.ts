import { isIP } from 'node:net';
import { parseJsonText } from '@poorter/openapi/json';
import type { Transaction } from 'kysely';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, recordChange } from '../../state/changes/index.ts';
import type { IdempotencyTables } from '../../state/idempotency/index.ts';
import type { StateWorld } from '../../state/index.ts';
import type { Subject, SubjectKeys } from '../../state/subject-keys/index.ts';
import type { Tombstone, TombstoneLog } from '../../state/tombstones/index.ts';
import { type BlockTables, blockValueIndex } from '../blocks/index.ts';
import { type KeyTables, ownerIndex } from '../keys/index.ts';

export type PersonTables = KeyTables & BlockTables & IdempotencyTables;

export interface ErasedPerson {
  /** The data key of the person that was destroyed; null: there was none. */
  readonly keyId: string | null;
  /** Data keys destroyed, with those of the API keys that the person held. */
  readonly destroyed: number;
  /** API keys that the person held: they were revoked, and nobody can read whose they were. */
  readonly keys: readonly string[];
  /** Blocks of the person that held: they cannot hold without what they are about. */
  readonly endedBlocks: readonly string[];
  /** False: a reader kept old pages in the WAL; the next erasure or start empties it. */
  readonly isScrubbed: boolean;
}

/** What stands where something was erased. */
const ERASED = 'erased';
const ROWS_AT_ONCE = 500;
/** A shorter value stands in many a sentence that is not about the person. */
const WORD_CHARS_MIN = 3;

type Session = Transaction<PersonTables>;
type KeyRow = PersonTables['api_key'];
type BlockRow = PersonTables['block'];
type Mark = Pick<Tombstone, 'kind' | 'id'>;

/** What of one row is to go, as a tombstone names it: no tombstone tells of whom it was. */
const KEY_MARKS = ['key-holder', 'key-name', 'key-networks', 'key-reason'] as const;
const BLOCK_MARKS = ['block-person', 'block-reason'] as const;

/**
 * The right to be forgotten, over all tables: the data keys under which a person's values are sealed,
 * and the values that stand under the keys of the installation because operators must find them: who
 * holds an API key, who is blocked and why, answers that repeat them. Tombstones are on disk first:
 * killed at any point, the next start finishes the erasure, and a restore repeats it.
 */
export class PersonEraser {
  readonly #database: Database<PersonTables>;
  readonly #ring: KeyRing;
  readonly #subjectKeys: SubjectKeys;
  readonly #tombstones: TombstoneLog;
  readonly #world: StateWorld;

  constructor(
    database: Database<PersonTables>,
    ring: KeyRing,
    subjectKeys: SubjectKeys,
    tombstones: TombstoneLog,
    world: StateWorld,
  ) {
    this.#database = database;
    this.#ring = ring;
    this.#subjectKeys = subjectKeys;
    this.#tombstones = tombstones;
    this.#world = world;
  }

  async erase(subject: Subject): Promise<ErasedPerson> {
    const found = new Found(subject);
    for await (const row of this.#rows('api_key')) this.#lookAtKey(row, found);
    for await (const row of this.#rows('block')) this.#lookAtBlock(row, found);
    // First what needs the rows: asked again after a kill, they are still there.
    const own = await this.#subjectKeys.destroy(subject);
    let destroyed = own === null ? 0 : 1;
    for (const { id, client } of found.holders) {
      for (const held of [
        { kind: 'credential', value: id },
        { kind: 'client', value: client },
      ]) {
        if ((await this.#subjectKeys.destroy(held)) !== null) destroyed += 1;
      }
    }
    const at = this.#world.now();
    // Of those that were revoked before, that they are stays as it was.
    const revoked = found.holders.filter(({ isRevoked }) => !isRevoked);
    this.#tombstones.append([
      ...revoked.map(({ id }) => ({ kind: 'key' as const, id, at })),
      ...found.marks.map((mark) => ({ ...mark, at })),
    ]);
    await this.#apply(found.marks);
    await this.#eraseAnswers((answer) => found.isIn(answer));
    return {
      ...{ keyId: own?.keyId ?? null, destroyed, endedBlocks: found.activeBlocks },
      keys: revoked.map(({ id }) => id),
      isScrubbed: (await this.#scrub()) && own?.isScrubbed !== false,
    };
  }

  /** Finishes what a killed process began, and repeats what a backup brought back. */
  async replayTombstones(): Promise<number> {
    const kinds: ReadonlySet<string> = new Set([...KEY_MARKS, ...BLOCK_MARKS]);
    const marks = this.#tombstones.read().filter(({ kind }) => kinds.has(kind));
    const changed = await this.#apply(marks);
    if (changed === 0) return 0;
    // Which of them repeat what was erased is not known any more.
    await this.#eraseAnswers(() => true);
    await this.#scrub();
    return changed;
  }

  #lookAtKey(row: KeyRow, found: Found): void {
    const { kind, value } = found.subject;
    const { id, client } = row;
    const name = this.#open('api_key', id, 'name', row.name_sealed);
    const isHolder =
      (kind === 'subject' && row.owner_index === ownerIndex(this.#ring, value)) ||
      (kind === 'client' && (client === value || id === value));
    if (isHolder) {
      const owner = row.owner_sealed && this.#open('api_key', id, 'owner', row.owner_sealed);
      found.holders.push({ id, client, isRevoked: row.revoked_at !== null });
      found.mark('key-holder', id, name, owner);
      return;
    }
    if (kind === 'subject' && name === value) found.mark('key-name', id);
    const networks = this.#open('api_key', id, 'networks', row.networks_sealed);
    if (kind === 'address' && isOneOf(value, parseJsonText(networks) as string[])) {
      // Without the address it could be used from everywhere.
      found.holders.push({ id, client, isRevoked: row.revoked_at !== null });
      found.mark('key-networks', id);
    }
    const reason = row.revoked_reason_sealed;
    if (reason !== null && found.isNamedIn(this.#open('api_key', id, 'revoked_reason', reason))) {
      found.mark('key-reason', id);
    }
  }

  #lookAtBlock(row: BlockRow, found: Found): void {
    const { kind, value } = found.subject;
    const index = blockValueIndex(this.#ring, row.kind, value);
    if (row.kind === kind && index !== null && row.value_index === index) {
      if (row.ended_at === null) found.activeBlocks.push(row.id);
      found.mark('block-person', row.id);
    } else if (found.isNamedIn(this.#open('block', row.id, 'reason', row.reason_sealed))) {
      found.mark('block-reason', row.id);
    }
  }

  /** Says how many rows still held what was to go. */
  async #apply(marks: readonly Mark[]): Promise<number> {
    let changed = 0;
    for (let at = 0; at < marks.length; at += ROWS_AT_ONCE) {
      const portion = marks.slice(at, at + ROWS_AT_ONCE);
      changed += await this.#database.write(async (session) => {
        let count = 0;
        for (const { kind, id } of portion) {
          const isKey = KEY_MARKS.some((mark) => mark === kind);
          const isChanged = isKey
            ? await this.#eraseOfKey(session, kind, id)
            : await this.#eraseOfBlock(session, kind, id);
          if (isChanged) count += 1;
        }
        return count;
      }, CHANGE_LOCK);
    }
    return changed;
  }

  async #eraseOfKey(session: Session, kind: string, id: string): Promise<boolean> {
    const row = await session
      .selectFrom('api_key')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) return false;
    const at = this.#world.now();
    const none = (column: string, text: string) => this.#seal('api_key', id, column, text);
    const isReadable = (column: string, sealed: string | null, gone: string) =>
      sealed !== null && this.#open('api_key', id, column, sealed) !== gone;
    const hasReason = isReadable('revoked_reason', row.revoked_reason_sealed, ERASED);
    const revoked = {
      revoked_at: row.revoked_at ?? at,
      revoked_reason_sealed: none('revoked_reason', ERASED),
    };
    const hasName = isReadable('name', row.name_sealed, ERASED);
    const change: Partial<KeyRow> = {};
    if (kind === 'key-reason') {
      if (!hasReason) return false;
      change.revoked_reason_sealed = revoked.revoked_reason_sealed;
    } else if (kind === 'key-name') {
      if (!hasName) return false;
      change.name_sealed = none('name', ERASED);
    } else {
      const hasNetworks = isReadable('networks', row.networks_sealed, '[]');
      const isNamed = kind === 'key-holder' && (row.owner_sealed !== null || hasName);
      if (!hasNetworks && !isNamed && row.revoked_at !== null && !hasReason) return false;
      Object.assign(change, revoked, { networks_sealed: none('networks', '[]') });
      if (kind === 'key-holder') {
        change.name_sealed = none('name', ERASED);
        change.owner_sealed = null;
        change.owner_index = null;
      }
    }
    await session
      .updateTable('api_key')
      .set({ ...change, version: row.version + 1 })
      .where('id', '=', id)
      .execute();
    await recordChange(session, 'key', id, at);
    return true;
  }

  async #eraseOfBlock(session: Session, kind: string, id: string): Promise<boolean> {
    const row = await session
      .selectFrom('block')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) return false;
    const isWhole = kind === 'block-person';
    const isGone =
      this.#open('block', id, 'reason', row.reason_sealed) === ERASED &&
      (!isWhole || row.value_index === '');
    if (isGone) return false;
    const at = this.#world.now();
    const change: Partial<BlockRow> = { reason_sealed: this.#seal('block', id, 'reason', ERASED) };
    if (isWhole) {
      change.value_sealed = this.#seal('block', id, 'value', ERASED);
      change.value_index = '';
      change.ended_at = row.ended_at ?? at;
    }
    await session
      .updateTable('block')
      .set({ ...change, version: row.version + 1 })
      .where('id', '=', id)
      .execute();
    await recordChange(session, 'block', id, at);
    return true;
  }

  /** Whoever asks with the same key again hears that it was used for something else: nothing is done twice. */
  async #eraseAnswers(isErased: (answer: string) => boolean): Promise<void> {
    let after = '';
    for (;;) {
      const rows = await this.#database.kysely
        .selectFrom('idempotent_answer')
        .select(['key_index', 'answer_sealed'])
        .where('answer_sealed', 'is not', null)
        .where('key_index', '>', after)
        .orderBy('key_index')
        .limit(ROWS_AT_ONCE)
        .execute();
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.key_index;
      const gone = rows.flatMap(({ key_index, answer_sealed }) => {
        const answer = this.#open('idempotent_answer', key_index, 'answer', answer_sealed ?? '');
        return isErased(answer) ? [key_index] : [];
      });
      if (gone.length === 0) continue;
      await this.#database.kysely
        .updateTable('idempotent_answer')
        .set({ answer_sealed: null, request_hash: ERASED })
        .where('key_index', 'in', gone)
        .execute();
    }
  }

  async *#rows<Table extends 'api_key' | 'block'>(
    table: Table,
  ): AsyncGenerator<PersonTables[Table]> {
    let after = '';
    for (;;) {
      const rows = (await this.#database.kysely
        .selectFrom(table as 'api_key')
        .selectAll()
        .where('id', '>', after)
        .orderBy('id')
        .limit(ROWS_AT_ONCE)
        .execute()) as unknown as PersonTables[Table][];
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }

  async #scrub(): Promise<boolean> {
    let isScrubbed = true;
    for (const table of ['api_key', 'block', 'idempotent_answer'] as const) {
      isScrubbed = (await this.#database.scrub(table)) && isScrubbed;
    }
    return isScrubbed;
  }

  #open(table: string, row: string, column: string, sealed: string): string {
    return this.#ring.open({ table, column, row }, sealed);
  }

  #seal(table: string, row: string, column: string, text: string): string {
    return this.#ring.seal({ table, column, row }, text);
  }
}

/** What an erasure has to change. */
class Found {
  readonly subject: Subject;
  readonly marks: Mark[] = [];
  readonly holders: { id: string; client: string; isRevoked: boolean }[] = [];
  readonly activeBlocks: string[] = [];
  /** As they stand in JSON. */
  readonly #texts: string[];
  readonly #word: RegExp | null;

  constructor(subject: Subject) {
    this.subject = subject;
    this.#texts = [inJson(subject.value)];
    const escaped = RegExp.escape(subject.value);
    const isWord = subject.value.length >= WORD_CHARS_MIN;
    this.#word = isWord
      ? new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'iu')
      : null;
  }

  mark(kind: Mark['kind'], id: string, ...texts: (string | null)[]): void {
    this.marks.push({ kind, id });
    for (const text of texts) if (text) this.#texts.push(inJson(text));
    if (kind !== 'block-reason' && kind !== 'key-reason') this.#texts.push(inJson(id));
  }

  /** A sentence of an operator. */
  isNamedIn(sentence: string): boolean {
    return this.#word?.test(sentence) ?? false;
  }

  /** An answer that was kept. */
  isIn(answer: string): boolean {
    return this.#texts.some((text) => answer.includes(text)) || this.isNamedIn(answer);
  }
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** As one host, however long it is written. */
function isOneOf(address: string, networks: readonly string[]): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  const host = family === 4 ? '/32' : '/128';
  return networks.some((network) => {
    const [written = '', length] = network.split('/');
    const isHost = length === undefined || `/${length}` === host;
    return isHost && isIP(written) === family && canonical(written) === canonical(address);
  });
}

function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
}
