import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { repeatSinceBackup } from '../../control/stores/index.ts';
import {
  freshDirectory,
  type Lifetime,
  masterKeyIn,
  NOON,
  openFreshState,
} from '../../control/stores/stores.fixture.ts';
import { lockDirectory, SERVING_LOCK } from '../../platform/data-directory/index.ts';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import {
  type DatabasePlace,
  type MigrationSet,
  migrate,
  openDatabase,
} from '../../platform/database/index.ts';
import { stateMigrations } from '../index.ts';
import { Tombstones } from '../tombstones/index.ts';
import { backUp, freshTarget, griet, reopen, restore, world } from './backup.fixture.ts';
import { BackupBrokenError, restoreBackup, TargetNotEmptyError, writeBackup } from './index.ts';

function numberedMigrations(t: Lifetime): MigrationSet {
  const directory = freshDirectory(t);
  const texts = {
    sqlite:
      'CREATE TABLE record (id INTEGER PRIMARY KEY AUTOINCREMENT, bytes BLOB NOT NULL) STRICT;',
    postgres: `CREATE TABLE record (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bytes bytea NOT NULL);`,
  };
  for (const [dialect, text] of Object.entries(texts)) {
    mkdirSync(join(directory, dialect));
    writeFileSync(join(directory, dialect, '0001-record.sql'), text);
  }
  return { domain: 'log', directory, program: 'x' };
}

async function filled(t: Lifetime, place: DatabasePlace) {
  const state = await openFreshState(t, place);
  writeFileSync(join(state.dataDirectory, 'identity-keys.json'), 'identity '.repeat(100_000));
  const terms = { name: 'Shop', owner: 'griet@example.test', scopes: ['a'], roles: [] };
  const issued = await state.keys.create({
    ...terms,
    ...{ limits: null, networks: [], expiresAt: null },
  });
  const { operator } = await state.operators.create({
    ...{ name: 'Lieve', roles: ['owner'], expiresAt: null },
  });
  const subject = await state.subjectKeys.keyOf(griet);
  await state.blocks.block({
    ...{ kind: 'subject', value: 'mallory', reason: 'abuse', until: null, createdBy: operator.id },
  });
  return { state, issued, operator, subject };
}

