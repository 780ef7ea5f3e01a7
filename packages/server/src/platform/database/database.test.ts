import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { CompiledQuery } from 'kysely';
import { onEveryBackend } from './backends.fixture.ts';
import {
  DatabaseBusyError,
  DatabaseNewerError,
  type MigrationSet,
  migrate,
  openDatabase,
} from './index.ts';

interface Tables {
  account: { id: string; balance: number; note: string | null };
}

/** Writes the files of one migration set, the same for both dialects. */
function migrationsOf(t: { after(work: () => void): void }, texts: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'poorter-migrations-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const dialect of ['sqlite', 'postgres']) {
    mkdirSync(join(directory, dialect));
    for (const [index, text] of texts.entries()) {
      writeFileSync(join(directory, dialect, `000${index + 1}-step.sql`), text);
    }
  }
  const set: MigrationSet = { domain: 'test', directory, program: '1.2.3' };
  return set;
}

const first = 'CREATE TABLE account (id text PRIMARY KEY, balance bigint NOT NULL);';
const second = `ALTER TABLE account ADD COLUMN note text;
INSERT INTO account (id, balance) VALUES ('a', 10); INSERT INTO account (id, balance) VALUES ('b', 10);`;

onEveryBackend('database', ({ dialect, freshPlace }) => {
  type Life = { after(work: () => unknown): void };
  const open = async (t: Life, place = freshPlace(), options = {}) => {
    const database = await openDatabase<Tables>(place, options);
    t.after(() => database.close());
    return database;
  };
  const migrated = async (t: Life) => {
    const database = await open(t);
    await migrate(database, migrationsOf(t, [first, second]), Date.now);
    return database;
  };

  test('migrations are applied once, in order, from whichever version', async (t) => {
    const place = freshPlace();
    const database = await open(t, place);
    assert.deepEqual(await migrate(database, migrationsOf(t, [first]), Date.now), {
      from: 0,
      to: 1,
    });
    const both = migrationsOf(t, [first, second]);
    assert.deepEqual(await migrate(database, both, Date.now, 1), { from: 1, to: 1 });
    assert.deepEqual(await migrate(database, both, Date.now), { from: 1, to: 2 });
    assert.deepEqual(await migrate(await open(t, place), both, Date.now), { from: 2, to: 2 });
    assert.equal((await database.kysely.selectFrom('account').selectAll().execute()).length, 2);
  });

  test('programs that start at once apply each migration once', async (t) => {
    const place = freshPlace();
    const set = migrationsOf(t, [first, second]);
    const databases = await Promise.all(Array.from({ length: 6 }, () => open(t, place)));
    const states = await Promise.all(databases.map((database) => migrate(database, set, Date.now)));
    assert.equal(states.filter(({ from }) => from === 0).length, 1);
    const rows = await databases[0]!.kysely.selectFrom('account').selectAll().execute();
    assert.equal(rows.length, 2);
  });

  test('a migration that fails leaves the version before, whole', async (t) => {
    const database = await open(t);
    await migrate(database, migrationsOf(t, [first]), Date.now);
    const broken = migrationsOf(t, [first, second, 'ALTER TABLE nowhere ADD COLUMN x text;']);
    await assert.rejects(migrate(database, broken, Date.now), /migrating 'test' in .*nowhere/s);
    assert.deepEqual(await migrate(database, migrationsOf(t, [first]), Date.now), {
      from: 1,
      to: 1,
    });
    await assert.rejects(database.kysely.selectFrom('account').select('note').execute());
  });

  test('an older program refuses a newer database and names both versions', async (t) => {
    const database = await migrated(t);
    const older = { ...migrationsOf(t, [first]), program: '0.9.0' };
    await assert.rejects(migrate(database, older, Date.now), (error) => {
      assert.ok(error instanceof DatabaseNewerError);
      assert.match(error.message, /version 2.*Poorter 1\.2\.3.*Poorter 0\.9\.0.*up to 1/);
      return true;
    });
  });

  test('a migration file that was altered after it was applied is refused', async (t) => {
    const database = await migrated(t);
    await assert.rejects(migrate(database, migrationsOf(t, [`${first} `, second]), Date.now), {
      name: 'MigrationAlteredError',
    });
  });

  test('transactions that read and write the same rows lose no update', async (t) => {
    const database = await migrated(t);
    const other = await open(t, database.place);
    await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        [database, other][index % 2]!.write(async (transaction) => {
          const row = await transaction
            .selectFrom('account')
            .select('balance')
            .where('id', '=', 'a')
            .executeTakeFirstOrThrow();
          await pause(1);
          await transaction
            .updateTable('account')
            .set({ balance: row.balance + 1 })
            .where('id', '=', 'a')
            .execute();
        }, 'account'),
      ),
    );
    const rows = await database.kysely.selectFrom('account').selectAll().orderBy('id').execute();
    assert.deepEqual(
      rows.map(({ balance }) => balance),
      [34, 10],
    );
  });

  test('a transaction that throws changes nothing, and the next one works', async (t) => {
    const database = await migrated(t);
    const work = database.write(async (transaction) => {
      await transaction.deleteFrom('account').execute();
      throw new Error('no');
    });
    await assert.rejects(work, /^Error: no$/);
    assert.equal((await database.kysely.selectFrom('account').selectAll().execute()).length, 2);
  });

  test('a snapshot sees one moment while others write', async (t) => {
    const database = await migrated(t);
    await database.snapshot(async (reader) => {
      const count = async () => (await reader.selectFrom('account').selectAll().execute()).length;
      assert.equal(await count(), 2);
      await database.kysely.deleteFrom('account').execute();
      assert.equal(await count(), 2);
    });
    const writing = database.snapshot((reader) => reader.deleteFrom('account').execute());
    await assert.rejects(writing, /readonly|read-only/);
    assert.equal((await database.kysely.selectFrom('account').selectAll().execute()).length, 0);
  });

  test('any text and any exact integer come back as they went in', async (t) => {
    const database = await migrated(t);
    // PostgreSQL has no U+0000 in text, and nothing of ours holds one.
    const text = fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', ''));
    await fc.assert(
      fc.asyncProperty(text, fc.maxSafeInteger(), async (note, balance) => {
        const one = await database.kysely
          .updateTable('account')
          .set({ note, balance })
          .where('id', '=', 'a')
          .returning(['note', 'balance'])
          .executeTakeFirstOrThrow();
        assert.deepEqual({ ...one }, { note, balance });
      }),
      { numRuns: 60 },
    );
  });

  test('who waits too long for a turn is told, and does not wait for ever', async (t) => {
    const database = await open(t, freshPlace(), { waitMs: 500, connectionsMax: 2 });
    await migrate(database, migrationsOf(t, [first, second]), Date.now);
    const held = Promise.withResolvers<void>();
    const blocked = Promise.withResolvers<void>();
    t.after(() => blocked.resolve());
    const holder = database.write(() => {
      held.resolve();
      return blocked.promise;
    }, 'account');
    await Promise.race([held.promise, holder]);
    const waiting = database.write(async () => {}, 'account');
    await assert.rejects(waiting, dialect === 'sqlite' ? DatabaseBusyError : /lock timeout/);
    blocked.resolve();
    await holder;
    await database.write(async () => {}, 'account');
  });

  if (dialect === 'sqlite') {
    test('the database and its WAL are readable by their owner alone', async (t) => {
      const database = await migrated(t);
      assert.ok(database.place.kind === 'sqlite');
      for (const suffix of ['', '-wal', '-shm']) {
        assert.equal(statSync(database.place.file + suffix).mode & 0o777, 0o600, suffix);
      }
    });

    test('what was overwritten is in no file after a scrub', async (t) => {
      const database = await migrated(t);
      assert.ok(database.place.kind === 'sqlite');
      const { file } = database.place;
      const isThere = () =>
        ['', '-wal'].some((suffix) => readFileSync(file + suffix).includes('planted secret'));
      const set = (note: string) =>
        database.kysely.updateTable('account').set({ note }).where('id', '=', 'a').execute();
      await set('planted secret');
      assert.ok(isThere());
      await set('');
      assert.ok(isThere(), 'in the WAL, until the scrub');
      assert.equal(await database.scrub('account'), true);
      assert.ok(!isThere());
    });

    test('a full disk fails the write, keeps the rest, and the next write works', async (t) => {
      const database = await migrated(t);
      const { rows } = await database.kysely.executeQuery<{ page_count: number }>(
        raw('PRAGMA page_count'),
      );
      const limit = async (pages: number) =>
        void (await database.kysely.executeQuery(raw(`PRAGMA max_page_count = ${pages}`)));
      await limit(rows[0]!.page_count + 2);
      const fill = database.write(async (transaction) => {
        for (let index = 0; index < 100; index += 1) {
          const row = { id: `x${index}`, balance: 0, note: 'x'.repeat(4_000) };
          await transaction.insertInto('account').values(row).execute();
        }
      });
      await assert.rejects(fill, /full/);
      await limit(1_000_000);
      assert.equal((await database.kysely.selectFrom('account').selectAll().execute()).length, 2);
      await database.write(async (transaction) => {
        await transaction.deleteFrom('account').execute();
      });
    });
  } else {
    test('a server that dropped every connection is used again, and the process lives', async (t) => {
      const database = await migrated(t);
      assert.ok(database.place.kind === 'postgres');
      const other = await openDatabase<Tables>(database.place);
      t.after(() => other.close());
      await Promise.all(
        Array.from({ length: 5 }, () =>
          database.kysely.selectFrom('account').selectAll().execute(),
        ),
      );
      const half = database.write(async (transaction) => {
        await transaction.deleteFrom('account').execute();
        await other.kysely.executeQuery(
          raw(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'poorter' AND pid <> pg_backend_pid()`),
        );
        await pause(50);
        await transaction.selectFrom('account').selectAll().execute();
      });
      await assert.rejects(half);
      const rows = await database.kysely.selectFrom('account').selectAll().execute();
      assert.equal(rows.length, 2, 'half a transaction is none');
    });

    test('a server that is not there is said within the time, without the password', async () => {
      const url = 'postgres://poorter:hunter2@127.0.0.1:1/poorter'; // poorter:allow
      const place = { kind: 'postgres' as const, url, schema: 'x' };
      await assert.rejects(openDatabase(place, { connectTimeoutMs: 1_000 }), (error: Error) => {
        assert.match(error.message, /postgres:\/\/127\.0\.0\.1:1\/poorter, schema x: /);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      });
      const wrong = { ...place, schema: 'x; DROP' };
      await assert.rejects(openDatabase(wrong), /is not the name of a schema/);
    });
  }
});

function raw(sql: string) {
  return CompiledQuery.raw(sql);
}
