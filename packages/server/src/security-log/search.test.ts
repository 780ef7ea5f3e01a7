import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { callLine } from '../messages/spool-line.ts';
import { onEveryBackend } from '../platform/database/backends.fixture.ts';
import { BUNDLE_WIDTH, unpackLeaves } from './bundle.ts';
import { findCall } from './find-call.ts';
import { allLeaves, drain, fill, type LogWorld, NODE, openWorld, recordOf } from './log.fixture.ts';
import { LogReader } from './log-reader.ts';
import { applyRetention } from './retention.ts';
import { type LogQuery, searchLog, showRecord } from './search.ts';
import { checkProof, proveLeaf } from './verify/inclusion.ts';
import { verifyDatabase } from './verify/verify-database.ts';

async function search(world: LogWorld, query: Omit<LogQuery, 'limit'>, keys = true) {
  const ids: string[] = [];
  let before: number | undefined;
  for (;;) {
    const page = await searchLog(
      world.reader,
      NODE,
      keys ? world.keys : null,
      { ...query, limit: 7, before },
      world.clock.now,
    );
    ids.push(...page.records.map(({ leaf }) => leaf.id as string));
    if (page.next === null) return ids;
    before = page.next;
  }
}

onEveryBackend('search', (backend) => {
  test('every field finds exactly its records, newest first, over any number of pages', async () => {
    const world = await openWorld(backend.freshPlace());
    const count = 600;
    await fill(world, count);
    const records = Array.from({ length: count }, (_, at) => recordOf(at)).toReversed();
    const idsWhere = (is: (record: ReturnType<typeof recordOf>, at: number) => boolean) =>
      records.flatMap((record, at) => (is(record, count - 1 - at) ? [record.id] : []));
    const cases: [Omit<LogQuery, 'limit'>, string[]][] = [
      [{ client: 'client-1' }, idsWhere((r) => r.principal?.client === 'client-1')],
      [{ subject: 'person-2' }, idsWhere((r) => r.principal?.subject === 'person-2')],
      [{ address: '203.0.113.4' }, idsWhere((r) => r.client === '203.0.113.4')],
      [{ operation: 'listAccounts' }, idsWhere((r) => r.operation === 'listAccounts')],
      [{ operation: 'bank getAccount' }, idsWhere((r) => r.operation === 'getAccount')],
      [{ decision: 'refused' }, idsWhere((r) => r.decision === 'refused')],
      [
        { code: 'rate_limited', client: 'client-0' },
        idsWhere((r) => r.code === 'rate_limited' && r.principal?.client === 'client-0'),
      ],
      [
        { from: recordOf(250).time, to: recordOf(260).time },
        idsWhere((_, at) => at >= 250 && at <= 260),
      ],
      [
        { object: { parameter: 'account', value: 'account-3' }, client: 'client-2' },
        idsWhere((r, at) => at % 11 === 3 && r.principal?.client === 'client-2'),
      ],
      [{ client: 'nobody' }, []],
      [{ code: 'no_such_code' }, []],
    ];
    for (const [query, expected] of cases) {
      assert.deepEqual(await search(world, query), expected, JSON.stringify(query));
    }
    assert.ok((cases[2]?.[1].length ?? 0) > 50);
    const shown = await showRecord(world.reader, NODE, world.keys, 42);
    assert.ok(shown !== null && typeof shown.caller === 'object' && shown.caller !== null);
    assert.equal(shown.caller.subject, 'person-2');
    const pseudonym = shown.leaf.objects?.['account'];
    const sameObject = await search(world, { objectPseudonym: pseudonym });
    assert.ok(sameObject.includes('call-42') && sameObject.length < 30);
    assert.deepEqual(await search(world, { client: 'client-1' }, false), [], 'no keys, no names');
    assert.equal((await showRecord(world.reader, NODE, null, 42))?.caller, 'sealed');
    await world.close();
  });

  test('whoever reads while the tail becomes a bundle finds each leaf, and finds it once', async () => {
    const world = await openWorld(backend.freshPlace());
    await fill(world, 700);
    const { key } = world.signer;
    let filled = 700;
    /** The recorder writes on, just before this reader is answered. */
    const interrupted = (by: 'tail' | 'headsBefore') => {
      const reader = new LogReader(world.database.kysely, NODE);
      const ask = reader[by].bind(reader) as (...given: unknown[]) => Promise<never>;
      let isFirst = true;
      return Object.assign(reader, {
        [by]: async (...given: unknown[]) => {
          if (isFirst) {
            isFirst = false;
            await fill(world, BUNDLE_WIDTH, filled);
            filled += BUNDLE_WIDTH;
          }
          return ask(...given);
        },
      });
    };
    const inTail = async () => ((await world.reader.tail())?.first ?? 0) + 1;
    const shown = await inTail();
    const record = await showRecord(interrupted('tail'), NODE, world.keys, shown);
    assert.equal(record?.index, shown);
    const proven = await inTail();
    assert.notEqual(await proveLeaf(interrupted('tail'), key, proven), null);
    const call = (await showRecord(world.reader, NODE, world.keys, await inTail()))?.leaf.id;
    const found = await findCall(interrupted('headsBefore'), NODE, world.keys, `${call}`);
    assert.equal(found.length, 1);

    const size = filled;
    for (const by of ['headsBefore', 'tail'] as const) {
      const page = await searchLog(
        ...([interrupted(by), NODE, world.keys] as const),
        { limit: 10_000, before: size },
        world.clock.now,
      );
      const indexes = page.records.map(({ index }) => index);
      assert.deepEqual(
        indexes,
        Array.from({ length: size }, (_, at) => size - 1 - at),
        by,
      );
    }
    await world.close();
  });

  test('retention by age and by size drops the oldest; every proof stands and says what is gone', async () => {
    const world = await openWorld(backend.freshPlace());
    await fill(world, 1_100);
    const { key } = world.signer;
    const before = await proveLeaf(world.reader, key, 900);
    const recorder = await world.recorder();
    const nothing = await applyRetention(
      recorder,
      world.reader,
      { ageMs: null, bytesMax: null },
      0,
    );
    assert.equal(nothing, 0);
    // Records are a second apart; those of the first bundle are too old.
    const now = Date.parse(recordOf(0).time) + 300_000 + 60_000;
    assert.equal(
      await applyRetention(recorder, world.reader, { ageMs: 60_000, bytesMax: null }, now),
      256,
    );
    const bytesMax = Math.floor((await world.reader.leafBytes()) * 0.7);
    assert.equal(await applyRetention(recorder, world.reader, { ageMs: null, bytesMax }, now), 512);
    assert.ok((await world.reader.leafBytes()) <= bytesMax);
    const verdict = await verifyDatabase(world.reader, key);
    assert.deepEqual([verdict.fault, verdict.dropped], [null, 512]);
    assert.equal(await showRecord(world.reader, NODE, world.keys, 100), null);
    assert.equal(await proveLeaf(world.reader, key, 100), null);
    const after = await proveLeaf(world.reader, key, 900);
    assert.equal(after?.leaf, before?.leaf);
    assert.equal(checkProof(before, key), null);
    assert.equal(checkProof(after, key), null);
    await world.database.kysely.deleteFrom('log_bundle').where('first', '=', 512).execute();
    const robbed = (await verifyDatabase(world.reader, key)).fault;
    assert.deepEqual([robbed?.index, robbed?.until], [512, 767]);
    await world.close();
  });
});