onEveryBackend('backup', ({ freshPlace, dialect }) => {
  test('a backup made while others write holds one moment, and opens elsewhere', async (t) => {
    const { state, issued, operator, subject } = await filled(t, freshPlace());
    let isDone = false;
    const writing = (async () => {
      for (let at = 1; !isDone; at += 1) {
        await state.keys.touchLastUse([{ id: issued.record.id, at, operation: 'x' }]);
        // SQLite answers at once: without a pause nobody else would have a turn.
        await setImmediate();
      }
    })();
    const file = await backUp(t, state);
    isDone = true;
    await writing;
    assert.equal(statSync(file).mode & 0o777, 0o600);
    // Into the other kind, too: rows travel in a form of their own.
    const places = dialect === 'postgres' ? [undefined, freshPlace()] : [undefined];
    for (const place of places) {
      const target = freshTarget(t, state);
      const summary = await restore(file, target, place);
      assert.equal(summary.files, 2);
      const again = await reopen(t, target, place);
      assert.equal((await again.keys.find(issued.key))?.owner, 'griet@example.test');
      assert.equal((await again.operators.credentials())[0]?.id, operator.id);
      assert.equal((await again.subjectKeys.find(griet))?.id, subject.id);
      assert.equal((await again.blocks.listActive())[0]?.value, 'mallory');
      const latest = await state.changes.latest();
      for (const known of [0, latest - 1, latest, latest + 1]) {
        assert.ok((await again.changes.changesSince(known)).isGap, 'every reader reads everything');
      }
      const identity = join(target, 'identity-keys.json');
      assert.equal(readFileSync(identity, 'utf8'), 'identity '.repeat(100_000));
      assert.equal(statSync(identity).mode & 0o777, 0o600);
      assert.deepEqual(readdirSync(dirname(target)), [basename(target)]);
    }
  });

  test('a log with bytes and numbers of the database comes back as it was, and goes on counting', async (t) => {
    const { state } = await filled(t, freshPlace());
    const place = freshPlace();
    const log = await openDatabase<{ record: { id?: number; bytes: Uint8Array } }>(place);
    t.after(() => log.close());
    await migrate(log, numberedMigrations(t), Date.now);
    const large = Array.from({ length: 30 }, () => randomBytes(400_000));
    for (const bytes of large) await log.kysely.insertInto('record').values({ bytes }).execute();
    const file = join(freshDirectory(t), 'backup');
    const masterKey = masterKeyIn(state.dataDirectory);
    const databases = [
      { name: 'log', database: log.as<unknown>() },
      { name: 'state', database: state.database.as<unknown>() },
    ];
    await writeBackup({ databases, files: [], masterKey, program: 'x', now: () => NOON }, file);
    const dataDirectory = freshTarget(t, state);
    const otherKind = dialect === 'postgres' ? freshPlace() : undefined;
    const placeOf = (name: string) => ({
      kind: 'sqlite' as const,
      file: join(dataDirectory, name),
    });
    const logPlace = otherKind ?? placeOf('log.sqlite');
    await restoreBackup({
      repeat: repeatSinceBackup,
      ...{ file, dataDirectory, masterKey: masterKeyIn(dataDirectory), tombstones: [], world },
      databases: [
        { name: 'log', place: logPlace, migrations: [numberedMigrations(t)] },
        { name: 'state', place: placeOf('state.sqlite'), migrations: [stateMigrations()] },
      ],
    });
    const again = await openDatabase<{ record: { id?: number; bytes: Uint8Array } }>(logPlace);
    t.after(() => again.close());
    await again.kysely
      .insertInto('record')
      .values({ bytes: randomBytes(3) })
      .execute();
    const rows = await again.kysely.selectFrom('record').selectAll().orderBy('id').execute();
    assert.deepEqual(
      rows.map(({ id }) => id),
      Array.from({ length: 31 }, (_, index) => index + 1),
    );
    for (const [index, bytes] of large.entries()) {
      assert.ok(Buffer.from(rows[index]!.bytes).equals(bytes));
    }
  });

  test('who was erased and what was revoked since the backup does not come back', async (t) => {
    const { state, issued, operator, subject } = await filled(t, freshPlace());
    await state.singleUse.issue('enrolment', 'link', NOON + 1);
    const file = await backUp(t, state);
    await state.subjectKeys.destroy(griet);
    await state.keys.revoke(issued.record.id, 'leaked');
    await state.operators.revoke(operator.id);
    assert.ok(await state.singleUse.consume('enrolment', 'link'));
    const tombstones = join(state.dataDirectory, 'tombstones.jsonl');
    for (const way of ['named', 'found'] as const) {
      const target = freshTarget(t, state);
      if (way === 'found') {
        writeFileSync(join(target, 'tombstones.jsonl'), readFileSync(tombstones));
      }
      const place = dialect === 'postgres' ? freshPlace() : undefined;
      const summary = await restore(file, target, place, way === 'named' ? [tombstones] : []);
      assert.equal(summary.erased, 1);
      assert.equal(summary.revoked, 2);
      const again = await reopen(t, target, place);
      assert.equal(await again.subjectKeys.byId(subject.id), undefined);
      assert.equal(await again.subjectKeys.find(griet), undefined);
      assert.equal((await again.keys.find(issued.key))?.revokedAt, NOON);
      assert.deepEqual(await again.operators.credentials(), []);
      assert.equal(await again.singleUse.consume('enrolment', 'link'), false, 'it was used');
      // The next backup of the restored one knows of them as well.
      assert.equal(readFileSync(join(target, 'tombstones.jsonl'), 'utf8').split('\n').length, 5);
    }
  });

  test('a key that was rotated, narrowed or shortened since the backup is not revived with what it could', async (t) => {
    const { state } = await filled(t, freshPlace());
    const terms = {
      ...{ name: 'Shop', owner: 'griet', scopes: ['pay', 'read'], roles: ['r'] },
      ...{ limits: null, networks: ['192.0.2.0/24'], expiresAt: NOON + 1_000 },
    };
    const rate = {
      requests: 5,
      per: 'minute',
      by: 'client',
      whenCountersAreAway: 'share',
    } as const;
    const make = async () => (await state.keys.create(terms)).record.id;
    const takeAway: Record<string, (id: string) => Promise<unknown>> = {
      rotated: (id) => state.keys.rotate(id, 0),
      'fewer scopes': (id) => state.keys.update(id, { scopes: ['read'] }),
      'other scopes': (id) => state.keys.update(id, { scopes: ['read', 'refund', 'x'] }),
      'fewer roles': (id) => state.keys.update(id, { roles: [] }),
      limited: (id) => state.keys.update(id, { limits: { limit: [rate] } }),
      'other networks': (id) => state.keys.update(id, { networks: ['198.51.100.0/24'] }),
      shortened: (id) => state.keys.update(id, { expiresAt: NOON + 999 }),
      'another owner': (id) => state.keys.update(id, { owner: 'lieve' }),
      'narrowed and widened again': async (id) => {
        await state.keys.update(id, { scopes: ['read'] });
        await state.keys.update(id, { scopes: terms.scopes });
      },
    };
    const leave: Record<string, (id: string) => Promise<unknown>> = {
      renamed: (id) => state.keys.update(id, { name: 'Store' }),
      widened: (id) =>
        state.keys.update(id, { scopes: ['x', ...terms.scopes], networks: [], expiresAt: null }),
      untouched: async () => {},
    };
    const ids = new Map<string, string>();
    for (const name of Object.keys({ ...takeAway, ...leave })) ids.set(name, await make());
    const early = await make();
    await state.keys.update(early, { scopes: ['read'] });
    const file = await backUp(t, state);
    for (const [name, change] of Object.entries({ ...takeAway, ...leave })) {
      await change(ids.get(name) as string);
    }
    const tombstones = join(state.dataDirectory, 'tombstones.jsonl');
    const target = freshTarget(t, state);
    const place = dialect === 'postgres' ? freshPlace() : undefined;
    const summary = await restore(file, target, place, [tombstones]);
    const expected = Object.keys(takeAway).map((name) => ids.get(name) as string);
    assert.deepEqual(summary.outdatedKeys.toSorted(), expected.toSorted());
    const again = await reopen(t, target, place);
    for (const name of Object.keys(takeAway)) {
      assert.notEqual((await again.keys.show(ids.get(name) as string))?.revokedAt, null, name);
    }
    for (const name of Object.keys(leave)) {
      assert.equal((await again.keys.show(ids.get(name) as string))?.revokedAt, null, name);
    }
    assert.equal((await again.keys.show(early))?.revokedAt, null, 'the backup knew of it');
    // Without them nothing is known, and the summary says that.
    const alone = await restore(
      file,
      freshTarget(t, state),
      dialect === 'postgres' ? freshPlace() : undefined,
    );
    assert.deepEqual([alone.tombstoneFiles, alone.outdatedKeys], [0, []]);
  });

  if (dialect === 'postgres') {
    test('of restores from several machines into one schema, one comes to its end and the schema is whole', async (t) => {
      const { state, subject } = await filled(t, freshPlace());
      const file = await backUp(t, state);
      for (let round = 0; round < 3; round += 1) {
        const place = freshPlace();
        const targets = [freshTarget(t, state), freshTarget(t, state), freshTarget(t, state)];
        const done = await Promise.allSettled(targets.map((one) => restore(file, one, place)));
        assert.equal(done.filter(({ status }) => status === 'fulfilled').length, 1);
        for (const one of done) {
          if (one.status === 'rejected') {
            assert.match(one.reason.name, /^(SchemaHeld|TargetNotEmpty)Error$/, one.reason.stack);
          }
        }
        const whole = done.findIndex(({ status }) => status === 'fulfilled');
        const again = await reopen(t, targets[whole] as string, place);
        assert.equal((await again.subjectKeys.find(griet))?.id, subject.id);
      }
    });
  }

  test('blocks made or changed since the backup are named by the restore that cannot bring them back', async (t) => {
    const { state } = await filled(t, freshPlace());
    const wish = { reason: 'abuse', until: NOON + 1_000, createdBy: 'operator_1' };
    const block = (value: string, until = wish.until) =>
      state.blocks.block({ ...wish, kind: 'client', value, until });
    const [kept, longer] = [await block('kept'), await block('longer')];
    const file = await backUp(t, state);
    await block('longer', NOON + 2_000);
    const made = await block('made');
    await state.blocks.undo(kept.id, 'operator_1');
    const target = freshTarget(t, state);
    const place = dialect === 'postgres' ? freshPlace() : undefined;
    const tombstones = join(state.dataDirectory, 'tombstones.jsonl');
    const { lostBlocks } = await restore(file, target, place, [tombstones]);
    assert.deepEqual(lostBlocks.toSorted(), [longer.id, made.id].toSorted());
    assert.doesNotMatch(readFileSync(tombstones, 'utf8'), /longer|made|kept|client/);
  });
});

