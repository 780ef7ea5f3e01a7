import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { drain, fill, lineOf, NODE, openWorld } from './log.fixture.ts';
import { pastUses } from './past-uses.ts';
import type { CredentialUse } from './recorder.ts';

async function open(t: TestContext) {
  const world = await openWorld();
  t.after(() => world.close());
  return world;
}

test('uses that a killed process had recorded and not told are read from the log, as they would have been told', async (t) => {
  const world = await open(t);
  await fill(world, 600);
  const cursor = (await world.reader.state())?.size ?? 0;
  const writer = world.writer();
  for (let at = 600; at < 1_000; at++) {
    writer.admit();
    writer.append(lineOf(at, at % 5 === 0 ? { principal: null } : {}));
  }
  await writer.close();
  const told = new Map<string, CredentialUse>();
  let reached = 0;
  const onUsed = (uses: ReadonlyMap<string, CredentialUse>, upTo: number) => {
    for (const [id, use] of uses) told.set(id, use);
    reached = upTo;
  };
  await drain(await world.recorder({ onUsed }));
  const { size } = (await world.reader.state()) ?? { size: 0 };
  assert.equal(reached, size, 'all that was told comes from leaves before this one');
  const past = await pastUses(world.reader, NODE, world.keys, cursor, size);
  assert.deepEqual(new Map([...past.uses].toSorted()), new Map([...told].toSorted()));
  assert.ok(past.uses.size >= 4);
  assert.equal(past.skipped, 0);
  const before = await pastUses(world.reader, NODE, world.keys, size, size);
  assert.equal(before.uses.size, 0, 'and none twice');
});

test('whoever was erased has no past uses, and what retention dropped is passed over', async (t) => {
  const world = await open(t);
  await fill(world, 1_200);
  const { size } = (await world.reader.state()) ?? { size: 0 };
  const all = await pastUses(world.reader, NODE, world.keys, 0, size);
  assert.ok([...all.uses.values()].some(({ credential }) => credential === 'credential-1'));
  for (let number = 0; number < 5; number++) {
    world.keys.destroy({ kind: 'subject', value: `person-${number}` });
  }
  for (let number = 0; number < 3; number++) {
    world.keys.destroy({ kind: 'client', value: `client-${number}` });
  }
  const recorder = await world.recorder();
  await recorder.dropBefore(512);
  const left = await pastUses(world.reader, NODE, world.keys, 0, recorder.size);
  assert.equal(left.uses.size, 0);
});
