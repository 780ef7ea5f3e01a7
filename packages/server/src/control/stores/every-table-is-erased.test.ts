import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import type { Database } from '../../platform/database/index.ts';
import { openFreshState, type StateUnderTest } from './stores.fixture.ts';

/** Tables that no erasure looks at, and why nobody is told of there. */
const TELL_OF_NOBODY: Readonly<Record<string, string>> = {
  migration: 'what was done to the tables',
  key_encryption_key: 'a key of the installation',
  data_key: 'keys of the installation',
  subject_key: 'destroyed by the store of these keys itself: the first thing that an erasure does',
  change: 'random ids',
  tombstone_mark: 'what binds a line of random ids',
  change_sequence: 'a number',
  api_key_use: 'random ids and operations',
  key_use_cursor: 'names of nodes and numbers',
  oauth_client: 'what applications are called, and their keys',
  client_invitation: 'for which applications it was made',
  client_registration: 'random ids, and keyed hashes of random tokens',
  signing_key: 'keys of the installation',
  denial: 'random ids',
  directory_group: 'what groups are called; who is in them stands in rows that go',
  directory_heard: 'names of directories and times',
  single_use: 'keyed hashes of random tokens',
  operator: 'who administers is the business of whoever runs it: `docs/guides/state.md` says so',
};

async function tablesOf({ database }: { readonly database: Database<never> }): Promise<string[]> {
  const { rows } =
    database.dialect === 'sqlite'
      ? await sql<{ name: string }>`
          SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
        `.execute(database.kysely)
      : await sql<{ name: string }>`
          SELECT table_name AS name FROM information_schema.tables
          WHERE table_schema = current_schema()
        `.execute(database.kysely);
  return rows.map(({ name }) => name);
}

/** Those of which nobody has said whether they tell of persons. */
async function unreached(state: StateUnderTest): Promise<string[]> {
  const reached = new Set([...state.persons.tables, ...Object.keys(TELL_OF_NOBODY)]);
  const tables = await tablesOf({ database: state.database.as<never>() });
  assert.ok(tables.length > 10, tables.join(' '));
  return tables.filter((table) => !reached.has(table));
}

onEveryBackend('erasure over all tables', ({ freshPlace }) => {
  test('no table keeps values of persons that an erasure does not reach, and one that is added is found', async (t) => {
    const state = await openFreshState(t, freshPlace());
    assert.deepEqual(await unreached(state), []);
    const both = state.persons.tables.filter((table) => table in TELL_OF_NOBODY);
    assert.deepEqual(both, [], 'a table is either erased from, or tells of nobody');
    await sql`CREATE TABLE consent (id text PRIMARY KEY, person_sealed text)`.execute(
      state.database.kysely,
    );
    assert.deepEqual(await unreached(state), ['consent']);
  });
});
