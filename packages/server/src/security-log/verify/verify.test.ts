import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packLeaves, splitLeaves, unpackLeaves } from '../bundle.ts';
import { type Checkpoint, checkpointSigner, openCheckpoint } from '../checkpoint.ts';
import { exportLines, signedEnd } from '../export/export-lines.ts';
import { retentionLeaf } from '../leaf.ts';
import { drain, fill, type LogWorld, lineOf, NODE, openWorld } from '../log.fixture.ts';
import { LogReader } from '../log-reader.ts';
import { openLog } from '../open-log.ts';
import { searchLog } from '../search.ts';
import { hashPrefixedLeaf } from '../tree/hashing.ts';
import { checkProof, proveLeaf } from './inclusion.ts';
import { verifyDatabase } from './verify-database.ts';
import { verifyExport } from './verify-export.ts';

/** `MUTATIONS=1000 node --test …` for the long campaign. */
const MUTATIONS = Number(process.env['MUTATIONS'] ?? 250);

let drawn = 1;
function draw(below: number): number {
  drawn = (drawn * 48_271) % 2_147_483_647;
  return drawn % below;
}

async function exported(world: LogWorld, from = 0): Promise<Buffer> {
  const end = await signedEnd(world.reader, world.signer.key);
  assert.ok(end !== null);
  let text = '';
  for await (const lines of exportLines(world.reader, world.signer.key, from, end)) text += lines;
  return Buffer.from(text);
}

async function checkpointOf(world: LogWorld): Promise<Checkpoint> {
  const opened = openCheckpoint(
    (await world.reader.lastCheckpoint())?.note ?? '',
    world.signer.key,
  );
  assert.ok(!('fault' in opened));
  return opened;
}

test('an untouched log and its export are good, whole or in parts', async () => {
  const world = await openWorld();
  await fill(world, 600);
  const early = await checkpointOf(world);
  const part = await exported(world);
  await fill(world, 500, 600);
  const verdict = await verifyDatabase(world.reader, world.signer.key, early);
  assert.deepEqual([verdict.fault, verdict.size, verdict.signedSize], [null, 1_100, 1_100]);
  assert.ok(verdict.checkpoints >= 2);
  for (const file of [
    await exported(world),
    await exported(world, 700),
    Buffer.concat([part, await exported(world, 600)]),
  ]) {
    const read = await verifyExport(
      [file.subarray(0, 1_000), file.subarray(1_000)],
      world.signer.key,
    );
    assert.deepEqual([read.fault, read.size], [null, 1_100]);
  }
  await world.close();
});

test('a stranger notices any change of any one byte of an export, and is told where', async () => {
  const world = await openWorld();
  await fill(world, 300);
  const good = await exported(world);
  const { key } = world.signer;
  const starts: number[] = [];
  for (let at = 0; at >= 0; at = good.indexOf('\n', at) + 1 || -1) {
    if (at === good.length) break;
    starts.push(at);
  }
  let named = 0;
  for (let round = 0; round < MUTATIONS; round++) {
    const place = draw(good.length);
    const bad = Buffer.from(good);
    bad[place] = (bad[place] as number) ^ (1 << draw(8));
    const { fault } = await verifyExport([bad], key);
    assert.ok(fault !== null, `byte ${place}`);
    const line = starts.findLastIndex((start) => start <= place);
    const isLeaf = line >= 1 && line <= 300;
    if (isLeaf) {
      named++;
      // A newline that is gone damages the line it ended.
      assert.equal(fault.index, line - 1, fault.message);
    }
  }
  assert.ok(named > MUTATIONS / 2);
  const lines = good.toString().split('\n').slice(0, -1);
  const mutations: [string, string[]][] = [
    ['cut', lines.slice(0, -1)],
    ['cut earlier', lines.slice(0, 100)],
    ['dropped', lines.toSpliced(50, 1)],
    ['swapped', lines.toSpliced(50, 2, lines[51] as string, lines[50] as string)],
    ['twice', lines.toSpliced(50, 0, lines[50] as string)],
    ['nothing', []],
    ['only the head', lines.slice(0, 1)],
  ];
  for (const [name, changed] of mutations) {
    const { fault } = await verifyExport([Buffer.from(changed.map((l) => `${l}\n`).join(''))], key);
    assert.ok(fault !== null, name);
    if (/dropped|swapped/.test(name)) assert.equal(fault.index, 49);
    if (name === 'twice') assert.equal(fault.index, 50);
  }
  await world.close();
});

