import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { readTables } from '../../platform/database/index.ts';
import { restoreBackup, writeBackup } from '../../state/backup/index.ts';
import { stateMigrations } from '../../state/index.ts';
import { openState, type State } from './index.ts';
import { repeatSinceBackup } from './repeat-since-backup.ts';
import {
  freshDirectory,
  masterKeyIn,
  NOON,
  openFreshState,
  type StateUnderTest,
  stateWorld,
} from './stores.fixture.ts';

/** Everything that a thief of the disk would have, apart from the master key. */
async function everyByte(state: StateUnderTest): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const name of readdirSync(state.dataDirectory)) {
    const path = join(state.dataDirectory, name);
    if (name !== 'master.key' && statSync(path).isFile()) found.set(name, readFileSync(path));
  }
  const { place } = state.database;
  if (place.kind === 'sqlite') {
    for (const suffix of ['', '-wal', '-shm']) {
      found.set(`database${suffix}`, readFileSync(place.file + suffix));
    }
    return found;
  }
  await state.database.snapshot(async (reader) => {
    for await (const rows of readTables(state.database, reader)) {
      found.set(`table ${rows.table}`, Buffer.from(JSON.stringify(rows)));
    }
  });
  return found;
}

/** Every sealed column of every table, opened as the program opens it. */
async function openedColumns({ database, ring }: State) {
  const opened: { place: string; sealed: string; text: string }[] = [];
  await database.snapshot(async (reader) => {
    for await (const { table, columns, rows } of readTables(database, reader)) {
      for (const row of rows) {
        const cells = new Map(columns.map((column, at) => [column, row[at]]));
        for (const [column, sealed] of cells) {
          if (!column.endsWith('_sealed') || typeof sealed !== 'string') continue;
          const id = String(cells.get('id') ?? cells.get('key_index'));
          const place = { table, column: column.slice(0, -'_sealed'.length), row: id };
          const text = ring.open(place, sealed);
          opened.push({ place: `${table}.${column}`, sealed, text });
        }
      }
    }
  });
  return opened;
}

/** As it stands in files: raw, in hexadecimal, and in base64 at each of its three alignments. */
function spellings(secret: string | Uint8Array): Buffer[] {
  const raw = Buffer.from(secret as string);
  const aligned = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), raw]).toString('base64');
    return text.slice(shift === 0 ? 0 : 4, -4);
  });
  const urlSafe = aligned.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [raw, ...[raw.toString('hex'), ...aligned, ...urlSafe].map((text) => Buffer.from(text))];
}

function assertAbsent(secrets: Record<string, string | Uint8Array>, where: Map<string, Buffer>) {
  assert.ok(where.size > 1);
  for (const [what, secret] of Object.entries(secrets)) {
    for (const spelling of spellings(secret)) {
      for (const [name, bytes] of where) {
        assert.ok(!bytes.includes(spelling), `${what} stands in ${name}`);
      }
    }
  }
}

