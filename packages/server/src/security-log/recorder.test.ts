import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { onEveryBackend } from '../platform/database/backends.fixture.ts';
import { endFileName } from '../platform/spool/names.ts';
import { openCheckpoint } from './checkpoint.ts';
import { gapText, type Leaf, parseLeaf, termsOf } from './leaf.ts';
import {
  allLeaves,
  drain,
  fill,
  type LogWorld,
  lineOf,
  NODE,
  openWorld,
  recordOf,
} from './log.fixture.ts';
import { FencedError } from './log-writer-store.ts';
import { mayHold } from './terms.ts';
import { Frontier } from './tree/frontier.ts';
import { hashLeaf } from './tree/hashing.ts';

async function assertSound(world: LogWorld): Promise<string[]> {
  const leaves = await allLeaves(world.reader);
  const note = await world.reader.lastCheckpoint();
  const checkpoint = openCheckpoint(note?.note ?? '', world.signer.key);
  assert.ok(!('fault' in checkpoint), JSON.stringify(checkpoint));
  const frontier = new Frontier();
  for (const leaf of leaves.slice(0, checkpoint.size)) frontier.push(hashLeaf(Buffer.from(leaf)));
  assert.deepEqual(frontier.root(), checkpoint.root);
  return leaves;
}

const idsOf = (leaves: readonly string[]) => leaves.flatMap((leaf) => parseLeaf(leaf)?.id ?? []);
const expectedIds = (count: number) => Array.from({ length: count }, (_, at) => `call-${at}`);

onEveryBackend('recorder', (backend) => {
  test('each line becomes one leaf, in order, under a signed root; the spool is emptied', async () => {
    const world = await openWorld(backend.freshPlace());
    await fill(world, 700);
    const leaves = await assertSound(world);
    assert.deepEqual(idsOf(leaves), expectedIds(700));
    assert.deepEqual(readdirSync(world.spoolDirectory), []);
    assert.deepEqual(
      await world.database.kysely.selectFrom('log_cursor').selectAll().execute(),
      [],
    );
    await world.close();
  });

  test('recorders that end at any point lose nothing and repeat nothing', async () => {
    const world = await openWorld(backend.freshPlace());
    const writer = world.writer({}, 20_000);
    let written = 0;
    for (let round = 0; round < 12; round++) {
      // A recorder that was let go without a word, as by SIGKILL.
      const recorder = await world.recorder();
      for (let at = 0; at < 90; at++) {
        writer.admit();
        writer.append(lineOf(written++));
      }
      await writer.flush();
      for (let step = 0; step < round % 4; step++) {
        world.clock.now += 6_000;
        await recorder.step();
      }
    }
    await writer.close();
    await drain(await world.recorder());
    assert.deepEqual(idsOf(await assertSound(world)), expectedIds(written));
    await world.close();
  });

  test('of two recorders of one node, the elder is fenced off before it writes anything', async () => {
    const world = await openWorld(backend.freshPlace());
    const elder = await world.recorder();
    const younger = await world.recorder();
    const writer = world.writer();
    writer.admit();
    writer.append(lineOf(0));
    await writer.flush();
    await assert.rejects(elder.step(true), FencedError);
    await drain(younger);
    await writer.close();
    await drain(younger);
    assert.deepEqual(idsOf(await assertSound(world)), ['call-0']);
    await world.close();
  });
});

test('what a killed writer owed is a leaf with the exact count', async () => {
  const world = await openWorld();
  const boot = '00000000000000aa';
  const writer = world.writer({ boot });
  for (let at = 0; at < 30; at++) writer.admit();
  for (let at = 0; at < 10; at++) writer.append(lineOf(at));
  await writer.flush();
  // The process is gone here; its successor says so.
  const recorder = await world.recorder();
  await drain(recorder);
  assert.equal((await allLeaves(world.reader)).length, 10);
  writeFileSync(join(world.spoolDirectory, endFileName({ node: NODE, slot: 0, boot })), '');
  await drain(recorder);
  const [gap, ...more] = (await assertSound(world)).slice(10).map(parseLeaf);
  assert.deepEqual([gap?.type, gap?.cause, gap?.count, more], ['gap', 'ended', 20, []]);
  assert.deepEqual(readdirSync(world.spoolDirectory), []);
  await drain(await world.recorder());
  assert.equal((await allLeaves(world.reader)).length, 11, 'the gap is told once');
  await world.close();
});

