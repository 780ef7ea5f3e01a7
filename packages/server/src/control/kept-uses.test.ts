import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeWorld } from '../platform/world/fake-world.fixture.ts';
import type { CredentialUse } from '../security-log/index.ts';
import { KeptUses } from './kept-uses.ts';

function fresh(kept: number | null = null) {
  const world = new FakeWorld();
  const warnings: string[] = [];
  const written = new Map<string, string>();
  const database = { cursor: kept, isAway: false, writes: 0, atOnceMax: 0 };
  const uses = new KeptUses(
    {
      ...{ world, notify: ({ message }: { message: string }) => warnings.push(message) },
      keep: async (some, reached) => {
        await Promise.resolve();
        database.writes += 1;
        if (database.isAway) throw new Error('the database is away');
        database.atOnceMax = Math.max(database.atOnceMax, some.length);
        for (const { credential, operation, time } of some) {
          const known = written.get(`${credential} ${operation}`) ?? '';
          if (time > known) written.set(`${credential} ${operation}`, time);
        }
        if (reached !== null) database.cursor = reached;
      },
    },
    kept,
  );
  /** The timer, and what it began. */
  const pass = async () => {
    world.advance(5_000);
    await uses.keep();
  };
  return { uses, database, written, warnings, pass };
}

function usesOf(ids: readonly string[], time: string): Map<string, CredentialUse> {
  return new Map(ids.map((id) => [`${id}\nread`, { credential: id, operation: 'read', time }]));
}

test('a write that fails loses no use: it is tried again, and the newest of each is kept', async () => {
  const { uses, database, written, warnings, pass } = fresh();
  database.isAway = true;
  uses.note(usesOf(['a', 'b'], '10:00'), 20);
  await pass();
  uses.note(usesOf(['b', 'c'], '10:05'), 40);
  await pass();
  assert.deepEqual([written.size, database.cursor], [0, null]);
  assert.equal(warnings.length, 1, 'said once, not each time');
  database.isAway = false;
  await pass();
  assert.deepEqual(Object.fromEntries(written), {
    ...{ 'a read': '10:00', 'b read': '10:05', 'c read': '10:05' },
  });
  assert.equal(database.cursor, 40);
  database.isAway = true;
  uses.note(usesOf(['d'], '10:10'), 60);
  await pass();
  assert.equal(warnings.length, 2, 'the next trouble is another one');
});

test('that all is kept is said when it is, and never while the database is away', async () => {
  const { uses, database, written } = fresh();
  uses.note(usesOf(['a'], '10:00'), 20);
  const first = uses.isKept();
  // Told while the first is written.
  uses.note(usesOf(['b'], '10:01'), 40);
  assert.equal(await first, true);
  assert.deepEqual([...written.keys()], ['a read', 'b read']);
  database.isAway = true;
  uses.note(usesOf(['c'], '10:02'), 60);
  assert.equal(await uses.isKept(), false);
  database.isAway = false;
  assert.equal(await uses.isKept(), true);
  assert.ok(written.has('c read'));
});

test('what is told while a write fails is newer than what the write had', async () => {
  const { uses, database, written, pass } = fresh();
  database.isAway = true;
  uses.note(usesOf(['a'], '10:00'), 20);
  const failing = uses.keep();
  uses.note(usesOf(['a'], '10:01'), 21);
  await failing;
  database.isAway = false;
  await pass();
  assert.deepEqual([written.get('a read'), database.cursor], ['10:01', 21]);
});

test('the cursor passes nothing that is not kept, and a revocation waits for no long transaction', async () => {
  const { uses, database, written, pass } = fresh(5);
  const ids = Array.from({ length: 2_500 }, (_, at) => `key-${at}`);
  database.isAway = true;
  uses.note(usesOf(ids, '10:00'), 5_000);
  await uses.keep();
  database.isAway = false;
  await pass();
  assert.equal(database.atOnceMax, 1_000);
  assert.equal(database.cursor, 5, 'some still wait');
  await pass();
  assert.deepEqual([written.size, database.cursor], [2_500, 5_000]);
});

test('while nothing can be written, what waits does not grow without bound: the newest stay, and it is said', async () => {
  const { uses, database, written, warnings, pass } = fresh();
  database.isAway = true;
  for (let at = 0; at < 30; at++) {
    const ids = Array.from({ length: 1_000 }, (_, number) => `key-${at * 1_000 + number}`);
    uses.note(usesOf(ids, '10:00'), at);
    await pass();
  }
  assert.ok(warnings.some((message) => /the oldest are not kept/.test(message)));
  database.isAway = false;
  for (let at = 0; at < 40 && written.size < 20_000; at++) await pass();
  assert.equal(written.size, 20_000);
  assert.ok(written.has('key-29999 read') && !written.has('key-0 read'));
});

test('where calls come without keys, the cursor moves on now and then', async () => {
  const { uses, database, pass } = fresh(0);
  uses.note(new Map(), 1_000);
  await pass();
  const { writes } = database;
  uses.note(new Map(), 20_000);
  await pass();
  assert.equal(database.cursor, 20_000);
  assert.ok(writes <= 1 && database.writes > writes);
});