/** Everything that lies on the disk, also as it is before compression. */
function everythingIn(directory: string): Buffer {
  const pieces: Buffer[] = [];
  for (const name of readdirSync(directory, { recursive: true }) as string[]) {
    const file = join(directory, name);
    if (statSync(file).isFile()) pieces.push(readFileSync(file));
  }
  return Buffer.concat(pieces);
}

test('an erased subject is nowhere any more, and no byte of any proof has changed', async () => {
  const world = await openWorld();
  await fill(world, 400);
  const { key } = world.signer;
  const proofs = await Promise.all(
    [0, 2, 12, 255, 300].map((at) => proveLeaf(world.reader, key, at)),
  );
  const person = { kind: 'subject', value: 'person-2' };
  assert.ok((await search(world, { subject: 'person-2' })).length > 0);

  world.keys.destroy(person);
  assert.deepEqual(
    await Promise.all([0, 2, 12, 255, 300].map((at) => proveLeaf(world.reader, key, at))),
    proofs,
  );
  assert.equal((await verifyDatabase(world.reader, key)).fault, null);
  assert.deepEqual(await search(world, { subject: 'person-2' }), []);
  assert.equal((await showRecord(world.reader, NODE, world.keys, 12))?.caller, 'erased');
  const other = (await showRecord(world.reader, NODE, world.keys, 4))?.caller;
  assert.ok(typeof other === 'object' && other?.subject === 'person-4');
  await world.close();
});

test('no file of the log or the spool shows who called, raw, in base64 or in hex', async () => {
  const world = await openWorld();
  const long = {
    client: '2001:db8:1234:5678:9abc::17',
    principal: {
      kind: 'token' as const,
      client: 'shop-of-margarete-schulze',
      subject: 'margarete.schulze@customers.example',
      credentialId: 'credential-of-margarete',
    },
  };
  const line = (at: number) => callLine(recordOf(at, long), { account: 'DE89370400440532013000' });
  const done = world.writer();
  const writer = world.writer();
  // Some lie in the spool still.
  for (let at = 0; at < 300; at++) {
    const either = at < 280 ? done : writer;
    either.admit();
    either.append(line(at));
  }
  await done.close();
  await drain(await world.recorder());
  await writer.flush();
  assert.equal(readdirSync(world.spoolDirectory).length, 2, 'a file and its count');
  const rows = await world.database.kysely.selectFrom('log_bundle').select('leaves').execute();
  const leaves = await allLeaves(world.reader);
  const all = Buffer.concat([
    everythingIn(world.directory),
    ...rows.map((row) => unpackLeaves(row.leaves)),
    Buffer.from(leaves.join('\n')),
  ]);
  assert.ok(all.includes('getAccount'), 'the public part is there to be found');
  const { client, subject, credentialId } = long.principal;
  for (const value of [long.client, client, subject, credentialId, 'DE89370400440532013000']) {
    const inBase64 = [0, 1, 2].map((shift) =>
      Buffer.from(`${'x'.repeat(shift)}${value}`)
        .toString('base64')
        .slice(4, -4),
    );
    for (const text of [value, Buffer.from(value).toString('hex'), ...inBase64]) {
      assert.ok(text.length >= 12 && !all.includes(text), `${value} as ${text}`);
    }
  }
  await writer.close();
  await drain(await world.recorder());
  await world.close();
});