test('a restore that takes out what another is building does not put an empty directory in its place', async (t) => {
  const { state, subject } = await filled(t, { kind: 'sqlite', file: ':memory:' });
  const file = await backUp(t, state);
  for (let round = 0; round < 5; round += 1) {
    const target = freshTarget(t, state);
    const done = await Promise.allSettled(Array.from({ length: 3 }, () => restore(file, target)));
    assert.equal(done.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const one of done) {
      if (one.status === 'rejected') {
        assert.match(one.reason.name, /^(DirectoryHeld|TargetNotEmpty)Error$/, one.reason.stack);
      }
    }
    const again = await reopen(t, target);
    assert.equal((await again.subjectKeys.find(griet))?.id, subject.id);
    assert.deepEqual(readdirSync(dirname(target)), [basename(target)]);
    assert.ok(!existsSync(join(target, 'poorter.lock')));
  }
});

test('while a restore is under way nothing serves from its target, and where it fails no trace of it stays', async (t) => {
  const { state } = await filled(t, { kind: 'sqlite', file: ':memory:' });
  const file = await backUp(t, state);
  const target = freshTarget(t, state);
  const missing = join(freshDirectory(t), 'parent', 'data');
  const masterKey = masterKeyIn(target);
  for (const dataDirectory of [target, missing]) {
    const before = existsSync(dataDirectory) ? readdirSync(dataDirectory) : null;
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const slow = {
      ...{ id: masterKey.id, isElsewhere: true, wrap: masterKey.wrap.bind(masterKey) },
      unwrap: async (): Promise<Uint8Array> => {
        reached.resolve();
        await held.promise;
        throw new Error('the vault is away');
      },
    };
    const place = { kind: 'sqlite', file: join(dataDirectory, 'state.sqlite') } as const;
    const databases = [{ name: 'state', place, migrations: [stateMigrations()] }];
    const failing = restoreBackup({
      repeat: repeatSinceBackup,
      ...{ file, masterKey: slow, dataDirectory, databases, tombstones: [], world },
    });
    const failed = assert.rejects(failing, /the vault is away/);
    await reached.promise;
    assert.throws(() => lockDirectory(dataDirectory, SERVING_LOCK), {
      name: 'DirectoryHeldError',
      message: new RegExp(`in use by process ${process.pid}`),
    });
    held.resolve();
    await failed;
    assert.deepEqual(existsSync(dataDirectory) ? readdirSync(dataDirectory) : null, before);
    lockDirectory(target, SERVING_LOCK).removeTraces({ directory: false });
  }
});

