import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import type { Database } from '../../platform/database/index.ts';
import { CHANGE_LOCK, type ChangeTables, recordChange } from '../../state/changes/index.ts';
import { type Lifetime, NOON, openGround } from '../../state/ground.fixture.ts';
import type { PersonalValues, SoughtPerson } from '../../state/personal-values/index.ts';
import { SubjectKeys, type SubjectKeyTables } from '../../state/subject-keys/index.ts';
import { PendingTombstones, type TombstoneLog } from '../../state/tombstones/index.ts';
import { PersonEraser } from './index.ts';

interface Tables extends ChangeTables, SubjectKeyTables {
  note: { id: string; of: string };
}

const griet = { kind: 'subject', value: 'griet@example.test' };

/** A domain that keeps who wrote a note. */
class NotesOfPersons implements PersonalValues {
  readonly domain = 'block';
  readonly tables = ['note'];
  readonly kinds = ['block-person'] as const;
  readonly #database: Database<Tables>;

  constructor(database: Database<Tables>) {
    this.#database = database;
  }

  async find({ subject }: SoughtPerson) {
    const rows = await this.#database.kysely
      .selectFrom('note')
      .select('id')
      .where('of', '=', subject.value)
      .execute();
    const ends = rows.map(({ id }) => id);
    const marks = ends.map((id) => ({ kind: 'block-person' as const, id }));
    return { marks, ends, subjects: [{ kind: 'credential', value: 'note' }], texts: ends };
  }

  async erase(marks: readonly { readonly id: string }[]): Promise<number> {
    let changed = 0;
    for (const { id } of marks) {
      changed += await this.#database.write(async (session) => {
        const { numUpdatedRows } = await session
          .updateTable('note')
          .set({ of: '' })
          .where('id', '=', id)
          .where('of', '<>', '')
          .executeTakeFirstOrThrow();
        if (numUpdatedRows > 0n) await recordChange(session, 'block', id, NOON);
        return Number(numUpdatedRows);
      }, CHANGE_LOCK);
    }
    return changed;
  }
}

const failing: PersonalValues = {
  ...{ domain: 'key', tables: ['note'], kinds: ['key-holder'] },
  find: async () => ({ marks: [], ends: [], subjects: [], texts: [] }),
  erase: () => Promise.reject(new Error('this domain cannot now')),
};

onEveryBackend('erasure', (backend) => {
  async function fresh(t: Lifetime) {
    const ground = await openGround<Tables>(t, backend.freshPlace());
    const { database, ring, tombstones, world } = ground;
    await database.kysely.schema
      .createTable('note')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('of', 'text', (column) => column.notNull())
      .execute();
    const of = (id: string, of: string) =>
      database.kysely.insertInto('note').values({ id, of }).execute();
    const authors = async () => {
      const rows = await database.kysely.selectFrom('note').selectAll().orderBy('id').execute();
      return rows.map((row) => row.of);
    };
    const erased: string[][] = [];
    const kept = ['{"id":"note_1"}', '{"id":"note_2"}', 'told griet@example.test'];
    const over = (
      database: Database<Tables>,
      log: TombstoneLog,
      others: readonly PersonalValues[],
    ) =>
      new PersonEraser({
        database: database.as(),
        subjectKeys: new SubjectKeys(database.as(), ring, log, world),
        ...{ tombstones: log, world },
        values: [new NotesOfPersons(database), ...others],
        copies: [
          {
            tables: ['note'],
            eraseCopies: async (isCopy) => void erased.push(kept.filter(isCopy)),
          },
        ],
      });
    return { ...ground, of, authors, over, erased, whole: over(database, tombstones, []) };
  }

  test('every domain is asked for what it keeps of a person, and copies of it are known by what it says', async (t) => {
    const { whole, of, authors, erased, tombstones, database, ring, world } = await fresh(t);
    await of('note_1', griet.value);
    await of('note_2', 'lieve');
    const keys = new SubjectKeys(database.as(), ring, tombstones, world);
    const { id } = await keys.keyOf(griet);
    await keys.keyOf({ kind: 'credential', value: 'note' });
    const { ended, keyId, destroyed } = await whole.erase(griet);
    assert.deepEqual([...ended], [['block', ['note_1']]]);
    assert.deepEqual([keyId, destroyed], [id, 2], 'also the keys of what she held');
    assert.deepEqual(await authors(), ['', 'lieve']);
    assert.deepEqual(erased, [['{"id":"note_1"}', 'told griet@example.test']]);
    const marks = tombstones.read().filter(({ kind }) => kind === 'block-person');
    assert.deepEqual(marks, [{ kind: 'block-person', id: 'note_1', at: NOON }]);
  });

  test('what a backup brought back goes again, with every copy, and a second start changes nothing', async (t) => {
    const { whole, of, authors, erased, database } = await fresh(t);
    await of('note_1', griet.value);
    await whole.erase(griet);
    assert.equal(await whole.replayTombstones(), 0);
    await database.kysely.updateTable('note').set({ of: griet.value }).execute();
    assert.equal(await whole.replayTombstones(), 1);
    assert.deepEqual(await authors(), ['']);
    assert.equal(erased.at(-1)?.length, 3, 'which of them repeat it is not known any more');
    assert.equal(await whole.replayTombstones(), 0);
  });

  test('where one domain cannot erase, none has, and no tombstone says so', async (t) => {
    const { of, authors, over, tombstones, database } = await fresh(t);
    await of('note_1', griet.value);
    const act = database.write(async (transaction) => {
      const pending = new PendingTombstones(tombstones);
      await over(database.within(transaction), pending, [failing]).erase(griet);
      pending.keep();
    }, CHANGE_LOCK);
    await assert.rejects(act, /cannot now/);
    assert.deepEqual(await authors(), [griet.value]);
    assert.deepEqual(tombstones.read(), []);
  });
});
