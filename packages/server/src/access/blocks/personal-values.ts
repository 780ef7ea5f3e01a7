import type { Transaction } from 'kysely';
import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, recordChange } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';
import type {
  ErasureMark,
  FoundValues,
  PersonalValues,
  SoughtPerson,
} from '../../state/personal-values/index.ts';
import { type BlockTables, blockValueIndex } from './block-store.ts';

/** What stands where something was erased. */
const ERASED = 'erased';
const ROWS_AT_ONCE = 500;

type BlockRow = BlockTables['block'];

interface Found extends FoundValues {
  readonly marks: ErasureMark[];
  readonly ends: string[];
  readonly texts: string[];
}

/** What blocks tell of persons: whom they keep out, and why. */
export class PersonalValuesOfBlocks implements PersonalValues {
  readonly domain = 'block';
  readonly tables = ['block'];
  readonly kinds = ['block-person', 'block-reason'] as const;
  readonly #database: Database<BlockTables>;
  readonly #ring: KeyRing;
  readonly #world: Pick<StateWorld, 'now'>;

  constructor(database: Database<BlockTables>, ring: KeyRing, world: Pick<StateWorld, 'now'>) {
    this.#database = database;
    this.#ring = ring;
    this.#world = world;
  }

  async find(person: SoughtPerson): Promise<FoundValues> {
    const found: Found = { marks: [], ends: [], subjects: [], texts: [] };
    for await (const row of this.#rows()) this.#look(row, person, found);
    return found;
  }

  async erase(marks: readonly ErasureMark[]): Promise<number> {
    let changed = 0;
    for (let at = 0; at < marks.length; at += ROWS_AT_ONCE) {
      const portion = marks.slice(at, at + ROWS_AT_ONCE);
      changed += await this.#database.write(async (session) => {
        let count = 0;
        for (const mark of portion) if (await this.#eraseOne(session, mark)) count += 1;
        return count;
      }, CHANGE_LOCK);
    }
    return changed;
  }

  #look(row: BlockRow, person: SoughtPerson, found: Found): void {
    const { kind, value } = person.subject;
    const index = blockValueIndex(this.#ring, row.kind, value);
    if (row.kind === kind && index !== null && row.value_index === index) {
      // It cannot hold without what it is about.
      if (row.ended_at === null) found.ends.push(row.id);
      found.marks.push({ kind: 'block-person', id: row.id });
      found.texts.push(row.id);
    } else if (person.isNamedIn(this.#open(row.id, 'reason', row.reason_sealed))) {
      found.marks.push({ kind: 'block-reason', id: row.id });
    }
  }

  async #eraseOne(session: Transaction<BlockTables>, { kind, id }: ErasureMark): Promise<boolean> {
    const row = await session
      .selectFrom('block')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) return false;
    const isWhole = kind === 'block-person';
    const isGone =
      this.#open(id, 'reason', row.reason_sealed) === ERASED &&
      (!isWhole || row.value_index === '');
    if (isGone) return false;
    const at = this.#world.now();
    const change: Partial<BlockRow> = { reason_sealed: this.#seal(id, 'reason', ERASED) };
    if (isWhole) {
      change.value_sealed = this.#seal(id, 'value', ERASED);
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

  async *#rows(): AsyncGenerator<BlockRow> {
    let after = '';
    for (;;) {
      const rows = await this.#database.kysely
        .selectFrom('block')
        .selectAll()
        .where('id', '>', after)
        .orderBy('id')
        .limit(ROWS_AT_ONCE)
        .execute();
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }

  #open(row: string, column: string, sealed: string): string {
    return this.#ring.open({ table: 'block', column, row }, sealed);
  }

  #seal(row: string, column: string, text: string): string {
    return this.#ring.seal({ table: 'block', column, row }, text);
  }
}