test('leaves of another node, or signed with another key, are not this log', async () => {
  const [world, other] = [await openWorld(), await openWorld(undefined, 'other.node')];
  await fill(world, 20);
  await fill(other, 20);
  assert.ok((await verifyExport([await exported(other)], world.signer.key)).fault !== null);
  const reader = new LogReader(other.database.kysely, 'other.node');
  assert.ok((await verifyDatabase(reader, world.signer.key)).fault !== null);
  await world.close();
  await other.close();
});

test('whatever is changed in the database is noticed, and the first bad leaf is named', async () => {
  const world = await openWorld();
  await fill(world, 900);
  const { kysely } = world.database;
  const { key } = world.signer;
  const check = () => verifyDatabase(world.reader, key);
  assert.equal((await check()).fault, null);
  const bundles = await kysely.selectFrom('log_bundle').selectAll().orderBy('first').execute();
  const tail = await kysely.selectFrom('log_tail').selectAll().executeTakeFirstOrThrow();
  const tiles = await kysely.selectFrom('log_tile').selectAll().execute();
  const setLeaves = (first: number, leaves: Uint8Array) =>
    kysely.updateTable('log_bundle').set({ leaves }).where('first', '=', first).execute();
  for (let round = 0; round < MUTATIONS; round++) {
    const bundle = bundles[draw(bundles.length)];
    assert.ok(bundle !== undefined);
    const raw = unpackLeaves(bundle.leaves);
    const leaves = splitLeaves(raw);
    const at = draw(254);
    let expected: number = bundle.first + at;
    switch (round % 7) {
      case 0: {
        const leaf = Buffer.from(leaves[at] as Buffer);
        const place = 1 + draw(leaf.length - 1);
        leaf[place] = (leaf[place] as number) ^ 1 || 1;
        await setLeaves(bundle.first, packLeaves(Buffer.concat(leaves.with(at, leaf))));
        break;
      }
      case 1: {
        const swapped = leaves
          .with(at, leaves[at + 1] as Buffer)
          .with(at + 1, leaves[at] as Buffer);
        await setLeaves(bundle.first, packLeaves(Buffer.concat(swapped)));
        break;
      }
      case 2:
        await setLeaves(bundle.first, packLeaves(Buffer.concat(leaves.toSpliced(at, 1))));
        break;
      case 3: {
        const cut = Buffer.from(bundle.leaves).subarray(0, 1 + draw(bundle.leaves.length - 1));
        await setLeaves(bundle.first, cut);
        expected = bundle.first;
        break;
      }
      case 4: {
        const [tile] = tiles.filter(
          ({ level, number }) => level === 0 && number * 256 === bundle.first,
        );
        assert.ok(tile !== undefined);
        const hashes = Buffer.from(tile.hashes);
        hashes[at * 32 + draw(32)]! ^= 1;
        await kysely
          .updateTable('log_tile')
          .set({ hashes })
          .where('level', '=', 0)
          .where('number', '=', tile.number)
          .execute();
        break;
      }
      case 5: {
        await kysely.deleteFrom('log_bundle').where('first', '=', bundle.first).execute();
        expected = 0;
        break;
      }
      default: {
        const place = 1 + draw(tail.leaves.length - 1);
        const leaf = Buffer.from(tail.leaves);
        if (leaf[place] === 0 || leaf[place] === 1) continue;
        expected = 768 + leaf.subarray(0, place).reduce((n, byte) => n + (byte === 0 ? 1 : 0), -1);
        leaf[place] = (leaf[place] as number) ^ 1;
        await kysely.updateTable('log_tail').set({ leaves: leaf }).execute();
      }
    }
    const { fault } = await check();
    assert.ok(fault !== null, `round ${round}`);
    assert.equal(fault.index, expected, `${round % 7}: ${fault.message}`);
    await kysely.deleteFrom('log_bundle').where('first', '=', bundle.first).execute();
    await kysely.insertInto('log_bundle').values(bundle).execute();
    await kysely.updateTable('log_tail').set({ leaves: tail.leaves }).execute();
    for (const { level, number, hashes } of tiles) {
      await kysely
        .updateTable('log_tile')
        .set({ hashes })
        .where('level', '=', level)
        .where('number', '=', number)
        .execute();
    }
  }
  await kysely.updateTable('log_node').set({ size: 899 }).execute();
  assert.ok((await check()).fault !== null, 'the last leaf denied');
  await kysely.updateTable('log_node').set({ size: 900 }).execute();
  const level1 = tiles.find(({ level }) => level === 1);
  const hashes = Buffer.from(level1?.hashes as Uint8Array);
  hashes[40]! ^= 1;
  await kysely.updateTable('log_tile').set({ hashes }).where('level', '=', 1).execute();
  assert.deepEqual((await check()).fault?.index, 256);
  await world.close();
});