test('a spool that was taken away before it was read is told once, and one that was settled is not', async () => {
  const world = await openWorld();
  const boots = ['0123456789abcdef', 'fedcba9876543210'];
  const [robbed, settled] = boots.map((boot, slot) => world.writer({ boot, slot }));
  for (const writer of [robbed, settled]) writer?.admit();
  settled?.append(lineOf(0));
  await settled?.flush();
  const name = { node: NODE, slot: 1, boot: boots[1] as string };
  writeFileSync(join(world.spoolDirectory, endFileName(name)), '');
  // It has seen that both were there; of one it has nothing yet.
  await drain(await world.recorder());
  assert.equal((await allLeaves(world.reader)).length, 1);
  for (let at = 1; at < 61; at++) {
    robbed?.admit();
    robbed?.append(lineOf(at));
  }
  await robbed?.flush();
  for (const file of readdirSync(world.spoolDirectory)) rmSync(join(world.spoolDirectory, file));
  await drain(await world.recorder());
  await drain(await world.recorder());
  const [text = '', ...rest] = (await assertSound(world)).slice(1);
  const gap = parseLeaf(text);
  assert.deepEqual([gap?.type, gap?.cause, rest], ['gap', 'removed', []]);
  assert.match(text, new RegExp(boots[0] as string));
  assert.match(gapText(gap as Leaf), /nobody knows how many/);
  await world.close();
});

test('a damaged spool is a trouble and a gap with the exact count, and the rest goes on', async () => {
  const world = await openWorld();
  const writer = world.writer();
  for (let at = 0; at < 9; at++) {
    writer.admit();
    writer.append(lineOf(at));
    if (at % 3 === 2) await writer.flush();
  }
  await writer.close();
  const name = readdirSync(world.spoolDirectory).find((file) => file.endsWith('.spool')) as string;
  const file = join(world.spoolDirectory, name);
  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] as number) ^ 1;
  writeFileSync(file, bytes);
  await drain(await world.recorder());
  const leaves = (await assertSound(world)).map(parseLeaf);
  const told = leaves.map((leaf) => leaf?.id ?? `${leaf?.cause} ${leaf?.count}`);
  assert.deepEqual(told, [
    ...['call-0', 'call-1', 'call-2', 'damaged 3', 'call-6', 'call-7', 'call-8'],
  ]);
  assert.equal(world.troubles.length, 1);
  await world.close();
});

test('a bundle is found by every term of each of its leaves', async () => {
  const world = await openWorld();
  await fill(world, 300);
  const run = await world.reader.bundle(0);
  const [head] = await world.reader.headsBefore(256, 1);
  assert.ok(run !== null && head !== undefined && run.leaves.length === 256);
  let terms = 0;
  for (const leaf of run.leaves) {
    for (const term of termsOf(parseLeaf(leaf.toString('utf8', 1)) as never)) {
      assert.ok(mayHold(head.terms, term), term);
      terms++;
    }
  }
  assert.ok(terms > 256 * 5);
  const strangers = Array.from({ length: 1_000 }, (_, at) => `client nobody-${at}`);
  const perhaps = strangers.filter((term) => mayHold(head.terms, term)).length;
  assert.ok(perhaps < 50, `${perhaps} of 1000 strangers`);
  await world.close();
});

test('uses of credentials are told once their leaves are kept', async () => {
  const world = await openWorld();
  const told = new Map<string, unknown>();
  const writer = world.writer();
  for (let at = 0; at < 8; at++) {
    writer.admit();
    writer.append(lineOf(at));
  }
  await writer.close();
  const onUsed = (uses: ReadonlyMap<string, unknown>) => {
    for (const [id, use] of uses) told.set(id, use);
  };
  await drain(await world.recorder({ onUsed }));
  assert.deepEqual(
    [...told.keys()].toSorted(),
    [
      ...[0, 1, 2, 3].map((at) => `credential-${at}\ngetAccount`),
      ...[0, 2, 3].map((at) => `credential-${at}\nlistAccounts`),
    ].toSorted(),
  );
  assert.deepEqual(told.get('credential-3\ngetAccount'), {
    credential: 'credential-3',
    operation: 'getAccount',
    time: recordOf(7).time,
  });
  await world.close();
});