test('a target with anything in it is refused and left as it is', async (t) => {
  const { state } = await filled(t, { kind: 'sqlite', file: ':memory:' });
  const file = await backUp(t, state);
  const target = freshTarget(t, state);
  writeFileSync(join(target, 'state.sqlite'), 'mine');
  await assert.rejects(restore(file, target), TargetNotEmptyError);
  assert.deepEqual(readdirSync(target).toSorted(), ['master.key', 'state.sqlite']);
  assert.equal(readFileSync(join(target, 'state.sqlite'), 'utf8'), 'mine');
  const beside = freshTarget(t, state);
  for (const name of ['restoring', 'restoring-mine']) {
    mkdirSync(`${beside}.${name}`);
    writeFileSync(join(`${beside}.${name}`, 'mine'), 'mine');
  }
  await restore(file, beside);
  assert.ok(existsSync(join(`${beside}.restoring`, 'mine')));
  assert.ok(existsSync(join(`${beside}.restoring-mine`, 'mine')));
  await assert.rejects(writeBackup({} as never, file), /never replaces/);
});

test('another master key, missing tombstones or a torn one leave the target as it was', async (t) => {
  const { state } = await filled(t, { kind: 'sqlite', file: ':memory:' });
  const file = await backUp(t, state);
  const other = await filled(t, { kind: 'sqlite', file: ':memory:' });
  const target = freshTarget(t, other.state);
  await assert.rejects(restore(file, target), { name: 'WrongMasterKeyError' });
  const right = freshTarget(t, state);
  await assert.rejects(restore(file, right, undefined, [join(right, 'none')]), /ENOENT/);
  const torn = join(freshDirectory(t), 'tombstones');
  writeFileSync(torn, '{"kind":"key","id":"key_1","at":1}\nnonsense\n');
  await assert.rejects(restore(file, right, undefined, [torn]), { name: 'TombstoneFileError' });
  for (const directory of [target, right]) {
    assert.deepEqual(readdirSync(directory), ['master.key']);
    assert.deepEqual(readdirSync(dirname(directory)), [basename(directory)]);
  }
  assert.ok((await restore(file, right)).rows > 0);
});