test('what the log says of itself beside its leaves is held against what was signed', async () => {
  const world = await openWorld();
  await fill(world, 900);
  const { kysely } = world.database;
  const check = async () => (await verifyDatabase(world.reader, world.signer.key)).fault;
  const setDropped = (dropped: number) => kysely.updateTable('log_node').set({ dropped }).execute();

  // Somebody removes the oldest leaves, and says that retention did.
  const [oldest] = await kysely.selectFrom('log_bundle').selectAll().orderBy('first').execute();
  assert.ok(oldest !== undefined);
  await setDropped(256);
  assert.match((await check())?.message ?? '', /before 256 were dropped, its signed records say 0/);
  await kysely.deleteFrom('log_bundle').where('first', '=', 0).execute();
  assert.ok((await check()) !== null);
  // … with a record that says so, which nobody signed.
  const tail = await kysely.selectFrom('log_tail').selectAll().execute();
  const forged = Buffer.from(`\0${retentionLeaf('2026-01-02T00:00:00.000Z', 256)}`);
  const row = { node: NODE, first: 900, leaves: forged, hashes: hashPrefixedLeaf(forged) };
  await kysely.insertInto('log_tail').values(row).execute();
  await kysely.updateTable('log_node').set({ size: 901 }).execute();
  assert.match((await check())?.message ?? '', /signed records say 0/);
  await kysely.deleteFrom('log_tail').execute();
  await kysely.insertInto('log_tail').values(tail).execute();
  await kysely.insertInto('log_bundle').values(oldest).execute();
  await kysely.updateTable('log_node').set({ size: 900, dropped: 0 }).execute();
  assert.equal(await check(), null);

  // Retention comes, and its account is changed either way, or what it dropped comes back.
  const recorder = await world.recorder();
  await recorder.dropBefore(512);
  assert.equal(await check(), null);
  for (const dropped of [0, 256, 768]) {
    await setDropped(dropped);
    assert.ok((await check()) !== null, `${dropped}`);
  }
  await setDropped(512);
  await kysely.insertInto('log_bundle').values(oldest).execute();
  assert.ok((await check()) !== null, 'a dropped bundle is back');
  await world.close();
});

test('leaves that have no place in the log are noticed: a search would show them', async () => {
  for (const records of [768, 900]) {
    const world = await openWorld();
    await fill(world, records);
    const { kysely } = world.database;
    const check = async () => (await verifyDatabase(world.reader, world.signer.key)).fault;
    const bundle = await kysely
      .selectFrom('log_bundle')
      .select(['node', 'from_time', 'to_time', 'terms', 'leaves'])
      .where('first', '=', 256)
      .executeTakeFirstOrThrow();
    for (const first of [1, 300, 1_024, 100_000]) {
      await kysely
        .insertInto('log_bundle')
        .values({ ...bundle, first })
        .execute();
      assert.ok((await check()) !== null, `a bundle at ${first}`);
      await kysely.deleteFrom('log_bundle').where('first', '=', first).execute();
    }
    const leaf = Buffer.from(`\0${lineOf(7)}`);
    const row = { node: NODE, first: 10_000, leaves: leaf, hashes: hashPrefixedLeaf(leaf) };
    await kysely.insertInto('log_tail').values(row).execute();
    assert.ok((await check()) !== null, 'a tail');
    await kysely.deleteFrom('log_tail').where('first', '=', 10_000).execute();
    assert.equal(await check(), null);
    await world.close();
  }
});