onEveryBackend('secrecy', ({ freshPlace, dialect }) => {
  test('no person, key or credential stands in any file, table or backup, in any spelling', async (t) => {
    const state = await openFreshState(t, freshPlace());
    const planted = {
      name: 'Planted Name of a Shop',
      owner: 'planted.owner@example.test',
      subject: 'planted-subject-7f3a',
      reason: 'planted reason that names Griet',
      operator: 'Planted Operator Lieve',
      token: 'planted-single-use-token',
      idempotency: 'planted-idempotency-key',
      answer: '{"key":"planted answer with a key"}',
      address: '2001:db8:1234:5678::9abc',
    };
    const { key, record } = await state.keys.create({
      ...{ name: planted.name, owner: planted.owner, scopes: ['visible'], roles: [] },
      ...{ limits: null, networks: [], expiresAt: null },
    });
    const rotated = await state.keys.rotate(record.id, 0);
    await state.keys.revoke(record.id, planted.reason);
    const { credential } = await state.operators.create({
      ...{ name: planted.operator, roles: ['owner'], expiresAt: null },
    });
    const block = { reason: planted.reason, until: null, createdBy: 'rule' };
    await state.blocks.block({ ...block, kind: 'subject', value: planted.subject });
    await state.blocks.block({ ...block, kind: 'address', value: planted.address });
    const subjectKey = await state.subjectKeys.keyOf({ kind: 'subject', value: planted.subject });
    await state.singleUse.issue('enrolment', planted.token, NOON + 1);
    const begun = await state.idempotency.begin(planted.idempotency, planted.name);
    assert.ok(begun.kind === 'new');
    await state.idempotency.finish(planted.idempotency, begun.attempt, planted.answer);

    const masterKey = masterKeyIn(state.dataDirectory);
    const where = await everyByte(state);
    const backup = join(state.dataDirectory, 'backup');
    await writeBackup(
      {
        databases: [{ name: 'state', database: state.database.as<unknown>() }],
        files: [{ name: 'tombstones.jsonl', path: join(state.dataDirectory, 'tombstones.jsonl') }],
        ...{ masterKey, program: 'x', now: () => NOON },
      },
      backup,
    );
    where.set('backup', readFileSync(backup));
    assert.ok(
      [...where.values()].some((bytes) => bytes.includes('visible')),
      'what is meant to be readable is found, so the search finds',
    );
    assert.ok(!where.get('backup')!.includes('visible'), 'a backup shows nothing at all');
    const secrets = { ...planted, key, rotated: rotated.key, credential, id: subjectKey.bytes };
    assertAbsent(secrets, where);
    const keyFile = readFileSync(join(state.dataDirectory, 'master.key'), 'utf8').trim();
    assertAbsent({ masterKey: Buffer.from(keyFile, 'base64') }, where);
  });

  test('after an erasure, what wrapped the key of the person is in no file or table', async (t) => {
    const state = await openFreshState(t, freshPlace());
    const griet = { kind: 'subject', value: 'griet' };
    const { id } = await state.subjectKeys.keyOf(griet);
    const row = await state.database.kysely
      .selectFrom('subject_key')
      .select(['wrapped', 'subject_index'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const isThere = async (text: string) =>
      [...(await everyByte(state)).values()].some((bytes) => bytes.includes(text));
    assert.ok(await isThere(row.wrapped));
    assert.ok(await isThere(row.subject_index as string));
    await state.subjectKeys.destroy(griet);
    assert.ok(!(await isThere(row.wrapped)));
    assert.ok(!(await isThere(row.subject_index as string)));
    assert.ok(await isThere(id), 'the tombstone names the key, and nothing else does');
  });

  test('after an erasure, no column of any table opens to a value of the person, nor after a restore', async (t) => {
    const state = await openFreshState(t, freshPlace());
    const griet = {
      owner: 'griet@example.test',
      name: 'Bakery of Griet at the Dampoort',
      home: '2001:db8:1234::77',
      reason: 'griet@example.test left the company',
    };
    const terms = { scopes: [], roles: [], limits: null, expiresAt: null };
    const hers = await state.keys.create({
      ...{ ...terms, name: griet.name, owner: griet.owner, networks: [`${griet.home}/128`] },
    });
    const successor = await state.keys.rotate(hers.record.id, 0);
    const other = await state.keys.create({
      ...{ ...terms, name: 'Butcher', owner: 'lieve@example.test', networks: ['192.0.2.0/24'] },
    });
    const named = await state.keys.create({
      ...{ ...terms, name: griet.owner, owner: null, networks: [] },
    });
    const gone = await state.keys.create({ ...terms, name: 'Old', owner: null, networks: [] });
    await state.keys.revoke(gone.record.id, griet.reason);
    const block = { reason: 'too many attempts', until: null, createdBy: 'rule' };
    const blocked = await state.blocks.block({ ...block, kind: 'subject', value: griet.owner });
    const past = await state.blocks.block({ ...block, kind: 'subject', value: 'x' });
    await state.blocks.undo(past.id, 'somebody');
    const elsewhere = await state.blocks.block({
      ...{ ...block, kind: 'address', value: '203.0.113.9', reason: griet.reason },
    });
    for (const [key, answer] of [
      ['made', JSON.stringify({ status: 201, body: { record: hers.record } })],
      ['butcher', JSON.stringify({ status: 201, body: { record: other.record } })],
    ] as const) {
      const begun = await state.idempotency.begin(key, 'request');
      assert.ok(begun.kind === 'new');
      await state.idempotency.finish(key, begun.attempt, answer);
    }
    await state.subjectKeys.keyOf({ kind: 'subject', value: griet.owner });
    const credential = { kind: 'credential', value: hers.record.id };
    await state.subjectKeys.keyOf(credential);
    const backup = join(state.dataDirectory, 'backup');
    await writeBackup(
      {
        databases: [{ name: 'state', database: state.database.as<unknown>() }],
        ...{ files: [], masterKey: masterKeyIn(state.dataDirectory) },
        ...{ program: 'x', now: () => NOON },
      },
      backup,
    );
    const before = await openedColumns(state);
    for (const [what, value] of Object.entries(griet)) {
      assert.ok(
        before.some(({ text }) => text.includes(value)),
        `${what} was there`,
      );
    }

    const erased = await state.persons.erase({ kind: 'subject', value: griet.owner });
    assert.deepEqual(
      erased.ended.get('key')?.toSorted(),
      [hers.record.id, successor.record.id].toSorted(),
      'what she held is revoked',
    );
    assert.deepEqual([erased.ended.get('block'), erased.destroyed], [[blocked.id], 2]);
    assert.equal(await state.subjectKeys.find(credential), undefined);
    const assertGone = async (one: State) => {
      for (const { place, text } of await openedColumns(one)) {
        for (const [what, value] of Object.entries(griet)) {
          assert.ok(!text.includes(value), `${what} opens from ${place}`);
        }
      }
      for (const id of [hers.record.id, successor.record.id]) {
        const key = await one.keys.show(id);
        assert.deepEqual([key?.owner, key?.networks, key?.revokedAt === null], [null, [], false]);
      }
      // Of others, nothing is touched.
      assert.deepEqual((await one.keys.show(other.record.id))?.networks, ['192.0.2.0/24']);
      assert.equal((await one.keys.show(other.record.id))?.owner, 'lieve@example.test');
      assert.equal((await one.keys.show(named.record.id))?.revokedAt, null);
      assert.equal((await one.blocks.show(elsewhere.id))?.value, '203.0.113.9');
      assert.equal((await one.blocks.show(elsewhere.id))?.endedAt, null);
      assert.deepEqual((await one.keys.list({ owner: griet.owner })).items, []);
    };
    await assertGone(state);
    // What opened to it is in no file either: the key of the installation would open it.
    const where = await everyByte(state);
    for (const { place, sealed, text } of before) {
      if (!Object.values(griet).some((value) => text.includes(value))) continue;
      for (const [file, bytes] of where) {
        if (file !== 'backup') assert.ok(!bytes.includes(sealed), `${place} is in ${file}`);
      }
    }
    // Her answer is not given again, and her request not done again.
    assert.deepEqual(await state.idempotency.begin('made', 'request'), { kind: 'mismatch' });
    assert.equal((await state.idempotency.begin('butcher', 'request')).kind, 'answered');

    const target = freshDirectory(t);
    copyFileSync(join(state.dataDirectory, 'master.key'), join(target, 'master.key'));
    const given = freshPlace();
    const place =
      given.kind === 'postgres' ? given : { ...given, file: join(target, 'state.sqlite') };
    const masterKey = masterKeyIn(target);
    await restoreBackup({
      repeat: repeatSinceBackup,
      ...{ file: backup, masterKey, dataDirectory: target, world: stateWorld },
      databases: [{ name: 'state', place, migrations: [stateMigrations()] }],
      tombstones: [join(state.dataDirectory, 'tombstones.jsonl')],
    });
    const restored = await openState({
      place,
      masterKey,
      dataDirectory: target,
      world: stateWorld,
    });
    t.after(() => restored.close());
    await assertGone(restored);
  });

  test('an erasure or revocation that cannot be noted on disk is an error, and changes nothing', async (t) => {
    const state = await openFreshState(t, freshPlace());
    const griet = { kind: 'subject', value: 'griet' };
    const { id } = await state.subjectKeys.keyOf(griet);
    const { record } = await state.keys.create({
      ...{ name: 'Shop', owner: null, scopes: [], roles: [], limits: null, networks: [] },
      expiresAt: null,
    });
    const { operator } = await state.operators.create({
      ...{ name: 'Lieve', roles: ['owner'], expiresAt: null },
    });
    const file = join(state.dataDirectory, 'tombstones.jsonl');
    // A directory where the file should be: no open for writing can succeed, also for root.
    mkdirSync(file);
    await assert.rejects(state.subjectKeys.destroy(griet), { code: 'EISDIR' });
    await assert.rejects(state.keys.revoke(record.id, 'leaked'), { code: 'EISDIR' });
    await assert.rejects(state.operators.revoke(operator.id), { code: 'EISDIR' });
    assert.ok(await state.subjectKeys.byId(id));
    assert.equal((await state.keys.show(record.id))?.revokedAt, null);
    assert.equal((await state.operators.show(operator.id))?.revokedAt, null);
    rmSync(file, { recursive: true });
    await state.subjectKeys.destroy(griet);
    assert.equal(await state.subjectKeys.byId(id), undefined);
  });

  if (dialect === 'sqlite') {
    test('an erasure while somebody reads is made, said to be unfinished in the WAL, and finished later', async (t) => {
      const state = await openFreshState(t, freshPlace());
      const griet = { kind: 'subject', value: 'griet' };
      const other = { kind: 'subject', value: 'other' };
      const { id } = await state.subjectKeys.keyOf(griet);
      await state.subjectKeys.keyOf(other);
      await state.database.snapshot(async () => {
        const erasure = await state.subjectKeys.destroy(griet);
        assert.deepEqual(erasure, { keyId: id, isScrubbed: false });
        assert.equal(await state.subjectKeys.byId(id), undefined);
      });
      assert.equal((await state.subjectKeys.destroy(other))?.isScrubbed, true);
      assert.equal((await everyByte(state)).get('database-wal')?.length, 0);
    });
  }
});

test('tombstones survive a torn last line, and a start refuses a line that was altered', async (t) => {
  const { appendFileSync, writeFileSync } = await import('node:fs');
  const state = await openFreshState(t, { kind: 'sqlite', file: ':memory:' });
  const file = join(state.dataDirectory, 'tombstones.jsonl');
  const erase = async (value: string) => {
    await state.subjectKeys.keyOf({ kind: 'subject', value });
    return (await state.subjectKeys.destroy({ kind: 'subject', value }))?.keyId as string;
  };
  const first = await erase('a');
  appendFileSync(file, '{"kind":"subject-key","id":"to');
  const second = await erase('b');
  const ids = () =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
  assert.deepEqual(ids(), [first, second]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  chmodSync(file, 0o600);
  writeFileSync(file, readFileSync(file, 'utf8').replace('subject-key', randomBytes(4).toString()));
  await assert.rejects(state.reopen(), { name: 'TombstoneFileError' });
});