test('a key that the torn last line of the tombstones revoked is not revived: the restore is refused', async (t) => {
  const { state, issued } = await filled(t, { kind: 'sqlite', file: ':memory:' });
  const file = await backUp(t, state);
  await state.subjectKeys.destroy(griet);
  await state.keys.revoke(issued.record.id, 'leaked');
  const whole = readFileSync(join(state.dataDirectory, 'tombstones.jsonl'), 'utf8');
  const lines = whole.split('\n').length - 1;
  const copy = join(freshDirectory(t), 'tombstones');
  for (const cut of [whole.slice(0, -1), whole.slice(0, -9)]) {
    const why = new RegExp(
      `tombstones(?:\\.jsonl)?:${lines} is torn.*copy the file again.*last whole line`,
    );
    writeFileSync(copy, cut);
    const named = freshTarget(t, state);
    await assert.rejects(restore(file, named, undefined, [copy]), {
      ...{ name: 'TombstoneFileError', message: why },
    });
    const found = freshTarget(t, state);
    writeFileSync(join(found, 'tombstones.jsonl'), cut);
    await assert.rejects(restore(file, found), { name: 'TombstoneFileError', message: why });
    assert.equal(readFileSync(join(found, 'tombstones.jsonl'), 'utf8'), cut, 'left as it was');
  }
  // As the message says.
  writeFileSync(copy, whole.slice(0, whole.slice(0, -1).lastIndexOf('\n') + 1));
  const target = freshTarget(t, state);
  assert.ok((await restore(file, target, undefined, [copy])).rows > 0);
  writeFileSync(copy, whole);
  const right = freshTarget(t, state);
  await restore(file, right, undefined, [copy]);
  const again = await reopen(t, right);
  assert.equal((await again.keys.find(issued.key))?.revokedAt, NOON);
});