test('a log whose signatures were removed is not good', async () => {
  const world = await openWorld();
  await fill(world, 300);
  await world.database.kysely.deleteFrom('log_checkpoint').execute();
  const { fault } = await verifyDatabase(world.reader, world.signer.key);
  assert.match(fault?.message ?? '', /nothing of it is signed/);
  await world.close();
});

test('a record cannot be hidden from a search by a changed filter or time of its bundle', async () => {
  const world = await openWorld();
  await fill(world, 600);
  const { kysely } = world.database;
  const check = () => verifyDatabase(world.reader, world.signer.key);
  const kept = await kysely
    .selectFrom('log_bundle')
    .selectAll()
    .where('first', '=', 256)
    .executeTakeFirstOrThrow();
  const set = ({ from_time, to_time, terms }: typeof kept) =>
    kysely
      .updateTable('log_bundle')
      .set({ from_time, to_time, terms })
      .where('first', '=', 256)
      .execute();
  const query = { operation: 'getAccount', limit: 1_000, from: '2026-01-01T00:05:00.000Z' };
  const found = async () =>
    (await searchLog(world.reader, NODE, null, query, world.clock.now)).records.length;
  const all = await found();
  const dark = { ...kept, terms: Buffer.alloc(kept.terms.length) };
  const early = { ...kept, to_time: kept.from_time };
  const late = { ...kept, from_time: kept.to_time };
  for (const changed of [dark, { ...kept, to_time: '2025-12-31' }]) {
    await set(changed);
    assert.ok((await found()) < all, 'the change hides records');
  }
  for (const changed of [dark, early, late]) {
    await set(changed);
    const { fault } = await check();
    assert.deepEqual([fault?.index, fault?.until], [256, 511], String(fault?.message));
  }
  for (let round = 0; round < MUTATIONS / 5; round++) {
    const terms = Buffer.from(kept.terms);
    terms[draw(terms.length)]! ^= 1 << draw(8);
    await set({ ...kept, terms });
    assert.equal((await check()).fault?.index, 256);
  }
  await set(kept);
  assert.equal((await check()).fault, null);
  await world.close();
});

test('a log that was put back to an earlier state, or went another way, is noticed by who remembers', async () => {
  const world = await openWorld();
  await fill(world, 300);
  await world.database.scrub('log_node');
  const copy = join(world.directory, 'copy.sqlite');
  copyFileSync(join(world.directory, 'log.sqlite'), copy);
  await fill(world, 100, 300);
  const remembered = await checkpointOf(world);
  const database = await openLog({ kind: 'sqlite', file: copy }, Date.now);
  const reader = new LogReader(database.kysely, NODE);
  const rolledBack = await verifyDatabase(reader, world.signer.key, remembered);
  assert.match(rolledBack.fault?.message ?? '', /shorter/);
  assert.equal((await verifyDatabase(reader, world.signer.key)).fault, null);

  const writer = world.writer();
  for (let at = 0; at < 200; at++) {
    writer.admit();
    writer.append(lineOf(5_000 + at));
  }
  await writer.close();
  await drain(await world.recorder({ database }));
  const forked = await verifyDatabase(reader, world.signer.key, remembered);
  assert.match(forked.fault?.message ?? '', /forked/);
  assert.ok((forked.fault?.index as number) <= 300 && (forked.fault?.until as number) >= 300);
  assert.equal((await verifyDatabase(reader, world.signer.key)).fault, null, 'alone it is sound');
  await database.close();
  await world.close();
});

test('the proof of one record verifies without the log, and for no other record', async () => {
  const world = await openWorld();
  await fill(world, 700);
  const { key } = world.signer;
  for (const index of [0, 255, 256, 511, 600, 699]) {
    const proof = await proveLeaf(world.reader, key, index);
    assert.ok(proof !== null);
    assert.equal(checkProof(JSON.parse(JSON.stringify(proof)), key), null);
    assert.notEqual(checkProof({ ...proof, index: index + 1 }, key), null);
    assert.notEqual(checkProof({ ...proof, leaf: proof.leaf.replace(/^..../, 'AAAA') }, key), null);
    assert.notEqual(checkProof({ ...proof, path: proof.path.slice(1) }, key), null);
    assert.notEqual(checkProof(proof, checkpointSigner('x', world.signerKey).key), null);
  }
  assert.equal(await proveLeaf(world.reader, key, 700), null);
  await world.close();
});