test('a key is not revived by tombstones out of which somebody took the line that ended it', async (t) => {
  const { state, issued, operator } = await filled(t, { kind: 'sqlite', file: ':memory:' });
  const file = await backUp(t, state);
  await state.keys.revoke(issued.record.id, 'leaked');
  await state.subjectKeys.destroy(griet);
  await state.operators.revoke(operator.id);
  const whole = readFileSync(join(state.dataDirectory, 'tombstones.jsonl'), 'utf8');
  const lines = whole.trimEnd().split('\n');
  assert.equal(lines.length, 4, 'one of them before the backup');
  const [early, first, second, third] = lines as [string, string, string, string];
  const stranger = await filled(t, { kind: 'sqlite', file: ':memory:' });
  await stranger.state.keys.revoke(stranger.issued.record.id, 'leaked');
  const ofStranger = readFileSync(join(stranger.state.dataDirectory, 'tombstones.jsonl'), 'utf8');
  const unbound = (line: string) => line.replace(/,"mac":"[^"]*"/, '');
  const broken: Record<string, readonly [readonly string[], number]> = {
    'the first taken out': [[first, second, third], 1],
    'one taken out': [[early, second, third], 2],
    'another id': [[early, first.replace(/"id":"./, '"id":"_'), second, third], 2],
    'another time': [[early, first, second.replace(/"at":1/, '"at":2'), third], 3],
    'two exchanged': [[early, second, first, third], 2],
    'one twice': [[early, first, first, second, third], 3],
    'one without what binds it': [[early, unbound(first), second, third], 2],
    'none with what binds them': [[early, second, third].map(unbound), 1],
    'lines of another installation': [[...lines, ...ofStranger.trimEnd().split('\n')], 5],
  };
  const copy = join(freshDirectory(t), 'tombstones');
  for (const [name, [kept, line]] of Object.entries(broken)) {
    writeFileSync(copy, `${kept.join('\n')}\n`);
    const target = freshTarget(t, state);
    const message = new RegExp(`tombstones:${line} does not follow.*--unproven-tombstones`);
    await assert.rejects(
      restore(file, target, undefined, [copy]),
      { name: 'TombstoneFileError', message },
      name,
    );
    assert.deepEqual(readdirSync(target), ['master.key'], name);
  }
  // Somebody who has nothing else says so.
  writeFileSync(copy, `${[early, first, third].join('\n')}\n`);
  const target = freshTarget(t, state);
  const believed = await restore(file, target, undefined, [copy], true);
  assert.deepEqual([believed.erased, believed.revoked], [0, 2]);
  const again = await reopen(t, target);
  assert.equal((await again.keys.find(issued.key))?.revokedAt, NOON);
  // What was believed is bound from now on, and the restored directory goes on with it.
  await again.operators.create({ name: 'b', roles: ['auditor'], expiresAt: NOON + 1 });
  assert.equal(new Tombstones(target, again.ring).adopt(), undefined);
  // A copy that was made too early can only be told by its end.
  writeFileSync(copy, `${early}\n${first}\n`);
  const cut = await restore(file, freshTarget(t, state), undefined, [copy]);
  assert.deepEqual([cut.revoked, cut.tombstonesUntil], [1, NOON]);
});

test('a backup that was altered or cut anywhere is refused, and nothing is restored', async (t) => {
  const { state } = await filled(t, { kind: 'sqlite', file: ':memory:' });
  const whole = readFileSync(await backUp(t, state));
  assert.ok(whole.length > 3 * 65_552, 'several chunks');
  const file = join(freshDirectory(t), 'altered');
  const target = freshTarget(t, state);
  const isRefused = async (bytes: Uint8Array) => {
    writeFileSync(file, bytes);
    await assert.rejects(restore(file, target), (error: Error) => {
      assert.match(error.name, /BackupBrokenError|WrongMasterKeyError/, String(error.stack));
      return true;
    });
    assert.deepEqual(readdirSync(target), ['master.key']);
  };
  const anywhere = fc.oneof(fc.nat(400), fc.nat(whole.length - 1));
  await fc.assert(
    fc.asyncProperty(anywhere, fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const altered = Buffer.from(whole);
      altered[at] = altered[at]! ^ mask;
      await isRefused(altered);
    }),
    { numRuns: 40 },
  );
  await fc.assert(
    fc.asyncProperty(anywhere, async (length) => isRefused(whole.subarray(0, length))),
    { numRuns: 25 },
  );
  const chunk = 65_536 + 16;
  const start = whole.length - (((whole.length - 400) % chunk) + chunk);
  await isRefused(Buffer.concat([whole, randomBytes(1)]));
  await isRefused(Buffer.concat([whole, whole.subarray(start)]));
  const NONCE_BYTES = 16;
  const header = whole.indexOf('\n', whole.indexOf('\n--- ') + 1) + 1 + NONCE_BYTES;
  const pieces = [0, 1].map((index) =>
    whole.subarray(header + index * chunk, header + (index + 1) * chunk),
  );
  const swapped = [whole.subarray(0, header), pieces[1]!, pieces[0]!];
  await isRefused(Buffer.concat([...swapped, whole.subarray(header + 2 * chunk)]));
  // Cut exactly between two chunks.
  await isRefused(whole.subarray(0, header + chunk));
  // Another recipient beside the master key: whoever added it could not open the file, but has altered it.
  const stanza = whole.indexOf('-> ');
  const other = Buffer.from('-> X25519 AAAA\nAAAA\n');
  await isRefused(Buffer.concat([whole.subarray(0, stanza), other, whole.subarray(stanza)]));
  writeFileSync(file, whole);
  assert.ok((await restore(file, target)).rows > 0);
  assert.ok(BackupBrokenError);
});

test('a head without an end is refused before it fills the memory, and an earlier format by its name', async (t) => {
  const { state } = await filled(t, { kind: 'sqlite', file: ':memory:' });
  const file = join(freshDirectory(t), 'hostile');
  const target = freshTarget(t, state);
  const line = `${'A'.repeat(64)}\n`;
  const endless = `age-encryption.org/v1\n-> poorter/backup-2 x\n${line.repeat(1_000_000)}`;
  for (const [text, message] of [
    [endless, /the head of .* is cut off or altered/],
    [`age-encryption.org/v1\n${'x'.repeat(70_000)}\n--- AAAA\n`, /is cut off or altered/],
    ['age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\n', /no backup of Poorter/],
    ['age-encryption.org/v1\n-> poorter/backup-2 e30\nAAAA\n--- AAAA\n', /is altered/],
    ['age-encryption.org/v1\n--- AAAA\n', /no backup of Poorter/],
    ['poorter-backup 1\nrest', /written by an earlier version/],
    ['', /no backup of Poorter/],
  ] as const) {
    writeFileSync(file, text);
    await assert.rejects(restore(file, target), { name: 'BackupBrokenError', message });
  }
});
